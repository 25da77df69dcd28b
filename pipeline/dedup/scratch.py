"""The scratch files of the dedup step, and the blobs of records that become them.

A file is named after the shard that reads it and what it holds (`00003.losers`); a blob on its way
through a shuffle bears the name of its file.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from pipeline import storage
from pipeline.dedup.lines import BOILERPLATE
from pipeline.dedup.records import (
    COPY,
    EDGE,
    KEY,
    PAIR,
    RANKED,
    REMOVAL,
    SETTLED,
    SHARED,
    WITNESS,
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
"""A document by itself, for being wanted."""

VERDICT = np.dtype([("candidates", "<i8"), ("verified", "<i8")])
"""How many pairs of a shard were proposed, and how many stood."""

_CHECKSUM = 4
"""Bytes of the CRC-32 behind the records of a file: a part of them looks like fewer records."""

DTYPES = {
    "copies": COPY,
    "ranked": RANKED,
    "losers": COPY,
    "winners": COPY,
    "pairs": PAIR,
    "shared": SHARED,
    "wanted": DOCUMENT,
    "edges": EDGE,
    "keys": KEY,
    "stars": PAIR,
    "verdict": VERDICT,
    "removals": REMOVAL,
    "witnesses": WITNESS,
    "lines": BOILERPLATE,
}


@dataclass(frozen=True)
class Shard:
    """A clean shard, of this run or an earlier one: its number, its unit in its run
    (`part-00003`), its source's place in the recipe and priority, its documents and the SHA-256 of
    its signatures.
    """

    number: int
    unit: str
    source: int
    priority: int
    documents: int
    signatures: str

    @property
    def settled(self) -> bool:
        """Whether it is of an earlier run, whose documents stay."""
        return self.priority == SETTLED


@dataclass(frozen=True)
class Job:
    """What all tasks of one run share: places, settings, hash ranges, shuffles.

    `runs` are this run's root and those of earlier ones, each with the number of its first shard.
    """

    runs: tuple[tuple[str, int], ...]
    scratch: str
    settings: Dedup = field(hash=False)  # the name of the scratch folder is a hash of it
    parts: int
    bands_at_once: int
    anchor_rounds: int

    @property
    def band_rounds(self) -> int:
        """Shuffles that all bands take."""
        return -(-self.settings.bands // self.bands_at_once)

    @property
    def rounds(self) -> int:
        return self.band_rounds + self.anchor_rounds

    @property
    def settled_from(self) -> int:
        """The number from which on shards are of earlier runs."""
        return self.runs[1][1] if len(self.runs) > 1 else 1 << 32

    def run_of(self, shard: int) -> int:
        """Which of `runs` a shard is in."""
        return max(i for i, (_, first) in enumerate(self.runs) if first <= shard)

    def file(self, shard: int, folder: str) -> str:
        """A shard's file in a folder of its run (`clean`, `signatures`, `drops`)."""
        root, first = self.runs[self.run_of(shard)]
        return storage.join(root, folder, f"part-{shard - first:05d}.parquet")

    def path(self, name: str) -> str:
        return storage.join(self.scratch, name)

    def read(self, name: str) -> np.ndarray:
        """The records of a scratch file; what they are is told by the end of its name."""
        data = storage.read_bytes(self.path(name))
        records, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
        if crc32(records).to_bytes(_CHECKSUM, "little") != checksum:
            raise CorruptFileError(
                f"{self.path(name)}: not as it was written (its checksum is another); "
                f"delete {self.scratch} and run the step again"
            )
        return np.frombuffer(records, DTYPES[name.split(".")[1]])

    def count(self, name: str) -> int:
        """Records in a scratch file, without reading it."""
        n_bytes = (storage.size(self.path(name)) or _CHECKSUM) - _CHECKSUM
        return n_bytes // DTYPES[name.split(".")[1]].itemsize

    def write(self, name: str, records: np.ndarray) -> None:
        with storage.write_atomic(self.path(name)) as out:
            data = records.tobytes()
            out.write(data)
            out.write(crc32(data).to_bytes(_CHECKSUM, "little"))

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
