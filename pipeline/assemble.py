"""The assemble step: clean shards and removal lists to curated and removed shards. No Beam."""

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Counts
from pipeline.dedup.lines import BOILERPLATE, DROPPED_LINES, drop_lines
from pipeline.dedup.pairs import note
from pipeline.dedup.shards import columns
from pipeline.documents import CURATED, DOCUMENT, REMOVED
from pipeline.parquet import ParquetSink, read_batches, read_table
from pipeline.receipts import Finished, Task
from pipeline.samples import SAMPLE_CHARS, SampleKeeper
from pipeline.settings import Dedup

MOST_LINES = 10
"""So many of a shard's boilerplate lines are shown, those of the most documents."""


@dataclass(frozen=True)
class AssembleWork:
    """One clean shard: its unit (`part-00000`), its source, its curated name (`blog-00000`)."""

    unit: str
    source: str
    curated: str
    dedup: Dedup


def assemble_unit(task: Task) -> Finished:
    """Write the curated and the removed shard of one clean shard, and the receipt."""
    work: AssembleWork = task.payload
    started = time.monotonic()
    counts, samples = Counts(), SampleKeeper()
    drops, sizes = _decisions(task, work)
    cutter = _LineCutter(task, work) if work.dedup.enabled and work.dedup.lines.enabled else None
    with ExitStack() as stack:
        sinks = {
            name: stack.enter_context(ParquetSink(task.path(name), schema))
            for name, schema in _files(work).items()
        }
        curated, removed, *lines = sinks.values()
        for batch in read_batches(task.path(f"clean/removed/{work.unit}.parquet")):
            removed.write(batch)
        first = 0
        for batch in read_batches(task.path(f"clean/{work.unit}.parquet"), DOCUMENT.names):
            kept, dropped = split_batch(batch, first, drops, sizes)
            if cutter:
                kept, gone = cutter.cut(kept, first, batch.num_rows, drops)
                lines[0].write(gone)
            first += batch.num_rows
            curated.write(kept)
            removed.write(dropped)
            samples.offer(kept, rule="kept")
            samples.offer(dropped)
            counts.documents_in += batch.num_rows
            counts.documents_out += kept.num_rows
            counts.bytes_in += pc.sum(batch["n_bytes"]).as_py() or 0
            counts.bytes_out += pc.sum(kept["n_bytes"]).as_py() or 0
            counts.removed.update(f"dedup/{rule}" for rule in dropped["rule"].to_pylist())
    facts = {"cluster_sizes": _histogram(sizes)} if len(sizes) else {}
    if work.dedup.enabled:
        facts["copies"] = note(int(work.unit.removeprefix("part-")), drops, sizes)
    return task.finish(
        {name: sink.stamp for name, sink in sinks.items()},
        counts,
        source=work.source,
        samples=samples.rows(),
        facts={**facts, **(cutter.facts() if cutter else {})},
        seconds=time.monotonic() - started,
    )


def _files(work: AssembleWork) -> dict[str, pa.Schema]:
    files = {
        f"curated/{work.curated}.parquet": CURATED,
        f"removed/{work.unit}.parquet": REMOVED,
    }
    if work.dedup.enabled and work.dedup.lines.enabled:
        files[f"removed/lines/{work.unit}.parquet"] = DROPPED_LINES
    return files


class _LineCutter:
    """Takes a source's boilerplate lines out of the kept documents of a shard, and tells of it."""

    def __init__(self, task: Task, work: AssembleWork):
        number = work.unit.removeprefix("part-")
        read = columns(task.path(f"drops/lines-{number}.parquet"), BOILERPLATE.names or ())
        self.boilerplate = np.empty(read.num_rows, BOILERPLATE)
        for name, column in zip(read.schema.names, read.columns, strict=True):
            self.boilerplate[name] = column.to_numpy(zero_copy_only=False)
        self.hashes = columns(task.path(f"line_hashes/{work.unit}.parquet"), ["lines"])["lines"]
        self.settings = work.dedup.lines
        self.lines = self.documents = self.bytes = 0
        self.common: dict[str, int] = {}

    def cut(
        self, kept: pa.RecordBatch, first: int, rows: int, drops: pa.Table
    ) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """`kept` (CURATED), of rows `first` to `first + rows`, without them; and DROPPED_LINES."""
        stays = np.ones(rows, bool)
        gone = drops["row"].to_numpy() - first
        stays[gone[(gone >= 0) & (gone < rows)]] = False
        hashes = self.hashes.slice(first, rows).filter(pa.array(stays))
        texts, dropped = drop_lines(kept, hashes, self.boilerplate, self.settings)
        if dropped.num_rows:
            new = {
                "text": texts,
                "n_chars": pc.utf8_length(texts),
                "n_bytes": pc.binary_length(texts),
            }
            arrays = [new.get(name, kept[name]) for name in kept.schema.names]
            self.bytes += pc.sum(kept["n_bytes"]).as_py() - pc.sum(new["n_bytes"]).as_py()
            kept = pa.RecordBatch.from_arrays(arrays, schema=CURATED)
            self.lines += dropped.num_rows
            self.documents += pc.count_distinct(dropped["id"]).as_py()
            self._note(dropped)
        return kept, dropped

    def _note(self, dropped: pa.RecordBatch) -> None:
        distinct = pa.table(dropped).group_by(["text", "documents"]).aggregate([])
        for line in distinct.to_pylist():
            self.common[line["text"]] = line["documents"]
        best = sorted(self.common.items(), key=lambda line: (-line[1], line[0]))[:MOST_LINES]
        self.common = dict(best)

    def facts(self) -> dict[str, Any]:
        """What the receipt tells of lines."""
        return {
            "lines": {"dropped": self.lines, "documents": self.documents, "bytes": self.bytes},
            "top_lines": [
                {"text": text[:SAMPLE_CHARS], "documents": documents}
                for text, documents in self.common.items()
            ],
        }


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
    if work.dedup.enabled:
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
