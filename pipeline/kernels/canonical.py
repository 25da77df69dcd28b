"""Folding UTF-8 text to the code points that near-duplicate removal compares.

The table says, for every code point, what becomes of it under NFKC, case folding and the removal of
everything but letters, marks and digits. Hangul jamo are composed here, by the arithmetic of the
Unicode Standard, section 3.12; text with other characters that act on their neighbours is left to
Python.
"""

import numpy as np
from numba import njit

from pipeline.kernels.utf8 import code_point

DROPPED = 0
EXPANDED = 0x110000  # EXPANDED + i: the i-th entry of the expansion table
INTERACTS = 0xFFFFFFFF  # combines with its neighbours: the whole text goes to Python

_SYLLABLES, _SYLLABLES_END = 0xAC00, 0xD7A4
_LEADING, _LEADING_END = 0x1100, 0x1113
_VOWELS, _VOWELS_END = 0x1161, 0x1176
_TRAILING, _TRAILING_END = 0x11A8, 0x11C3


@njit(cache=True, nogil=True)
def _compose(last: int, point: int) -> int:
    """The syllable of `last` and the jamo `point`, or 0 where they form none."""
    if _VOWELS <= point < _VOWELS_END and _LEADING <= last < _LEADING_END:
        return _SYLLABLES + ((last - _LEADING) * 21 + point - _VOWELS) * 28
    if (
        _TRAILING <= point < _TRAILING_END
        and _SYLLABLES <= last < _SYLLABLES_END
        and (last - _SYLLABLES) % 28 == 0
    ):
        return last + point - (_TRAILING - 1)
    return 0


@njit(cache=True, nogil=True)
def _fold_one(
    data: np.ndarray,
    start: int,
    end: int,
    table: np.ndarray,
    expansions: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> int:
    """Code points written to `out`, or -1 if the text needs Python.

    Spaces and marks come between syllables where no branch predictor foresees them: one byte or
    three, kept or dropped, is therefore arithmetic here and not a branch.
    """
    written = 0
    adjacent = False  # nothing was dropped between the last point written and this one
    at = start
    inside = min(end, len(data) - 2)
    while at < end:
        lead = np.uint32(data[np.uint64(at)])
        is_three = lead >> np.uint32(7)  # 0 or 1; the few of two and four bytes are told apart
        if (at < inside) & ((is_three == 0) | (lead >> np.uint32(4) == 0xE)):
            second = np.uint32(data[np.uint64(at + 1)]) & np.uint32(0x3F)
            third = np.uint32(data[np.uint64(at + 2)]) & np.uint32(0x3F)
            of_three = (lead & np.uint32(0xF)) << np.uint32(12) | second << np.uint32(6) | third
            point = np.uint64(of_three & -is_three | lead & (is_three - 1))
            at += 3 if is_three else 1
        else:
            code, size = code_point(data, at)
            point = np.uint64(code)
            at += size
        value = table[point]
        if value < EXPANDED and not _VOWELS <= value < _TRAILING_END:
            out[np.uint64(written)] = value
            adjacent = value != DROPPED
            written += adjacent
        elif value < EXPANDED:
            syllable = _compose(int(out[written - 1]), int(value)) if adjacent else 0
            if syllable:
                out[written - 1] = syllable
            else:
                out[written] = value
                written += 1
            adjacent = True
        elif value == INTERACTS:
            return -1
        else:
            for i in range(bounds[value - EXPANDED], bounds[value - EXPANDED + 1]):
                out[written] = expansions[i]
                written += 1
            adjacent = False
    return written


@njit(cache=True, nogil=True)
def fold(
    data: np.ndarray,
    offsets: np.ndarray,
    table: np.ndarray,
    expansions: np.ndarray,
    bounds: np.ndarray,
    points: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """Fold text i, `data[offsets[i]:offsets[i + 1]]` (valid UTF-8, uint8), for every i.

    The forms lie one after the other in `points` (uint32, as long as `data`), whose filled length
    is returned; `lengths` (int32) receives the code points of each, -1 for a text that needs Python
    and takes no room. No text grows: an entry of `expansions` (entry i lies at
    `bounds[i]:bounds[i + 1]`) is never longer than the character's UTF-8.
    """
    end = 0
    for i in range(len(lengths)):
        lengths[i] = _fold_one(
            data, offsets[i], offsets[i + 1], table, expansions, bounds, points[end:]
        )
        end += max(lengths[i], 0)
    return end
