"""One document through the clean step: the step's own functions, one after another."""

from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.clean_batch import Cleaned, Screen, clean_batch
from pipeline.documents import RAW
from pipeline.explain.edits import Stages, edited, explain
from pipeline.kernels.features import measure
from pipeline.settings import Clean, Pii, Source


class Gone(NamedTuple):
    """A document on its way through the clean step."""

    raw: str  # as it was read
    place: str
    edits: Stages | None  # None: a stage failed on it
    text: str  # as edits left it and rules judge it, not masked
    features: pa.StructArray  # of that text; one row
    cleaned: Cleaned  # what the step made of it

    @property
    def outcome(self) -> dict[str, Any]:
        """Its one row, kept or removed."""
        return dict((self.cleaned.kept.to_pylist() or self.cleaned.removed.to_pylist())[0])

    @property
    def kept(self) -> bool:
        return self.cleaned.kept.num_rows == 1


def go(
    record: pa.RecordBatch, source: Source, clean: Clean, pii: Pii, screen: Screen | None
) -> Gone:
    """Take a record (one row of `documents.RAW`) through the clean step."""
    raw, place = record["text"][0].as_py(), record["place"][0].as_py()
    stages: Stages | None
    try:
        stages = explain(raw, clean, html=source.is_html)
    except Exception:  # what a library raises; the step removes it with rule `stage_failed`
        stages = None
    text = "" if stages is None else edited(raw, stages)
    return Gone(
        raw,
        place,
        stages,
        text,
        measure(pa.array([text], pa.string())),
        clean_batch(record, source, clean, pii, screen),
    )


def record_of(text: str, place: str) -> pa.RecordBatch:
    """A text without id as a record."""
    return pa.RecordBatch.from_pylist([{"text": text, "place": place}], schema=RAW)
