"""Stretches of UTF-8 that the normal form leaves alone, found a block at a time.

The tests read a block's bytes without a branch, so that the compiler makes vector code of them:
about 3 GB/s, where the walk by character makes a tenth of that. They may refuse what is in order;
the walk then looks at it.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

BLOCK = 64
AHEAD = 3  # bytes behind a block that its tests read
LONGEST_RUN = 3  # of one byte, in a stretch that `calm_until` passes
Bytes = npt.NDArray[np.uint8]


@njit(inline="always")
def plain_size(data: Bytes, at: int, skips: Bytes) -> int:
    """Bytes of an ASCII letter or digit or a Hangul syllable at `at`; 0 for all else, and some."""
    size = skips[data[at]]
    if size < 4:
        return size
    # The first and the last lead byte of syllables, U+AC00 and U+D7A3, begin others too.
    second = data[at + 1]
    return 3 if (second >= 0xB0 if data[at] == 0xEA else second < 0x9E) else 0


@njit(inline="always")
def _is_other(byte: int, second: int) -> bool:
    """Whether a byte is a control, an ampersand or the start of what may be no Hangul syllable."""
    foreign = (byte >= 0xC0) & ((byte < 0xEA) | (byte > 0xED))
    edge = ((byte == 0xEA) & (second < 0xB0)) | ((byte == 0xED) & (second > 0x9D))
    control = ((byte < 0x20) & (byte != 0x0A)) | (byte == 0x7F) | (byte == 0x26)
    return foreign | edge | control


@njit(cache=True, nogil=True)
def _is_ordinary(data: Bytes, at: int) -> bool:
    block = data[at : at + BLOCK + AHEAD]
    other = False
    for i in range(BLOCK):
        other |= _is_other(block[i], block[i + 1])
    return not other


@njit(cache=True, nogil=True)
def _is_calm(data: Bytes, at: int) -> bool:
    block = data[at : at + BLOCK + AHEAD]
    other = False
    for i in range(BLOCK):
        byte, second, third, fourth = block[i], block[i + 1], block[i + 2], block[i + 3]
        blanks = (byte == 0x20) & ((second == 0x20) | (second == 0x0A))
        lines = (byte == 0x0A) & (second == 0x0A) & (third == 0x0A)
        run = (byte == second) & (second == third) & (third == fourth)
        other |= _is_other(byte, second) | blanks | lines | run
    return not other


@njit(cache=True, nogil=True)
def ordinary_until(data: Bytes, at: int, end: int) -> int:
    """Where a stretch from `at` on ends in which every character stands as it is.

    It holds ASCII without controls and &, and Hangul syllables.
    """
    while at + BLOCK + AHEAD <= end and _is_ordinary(data, at):
        at = _character(data, at + BLOCK)
    return at


@njit(cache=True, nogil=True)
def calm_until(data: Bytes, at: int, end: int) -> int:
    """As `ordinary_until`, of a stretch that also has no spaces, newlines or runs to cut."""
    while at + BLOCK + AHEAD <= end and _is_calm(data, at):
        at = _character(data, at + BLOCK)
    return at


@njit(inline="always")
def _character(data: Bytes, at: int) -> int:
    """The first start of a character from `at` on; there is one within AHEAD bytes."""
    while data[at] & 0xC0 == 0x80:
        at += 1
    return at


@njit(cache=True, nogil=True)
def run_before(data: Bytes, at: int, skips: Bytes) -> tuple[int, int]:
    """(ASCII mark or blank that stands before `at`, how often in a row); (0, 0) where none does."""
    byte = int(data[at - 1])
    if byte >= 0x80 or skips[byte]:
        return 0, 0
    run = 1
    while run < LONGEST_RUN and data[at - 1 - run] == byte:
        run += 1
    return byte, run
