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
from pipeline.filters.rules import Rule, judge
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
    texts, failed = _edited(raw, source, clean)
    normal = pa.array(texts, pa.string())
    features = measure(normal)
    text, found = _masked(normal, pii)
    ids = _ids(batch["id"], raw, source, pii)
    reasons = _reasons(texts, failed, features, clean.rules(source.profile))
    kept = [row for row, reason in enumerate(reasons) if reason is None]
    removed = [
        {
            "id": ids[row],
            "source": source.name,
            "step": "clean",
            "place": batch["place"][row].as_py(),
            "text": _mask_text(raw[row], pii) if row in failed else text[row].as_py(),
            **reason,
        }
        for row, reason in enumerate(reasons)
        if reason is not None
    ]
    rows = pa.array(kept, pa.int64())
    text = text.take(rows)
    columns = [
        pa.array([ids[row] for row in kept], pa.string()),
        pa.repeat(pa.scalar(source.name), len(kept)),
        text,
        *(_masked(batch[name].take(rows), pii)[0] for name in ("url", "date", "meta")),
        pc.utf8_length(text),
        pc.binary_length(text),
        features.take(rows),
    ]
    masked = Counter[str]()
    for row in kept:
        masked.update(found[row])
    kept_batch = pa.RecordBatch.from_arrays(columns, schema=CLEAN)
    return Cleaned(kept_batch, removed_batch(removed), masked)


def _edited(raw: list[str], source: Source, clean: Clean) -> tuple[list[str], set[int]]:
    """The texts in normal form, and the rows whose editing raised (their text is empty then)."""
    texts, failed = [], set()
    for row, text in enumerate(raw):
        try:
            texts.append(edit(text, source, clean))
        except Exception:
            texts.append("")
            failed.add(row)
    return texts, failed


def _reasons(
    texts: list[str], failed: set[int], features: pa.StructArray, rules: dict[str, Rule]
) -> list[dict[str, Any] | None]:
    """Why each document is removed: rule, value and threshold, or None where it is kept."""
    verdict, names = judge(features, rules), list(rules)
    reasons: list[dict[str, Any] | None] = []
    for row, rule in enumerate(verdict.rule_index.tolist()):
        if row in failed:
            reasons.append({"rule": "stage_failed"})
        elif not texts[row]:
            reasons.append({"rule": "empty_text"})
        elif rule >= 0:
            value, threshold = float(verdict.value[row]), float(verdict.threshold[row])
            reasons.append({"rule": names[rule], "value": value, "threshold": threshold})
        else:
            reasons.append(None)
    return reasons


def _ids(given: pa.Array, raw: list[str], source: Source, pii: Pii) -> list[str]:
    """The input's own ids; derived ones where there is none, or where it holds a personal value."""
    _, found = _masked(given, pii)
    return [
        derived_id(source.name, text) if not identity or found[row] else identity
        for row, (identity, text) in enumerate(zip(given.to_pylist(), raw, strict=True))
    ]


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


def _text_bytes(batch: pa.RecordBatch) -> int:
    return pc.sum(pc.binary_length(batch["text"])).as_py() or 0
