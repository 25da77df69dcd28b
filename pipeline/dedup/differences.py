"""Two texts side by side: what both have, and what one of them has alone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

Segment = tuple[str, str | int]
"""("same", text), ("other", text), or ("left out", characters that are not shown)."""

CONTEXT = 80
"""Characters shown at each end of a long passage that both texts have."""
SHOWN = 1_600
"""Characters of a text that are shown at most, about."""

_COMPARED = 1_000  # words of a text
_ANCHOR = 6  # words in a row by which a part of a text is found in the whole
_FINE = 160  # characters: shorter differing passages are compared character by character

_WORDS = re.compile(r"\s*\S+|\s+")
_CHARACTERS = re.compile(r"<\|\w+\|>|.", re.DOTALL)  # a mask token is not cut


def differences(left: str, right: str) -> tuple[list[Segment], list[Segment]]:
    """Both texts in segments; joined and with what is left out they have the length of the texts.

    Compared are `_COMPARED` words from the first one on that differs; where they differ from the
    start, from the place on where the left text's words stand in the right one.
    """
    a, b = _WORDS.findall(left), _WORDS.findall(right)
    first = _common(a, b)
    start_a, start_b = (first, first) if first else _anchor(a, b)
    head_a, head_b = "".join(a[:start_a]), "".join(b[:start_b])
    a, b = a[start_a:], b[start_b:]
    end = _common(a[::-1], b[::-1])
    tail = "".join(a[len(a) - end :])
    a, b = a[: len(a) - end], b[: len(b) - end]
    if max(len(a), len(b)) > _COMPARED:
        cut_a, cut_b = "".join(a[_COMPARED:]) + tail, "".join(b[_COMPARED:]) + tail
        a, b, tail = a[:_COMPARED], b[:_COMPARED], ""
    else:
        cut_a = cut_b = ""
    opening = "same" if first else "other"
    pairs = list(_compared(a, b))
    return (
        _shown([(opening, head_a), *((kind, x) for kind, x, _ in pairs), ("same", tail)], cut_a),
        _shown([(opening, head_b), *((kind, y) for kind, _, y in pairs), ("same", tail)], cut_b),
    )


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """How many first items two sequences share."""
    for at, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return at
    return min(len(a), len(b))


def _anchor(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """Where some words in a row of `a` stand in `b`: from there on the texts are compared."""
    places = {tuple(b[at : at + _ANCHOR]): at for at in range(len(b) - _ANCHOR, -1, -1)}
    for at in range(len(a) - _ANCHOR + 1):
        found = places.get(tuple(a[at : at + _ANCHOR]))
        if found is not None:
            back = min(at, found)
            return at - back, found - back
    return 0, 0


def _compared(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(kind, of the left text, of the right one) in order.

    Words that a long text repeats all the time begin no match (`autojunk`): without that difflib
    takes minutes over a text of few different words.
    """
    for kind, i, j, k, m in SequenceMatcher(None, a, b).get_opcodes():
        x, y = "".join(a[i:j]), "".join(b[k:m])
        if kind == "replace" and max(len(x), len(y)) <= _FINE:
            fine = _CHARACTERS.findall(x), _CHARACTERS.findall(y)
            for part, p, q, r, s in SequenceMatcher(None, *fine, autojunk=False).get_opcodes():
                same = "same" if part == "equal" else "other"
                yield same, "".join(fine[0][p:q]), "".join(fine[1][r:s])
        else:
            yield "same" if kind == "equal" else "other", x, y


def _shown(segments: Iterable[tuple[str, str]], cut: str) -> list[Segment]:
    """Segments as they are shown: neighbours joined, long passages without their middle."""
    joined: list[tuple[str, str]] = []
    for kind, text in segments:
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        elif text:
            joined.append((kind, text))
    shown: list[Segment] = []
    left, hidden = SHOWN, len(cut)
    for at, (kind, text) in enumerate(joined):
        if left <= 0:
            hidden += len(text)
            continue
        ends_here = at == len(joined) - 1 and not cut
        for piece in _ends(kind, text, CONTEXT if at else 0, 0 if ends_here else CONTEXT):
            shown.append(piece)
            left -= len(piece[1]) if isinstance(piece[1], str) else 0
    return [*shown, ("left out", hidden)] if hidden else shown


def _ends(kind: str, text: str, before: int, after: int) -> list[Segment]:
    """A long passage by its ends: of a common one, those next to a difference."""
    if kind == "other" or not before + after:
        before = after = 3 * CONTEXT
    middle = len(text) - before - after
    if middle <= CONTEXT:
        return [(kind, text)]
    ends: list[Segment] = [
        (kind, text[:before]),
        ("left out", middle),
        (kind, text[len(text) - after :]),
    ]
    return [piece for piece in ends if piece[1]]
