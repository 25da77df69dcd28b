"""Where two texts differ: passages of eojeol, with a little of what stands around them."""

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import chain
from typing import Any

MOST = 20
"""So many passages are told."""
AROUND = 4
"""Eojeol of context on either side."""
TOGETHER = 2
"""Passages with so few equal eojeol between them are one."""
SHOWN_CHARS = 200
_LARGEST = 4_000_000
"""Eojeol of one text times those of the other that are compared word by word."""
_SENTENCE = re.compile(r"(?<=[.?!…])\s+|\n+")

Span = tuple[int, int, int, int]
"""Eojeol `a1` to `a2` of one text stand where `b1` to `b2` of the other do."""


def differences(left: str, right: str) -> dict[str, Any]:
    """`passages`: rows {before, left, right, after}, in order; `count`: of all, those not told too.

    `left` and `right` are what only that text has at a place, one of them may be empty; `before`
    and `after` the eojeol around, which both have. Give masked texts.
    """
    a, b = left.split(), right.split()
    spans = _joined(_spans(left, right))
    return {
        "count": len(spans),
        "passages": [
            {
                "before": " ".join(a[max(a1 - AROUND, 0) : a1]),
                "left": _shown(a[a1:a2]),
                "right": _shown(b[b1:b2]),
                "after": " ".join(a[a2 : a2 + AROUND]),
            }
            for a1, a2, b1, b2 in spans[:MOST]
        ],
    }


def _spans(left: str, right: str) -> list[Span]:
    """The places where two texts differ, in eojeol.

    Long texts are compared sentence by sentence first: word by word the time would grow with the
    product of their lengths.
    """
    a, b = left.split(), right.split()
    head, tail = _common(a, b)
    if (len(a) - head - tail) * (len(b) - head - tail) <= _LARGEST:
        inner = _compared(a[head : len(a) - tail], b[head : len(b) - tail], junk=False)
        return [(a1 + head, a2 + head, b1 + head, b2 + head) for a1, a2, b1, b2 in inner]
    ours, theirs = _sentences(left), _sentences(right)
    starts = [_starts(ours), _starts(theirs)]
    found: list[Span] = []
    for a1, a2, b1, b2 in _compared(ours, theirs, junk=True):
        at, to = starts[0][a1], starts[1][b1]
        one, other = (list(chain.from_iterable(part)) for part in (ours[a1:a2], theirs[b1:b2]))
        if len(one) * len(other) > _LARGEST:
            found.append((at, at + len(one), to, to + len(other)))
            continue
        inner = _compared(one, other, junk=False)
        found += [(x1 + at, x2 + at, y1 + to, y2 + to) for x1, x2, y1, y2 in inner]
    return found


def _sentences(text: str) -> list[tuple[str, ...]]:
    return [words for part in _SENTENCE.split(text) if (words := tuple(part.split()))]


def _starts(sentences: Sequence[tuple[str, ...]]) -> list[int]:
    """The first eojeol of each sentence, and the number of all."""
    starts = [0]
    for words in sentences:
        starts.append(starts[-1] + len(words))
    return starts


def _compared(a: Sequence[Any], b: Sequence[Any], junk: bool) -> list[Span]:
    codes = SequenceMatcher(None, a, b, autojunk=junk).get_opcodes()
    return [(a1, a2, b1, b2) for tag, a1, a2, b1, b2 in codes if tag != "equal"]


def _common(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """How many eojeol are the same at the start, and behind those at the end."""
    shorter = min(len(a), len(b))

    def run(same: Callable[[int], bool], most: int) -> int:
        return next((at for at in range(most) if not same(at)), most)

    head = run(lambda at: a[at] == b[at], shorter)
    return head, run(lambda at: a[-1 - at] == b[-1 - at], shorter - head)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span[0] - joined[-1][1] <= TOGETHER:
            joined[-1] = (joined[-1][0], span[1], joined[-1][2], span[3])
        else:
            joined.append(span)
    return joined


def _shown(words: Sequence[str]) -> str:
    text = " ".join(words)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
