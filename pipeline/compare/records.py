"""Every document of a run as a record of hashes and numbers, in files by ranges of the hash."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.records import hash_parts, split
from pipeline.explain.find import unit_of
from pipeline.explain.run import Run
from pipeline.kernels.id_hashes import hash_strings
from pipeline.kernels.utf8 import buffers
from pipeline.parquet import read_batches

RECORD = np.dtype(
    [
        ("key", "<u8"),
        ("text", "<u8"),
        ("state", "<i4"),
        ("source", "<i4"),
        ("file", "<i4"),
        ("row", "<i4"),
    ]
)
"""A document: the hash of its source and id; the hash of its text where it is kept and not in a
file that both runs have; what became of it (a place in `Names.states`); its source (in
`Names.sources`); and where it lies (in `Scattered.files`)."""

KEPT = ("", "")
"""The state of a document that is in `curated/`."""

PER_RANGE = 1 << 21
"""Records of a run in one range, about: 64 MB."""


@dataclass
class Names:
    """What numbers in records stand for, in both runs."""

    sources: list[str] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=lambda: [KEPT])  # (step, rule)

    def source(self, name: str) -> int:
        if name not in self.sources:
            self.sources.append(name)
        return self.sources.index(name)

    def state(self, step: str, rule: str) -> int:
        if (step, rule) not in self.states:
            self.states.append((step, rule))
        return self.states.index((step, rule))


class Scattered(NamedTuple):
    """The records of a run, by range in files of a folder; and those that cannot be compared."""

    folder: Path
    files: list[str]  # from the run directory
    without_id: int  # records that could not be read and have no id

    def read(self, part: int) -> np.ndarray:
        """`RECORD`s of a range, in no order."""
        where = self.folder / str(part)
        return np.fromfile(where, RECORD) if where.exists() else np.zeros(0, RECORD)


def scatter(run: Run, names: Names, equal: set[str], parts: int, folder: Path) -> Scattered:
    """Read a run's documents once and put their records into files of `folder`, by range of hash.

    Columns of ids and rules are read, and of curated shards that are not in `equal` (SHA-256 of
    files that both runs have) the texts, which only their hash outlives. Memory is that of a row
    group.
    """
    folder.mkdir()
    files = [*run.files("assemble", "curated/"), *run.files("assemble", "removed/part-")]
    without_id = 0
    for number, file in enumerate(files):
        first = 0
        for records, gone in _records(run, file, names, equal):
            records["file"] = number
            records["row"] += first
            first += len(records) + gone
            without_id += gone
            for part, blob in split(records, hash_parts(records["key"], parts)):
                with (folder / str(part)).open("ab") as out:
                    out.write(blob)
    return Scattered(folder, files, without_id)


def _records(
    run: Run, file: str, names: Names, equal: set[str]
) -> Iterator[tuple[np.ndarray, int]]:
    """(`RECORD`s of a batch that have an id, rows counted in it; rows without)."""
    kept = file.startswith("curated/")
    of_text = kept and run.manifests["assemble"]["files"][file]["sha256"] not in equal
    source = run.units[unit_of(run, file)]
    columns = ["id", *(["text"] if of_text else []), *([] if kept else ["step", "rule"])]
    for batch in read_batches(run.path(file), columns):
        rows = np.flatnonzero(np.asarray(batch["id"].is_valid()))
        records = np.zeros(len(rows), RECORD)
        records["key"] = _keys(source, batch["id"].take(pa.array(rows)))
        records["source"], records["row"] = names.source(source), rows
        if of_text:
            records["text"] = _hashes(batch["text"].take(pa.array(rows)))
        if not kept:
            records["state"] = _states(batch, names)[rows]
        yield records, batch.num_rows - len(rows)


def _keys(source: str, ids: pa.StringArray) -> np.ndarray:
    """uint64: hashes of (source, NUL, id)."""
    return _hashes(pc.binary_join_element_wise(pa.scalar(source), ids, "\0"))


def _hashes(texts: pa.StringArray) -> np.ndarray:
    offsets, data = buffers(texts)
    out = np.empty(len(texts), np.uint64)
    hash_strings(data, offsets, out)
    return out


def _states(batch: pa.RecordBatch, names: Names) -> np.ndarray:
    """int32: the state of each removed row."""
    codes = pc.binary_join_element_wise(batch["step"], batch["rule"], "\0").dictionary_encode()
    numbers = [names.state(*code.split("\0")) for code in codes.dictionary.to_pylist()]
    return np.array(numbers, np.int32)[codes.indices.to_numpy()]
