"""The clean step on one record batch: edits, features and rules, benchmarks, masks. No files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Stopwatch
from pipeline.decontaminate import Counted, Index, decontaminate
from pipeline.documents import DOCUMENT, REMOVED, derived_id
from pipeline.filters import histograms, models
from pipeline.filters.histograms import Histograms, Near
from pipeline.filters.rules import judge
from pipeline.kernels.features import FEATURE_TYPE, measure
from pipeline.pii.mask import mask_batch
from pipeline.reasons import Reasons, Rows
from pipeline.samples import SAMPLE_CHARS
from pipeline.settings import Clean, Decontaminate, Pii, Source
from pipeline.text.edit import edit_batch
from pipeline.text.furniture import strip_furniture

CLEAN = DOCUMENT.append(pa.field("features", FEATURE_TYPE))
"""A clean shard: documents with the features they were judged by."""


@dataclass(frozen=True)
class Screen:
    """The benchmarks that kept documents are compared with."""

    index: Index
    settings: Decontaminate


@dataclass(frozen=True)
class Cleaned:
    """A batch after the clean step; kept + removed rows are the rows that came in."""

    kept: pa.RecordBatch  # CLEAN
    removed: pa.RecordBatch  # REMOVED
    masked: Counter[str] = field(default_factory=Counter)  # values in kept text, by kind
    edited: Counter[str] = field(default_factory=Counter)  # what each edit rule did, in all text
    overlap: Counted = field(default_factory=dict)  # with benchmarks
    histograms: Histograms = field(default_factory=Histograms)  # of what the rules judged
    seconds: dict[str, float] = field(default_factory=dict)  # by stage


def clean_batch(
    batch: pa.RecordBatch, source: Source, clean: Clean, pii: Pii, screen: Screen | None = None
) -> Cleaned:
    """One batch of `documents.RAW` through all stages.

    A document that makes an edit fail is removed with rule `stage_failed`; the others go on.
    """
    watch = Stopwatch()
    raw = batch["text"]
    edited = edit_batch(
        raw,
        html=source.is_html,
        remnants=clean.remnants,
        max_jamo_run=clean.max_jamo_run,
        max_symbol_run=clean.max_symbol_run,
    )
    texts, edits = edited.texts, edited.counts
    if clean.furniture:
        texts, cut = strip_furniture(texts)
        edits = edits + cut
    watch.lap("edit")
    failed = np.array(sorted(edited.failed), np.int64)
    features = measure(texts)
    reasons = Reasons(len(texts))
    reasons.give(failed, "stage_failed")
    reasons.give(np.flatnonzero(pc.equal(pc.binary_length(texts), 0)), "empty_text")
    rules = clean.rules(source.profile)
    sizes = np.asarray(pc.binary_length(texts), np.int64)
    counted = histograms.count(features, sizes, reasons.is_kept, rules)
    reasons.judged(judge(features, rules), list(rules))
    _ask_models(texts, clean, reasons)
    watch.lap("rules")
    overlap: Counted = {}
    if screen is not None:
        texts, overlap, cut = _compare(texts, screen, reasons)
        edits = edits + cut
        watch.lap("benchmarks")
    if len(failed):  # nothing stands there: show what was read
        texts = _put(texts, failed, raw.take(pa.array(failed)))
    texts, masked = _masked(texts, reasons.kept, pii)
    ids = _ids(batch, source, pii)
    kept = _kept(batch, ids, texts, features, source, pii, reasons.kept)
    removed = _removed(batch, ids, texts, source, reasons)
    watch.lap("masks")
    nearest = histograms.nearest(features, reasons.kept, rules)
    counted.near = {rule: _shown(kept, reasons.kept, rows) for rule, rows in nearest.items()}
    watch.lap("rules")
    return Cleaned(kept, removed, masked, edits, overlap, counted, watch.seconds)


def _shown(kept: pa.RecordBatch, rows: Rows, near: Sequence[Near]) -> list[dict[str, Any]]:
    """Kept documents near a threshold as the report shows them; `rows` are those of `kept`."""
    return [
        {
            "id": kept["id"][at].as_py(),
            "value": value,
            "distance": distance,
            "text": kept["text"][at].as_py()[:SAMPLE_CHARS],
        }
        for row, value, distance in near
        for at in [int(np.searchsorted(rows, row))]
    ]


def _ask_models(texts: pa.StringArray, clean: Clean, reasons: Reasons) -> None:
    for model in clean.models:
        rows = reasons.kept
        scores = models.score(texts.take(pa.array(rows)), model)
        fires = models.fires(scores, model)
        reasons.give(rows[fires], model.name, scores[fires], model.threshold)


def _compare(
    texts: pa.StringArray, screen: Screen, reasons: Reasons
) -> tuple[pa.StringArray, Counted, Counter[str]]:
    """The texts with benchmark items cut out, where that is asked; what was found and cut."""
    rows = reasons.kept
    found = decontaminate(texts.take(pa.array(rows)), screen.index, screen.settings)
    reasons.give(
        rows[found.rows], "contaminated", found.overlap, found.threshold, found.witnesses()
    )
    if len(found.cut):
        texts = _put(texts, rows[found.cut], found.texts.take(pa.array(found.cut)))
    return texts, found.counts, Counter({"benchmark": len(found.cut)} if len(found.cut) else {})


def _masked(texts: pa.StringArray, kept: Rows, pii: Pii) -> tuple[pa.StringArray, Counter[str]]:
    """The texts masked, and what was masked in the kept ones."""
    found = Counter[str]()
    if not pii.enabled:
        return texts, found
    masked = mask_batch(texts, pii.kinds, pii.masks)
    for place in np.flatnonzero(np.isin(masked.rows, kept)).tolist():
        found.update(masked.counts[place])
    return masked.texts, found


def _ids(batch: pa.RecordBatch, source: Source, pii: Pii) -> pa.StringArray:
    """The input's own ids; derived ones where there is none, or where it holds a personal value."""
    given = batch["id"]
    derived = pc.fill_null(pc.equal(pc.binary_length(given), 0), True).to_numpy(
        zero_copy_only=False
    )
    if pii.enabled:
        derived = derived.copy()
        derived[mask_batch(given, pii.kinds).rows] = True
    rows = np.flatnonzero(derived)
    if not len(rows):
        return given
    texts = batch["text"].take(pa.array(rows)).to_pylist()
    made = [derived_id(source.name, text) for text in texts]
    return pc.replace_with_mask(given, pa.array(derived), pa.array(made, pa.string()))


def _kept(
    batch: pa.RecordBatch,
    ids: pa.StringArray,
    texts: pa.StringArray,
    features: pa.StructArray,
    source: Source,
    pii: Pii,
    kept: Rows,
) -> pa.RecordBatch:
    rows = pa.array(kept)
    text = texts.take(rows)
    others = [batch[name].take(rows) for name in ("url", "date", "meta")]
    columns = [
        ids.take(rows),
        pa.repeat(pa.scalar(source.name), len(rows)),
        text,
        *(
            mask_batch(column, pii.kinds, pii.masks).texts if pii.enabled else column
            for column in others
        ),
        pc.utf8_length(text),
        pc.binary_length(text),
        features.take(rows),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=CLEAN)


def _removed(
    batch: pa.RecordBatch,
    ids: pa.StringArray,
    texts: pa.StringArray,
    source: Source,
    reasons: Reasons,
) -> pa.RecordBatch:
    rows = pa.array(reasons.removed)
    columns = {
        "id": ids.take(rows),
        "source": pa.repeat(pa.scalar(source.name), len(rows)),
        "step": pa.repeat(pa.scalar("clean"), len(rows)),
        "similarity": pa.nulls(len(rows), pa.float32()),
        "place": batch["place"].take(rows),
        "text": texts.take(rows),
        **reasons.columns(),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in REMOVED.names], schema=REMOVED)


def _put(texts: pa.StringArray, rows: Rows, others: pa.StringArray) -> pa.StringArray:
    """`texts` with `others` in the place of `rows` (ascending)."""
    mask = np.zeros(len(texts), bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), others)
