"""Cutting benchmark items out of a document, whole lines at a time."""

import re

import numpy as np
import pyarrow as pa

from pipeline.decontaminate.find import Hits, canonical_places
from pipeline.decontaminate.index import Index
from pipeline.dedup.canonical import canonical_points
from pipeline.kernels.overlap import covered

LONG_LINE = 1_000
"""Of a line with more characters than this only the sentences that overlap are cut."""
_SENTENCE_END = re.compile(r"[.!?…。]+[\"'”’)\]」]*[ \t]+")

Stretches = list[tuple[int, int]]


def stretches(text: str, hits: Hits, index: Index) -> Stretches:
    """What of `text` its `hits` cover: start and end in code points, ascending, apart.

    Of a hit by n-grams that is what its n-grams cover, and what lies between two of them where that
    is shorter than two n-grams: a changed word. What lies between pieces of one item goes whole.
    """
    form = canonical_points(pa.array([text], pa.large_string()))[0]
    first, last = canonical_places(text)
    found = []
    for probe, start, end in zip(
        hits.probe.tolist(), hits.start.tolist(), hits.end.tolist(), strict=True
    ):
        if index.arrays["whole"][probe]:
            found.append((start, end))
            continue
        low = int(np.searchsorted(first, start))
        high = int(np.searchsorted(last, end, side="right"))
        parts = covered(form[low:high], probe, index.ngram, index.grams).tolist()
        for a, b in _merged([tuple(part) for part in parts], 2 * index.ngram):
            found.append((int(first[low + a]), int(last[low + b - 1])))
    return _merged(found, 0)


def cut_lines(text: str, found: Stretches) -> str:
    """`text` without the lines that `found` (ascending) touches; "" where no letter or digit stays.

    Of a line above `LONG_LINE` characters only the sentences that they touch. All else stays as it
    is, but for blank lines and spaces that nothing separates any more.
    """
    cuts = _merged([_widened(text, start, end) for start, end in found], 0)
    kept, at = [], 0
    for start, end in cuts:
        kept.append(text[at:start])
        at = end
        before = next((part for part in reversed(kept) if part), "")
        if not before or before.endswith("\n\n"):
            while text[at : at + 1] == "\n":
                at += 1
        elif not before.endswith("\n") and text[at : at + 1] in ("", "\n"):
            kept[-1] = before.rstrip(" ")
    kept.append(text[at:])
    left = "".join(kept)
    if cuts and cuts[-1][1] == len(text):
        left = left.rstrip("\n")
    return left if any(char.isalnum() for char in left) else ""


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines from `start` to `end` with the newline behind them, or sentences of long lines."""
    first = text.rfind("\n", 0, start) + 1
    first_end = text.find("\n", start)
    last = text.rfind("\n", 0, end - 1) + 1
    last_end = text.find("\n", end - 1)
    first_end = len(text) if first_end < 0 else first_end
    last_end = len(text) if last_end < 0 else last_end
    low, high = first, min(last_end + 1, len(text))
    if first_end - first > LONG_LINE:
        ends = [mark.end() for mark in _SENTENCE_END.finditer(text, first, start)]
        low = max((place for place in ends if place <= start), default=first)
    if last_end - last > LONG_LINE:
        mark = _SENTENCE_END.search(text, end, last_end)
        high = mark.end() if mark else last_end
    return low, high


def _merged(found: Stretches, gap: int) -> Stretches:
    """Stretches ascending, those that are less than `gap` apart or touch made one."""
    merged: Stretches = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1] + max(gap, 1):
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
