"""What the steps left of a sample: its documents one by one, its eojeol, and sizes of files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.curated import ALL_BYTES, SOURCE_BYTES
from pipeline.parquet import read_batches, read_table
from pipeline.plan.words import Vocabulary, vocabulary
from pipeline.receipts import read_json, receipt_path
from pipeline.workspace import Workspace
from tokenizer.count import count_eojeol, merge_counts

SLICES = 8
"""Parts of a sample that a document is in by chance: what is estimated without one of them, and
without the next, tells how certain it is."""

FOLDERS = {
    "clean": "clean/part-",
    "signatures": "signatures/",
    "line_hashes": "line_hashes/",
    "removed_in_clean": "clean/removed/",
    "drops": "drops/",
    "curated": "curated/",
    "removed": "removed/part-",
    "removed_lines": "removed/lines/",
    "counts": "counts/",
    "tokenizer": "tokenizer/",
    "tokens": "tokens/",
}
"""What a run holds, by the beginnings of the files' names."""


@dataclass
class Documents:
    """The documents of a sample, row by row: unit and source (int32), slice (int8), bytes of text
    as cleaned (int64; of removed ones as they are in the records), whether `clean` kept them, the
    group of copies they are in (int64, equal for copies of each other), whether they stay, and the
    bytes that are in the curated corpus.
    """

    unit: np.ndarray
    source: np.ndarray
    slice: np.ndarray
    n_bytes: np.ndarray
    cleaned: np.ndarray
    group: np.ndarray
    stays: np.ndarray
    curated: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Documents":
        return Documents(**{name: array[rows] for name, array in vars(self).items()})

    def __len__(self) -> int:
        return len(self.source)


@dataclass
class Measured:
    """What the steps left of a sample.

    `bytes` are those of the files by `FOLDERS`, `facts` those of the manifests by step.
    """

    sources: list[str]
    units: int
    documents: Documents
    bytes: dict[str, int]
    counts: dict[str, dict[str, Any]]
    facts: dict[str, dict[str, Any]]
    vocabulary: Vocabulary | None = None
    tokens: int = 0
    item_bytes: int = 2


def measure(root: str, sources: list[str], seed: int, words: bool = True) -> Measured:
    """Read a run that has gone as far as counts or token shards. `words`: count its eojeol too.

    Slices depend on `seed` and the rows' places alone.
    """
    workspace = Workspace(root)
    steps = ("clean", "dedup", "assemble", "count", "tokenizer", "tokenize")
    manifests = {step: found for step in steps if (found := workspace.manifest(step))}
    units = list(_units(workspace, manifests, sources, seed))
    documents = Documents(
        **{
            name: np.concatenate([getattr(unit, name) for unit, _, _ in units])
            for name in Documents.__dataclass_fields__
        }
    )
    files = {
        name: stamp["bytes"]
        for found in manifests.values()
        for name, stamp in found["files"].items()
    }
    sizes = {
        name: sum(size for file, size in files.items() if file.startswith(start))
        for name, start in FOLDERS.items()
    }
    measured = Measured(
        sources,
        len(manifests["clean"]["units"]),
        documents,
        sizes,
        {step: found["counts"] for step, found in manifests.items()},
        {step: found["facts"] for step, found in manifests.items()},
    )
    if "tokenize" in manifests:
        splits = manifests["tokenize"]["dataset"]["splits"].values()
        shards = [shard for split in splits for shard in split]
        measured.tokens = sum(shard["tokens"] for shard in shards)
        measured.item_bytes = np.dtype(manifests["tokenize"]["dataset"]["dtype"]).itemsize
    if words:
        measured.vocabulary = _vocabulary(units)
    return measured


def _units(
    workspace: Workspace, manifests: Mapping[str, Any], sources: list[str], seed: int
) -> Iterator[tuple[Documents, str, np.ndarray]]:
    """(documents, curated shard, slices of its rows) of each unit; what `clean` removed is last."""
    deduplicated = "dedup" in manifests
    for unit, source in manifests["clean"]["units"].items():
        number = int(unit.removeprefix("part-"))
        n_bytes = _column(workspace.path("clean", f"{unit}.parquet"), "n_bytes")
        texts = read_table(workspace.path("clean", "removed", f"{unit}.parquet"), ["text"])["text"]
        gone = np.asarray(pc.fill_null(pc.binary_length(texts), 0), np.int64)
        rows, removed = len(n_bytes), len(gone)
        rng = np.random.default_rng([seed, number])
        slices = rng.integers(0, SLICES, rows + removed).astype(np.int8)
        group = (np.int64(number) << 32) + np.arange(rows + removed)
        stays = np.arange(rows + removed) < rows
        cleaned = stays.copy()
        if deduplicated:
            drops = read_table(workspace.path("drops", f"{unit}.parquet"))
            dropped = np.asarray(drops["row"])
            shards, witnesses = np.asarray(drops["witness_shard"]), np.asarray(drops["witness_row"])
            group[dropped] = (shards.astype(np.int64) << 32) + witnesses
            stays[dropped] = False
        shard = _curated_shard(workspace, unit)
        curated = np.zeros(rows + removed, np.int64)
        curated[stays] = _column(shard, "n_bytes")
        documents = Documents(
            np.full(rows + removed, number, np.int32),
            np.full(rows + removed, sources.index(source), np.int32),
            slices,
            np.concatenate([n_bytes, gone]).astype(np.int64),
            cleaned,
            group,
            stays,
            curated,
        )
        yield documents, shard, slices[stays]


def _curated_shard(workspace: Workspace, unit: str) -> str:
    files = read_json(receipt_path(workspace.root, "curated", unit))["files"]
    return workspace.path(next(name for name in files if name.startswith("curated/")))


def _column(path: str, name: str) -> np.ndarray:
    return np.asarray(read_table(path, [name])[name])


def _vocabulary(units: list[tuple[Documents, str, np.ndarray]]) -> Vocabulary:
    """Eojeol of the curated texts, and in how many slices each of the different ones is."""
    slices: list[list[pa.Table]] = [[] for _ in range(SLICES)]
    for _, shard, of_rows in units:
        first = 0
        for batch in read_batches(shard, ["text"]):
            here = of_rows[first : first + batch.num_rows]
            first += batch.num_rows
            for part, tables in enumerate(slices):
                tables.append(count_eojeol(batch["text"].filter(pa.array(here == part))))
                if len(tables) == 8:
                    tables[:] = [merge_counts(tables)]
    merged = [merge_counts(tables) for tables in slices]
    eojeol = sum(pc.sum(table["count"]).as_py() or 0 for table in merged)
    once = [table.set_column(1, "count", pa.repeat(1, table.num_rows)) for table in merged]
    found_in = np.asarray(merge_counts(once)["count"])
    return vocabulary(eojeol, np.bincount(found_in, minlength=SLICES + 1))


def excerpt_bytes(documents: Documents, scales: np.ndarray) -> float:
    """Bytes of the texts that the tokenizer is checked on (`pipeline.curated.excerpts`), where
    there are so many documents of each source (`scales`) for one here.
    """
    of_source = np.bincount(documents.source, documents.curated, len(scales)) * scales
    return float(np.minimum(of_source, min(SOURCE_BYTES, ALL_BYTES // len(scales))).sum())


def groups_seen(documents: Documents, weights: np.ndarray) -> np.ndarray:
    """float64[k]: the groups of copies of j + 1 documents that are in `documents`, weighed.

    A group weighs what its documents weigh on average. Only what `clean` kept counts.
    """
    kept = documents.cleaned
    _, inverse, sizes = np.unique(documents.group[kept], return_inverse=True, return_counts=True)
    means = np.bincount(inverse, weights[kept], minlength=len(sizes)) / np.maximum(sizes, 1)
    return np.bincount(sizes, means)[1:] if len(sizes) else np.zeros(1)
