"""The clean step: raw batches to normal form, rules, masks and signatures. No Beam."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Counts
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import DOCUMENT, REMOVED, derived_id, removed_batch
from pipeline.filters.rules import judge
from pipeline.kernels.features import FEATURE_TYPE, measure
from pipeline.parquet import ParquetSink
from pipeline.pii.mask import mask, mask_batch
from pipeline.receipts import Task
from pipeline.samples import SampleKeeper
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import WorkUnit
from pipeline.text.decode import repair_mojibake
from pipeline.text.html import extract
from pipeline.text.normal import normalise

CLEAN = DOCUMENT.append(pa.field("features", FEATURE_TYPE))
"""A clean shard: documents with the features they were judged by."""


@dataclass(frozen=True)
class CleanWork:
    """What one task of the clean step needs."""

    unit: WorkUnit
    source: Source
    clean: Clean
    pii: Pii
    dedup: Dedup


@dataclass(frozen=True)
class Cleaned:
    """A batch after the clean step; kept + removed rows are the rows that came in."""

    kept: pa.RecordBatch  # CLEAN
    removed: pa.RecordBatch  # REMOVED
    masked: Counter[str]  # values masked in kept text, by kind


def clean_batch(batch: pa.RecordBatch, source: Source, clean: Clean, pii: Pii) -> Cleaned:
    """Normal form, rules and masks for one batch of `documents.RAW`.

    A document that makes a stage fail is removed with rule `stage_failed`; the others go on.
    """
    raw = batch["text"].to_pylist()
    texts, faults = [], {}
    for row, text in enumerate(raw):
        try:
            texts.append(edit(text, source, clean))
        except Exception as error:
            texts.append("")
            faults[row] = type(error).__name__
    ids = [
        given if given else derived_id(source.name, text)
        for given, text in zip(batch["id"].to_pylist(), raw, strict=True)
    ]
    normal = pa.array(texts, pa.string())
    features = measure(normal)
    verdict = judge(features, clean.rules(source.profile))
    names = list(clean.rules(source.profile))
    masked, found = _masked(normal, pii)

    removed, kept_rows = [], []
    for row, rule in enumerate(verdict.rule_index.tolist()):
        reason: dict[str, object] | None = None
        if row in faults:
            reason = {"rule": "stage_failed"}
            masked_text = _mask_text(raw[row], pii)
        elif not texts[row]:
            reason = {"rule": "empty_text"}
            masked_text = ""
        elif rule >= 0:
            reason = {
                "rule": names[rule],
                "value": float(verdict.value[row]),
                "threshold": float(verdict.threshold[row]),
            }
            masked_text = masked[row].as_py()
        if reason is None:
            kept_rows.append(row)
        else:
            removed.append(
                {
                    "id": _mask_id(ids[row], source, raw[row], pii),
                    "source": source.name,
                    "step": "clean",
                    "place": batch["place"][row].as_py(),
                    "text": masked_text,
                    **reason,
                }
            )
    rows = pa.array(kept_rows, pa.int64())
    text = masked.take(rows)
    kept = pa.RecordBatch.from_arrays(
        [
            pa.array([_mask_id(ids[row], source, raw[row], pii) for row in kept_rows], pa.string()),
            pa.repeat(pa.scalar(source.name), len(rows)),
            text,
            *(_masked(batch[name].take(rows), pii)[0] for name in ("url", "date", "meta")),
            pc.utf8_length(text),
            pc.binary_length(text),
            features.take(rows),
        ],
        schema=CLEAN,
    )
    counter: Counter[str] = Counter()
    for row in kept_rows:
        counter.update(found[row])
    return Cleaned(kept, removed_batch(removed), counter)


def edit(text: str, source: Source, clean: Clean) -> str:
    """The text with HTML extracted, mojibake repaired where certain, in normal form."""
    if source.is_html:
        text = extract(text)
    repaired = repair_mojibake(text)
    return normalise(
        text if repaired is None else repaired,
        max_jamo_run=clean.max_jamo_run,
        max_symbol_run=clean.max_symbol_run,
    )


def clean_unit(task: Task) -> str:
    """Read a work unit, write its clean, removed and signature shards and its receipt."""
    work: CleanWork = task.payload
    started = time.monotonic()
    counts, samples = Counts(), SampleKeeper()
    names = {
        "kept": f"clean/{task.unit}.parquet",
        "removed": f"clean/removed/{task.unit}.parquet",
        "signatures": f"signatures/{task.unit}.parquet",
    }
    with (
        ParquetSink(task.path(names["kept"]), CLEAN) as kept_file,
        ParquetSink(task.path(names["removed"]), REMOVED) as removed_file,
        ParquetSink(task.path(names["signatures"]), signature_schema(work.dedup)) as signatures,
    ):
        for read in read_unit(work.unit, work.source, work.clean):
            failed = removed_batch([_mask_row(row, work.pii) for row in read.failed])
            cleaned = clean_batch(read.documents, work.source, work.clean, work.pii)
            kept_file.write(cleaned.kept)
            signatures.write(sign(cleaned.kept["text"], work.dedup))
            for batch in (failed, cleaned.removed):
                removed_file.write(batch)
                samples.offer(batch)
                counts.removed.update(
                    f"{step}/{rule}"
                    for step, rule in zip(
                        batch["step"].to_pylist(), batch["rule"].to_pylist(), strict=True
                    )
                )
            counts.documents_in += read.documents.num_rows + failed.num_rows
            counts.documents_out += cleaned.kept.num_rows
            counts.bytes_in += _text_bytes(read.documents)
            counts.bytes_out += pc.sum(cleaned.kept["n_bytes"]).as_py() or 0
            counts.masked.update(cleaned.masked)
    files = {
        names["kept"]: kept_file.stamp,
        names["removed"]: removed_file.stamp,
        names["signatures"]: signatures.stamp,
    }
    return task.finish(
        files,
        counts,
        source=work.source.name,
        samples=samples.rows(),
        seconds=time.monotonic() - started,
    )


def _masked(column: pa.Array, pii: Pii) -> tuple[pa.Array, list[dict[str, int]]]:
    if not pii.enabled:
        return column, [{}] * len(column)
    return mask_batch(column, pii.kinds)


def _mask_text(text: str | None, pii: Pii) -> str | None:
    return mask(text, pii.kinds)[0] if text and pii.enabled else text


def _mask_row(row: dict[str, Any], pii: Pii) -> dict[str, Any]:
    return {**row, "text": _mask_text(row.get("text"), pii), "id": _mask_text(row.get("id"), pii)}


def _mask_id(identity: str, source: Source, text: str, pii: Pii) -> str:
    """The id, or the derived one where the input's own holds somebody's number."""
    if pii.enabled and mask(identity, pii.kinds)[1]:
        return derived_id(source.name, text)
    return identity


def _text_bytes(batch: pa.RecordBatch) -> int:
    return pc.sum(pc.binary_length(batch["text"])).as_py() or 0
