"""Personal values replaced by one token a kind: `010-1234-5678로` becomes `<|tel|>로`."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.pii.detect import Span, byte_spans, detect
from pipeline.pii.windows import Column
from tokenizer.special import PII_KINDS, mask_token

OWN_MASKS: Mapping[str, str] = {}
"""Every kind has its own token."""


class Masked(NamedTuple):
    """A masked column."""

    texts: pa.StringArray
    rows: npt.NDArray[np.int64]
    """Rows that changed, ascending."""
    counts: list[Counter[str]]
    """Values replaced by kind, one for each of `rows`."""


def mask(
    text: str, kinds: Collection[str] = PII_KINDS, masks: Mapping[str, str] = OWN_MASKS
) -> tuple[str, dict[str, int]]:
    """(`text` with every value of `kinds` replaced by its token, values replaced by kind).

    What stands around a value stays: particles, brackets, labels. `masks` names the kinds whose
    values get the token of another.
    """
    spans = detect(text, kinds)
    return replace(text, spans, masks), dict(Counter(span.kind for span in spans))


def replace(text: str, spans: list[Span], masks: Mapping[str, str] = OWN_MASKS) -> str:
    """`text` with the token of its kind in the place of every span (in order, without overlap)."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], mask_token(masks.get(span.kind, span.kind))]
        end = span.end
    return "".join([*pieces, text[end:]])


def mask_batch(
    texts: pa.StringArray,
    kinds: Collection[str] = PII_KINDS,
    masks: Mapping[str, str] = OWN_MASKS,
) -> Masked:
    """`mask` for a string or large_string column; nulls stay null.

    The gates run once over the column; only texts with a value are built anew.
    """
    column = Column.of_texts(texts)
    rows, masked, counts = [], [], []
    for row, spans in byte_spans(column, kinds):
        rows.append(row)
        masked.append(_replace_bytes(column.text(row), spans, masks))
        counts.append(Counter(span.kind for span in spans))
    changed = np.array(rows, np.int64)
    if rows:
        hit = np.zeros(len(texts), bool)
        hit[changed] = True
        anew = pa.array(masked, pa.binary()).cast(texts.type)
        texts = pc.replace_with_mask(texts, pa.array(hit), anew)
    return Masked(texts, changed, counts)


def _replace_bytes(text: bytes, spans: list[Span], masks: Mapping[str, str]) -> bytes:
    pieces, end = [], 0
    for span in spans:
        token = mask_token(masks.get(span.kind, span.kind))
        pieces += [text[end : span.start], token.encode()]
        end = span.end
    return b"".join([*pieces, text[end:]])
