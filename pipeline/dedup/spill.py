"""Blobs on their way from one worker to another: they lie in files, and only their places travel.

A runner that keeps a shuffle in memory keeps some bytes a blob, whatever the blobs hold.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from pipeline import storage
from pipeline.dedup.scratch import Job, Shard

Place = tuple[str, int, int]
"""A file of a job, where in it a blob begins, and how many bytes it has."""

NOWHERE: Place = ("", 0, 0)
"""The place of a blob without bytes."""

FOLDER = "travel"
"""Where the files lie in a job's scratch folder; of no use once their pass is done."""


def size_of(place: Place) -> int:
    """Bytes of the blob that lies there."""
    return place[2]


@dataclass(frozen=True)
class Sending:
    """`function` of one item (a shard, or blobs and their key) with its blobs put into a file.

    Gives (key, place) for each (key, blob) of the function. The file is named after the sender and
    `label`, so that a second try writes the same one.
    """

    function: Callable[[Any], Iterable[tuple[Hashable, bytes]]]
    job: Job
    label: str

    def __call__(self, item: Any) -> list[tuple[Hashable, Place]]:
        sender = item.number if isinstance(item, Shard) else item[0]
        parts = sender if isinstance(sender, tuple) else (sender,)
        name = f"{FOLDER}/{'.'.join([self.label.replace(' ', '-'), *map(str, parts)])}"
        places: list[tuple[Hashable, Place]] = []
        with storage.write_atomic(self.job.path(name)) as out:
            for key, blob in self.function(item):
                places.append((key, (name, out.size, len(blob)) if blob else NOWHERE))
                out.write(blob)
        return places


@dataclass(frozen=True)
class Receiving:
    """`function` of (key, blobs) as a function of (key, places)."""

    function: Callable[[tuple[Any, list[bytes]]], Any]
    job: Job

    def __call__(self, sent: tuple[Any, Iterable[Place]]) -> Any:
        key, places = sent
        # sorted: what arrives has no order, and what is made of it must not depend on one
        return self.function((key, [self._read(place) for place in sorted(places) if place[2]]))

    def _read(self, place: Place) -> bytes:
        name, start, size = place
        with storage.open_read(self.job.path(name)) as file:
            return file.read_at(size, start)
