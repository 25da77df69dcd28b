"""Personal values replaced by one token a kind: `010-1234-5678로` becomes `<|tel|>로`."""

from collections import Counter
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.pii.candidates import GATE
from pipeline.pii.detect import Span, detect
from tokenizer.special import PII_KINDS, mask_token


def mask(text: str, kinds: Collection[str] = PII_KINDS) -> tuple[str, dict[str, int]]:
    """(`text` with every value of `kinds` replaced by its token, values replaced by kind).

    What stands around a value stays: particles, brackets, labels.
    """
    spans = detect(text, kinds)
    return replace(text, spans), dict(Counter(span.kind for span in spans))


def replace(text: str, spans: list[Span]) -> str:
    """`text` with the token of its kind in the place of every span (in order, without overlap)."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], mask_token(span.kind)]
        end = span.end
    return "".join([*pieces, text[end:]])


def mask_batch(
    texts: pa.StringArray, kinds: Collection[str] = PII_KINDS
) -> tuple[pa.StringArray, list[dict[str, int]]]:
    """`mask` for a column: (masked texts, replaced values by kind for every row); nulls stay null.

    One RE2 search over the column picks the texts with a candidate; the others cost no more.
    """
    counts: list[dict[str, int]] = [{} for _ in range(len(texts))]
    suspects = pc.fill_null(pc.match_substring_regex(texts, GATE), False)
    rows = pc.indices_nonzero(suspects).to_pylist()
    changed: dict[int, str] = {}
    for row in rows:
        masked, found = mask(texts[row].as_py(), kinds)
        if found:
            changed[row], counts[row] = masked, found
    if not changed:
        return texts, counts
    hit = pa.array([row in changed for row in range(len(texts))])
    return pc.replace_with_mask(texts, hit, pa.array(list(changed.values()), texts.type)), counts
