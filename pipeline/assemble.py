"""The assemble step: clean shards and removal lists to curated and removed shards. No Beam."""

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Counts
from pipeline.documents import CURATED, DOCUMENT, REMOVED
from pipeline.parquet import ParquetSink, read_batches, read_table
from pipeline.receipts import Task
from pipeline.samples import SampleKeeper


@dataclass(frozen=True)
class AssembleWork:
    """One clean shard: its unit (`part-00000`), its source, its curated name (`blog-00000`)."""

    unit: str
    source: str
    curated: str
    deduplicated: bool


def assemble_unit(task: Task) -> str:
    """Write the curated and the removed shard of one clean shard, and the receipt."""
    work: AssembleWork = task.payload
    started = time.monotonic()
    counts, samples = Counts(), SampleKeeper()
    drops, sizes = _decisions(task, work)
    curated = f"curated/{work.curated}.parquet"
    removed = f"removed/{task.unit}.parquet"
    with (
        ParquetSink(task.path(curated), CURATED) as curated_file,
        ParquetSink(task.path(removed), REMOVED) as removed_file,
    ):
        for batch in read_batches(task.path(f"clean/removed/{work.unit}.parquet")):
            removed_file.write(batch)
        first = 0
        for batch in read_batches(task.path(f"clean/{work.unit}.parquet"), DOCUMENT.names):
            kept, dropped = split_batch(batch, first, drops, sizes)
            first += batch.num_rows
            curated_file.write(kept)
            removed_file.write(dropped)
            samples.offer(kept, rule="kept")
            samples.offer(dropped)
            counts.documents_in += batch.num_rows
            counts.documents_out += kept.num_rows
            counts.bytes_in += pc.sum(batch["n_bytes"]).as_py() or 0
            counts.bytes_out += pc.sum(kept["n_bytes"]).as_py() or 0
            counts.removed.update(f"dedup/{rule}" for rule in dropped["rule"].to_pylist())
    facts = {"cluster_sizes": _histogram(sizes)} if len(sizes) else {}
    return task.finish(
        {curated: curated_file.stamp, removed: removed_file.stamp},
        counts,
        source=work.source,
        samples=samples.rows(),
        facts=facts,
        seconds=time.monotonic() - started,
    )


def split_batch(
    batch: pa.RecordBatch, first: int, drops: pa.Table, sizes: pa.Table
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Kept rows as CURATED and dropped rows as REMOVED.

    Args:
        batch: rows `first` to `first + n` of a clean shard, in DOCUMENT's columns.
        drops: (row, rule, duplicate_of, similarity) of the whole shard, sorted by row.
        sizes: (row, cluster_size) of kept documents with copies, sorted by row.
    """
    here = slice(*np.searchsorted(drops["row"].to_numpy(), [first, first + batch.num_rows]))
    dropped = drops.slice(here.start, here.stop - here.start)
    dropped_rows = dropped["row"].to_numpy() - first
    keep = np.ones(batch.num_rows, bool)
    keep[dropped_rows] = False
    cluster_size = np.ones(batch.num_rows, np.int32)
    inside = slice(*np.searchsorted(sizes["row"].to_numpy(), [first, first + batch.num_rows]))
    cluster_size[sizes["row"].to_numpy()[inside] - first] = sizes["cluster_size"].to_numpy()[inside]
    kept = batch.filter(pa.array(keep))
    kept = pa.RecordBatch.from_arrays([*kept.columns, pa.array(cluster_size[keep])], schema=CURATED)

    gone = batch.take(pa.array(dropped_rows, pa.int64()))
    count = gone.num_rows
    columns = {
        "id": gone["id"],
        "source": gone["source"],
        "step": pa.repeat(pa.scalar("dedup"), count),
        "rule": dropped["rule"].combine_chunks(),
        "duplicate_of": dropped["duplicate_of"].combine_chunks(),
        "similarity": dropped["similarity"].combine_chunks(),
        "text": gone["text"],
    }
    arrays = [columns.get(field.name, pa.nulls(count, field.type)) for field in REMOVED]
    return kept, pa.RecordBatch.from_arrays([_flat(array) for array in arrays], schema=REMOVED)


def _decisions(task: Task, work: AssembleWork) -> tuple[pa.Table, pa.Table]:
    if work.deduplicated:
        return (
            read_table(task.path(f"drops/{work.unit}.parquet")),
            read_table(task.path(f"drops/clusters-{work.unit.removeprefix('part-')}.parquet")),
        )
    return (
        pa.table(
            {
                "row": pa.array([], pa.int32()),
                "rule": pa.array([], pa.string()),
                "duplicate_of": pa.array([], pa.string()),
                "similarity": pa.array([], pa.float32()),
            }
        ),
        pa.table({"row": pa.array([], pa.int32()), "cluster_size": pa.array([], pa.int32())}),
    )


def _histogram(sizes: pa.Table) -> dict[str, int]:
    return {
        str(size): count
        for size, count in sorted(Counter(sizes["cluster_size"].to_pylist()).items())
    }


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
