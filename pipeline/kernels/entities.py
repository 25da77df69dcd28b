"""HTML entities in UTF-8 bytes: whether `&` to `;` is one, and the code point it stands for.

What is an entity is said by `pipeline.text.normal`: `&#` and at most seven digits, `&#x` and at
most six, or a name of the HTML standard, always with its semicolon.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.normal_tables import MAX_NAME

NO_ENTITY, HARD_ENTITY = -1, -2  # hard: one that the interpreter's html.unescape has to decode
AMPERSAND, SEMICOLON = 0x26, 0x3B
_HASH = 0x23
MAX_BODY = 32  # bytes between & and ; of the longest entity
Bytes = npt.NDArray[np.uint8]


@njit(cache=True, nogil=True)
def _is_letter(byte: int) -> bool:
    return 0x61 <= (byte | 0x20) <= 0x7A


@njit(cache=True, nogil=True)
def _is_digit(byte: int) -> bool:
    return 0x30 <= byte <= 0x39


@njit(cache=True, nogil=True)
def _numeric(text: Bytes, start: int, stop: int) -> int:
    """The number that text[start:stop] = `#44032` or `#xAC00` writes, or NO_ENTITY."""
    start += 1
    base, longest = 10, 7
    if start < stop and (text[start] | 0x20) == 0x78:
        base, longest = 16, 6
        start += 1
    if not 1 <= stop - start <= longest:
        return NO_ENTITY
    number = 0
    for at in range(start, stop):
        byte = int(text[at])
        if _is_digit(byte):
            digit = byte - 0x30
        elif base == 16 and 0x61 <= (byte | 0x20) <= 0x66:
            digit = (byte | 0x20) - 0x57
        else:
            return NO_ENTITY
        number = number * base + digit
    if number == 0 or 0xD800 <= number < 0xE000 or number > 0x10FFFF:
        return NO_ENTITY
    # html.unescape takes controls and noncharacters for mistakes and mends them.
    mended = number < 0x20 and number != 0x09 and number != 0x0A
    if mended or 0xFDD0 <= number < 0xFDF0 or (number & 0xFFFE) == 0xFFFE:
        return HARD_ENTITY
    return number


@njit(cache=True, nogil=True)
def entity_at(
    text: Bytes, start: int, stop: int, names: npt.NDArray[np.uint64], values: npt.NDArray[np.int32]
) -> int:
    """The code point of the entity whose body, between & and ;, is text[start:stop]."""
    if stop - start < 2 or stop - start > MAX_BODY:
        return NO_ENTITY
    if text[start] == _HASH:
        return _numeric(text, start, stop)
    if not _is_letter(text[start]):
        return NO_ENTITY
    for at in range(start, stop):
        if not (_is_letter(text[at]) or _is_digit(text[at])):
            return NO_ENTITY
    if stop - start > MAX_NAME:
        return HARD_ENTITY
    name = np.uint64(0)
    for at in range(start, start + MAX_NAME):
        name = name << np.uint64(8) | np.uint64(text[at] if at < stop else 0)
    found = np.searchsorted(names, name)
    if found == len(names) or names[found] != name:
        return NO_ENTITY
    return int(values[found]) if values[found] >= 0 else HARD_ENTITY


@njit(cache=True, nogil=True)
def body_end(text: Bytes, start: int, end: int) -> int:
    """Where letters, digits and # from `start` on end."""
    end = min(end, start + MAX_BODY + 1)
    while start < end and (
        _is_letter(text[start]) or _is_digit(text[start]) or text[start] == _HASH
    ):
        start += 1
    return start


@njit(cache=True, nogil=True)
def ampersand_before(out: Bytes, end: int) -> int:
    """Where the & stands that `end`, a semicolon's place, would close; -1 if nowhere."""
    at = end - 1
    lowest = max(0, end - MAX_BODY - 1)
    while at >= lowest and (_is_letter(out[at]) or _is_digit(out[at]) or out[at] == _HASH):
        at -= 1
    return at if at >= lowest and out[at] == AMPERSAND else -1
