"""One pass over a column of UTF-8 for runs of written digits, and the windows around hits.

A run is digits with at most three separators between neighbours: 010-1234-5678, 110 123 456789.
Dates and amounts are cut out here, at a tenth of what a look in Python costs; what is left has the
size of a telephone number at least.
"""

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

PLAIN, DIGIT, BETWEEN, COMMA, INVISIBLE = range(5)
MAX_GAP = 3  # separators between two digits of one number
MIN_DIGITS = 9  # of a landline number, the shortest of all
MAX_DIGITS = 16  # of a card, the longest in one piece
MIN_LONGEST = 4  # digits of the longest group: (02)345-6789

Bytes = npt.NDArray[np.uint8]
Integer = np.signedinteger[Any] | int


def digit_runs(data: Bytes, classes: Bytes) -> npt.NDArray[np.int64]:
    """int64[k, 2]: (first byte, byte behind) of every run in `data` uint8[], in order.

    `classes` uint8[65536] gives the class of a character. Digits are ASCII or full-width; a line's
    end ends a run, so texts may lie in `data` one a line.
    """
    # NumPy finds the few bytes to look at ten times faster than a loop with a branch does.
    places = np.flatnonzero((data - np.uint8(48) < 10) | (data == 0xEF))
    return _runs(data, places, classes)


@nb.njit(cache=True, nogil=True)
def _runs(data: Bytes, places: npt.NDArray[np.int64], classes: Bytes) -> npt.NDArray[np.int64]:
    found = np.empty((len(places) // MIN_DIGITS + 1, 2), np.int64)
    k, at = 0, 0
    for place in places:
        if place < at or (data[place] == 0xEF and _wide_digit(data, place) < 0):
            continue
        behind, at = _run(data, place, len(data), classes)
        if behind > place:
            found[k, 0], found[k, 1] = place, behind
            k += 1
    return found[:k].copy()


@nb.njit(cache=True, nogil=True)
def widen(
    data: Bytes,
    hits: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
    before: int,
    after: int,
    classes: Bytes,
) -> npt.NDArray[np.int64]:
    """int64[k, 3]: (first byte, byte behind, window it is part of) for every hit.

    `hits` int64[k, 2] are spans of bytes in order, `limits` int64[k, 2] the texts that they lie
    in. A window reaches `before` visible characters before its first hit and `after` behind every
    one, inside its text; overlapping ones are one. The first two columns are those of the window.
    """
    out = np.empty((len(hits), 3), np.int64)
    window, first, behind, end = -1, 0, 0, 0  # the window, and where the hits in it end
    for i in range(len(hits)):
        floor, ceiling = limits[i, 0], limits[i, 1]
        same = window >= 0 and end >= floor
        # Fewer bytes than characters that a window reaches: no need to count them.
        if not same or hits[i, 0] - end > after:
            at, left = hits[i, 0], before
            stop = max(floor, behind) if same else floor
            while at > stop and left > 0:
                at -= 1
                if data[at] & 0xC0 != 0x80:
                    left -= _is_visible(data, at, classes)
            if not same or at > behind:
                window += 1
                first = at
                end = 0
        end = max(end, hits[i, 1])
        near = i + 1 < len(hits) and hits[i + 1, 0] - end <= after and limits[i + 1, 0] == floor
        if not near:
            at, left = end, after
            while at < ceiling and (left > 0 or data[at] & 0xC0 == 0x80):
                if data[at] & 0xC0 != 0x80:
                    left -= _is_visible(data, at, classes)
                at += 1
            behind = at
        out[i, 0], out[i, 1], out[i, 2] = first, behind, window
    return out


@nb.njit(cache=True, nogil=True)
def _is_visible(data: Bytes, at: int, classes: Bytes) -> bool:
    lead = data[at]
    if lead < 0x80 or 0xE4 <= lead <= 0xED:  # ASCII, ideographs, Hangul
        return True
    return _class_at(data, at, classes) != INVISIBLE


@nb.njit(cache=True, nogil=True)
def _class_at(data: Bytes, at: int, classes: Bytes) -> Integer:
    """The class of the character whose first byte is at `at`."""
    lead = np.int64(data[at])
    code = lead
    if 0xC0 <= lead < 0xE0:
        code = (lead & 31) << 6 | np.int64(data[at + 1] & 63)
    elif 0xE0 <= lead < 0xF0:
        code = (lead & 15) << 12 | np.int64(data[at + 1] & 63) << 6 | np.int64(data[at + 2] & 63)
    elif lead >= 0xF0:
        code = np.int64(0)
    return np.int64(classes[code])


@nb.njit(cache=True, nogil=True)
def _wide_digit(data: Bytes, at: int) -> Integer:
    """The value of a full-width digit whose first byte is 0xEF, -1 for another character."""
    value = np.int64(data[at + 2]) - 0x90
    return value if data[at + 1] == 0xBC and 0 <= value <= 9 else -1


@nb.njit(cache=True, nogil=True)
def _run(data: Bytes, start: int, stop: int, classes: Bytes) -> tuple[Integer, Integer]:
    """(byte behind the last digit of the run from `start`, byte to go on from).

    The first is `start` for a run too small to be a number. A run ends before a date.
    """
    digits, longest, ones, groups = 0, 0, 0, 0
    length, length1, length2 = 0, 0, 0
    value: Integer = 0
    value1, value2 = value, value
    end: Integer = start
    end1, end2, end3 = end, end, end  # behind the last groups
    at: Integer = start
    gap = 0
    while at < stop:
        lead = np.int64(data[at])
        kind: Integer
        width: Integer
        digit: Integer
        if lead < 0x80:
            kind, width = np.int64(classes[lead]), 1
        elif 0xE4 <= lead <= 0xED:  # ideographs, Hangul
            kind, width = PLAIN, 3
        else:
            kind = _class_at(data, at, classes)
            width = 2 + (lead >= 0xE0) + (lead >= 0xF0)
        if kind == DIGIT:
            if gap > 0 or length == 0:
                length2, value2, length1, value1 = length1, value1, length, value
                end3, end2, end1 = end2, end1, end
                length, value, gap = 0, 0, 0
                groups += 1
            length += 1
            digit = lead - 48 if width == 1 else _wide_digit(data, at)
            value = value * 10 + digit if length < 5 else 0
            digits += 1
            longest = max(longest, length)
            end = at + width
        elif kind != INVISIBLE:
            if gap == 0:
                ones += length == 1
                if _is_date(length2, value2, length1, value1, length, value):
                    digits -= length2 + length1 + length
                    fits = _is_number(digits, longest, ones)
                    return (end3 if fits else start), at
            gap += 1
            if gap > MAX_GAP or not (
                kind == BETWEEN or (kind == COMMA and not _short_behind(data, at + width, stop))
            ):
                break
        at += width
    ones += length == 1 and gap == 0
    fits = _is_number(digits, longest, ones)
    if groups == 1:
        fits = fits and _is_piece(data, start, end, digits)
    return (end if fits else start), max(at, end, start + 1)


@nb.njit(cache=True, nogil=True)
def _short_behind(data: Bytes, at: int, stop: int) -> bool:
    """Whether one to three digits follow: the comma groups an amount or divides a list."""
    end = at
    while end < stop and end < at + 4 and 48 <= data[end] <= 57:
        end += 1
    return at < end < at + 4


@nb.njit(cache=True, nogil=True)
def _is_date(length2: int, year: int, length1: int, month: int, length: int, day: int) -> bool:
    """Whether the last three groups are year, month and day."""
    sizes = length2 == 4 and 0 < length1 <= 2 and length <= 2
    return sizes and 1900 <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31


@nb.njit(cache=True, nogil=True)
def _is_piece(data: Bytes, start: int, end: int, digits: int) -> bool:
    """Whether digits in one piece can be a number: 9 start with 0, and hexadecimals are none."""
    before = data[start - 1] if start > 0 else np.uint8(0)
    after = data[end] if end < len(data) else np.uint8(0)
    short = digits == MIN_DIGITS and 49 <= data[start] <= 57
    if digits > MAX_DIGITS or short:
        return False
    return not (_is_latin(before) and _is_latin(after))


@nb.njit(cache=True, nogil=True)
def _is_latin(byte: int) -> bool:
    return 65 <= byte <= 90 or 97 <= byte <= 122


@nb.njit(cache=True, nogil=True)
def _is_number(digits: int, longest: int, ones: int) -> bool:
    """Whether a run has the size of a number, and a group of its size or digits one by one."""
    return digits >= MIN_DIGITS and (longest >= MIN_LONGEST or ones >= MIN_DIGITS)
