"""The scratch files of the dedup step, and the blobs of records that become them.

A file is named after the shard that reads it and what it holds (`00003.losers`); a blob on its way
through a shuffle bears the name of its file.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline import storage
from pipeline.dedup.records import (
    COPY,
    EDGE,
    KEY,
    PAIR,
    REMOVAL,
    in_order,
    shards_of,
    split,
    unpack,
)
from pipeline.settings import Dedup
from tokenizer.errors import CorruptFileError

Blobs = list[tuple[str, bytes]]
"""Records under the names of the files they are meant for."""

DOCUMENT = np.dtype([("document", "<u8")])
"""A document by itself, for being wanted or being a witness."""

VERDICT = np.dtype([("candidates", "<i8"), ("verified", "<i8")])
"""How many pairs of a shard were proposed, and how many stood."""

DTYPES = {
    "losers": COPY,
    "winners": COPY,
    "pairs": PAIR,
    "wanted": DOCUMENT,
    "edges": EDGE,
    "keys": KEY,
    "stars": PAIR,
    "verdict": VERDICT,
    "removals": REMOVAL,
    "witnesses": DOCUMENT,
}


@dataclass(frozen=True)
class Shard:
    """A clean shard: its number, its unit (`part-00003`) and the priority of its source."""

    number: int
    unit: str
    priority: int


@dataclass(frozen=True)
class Job:
    """What all tasks of one run share: places, settings, hash ranges, bands to a shuffle."""

    root: str
    scratch: str
    settings: Dedup
    parts: int
    bands_at_once: int

    @property
    def rounds(self) -> int:
        """Shuffles that all bands take."""
        return -(-self.settings.bands // self.bands_at_once)

    def path(self, name: str) -> str:
        return storage.join(self.scratch, name)

    def read(self, name: str) -> np.ndarray:
        """The records of a scratch file; what they are is told by the end of its name."""
        kind = name.split(".")[1]
        data = storage.read_bytes(self.path(name))
        if len(data) % DTYPES[kind].itemsize:
            raise CorruptFileError(
                f"{self.path(name)}: {len(data)} bytes are no whole number of records; "
                f"delete {self.scratch} and run the step again"
            )
        return np.frombuffer(data, DTYPES[kind])

    def write(self, name: str, records: np.ndarray) -> None:
        with storage.write_atomic(self.path(name)) as out:
            out.write(records.tobytes())

    def merge(self, blobs: tuple[str, Iterable[bytes]]) -> str:
        """Write the blobs of one name as its file, records sorted. Returns the name."""
        name, parts = blobs
        self.write(name, in_order(unpack(parts, DTYPES[name.split(".")[1]])))
        return name


def file_name(shard: int, kind: str, *more: object) -> str:
    """A scratch file's name, e.g. `00003.pairs.0`."""
    return ".".join([f"{shard:05d}", kind, *map(str, more)])


def by_shard(records: np.ndarray, documents: np.ndarray, kind: str, *more: object) -> Blobs:
    """`records` as blobs for the shards that hold `documents`, row by row."""
    shards = shards_of(documents)
    return [(file_name(shard, kind, *more), blob) for shard, blob in split(records, shards)]
