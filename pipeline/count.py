"""The count step: eojeol counts of curated shards, packed by hash range. No Beam.

A shard's counts lie in a scratch file with one record batch for each hash range; whoever adds up a
range reads its batch of every file. So no word crosses a shuffle.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import storage
from pipeline.counts import Counts
from pipeline.parquet import read_batches, write_parquet
from pipeline.receipts import Finished, Task
from tokenizer.count import COUNTS, count_eojeol, merge_counts, partition
from tokenizer.errors import CorruptFileError

LEAST_PARTITIONS = 16
PARTITION_TEXT = 4 << 30
"""Bytes of text whose distinct eojeol are one partition: some ten million at the most."""


EMPTY = pa.RecordBatch.from_pylist([], schema=COUNTS)


class Scratch(NamedTuple):
    """The counts of `shards` shards, by `partitions` hash ranges, in the folder `place`."""

    place: str
    shards: int
    partitions: int

    def name(self, shard: int) -> str:
        return f"{shard:05d}.arrow"

    def file(self, shard: int) -> str:
        return storage.join(self.place, self.name(shard))


def partition_count(text_bytes: int) -> int:
    """Hash ranges (a power of two) for a corpus of so many bytes; a machine has no say."""
    needed = max(LEAST_PARTITIONS, -(-text_bytes // PARTITION_TEXT))
    return 1 << (needed - 1).bit_length()


class CuratedShard(NamedTuple):
    """A curated shard by number, and how many times its eojeol count."""

    number: int
    path: str
    weight: int = 1


def count_shard(shard: CuratedShard, scratch: Scratch) -> None:
    """Write the exact counts of one curated shard to its scratch file."""
    number, path, weight = shard
    tables: list[pa.Table] = []
    for batch in read_batches(path, ["text"]) if weight else ():
        tables.append(count_eojeol(batch["text"]))
        if len(tables) == 8:  # keeps memory at a few batches' distinct eojeol
            tables = [merge_counts(tables)]
    counted = merge_counts(tables)
    weighted = counted.set_column(1, COUNTS.field(1), pc.multiply(counted["count"], weight))
    parts = partition(weighted, scratch.partitions)
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with (
        storage.write_atomic(scratch.file(number)) as out,
        pa.ipc.new_file(out, COUNTS, options=options) as writer,
    ):
        for part in parts:
            (batch,) = part.to_batches() or [EMPTY]
            writer.write_batch(batch)


def merge_partition(
    task: Task, scratch: Scratch, minimum_count: int, maximum_count: int | None = None
) -> Finished:
    """Add up one hash range, write it and the receipt.

    What is rarer than `minimum_count` is left out; `maximum_count` is the most that is written.
    """
    started = time.monotonic()
    table = merge_counts(_parts(scratch, task.payload))
    frequent = table.filter(pc.greater_equal(table["count"], minimum_count))
    if maximum_count is not None:
        capped = pc.min_element_wise(frequent["count"], maximum_count)
        frequent = frequent.set_column(1, COUNTS.field(1), capped)
    name = f"counts/{task.unit}.parquet"
    stamp = write_parquet(task.path(name), frequent.to_batches(), COUNTS)
    facts = {
        "distinct": table.num_rows,
        "distinct_kept": frequent.num_rows,
        "occurrences": pc.sum(table["count"]).as_py() or 0,
        "occurrences_kept": pc.sum(frequent["count"]).as_py() or 0,
    }
    return task.finish({name: stamp}, Counts(), facts=facts, seconds=time.monotonic() - started)


def _parts(scratch: Scratch, number: int) -> Iterator[pa.Table]:
    """One hash range of every shard, a shard at a time."""
    for shard in range(scratch.shards):
        path = scratch.file(shard)
        try:
            with storage.open_read(path) as file:
                batch = pa.ipc.open_file(file).get_batch(number)
        except (pa.ArrowInvalid, OSError) as error:
            raise CorruptFileError(
                f"{path}: cannot be read ({error}); delete {scratch.place} and run the step again"
            ) from error
        yield pa.Table.from_batches([batch])
