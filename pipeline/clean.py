"""A work unit of the clean step: files in; clean, removed, signature and line shards out."""

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.clean_batch import CLEAN, Cleaned, Screen, clean_batch
from pipeline.counts import Counts
from pipeline.decontaminate import Counted, Index, merge
from pipeline.dedup.lines import LINE_HASHES, line_hashes
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import REMOVED, removed_batch
from pipeline.parquet import BETWEEN, ParquetSink
from pipeline.pii.mask import mask
from pipeline.receipts import Task
from pipeline.samples import SampleKeeper
from pipeline.settings import Clean, Decontaminate, Dedup, Pii, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import WorkUnit

__all__ = ["CLEAN", "CleanWork", "clean_batch", "clean_unit"]


@dataclass(frozen=True)
class CleanWork:
    """What one task of the clean step needs; of benchmarks, the place of their index, and how."""

    unit: WorkUnit
    source: Source
    clean: Clean
    pii: Pii
    dedup: Dedup
    benchmarks: tuple[str, Decontaminate] | None = None

    def screen(self) -> Screen | None:
        if self.benchmarks is None:
            return None
        index, settings = self.benchmarks
        return Screen(Index.load(index), settings)


class _Tally:
    """Counts, samples and benchmark hits of a unit, batch by batch."""

    def __init__(self) -> None:
        self.counts, self.samples = Counts(), SampleKeeper()
        self.overlap: Counted = {}

    def add(self, read: pa.RecordBatch, failed: pa.RecordBatch, cleaned: Cleaned) -> None:
        counts = self.counts
        counts.documents_in += read.num_rows + failed.num_rows
        counts.documents_out += cleaned.kept.num_rows
        counts.bytes_in += pc.sum(pc.binary_length(read["text"])).as_py() or 0
        counts.bytes_out += pc.sum(cleaned.kept["n_bytes"]).as_py() or 0
        counts.masked.update(cleaned.masked)
        counts.edited.update(cleaned.edited)
        self.overlap = merge([self.overlap, cleaned.overlap])
        for batch in (failed, cleaned.removed):
            self.samples.offer(batch)
            counts.removed.update(_reasons(batch))


def clean_unit(task: Task) -> str:
    """Read a work unit, write its shards and its receipt."""
    work: CleanWork = task.payload
    started = time.monotonic()
    tally, screen = _Tally(), work.screen()
    shards = _shards(task.unit, work.dedup)
    with ExitStack() as stack:
        sinks = {
            kind: stack.enter_context(ParquetSink(task.path(name), schema, BETWEEN))
            for kind, (name, schema) in shards.items()
        }
        for read in read_unit(work.unit, work.source, work.clean):
            failed = removed_batch([_mask_row(row, work.pii) for row in read.failed])
            cleaned = clean_batch(read.documents, work.source, work.clean, work.pii, screen)
            sinks["clean"].write(cleaned.kept)
            for batch in (failed, cleaned.removed):
                sinks["removed"].write(batch)
            if "signatures" in sinks:
                sinks["signatures"].write(sign(cleaned.kept["text"], work.dedup))
            if "line_hashes" in sinks:
                hashes = line_hashes(cleaned.kept["text"], work.dedup.lines.min_chars)
                sinks["line_hashes"].write(pa.RecordBatch.from_arrays([hashes], schema=LINE_HASHES))
            tally.add(read.documents, failed, cleaned)
    return task.finish(
        {name: sinks[kind].stamp for kind, (name, _) in shards.items()},
        tally.counts,
        source=work.source.name,
        samples=tally.samples.rows(),
        facts={"overlap": tally.overlap} if screen else None,
        seconds=time.monotonic() - started,
    )


def _shards(unit: str, dedup: Dedup) -> dict[str, tuple[str, pa.Schema]]:
    """The files of a unit; signatures and lines only where copies are looked for."""
    shards = {
        "clean": (f"clean/{unit}.parquet", CLEAN),
        "removed": (f"clean/removed/{unit}.parquet", REMOVED),
    }
    if dedup.enabled:
        shards["signatures"] = (f"signatures/{unit}.parquet", signature_schema(dedup))
        if dedup.lines.enabled:
            shards["line_hashes"] = (f"line_hashes/{unit}.parquet", LINE_HASHES)
    return shards


def _reasons(batch: pa.RecordBatch) -> Counter[str]:
    """Rows by `step/rule`."""
    codes = pc.binary_join_element_wise(batch["step"], batch["rule"], "/")
    counted = Counter[str]()
    for entry in pc.value_counts(codes).to_pylist():
        counted[entry["values"]] = entry["counts"]
    return counted


def _mask_row(row: dict[str, Any], pii: Pii) -> dict[str, Any]:
    if not pii.enabled:
        return row
    masked = {name: mask(row[name], pii.kinds)[0] for name in ("text", "id") if row.get(name)}
    return {**row, **masked}
