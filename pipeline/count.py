"""The count step: eojeol counts of curated shards, packed by hash range. No Beam."""

import time
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Counts
from pipeline.parquet import read_batches, write_parquet
from pipeline.receipts import Task
from tokenizer.count import COUNTS, count_eojeol, merge_counts, partition


def count_shard(path: str, partitions: int) -> list[tuple[int, bytes]]:
    """(partition, packed counts) of one curated shard; the counts are exact."""
    tables: list[pa.Table] = []
    for batch in read_batches(path, ["text"]):
        tables.append(count_eojeol(batch["text"]))
        if len(tables) == 8:  # keeps memory at a few batches' distinct eojeol
            tables = [merge_counts(tables)]
    parts = partition(merge_counts(tables), partitions)
    return [(number, pack(part)) for number, part in enumerate(parts)]


def merge_partition(task: Task, blobs: Iterable[bytes], minimum_count: int) -> str:
    """Add up one hash range, drop what is rarer than `minimum_count`, write it and the receipt."""
    started = time.monotonic()
    table = merge_counts(unpack(blobs))
    frequent = table.filter(pc.greater_equal(table["count"], minimum_count))
    name = f"counts/{task.unit}.parquet"
    stamp = write_parquet(task.path(name), frequent.to_batches(), COUNTS)
    facts = {
        "distinct": table.num_rows,
        "distinct_kept": frequent.num_rows,
        "occurrences": pc.sum(table["count"]).as_py() or 0,
        "occurrences_kept": pc.sum(frequent["count"]).as_py() or 0,
    }
    return task.finish({name: stamp}, Counts(), facts=facts, seconds=time.monotonic() - started)


def pack(table: pa.Table) -> bytes:
    """A table of counts as Arrow IPC bytes: one blob crosses the shuffle, not one row."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, COUNTS) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def unpack(blobs: Iterable[bytes]) -> Iterator[pa.Table]:
    return (pa.ipc.open_stream(pa.py_buffer(blob)).read_all() for blob in blobs)
