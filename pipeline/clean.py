"""A work unit of the clean step: files in; clean, removed, signature and line shards out."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.attempts import attempt
from pipeline.careful import Careful
from pipeline.clean_batch import CLEAN, Cleaned, Screen, clean_batch
from pipeline.counts import Counts, Stopwatch
from pipeline.decontaminate import Counted, Index, merge
from pipeline.dedup.lines import LINE_HASHES, line_hashes
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import REMOVED, derived_id, removed_batch
from pipeline.filters.histograms import Histograms
from pipeline.parquet import BETWEEN, ParquetSink
from pipeline.pii.mask import mask
from pipeline.receipts import Finished, Task
from pipeline.samples import SampleKeeper
from pipeline.settings import Clean, Decontaminate, Dedup, Pii, Source
from pipeline.sources.changes import check_unchanged
from pipeline.sources.read import FileReader, Read, read_file, read_unit
from pipeline.sources.records import excerpt
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


@dataclass(frozen=True)
class Treated:
    """A batch after all stages, and what of it goes to which shard."""

    cleaned: Cleaned
    documents: int  # that came in, failed rows among them
    n_bytes: int  # of their text
    shards: dict[str, list[pa.RecordBatch]]
    seconds: dict[str, float]  # by stage


class Stages:
    """All that is done to a batch of a unit. What it is given and gives can cross processes."""

    def __init__(self, work: CleanWork):
        self.work, self.screen = work, work.screen()

    def treat(self, read: Read) -> Treated:
        work, watch = self.work, Stopwatch()
        failed = removed_batch([_mask_row(row, work.pii) for row in read.failed])
        cleaned = clean_batch(read.documents, work.source, work.clean, work.pii, self.screen)
        watch.add(cleaned.seconds)
        return _treated(work, read, failed, cleaned, watch)

    def crashed(self, read: Read, signal: int | None) -> Treated:
        """Stands for `treat` of a record over which the process dies: it is removed."""
        return _crashed(self.work, read, signal, partial(_mask_row, pii=self.work.pii))


def clean_unit(task: Task) -> Finished:
    """Read a work unit, write its shards and its receipt.

    A unit over which a process died before is read and treated in children: `careful`. Raises
    MalmoiError when a source file is gone or has changed; then no shard of the unit stands.
    """
    work: CleanWork = task.payload
    with attempt(task) as again:
        if not again:
            stages = Stages(work)
            return _clean(task, read_file, lambda read: iter([stages.treat(read)]))
        where = f"{task.home}/{task.unit}"
        with Careful(where, Stages, work, lost=partial(_lost, work)) as careful:
            return _clean(task, careful.read_file, careful.treat)


def _clean(task: Task, read: FileReader, treat: Callable[[Read], Iterator[Treated]]) -> Finished:
    work: CleanWork = task.payload
    started = time.monotonic()
    tally, watch = _Tally(), Stopwatch()
    shards = _shards(task.unit, work.dedup)
    with ExitStack() as stack:
        sinks = {
            kind: stack.enter_context(ParquetSink(task.path(name), schema, BETWEEN))
            for kind, (name, schema) in shards.items()
        }
        for batch in read_unit(work.unit, work.source, work.clean, read):
            watch.lap("read")
            for treated in treat(batch):
                watch.add(treated.seconds)
                for kind, rows in treated.shards.items():
                    for part in rows:
                        sinks[kind].write(part)
                tally.add(treated)
                watch.lap("write")
        check_unchanged(work.unit.files)  # else no shard takes its name
    watch.lap("write")
    return task.finish(
        {name: sinks[kind].stamp for kind, (name, _) in shards.items()},
        tally.counts,
        source=work.source.name,
        samples=tally.samples.rows(),
        facts={
            "histograms": tally.histograms.to_json(),
            **({"overlap": tally.overlap} if work.benchmarks else {}),
        },
        seconds=time.monotonic() - started,
        stages=watch.seconds,
    )


class _Tally:
    """Counts, samples, histograms and benchmark hits of a unit, batch by batch."""

    def __init__(self) -> None:
        self.counts, self.samples, self.histograms = Counts(), SampleKeeper(), Histograms()
        self.overlap: Counted = {}

    def add(self, treated: Treated) -> None:
        counts, cleaned = self.counts, treated.cleaned
        counts.documents_in += treated.documents
        counts.documents_out += cleaned.kept.num_rows
        counts.bytes_in += treated.n_bytes
        counts.bytes_out += pc.sum(cleaned.kept["n_bytes"]).as_py() or 0
        counts.masked.update(cleaned.masked)
        counts.edited.update(cleaned.edited)
        self.overlap = merge([self.overlap, cleaned.overlap])
        self.histograms.add(cleaned.histograms)
        for batch in treated.shards["removed"]:
            self.samples.offer(batch)
            counts.removed.update(_reasons(batch))


def _treated(
    work: CleanWork, read: Read, failed: pa.RecordBatch, cleaned: Cleaned, watch: Stopwatch
) -> Treated:
    shards = {"clean": [cleaned.kept], "removed": [failed, cleaned.removed]}
    if work.dedup.enabled:
        shards["signatures"] = [sign(cleaned.kept["text"], work.dedup)]
        watch.lap("signatures")
        if work.dedup.lines.enabled:
            hashes = line_hashes(cleaned.kept["text"], work.dedup.lines.min_chars)
            shards["line_hashes"] = [pa.RecordBatch.from_arrays([hashes], schema=LINE_HASHES)]
            watch.lap("line_hashes")
    return Treated(
        cleaned,
        read.documents.num_rows + len(read.failed),
        pc.sum(pc.binary_length(read.documents["text"])).as_py() or 0,
        shards,
        watch.seconds,
    )


def _lost(work: CleanWork, read: Read, signal: int | None) -> Treated:
    """`_crashed` of a record whose masking kills too: its text is not shown, its id derived."""
    return _crashed(work, read, signal, lambda row: {**row, "text": "", "id": ""})


def _crashed(
    work: CleanWork,
    read: Read,
    signal: int | None,
    masked: Callable[[dict[str, Any]], dict[str, Any]],
) -> Treated:
    """A read of one record as removed by rule `crashed`: with step `read` if it was no document.

    `value` is the signal that ended its process, null where it ended otherwise.
    """
    source = work.source.name
    reason = {"rule": "crashed", "value": None if signal is None else float(signal)}
    if read.failed:
        row = masked({**read.failed[0], **reason, "threshold": None})
    else:
        (document,) = read.documents.to_pylist()
        given = {"id": document["id"], "text": excerpt(document["text"])}
        row = masked({**given, **reason, "source": source, "step": "clean"})
        if not row["id"] or row["id"] != document["id"]:
            row["id"] = derived_id(source, document["text"])
        row["place"] = document["place"]
    cleaned = Cleaned(pa.RecordBatch.from_pylist([], schema=CLEAN), removed_batch([row]))
    return _treated(work, read, removed_batch([]), cleaned, Stopwatch())


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
    masked = {
        name: mask(row[name], pii.kinds, pii.masks)[0] for name in ("text", "id") if row.get(name)
    }
    return {**row, **masked}
