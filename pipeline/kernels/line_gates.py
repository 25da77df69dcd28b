"""Which documents and lines may hold remnants or furniture: one pass over the bytes of a column.

The gates let too much through, never too little; what they let through is judged in Python.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.utf8 import NOT_NEGATIVE

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

WHOLE_BYTES, HEAD_BYTES, TAIL_BYTES = 330, 600, 450
"""A line of buttons is no longer than the first; furniture in a line of prose stands in the bytes
at its head or tail."""

PAIR_BITS = 1 << 16


@nb.njit(cache=True, nogil=True)
def pair_slot(first: int, second: int) -> int:
    """Where a pair of code points stands in a table of PAIR_BITS."""
    return (first * 40503 + second * 2531) & 0xFFFF


@nb.njit(cache=True, nogil=True)
def _has_pair(pairs: Bits, first: int, second: int) -> bool:
    slot = pair_slot(first, second)
    return bool(pairs[slot >> 6] >> np.uint64(slot & 63) & np.uint64(1))


def pair_table(terms: list[str]) -> Bits:
    """uint64[1024], a bit for every term's first two characters.

    So small that it stays in the first cache; two in 65,536 other pairs share a term's bit.
    """
    table = np.zeros(PAIR_BITS // 64, np.uint64)
    for term in terms:
        slot = (ord(term[0]) * 40503 + ord(term[1]) * 2531) & 0xFFFF
        table[slot >> 6] |= np.uint64(1 << (slot & 63))
    return table


@nb.njit(cache=True, nogil=True)
def _line_mark(data: Bytes, at: int, end: int) -> bool:
    """Whether a line starting at `at` may be Markdown by its first characters."""
    while at < end and (data[at] == 32 or data[at] == 9 or data[at] == 62):
        at += 1
    if at >= end:
        return False
    byte = data[at]
    if byte == 35 or byte == 124:  # # |
        return True
    if at + 1 >= end:
        return False
    after = data[at + 1]
    if byte == 91:  # [! and [name]:, the latter found by its end
        return bool(after == 33)
    if byte == 92:  # a backslash before [!
        return bool(after == 91)
    if byte == 46:  # ... ends front matter
        return bool(after == 46 and at + 2 < end and data[at + 2] == 46)
    if byte == 123:  # {% {{, and {: {# {/ at any place
        return bool(after == 37 or after == 123)
    if byte == 58:  # :: and :--
        return bool(after == 58 or after == 45)
    if byte == 45 and (after == 124 or after == 58):  # -| -:
        return True
    if byte == 45 and (after == 32 or after == 9):
        cell = at + 1
        while cell < end and (data[cell] == 32 or data[cell] == 9):
            cell += 1
        if cell < end and data[cell] == 124:
            return True
    if byte == 45 or byte == 42 or byte == 95 or byte == 61:  # - * _ = twice, also with a space
        spaced = after == 32 and at + 2 < end
        return bool(after == byte or (spaced and (data[at + 2] == byte or data[at + 2] == 124)))
    return False


@nb.njit(cache=True, nogil=True)
def mark_markup(data: Bytes, offsets: Places, marks: Bytes, out: npt.NDArray[np.bool_]) -> None:
    """Fill `out` (bool[n]): whether a text may hold remnants.

    That is `<` before a letter, / or !, one of `](`, `][`, `]:`, `{#`, `{:`, `{/`, two stars or
    underscores, a number sign behind a space, or a line that starts like Markdown. `marks`
    (uint8[256]) is not zero for the bytes that are looked at.
    """
    for row in range(len(out)):
        at, end = offsets[row], offsets[row + 1]
        found = at < end and _line_mark(data, at, end)
        while at < end - 1 and not found:
            byte = data[at]
            if marks[byte] != 0:
                after = data[at + 1]
                if byte == 10:
                    found = _line_mark(data, at + 1, end)
                elif byte == 60:
                    found = after == 33 or after == 47 or 97 <= (after | 32) <= 122
                elif byte == 93:
                    found = after == 40 or after == 91 or after == 58
                elif byte == 123:
                    found = after == 35 or after == 58 or after == 47
                elif byte == 35:
                    blank = at > offsets[row] and (data[at - 1] == 32 or data[at - 1] == 9)
                    found = blank and after <= 35
                else:
                    found = after == byte
            at += 1
        out[row] = found


@nb.njit(cache=True, nogil=True)
def _read_line(
    data: Bytes, at: int, stop: int, last: int, marks: Bytes, pairs: Bits
) -> tuple[bool, int]:
    """(whether what was read holds a pair of `pairs`, an address or a ©, where it ends).

    Read is up to `stop`, or the line's end before it; spaces between the two of a pair are passed
    over. `last` is where the text ends.
    """
    before = np.uint32(0)
    found = False
    while at < stop:
        at &= NOT_NEGATIVE
        byte = data[at]
        if byte < 0x80:
            if byte == 10:
                break
            if marks[byte] != 0:
                found |= _has_pair(pairs, before, np.uint32(byte))
                found |= byte == 64 and before > 45 and at + 1 < last and data[at + 1] > 45
            if byte != 32:
                before = np.uint32(byte)
            at += 1
        elif 0xE0 <= byte < 0xF0 and at + 2 < last:
            second, third = np.uint32(data[at + 1]), np.uint32(data[at + 2])
            code = (np.uint32(byte) & 0x0F) << 12 | (second & 0x3F) << 6 | (third & 0x3F)
            found |= _has_pair(pairs, before, code) | (code == 0x24D2)
            before = code
            at += 3
        else:
            found |= byte == 0xC2 and at + 1 < last and data[at + 1] == 0xA9
            at += 1
    return found, at


@nb.njit(cache=True, nogil=True)
def _starts_like(data: Bytes, start: int, end: int, starts: Bits) -> bool:
    """Whether a line's first two letters, behind up to five signs, are a pair of `starts`.

    A blank between the two is passed over.

    So is a line that starts with a date: four digits and a dot or dash.
    """
    at, signs, before = start, 0, 0
    while at < end and signs < 6:
        byte = data[at]
        if byte < 0x80:
            code, width = int(np.int64(byte)), 1
            letter = 97 <= (byte | 32) <= 122
            if 48 <= byte <= 57:
                if at + 4 >= end or data[at + 3] < 48 or data[at + 3] > 57:
                    return False
                return bool(45 <= data[at + 4] <= 47 or data[at + 4] == 0xEB)
        elif 0xE0 <= byte < 0xF0 and at + 2 < end:
            code = (byte & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | (data[at + 2] & 0x3F)
            width = 3
            letter = 0xAC00 <= code <= 0xD7A3
            if 0x25B6 <= code <= 0x25BA or code == 0x261E:  # arrows that lead to other pages
                return True
        else:
            return False
        if before and code != 32:
            return bool(_has_pair(starts, before, code))
        if letter:
            before = code
        else:
            signs += 1
        at += width
    return False


@nb.njit(cache=True, nogil=True)
def _is_headed(data: Bytes, start: int, end: int) -> bool:
    """Whether a line starts with a bracket and an equals sign follows soon: (서울=…)."""
    first = data[start]
    if first != 40 and first != 91 and first != 0xE3:
        return False
    place, stop = start, min(start + 64, end)
    while place < stop and data[place] != 61:
        place += 1
    return bool(place < stop)


@nb.njit(cache=True, nogil=True)
def find_lines(
    data: Bytes, offsets: Places, marks: Bytes, starts: Bits, pairs: Bits, out: Places
) -> int:
    """Lines that may be or hold furniture, as rows (row, start, end) of `out` (int64[m, 3]).

    Returns how many there are; where `out` is too small the rest is counted but not written.
    `starts` and `pairs` are of `pair_table`: what a short line starts with, and what stands
    anywhere in the ends of a line; `marks` (uint8[128]) is not zero for the ASCII bytes that may
    be the second of a pair.
    """
    n = 0
    for row in range(len(offsets) - 1):
        start, last = offsets[row], offsets[row + 1]
        while start < last:
            found, end = _read_line(data, start, min(start + HEAD_BYTES, last), last, marks, pairs)
            if end < last and data[end] != 10:
                head = end
                while end < last and data[end] != 10:
                    end += 1
                if not found:
                    tail = max(head, end - TAIL_BYTES)
                    found = _read_line(data, tail, end, last, marks, pairs)[0]
            elif not found and 2 < end - start <= WHOLE_BYTES:
                found = _starts_like(data, start, end, starts)
            if found or (end > start and _is_headed(data, start, end)):
                if n < len(out):
                    out[n, 0], out[n, 1], out[n, 2] = row, start, end
                n += 1
            start = end + 1
    return n
