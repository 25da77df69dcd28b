"""The removal list of a shard: which rows go, why, and for which kept document."""

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.counts import Counts
from pipeline.dedup.records import rows_of, shards_of, split
from pipeline.dedup.scratch import Job, Shard, file_name
from pipeline.dedup.select import cluster_sizes
from pipeline.parquet import read_table, write_parquet
from pipeline.receipts import Task

DROPS = pa.schema(
    [
        ("row", pa.int32()),  # in the clean shard, ascending
        ("rule", pa.string()),  # exact_duplicate | near_duplicate
        ("witness_shard", pa.int32()),
        ("witness_row", pa.int32()),
        ("duplicate_of", pa.string()),  # the witness's id
        ("similarity", pa.float32()),  # Jaccard of the shingle sets
    ]
)

CLUSTERS = pa.schema([("row", pa.int32()), ("cluster_size", pa.int32())])
"""Kept documents with copies, and how many documents they stand for, themselves included."""


@dataclass(frozen=True)
class DropWork:
    """What one task of the last pass needs."""

    shard: Shard
    job: Job
    source: str


def write_drops(task: Task) -> str:
    """Write the drop and the cluster list of one shard, and the receipt."""
    work: DropWork = task.payload
    started = time.monotonic()
    number, job = work.shard.number, work.job
    removals = job.read(file_name(number, "removals"))
    rows = rows_of(removals["document"])
    rules = np.where(removals["exact"], "exact_duplicate", "near_duplicate")
    drops = pa.RecordBatch.from_arrays(
        [
            pa.array(rows),
            pa.array(rules.tolist(), pa.string()),
            pa.array(shards_of(removals["witness"])),
            pa.array(rows_of(removals["witness"])),
            witness_ids(job.root, removals["witness"]),
            pa.array(np.ascontiguousarray(removals["similarity"])),
        ],
        schema=DROPS,
    )
    verdict = job.read(file_name(number, "verdict"))[0]
    sizes = cluster_sizes(job.read(file_name(number, "witnesses"))["document"])
    clusters = pa.RecordBatch.from_arrays(
        [pa.array(rows_of(sizes["document"])), pa.array(np.ascontiguousarray(sizes["size"]))],
        schema=CLUSTERS,
    )
    names = {
        f"drops/{task.unit}.parquet": (drops, DROPS),
        f"drops/clusters-{number:05d}.parquet": (clusters, CLUSTERS),
    }
    return task.finish(
        {
            name: write_parquet(task.path(name), [rows], schema)
            for name, (rows, schema) in names.items()
        },
        _counts(task, rows, rules),
        source=work.source,
        facts={name: int(verdict[name]) for name in ("candidates", "verified")},
        seconds=time.monotonic() - started,
    )


def witness_ids(root: str, witnesses: np.ndarray) -> pa.Array:
    """Ids (string) of documents, read where they lie: of a shard, the row groups that hold one."""
    ids = np.empty(len(witnesses), object)
    for shard, blob in split(np.arange(len(witnesses)), shards_of(witnesses)):
        places = np.frombuffer(blob, np.int64)
        rows = rows_of(witnesses[places])
        first = 0
        path = storage.join(root, "clean", f"part-{shard:05d}.parquet")
        with storage.open_read(path) as file, pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                end = first + parquet.metadata.row_group(group).num_rows
                here = np.flatnonzero((rows >= first) & (rows < end))
                if len(here):
                    column = parquet.read_row_group(group, ["id"], use_threads=False)["id"]
                    ids[places[here]] = column.take(pa.array(rows[here] - first)).to_pylist()
                first = end
    return pa.array(ids, pa.string())


def _counts(task: Task, rows: np.ndarray, rules: np.ndarray) -> Counts:
    sizes = read_table(task.path("clean", f"{task.unit}.parquet"), ["n_bytes"])["n_bytes"]
    total = pc.sum(sizes).as_py() or 0
    gone = pc.sum(sizes.take(pa.array(rows))).as_py() or 0
    removed = Counter(f"dedup/{rule}" for rule in rules.tolist())
    return Counts(len(sizes), len(sizes) - len(rows), total, total - gone, removed)
