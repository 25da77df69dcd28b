"""What the scan for markup cuts: its rules, its state, and the column without what was cut."""

import numba as nb
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

RULES = (
    "comment", "definition", "directive", "emphasis", "front_matter", "heading", "image", "link",
    "rule", "script", "table", "tag",
)  # fmt: skip
"""In the order of the alphabet: of two cuts at one place that of the first is made."""
COMMENT, DEFINITION, DIRECTIVE, EMPHASIS, FRONT, HEADING, IMAGE, LINK, RULE, SCRIPT, TABLE, TAG = (
    range(12)
)
AFTER = ("", "\n", " ")
"""What stands where something was cut, by number."""
N_STATE = 14
(COUNT, OPEN, TAGS, PAIRS, MARKDOWN, TABLE_END, ROW_END, ALERT_END, LOOKED, IN_LIST, MARKS, WAITING,
 FILLED, MISSING) = range(N_STATE)  # fmt: skip
"""Slots of the state of a scan, int64[N_STATE]: how many cuts, open brackets, tags and pairs there
are; whether the text is Markdown; where the last row under a table's rule, the last row, the last
quoted line of an alert end; up to where an item of a list was looked for, and whether it was one;
how many marks of emphasis, which of them waits for its pair, how many pairs fill a line; and a bit
for each end that no longer comes: of the elements without markup, then of a comment."""


@nb.njit(cache=True, nogil=True)
def cut(
    cuts: Places,
    state: Places,
    where: npt.NDArray[np.int32],
    rule: int,
    start: int,
    end: int,
    after: int,
) -> None:
    """Note a cut; where `cuts` (int64[m, 4]) is full it is only counted."""
    n = state[COUNT]
    if n < len(cuts):
        cuts[n, 0], cuts[n, 1], cuts[n, 2], cuts[n, 3] = where[start], where[end], rule, after
    state[COUNT] = n + 1


@nb.njit(cache=True, nogil=True)
def drop_overlapping(cuts: Places, order: Places, counts: Places) -> int:
    """Keep in `order` the cuts that are made, and count them by rule; returns how many.

    `order` sorts `cuts` by start. Of those at one start the first by (end, rule, after) is kept,
    and none that starts before a kept one ends.
    """
    kept = 0
    n = len(order)
    at = np.int64(-1)
    number = 0
    while number < n:
        best = order[number]
        start = cuts[best, 0]
        number += 1
        while number < n and cuts[order[number], 0] == start:
            other = order[number]
            for column in range(1, 4):
                if cuts[other, column] != cuts[best, column]:
                    if cuts[other, column] < cuts[best, column]:
                        best = other
                    break
            number += 1
        if start >= at:
            order[kept] = best
            kept += 1
            at = cuts[best, 1]
            counts[cuts[best, 2]] += 1
    return kept


@nb.njit(cache=True, nogil=True)
def without(
    data: Bytes, offsets: Places, cuts: Places, order: Places, out: Bytes, ends: Places
) -> None:
    """Fill `out` with the texts without `cuts[order]`, and `ends` (int64[n + 1]) with offsets."""
    n = number = 0
    ends[0] = 0
    for row in range(len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        while number < len(order) and cuts[order[number], 0] < end:
            one = cuts[order[number]]
            for place in range(at, one[0]):
                out[n] = data[place]
                n += 1
            if one[3]:
                out[n] = 10 if one[3] == 1 else 32
                n += 1
            at = one[1]
            number += 1
        for place in range(at, end):
            out[n] = data[place]
            n += 1
        ends[row + 1] = n
