"""What of a text may be shown: no personal value, and not half of one."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import pyarrow as pa

from pipeline.pii.detect import Span, detect, spans_batch
from pipeline.pii.mask import mask
from pipeline.settings import Clean
from pipeline.text.edit import edit_batch
from tokenizer.special import ALL_PII_KINDS, mask_token

SHOWN_CHARS = 200
"""So much of a longer text is shown."""
CONTEXT_CHARS = 40
"""So much of what stands on either side."""
SHORTEST = 6
"""Characters of the shortest value (`a@b.kr`)."""
_MARKS = re.compile(r"<!--|-->|</?[A-Za-z][^<>]*>|[*_~`]")
_COMMENT = re.compile(r"<!--[^<>]*-->")
_AHEAD = 100  # characters behind what is shown, so that a value across its end is seen


class Shown:
    """A text that is shown in parts; values of every kind are looked for in the whole of it.

    So none is missed because its end or the words around it are cut off.
    """

    def __init__(self, text: str):
        self.text = text
        self.spans = detect(text, ALL_PII_KINDS)
        self._ends = [span.end for span in self.spans]

    def part(self, start: int, end: int) -> str:
        """`text[start:end]`; a value that it has a part of stands there whole, as its token."""
        pieces, at = [], max(start, 0)
        for span in self.spans[bisect_right(self._ends, at) :]:
            if span.start >= end:
                break
            pieces += [self.text[at : span.start], mask_token(span.kind)]
            at = span.end
        return "".join([*pieces, self.text[at:end]])

    def around(self, start: int, end: int) -> str:
        """The part with `CONTEXT_CHARS` on either side; what is cut off is an ellipsis."""
        first, last = start - CONTEXT_CHARS, end + CONTEXT_CHARS
        before = "…" if first > 0 else ""
        return f"{before}{self.part(first, last)}{'…' if last < len(self.text) else ''}"

    def beginning(self, chars: int = SHOWN_CHARS) -> str:
        """The first `chars` characters."""
        return self.part(0, chars) + ("…" if len(self.text) > chars else "")

    @property
    def whole(self) -> str:
        """The text, masked."""
        return self.part(0, len(self.text))

    def touching(self, start: int, end: int) -> list[Span]:
        """The values that lie in `text[start:end]` or end or begin at it."""
        found = []
        for span in self.spans[bisect_left(self._ends, start) :]:
            if span.start > end:
                break
            found.append(span)
        return found


def veiled(texts: Sequence[str]) -> list[str]:
    """Parts of raw text, shortened and masked; where editing would bring out a value, its token.

    In raw text a value may be broken by tags, entities or invisible characters that the clean step
    takes away before it looks for values, or lie in a comment or an address that is cut out whole.
    So it is looked for in what editing makes of a part, and in the part without its marks. Parts
    of a larger text are to be masked before (`Shown.part`): a value may end outside.
    """
    long = [row for row, text in enumerate(texts) if len(text) >= SHORTEST]
    looked = [texts[row][: SHOWN_CHARS + _AHEAD] for row in long]
    answer = [text[:SHOWN_CHARS] + ("…" if len(text) > SHOWN_CHARS else "") for text in texts]
    for column in _forms(looked):
        for row, spans in zip(*spans_batch(column, ALL_PII_KINDS), strict=True):
            answer[long[row]] = " ".join(mask_token(span.kind) for span in spans)
    return answer


def _forms(texts: Sequence[str]) -> Iterator[pa.StringArray]:
    """The texts, and what is left of them without markup of one kind and another."""
    clean = Clean()
    limits = {"max_jamo_run": clean.max_jamo_run, "max_symbol_run": clean.max_symbol_run}
    plain = pa.array(texts, pa.string())
    bare = [_MARKS.sub("", text) for text in texts]
    without = [_MARKS.sub("", _COMMENT.sub("", text)) for text in texts]
    yield plain
    for column, html, remnants in (
        (pa.array(bare, pa.string()), False, False),
        (pa.array(without, pa.string()), False, False),
        (plain, False, False),
        (plain, False, True),
        (plain, True, True),
    ):
        yield edit_batch(column, html=html, remnants=remnants, **limits).texts


def masked_id(identity: str | None) -> str | None:
    """An id as it may be shown."""
    return identity and mask(identity, ALL_PII_KINDS)[0]
