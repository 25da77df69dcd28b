"""The removal list of a shard: which rows go, why, and for which kept document; and which lines."""

import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.counts import Counts
from pipeline.dedup.lines import line_of
from pipeline.dedup.outcome import all_removals
from pipeline.dedup.records import NEAR, RULES, rows_of, shards_of, split
from pipeline.dedup.scratch import Job, Shard, file_name
from pipeline.dedup.select import summed
from pipeline.dedup.set_files import PieceFile
from pipeline.dedup.shards import columns
from pipeline.parquet import write_parquet
from pipeline.receipts import Finished, Task

DROPS = pa.schema(
    [
        ("row", pa.int32()),  # in the clean shard, ascending
        ("rule", pa.string()),  # of `RULES`
        ("witness_run", pa.int32()),  # null: this run; else the place in the recipe's `against`
        ("witness_shard", pa.int32()),
        ("witness_row", pa.int32()),
        ("duplicate_of", pa.string()),  # the witness's id
        ("similarity", pa.float32()),  # Jaccard of the shingle sets; contained: the share held
    ]
)

CLUSTERS = pa.schema([("row", pa.int32()), ("cluster_size", pa.int32())])
"""Kept documents with copies, and how many documents they stand for, themselves included."""

LINES = pa.schema(
    [
        ("line", pa.uint64()),  # hash
        ("documents", pa.int32()),  # kept documents of the source that hold it
        ("kind", pa.uint8()),
        ("common", pa.bool_()),
    ]
)
"""Boilerplate of the source that is in the shard, as `lines.BOILERPLATE` has it."""


@dataclass(frozen=True)
class DropWork:
    """What one task of the last pass needs."""

    shard: Shard
    job: Job
    source: str


def write_drops(task: Task) -> Finished:
    """Write the drop, the cluster and the line list of one shard, and the receipt."""
    work: DropWork = task.payload
    started = time.monotonic()
    shard, job = work.shard, work.job
    removals = all_removals(shard, job)
    drops = _drops(removals, job)
    sizes = summed(job.read(file_name(shard.number, "witnesses")))
    clusters = [rows_of(sizes["document"]), (1 + sizes["count"]).astype(np.int32)]
    lists = {
        f"drops/{task.unit}.parquet": drops,
        f"drops/clusters-{shard.number:05d}.parquet": _batch(clusters, CLUSTERS),
    }
    if job.settings.lines.enabled:
        lists[f"drops/lines-{shard.number:05d}.parquet"] = _batch(_lines(shard, job), LINES)
    n_bytes = np.asarray(columns(task.path(f"clean/{task.unit}.parquet"), ["n_bytes"])["n_bytes"])
    return task.finish(
        {name: write_parquet(task.path(name), [rows], rows.schema) for name, rows in lists.items()},
        _counts(n_bytes, removals),
        source=work.source,
        facts=_facts(shard, job, removals, n_bytes),
        seconds=time.monotonic() - started,
    )


def _batch(arrays: list[np.ndarray], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(np.ascontiguousarray(array)) for array in arrays]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _drops(removals: np.ndarray, job: Job) -> pa.RecordBatch:
    shards = shards_of(removals["witness"])
    runs = np.array([job.run_of(shard) for shard in np.unique(shards).tolist()], np.int32)
    firsts = np.array([first for _, first in job.runs], np.int32)
    run = runs[np.searchsorted(np.unique(shards), shards)] if len(shards) else shards
    rules = np.array(RULES, object)[removals["rule"]]
    return pa.RecordBatch.from_arrays(
        [
            pa.array(rows_of(removals["document"])),
            pa.array(rules, pa.string()),
            pa.array(run - 1, mask=run == 0),
            pa.array(shards - firsts[run]),
            pa.array(rows_of(removals["witness"])),
            witness_ids(job, removals["witness"]),
            pa.array(np.ascontiguousarray(removals["similarity"])),
        ],
        schema=DROPS,
    )


def witness_ids(job: Job, witnesses: np.ndarray) -> pa.Array:
    """Ids (string) of documents, from the scratch files of their shards (`outcome.write_ids`)."""
    ids = np.empty(len(witnesses), object)
    for shard, blob in split(np.arange(len(witnesses)), shards_of(witnesses)):
        places = np.frombuffer(blob, np.int64)
        documents, which = np.unique(witnesses[places], return_inverse=True)
        file = PieceFile(job.path(file_name(shard, "ids")), documents)
        entries = file.entries(documents)
        data = file.read_pieces(entries)
        ends = np.cumsum(entries["end"] - entries["start"]).tolist()
        found = [data[start:end].decode() for start, end in pairwise([0, *ends])]
        ids[places] = np.array(found, object)[which]
    return pa.array(ids, pa.string())


def _lines(shard: Shard, job: Job) -> list[np.ndarray]:
    """The source's boilerplate lines that a document of the shard has."""
    boilerplate = job.read(file_name(shard.source, "lines"))
    lines = columns(job.file(shard.number, "line_hashes"), ["lines"])["lines"].flatten()
    here = boilerplate[np.isin(boilerplate["line"], line_of(np.asarray(lines)))]
    return [here[name] for name in LINES.names]


def _counts(n_bytes: np.ndarray, removals: np.ndarray) -> Counts:
    total, gone = int(n_bytes.sum()), int(n_bytes[rows_of(removals["document"])].sum())
    removed = Counter(f"dedup/{RULES[rule]}" for rule in removals["rule"].tolist())
    return Counts(len(n_bytes), len(n_bytes) - len(removals), total, total - gone, removed)


def _facts(shard: Shard, job: Job, removals: np.ndarray, n_bytes: np.ndarray) -> dict[str, Any]:
    """Pairs proposed and verified, bytes removed by rule, near copies by similarity (by 0.05)."""
    verdict = job.read(file_name(shard.number, "verdict"))[0]
    near = removals["similarity"][removals["rule"] == NEAR]
    steps = Counter(np.minimum(np.floor(near * 20 + 1e-4), 20).astype(int).tolist())
    gone = np.bincount(
        removals["rule"], n_bytes[rows_of(removals["document"])], minlength=len(RULES)
    )
    return {
        **{name: int(verdict[name]) for name in ("candidates", "verified")},
        "bytes": {rule: int(size) for rule, size in zip(RULES, gone, strict=True)},
        "similarity": {f"{step / 20:.2f}": count for step, count in sorted(steps.items())},
    }
