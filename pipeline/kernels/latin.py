"""Where UTF-8 text holds letters of Latin-1 side by side, as wrongly decoded Hangul does."""

import numpy as np
import numpy.typing as npt
from numba import njit

_BLOCK = 64
# First bytes of U+0080 to U+00FF, which Hangul's bytes read as Latin-1 or CP1252 start with, and of
# what else CP1252 makes of a byte (U+0152 to U+02DC, U+2013 to U+2122).
_LATIN = (0xC2, 0xC3)
_BESIDE = (0xC2, 0xC3, 0xC5, 0xC6, 0xCB, 0xE2)


@njit(cache=True, nogil=True)
def _holds_latin(data: npt.NDArray[np.uint8], at: int) -> bool:
    """Whether a letter of Latin-1 starts in a block; without a branch, for vector code."""
    block = data[at : at + _BLOCK]
    held = False
    for i in range(_BLOCK):
        held |= (block[i] & 0xFE) == _LATIN[0]
    return held


@njit(cache=True, nogil=True)
def mark_latin_pairs(
    starts: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], marked: npt.NDArray[np.bool_]
) -> None:
    """Sets `marked`, bool[n], for every text with a letter of Latin-1 and another beside it."""
    row, at, end = 0, starts[0], starts[-1]
    while at < end:
        stop = min(at + _BLOCK, end)
        if stop - at == _BLOCK and not _holds_latin(data, at):
            at = stop
            continue
        for i in range(at, stop):
            if (data[i] & 0xFE) == _LATIN[0] and i + 2 < end and data[i + 2] in _BESIDE:
                while starts[row + 1] <= i:
                    row += 1
                marked[row] = True
        at = stop
