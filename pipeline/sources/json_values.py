"""The grammar of JSON (RFC 8259) in bytes: kernels that read one string or step over one value.

All work on `data[at:end]`, one line of UTF-8. `marks` are the places of the block's quotes,
backslashes and control characters, the only bytes that end a stretch of a string which stands for
itself; `mark[0]` is the first of them that is not behind. A place of -1 says: not JSON, or nothing
that a kernel should judge.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Marks = npt.NDArray[np.int64]

MAX_DEPTH = 60
"""Of values that are skipped, one bit a level; a deeper one is left to the general reader."""

QUOTE, BACKSLASH, COMMA, COLON, MINUS = 0x22, 0x5C, 0x2C, 0x3A, 0x2D
BRACE, END_BRACE, BRACKET, END_BRACKET = 0x7B, 0x7D, 0x5B, 0x5D
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))


@nb.njit(cache=True, nogil=True)
def blanks(data: Bytes, at: int, end: int) -> int:
    while at < end and (data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x0D):
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def skip_string(data: Bytes, marks: Marks, mark: Marks, at: int, end: int) -> int:
    """The place after the quote that ends the string whose first byte is at `at`, or -1."""
    while True:
        at = next_mark(marks, mark, at)
        if at >= end:
            return -1
        if data[at] == QUOTE:
            return at + 1
        _, _, at = _escape(data, at, end)
        if at < 0:
            return -1


@nb.njit(cache=True, nogil=True)
def read_string(
    data: Bytes, marks: Marks, mark: Marks, at: int, end: int, out: Bytes, to: int
) -> tuple[int, int]:
    """(the place after the string or -1, the end of what it says in `out` from `to`)."""
    while True:
        stop = next_mark(marks, mark, at)
        if stop >= end:
            return -1, to
        size = stop - at
        read, written = data[at:stop], out[to : to + size]
        for place in range(size):
            written[place] = read[place]
        to += size
        if data[stop] == QUOTE:
            return stop + 1, to
        code, width, at = _escape(data, stop, end)
        if at < 0:
            return -1, to
        if width == 1:
            out[to] = code
        elif width == 2:
            out[to] = 0xC0 | code >> 6
        elif width == 3:
            out[to] = 0xE0 | code >> 12
        else:
            out[to] = 0xF0 | code >> 18
        for follower in range(1, width):
            out[to + follower] = 0x80 | (code >> (6 * (width - 1 - follower)) & 0x3F)
        to += width


@nb.njit(cache=True, nogil=True)
def _escape(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """(code point, its bytes in UTF-8, the place after it) of an escape; the place -1 if bad."""
    if data[at] != BACKSLASH or at + 1 >= end:
        return 0, 0, -1
    kind = data[at + 1]
    if kind != 0x75:  # u
        if kind == 0x6E:
            return 10, 1, at + 2
        if kind in (QUOTE, BACKSLASH, 0x2F):
            return int(kind), 1, at + 2
        if kind == 0x74:
            return 9, 1, at + 2
        if kind == 0x72:
            return 13, 1, at + 2
        if kind == 0x62 or kind == 0x66:
            return 8 if kind == 0x62 else 12, 1, at + 2
        return 0, 0, -1
    code = _hex(data, at + 2, end)
    at += 6
    if 0xD800 <= code <= 0xDBFF and at + 1 < end and data[at] == BACKSLASH and data[at + 1] == 0x75:
        low = _hex(data, at + 2, end)
        if 0xDC00 <= low <= 0xDFFF:
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), 4, at + 6
    if code < 0 or 0xD800 <= code <= 0xDFFF:
        return 0, 0, -1
    return code, 1 if code < 0x80 else 2 if code < 0x800 else 3, at


@nb.njit(cache=True, nogil=True)
def _hex(data: Bytes, at: int, end: int) -> int:
    """The number that four hexadecimal digits write, or -1."""
    if at + 4 > end:
        return -1
    value = 0
    for place in range(at, at + 4):
        byte = int(data[place])
        if 0x30 <= byte <= 0x39:
            value = value * 16 + byte - 0x30
        elif 0x41 <= (byte & 0xDF) <= 0x46:
            value = value * 16 + (byte & 0xDF) - 0x37
        else:
            return -1
    return value


@nb.njit(cache=True, nogil=True)
def skip_value(data: Bytes, marks: Marks, mark: Marks, at: int, end: int) -> int:
    """The place after the JSON value at `at`; -1 where there is none or it is too deep."""
    depth, objects = 0, np.uint64(0)  # of the open containers a bit each: is it an object
    while at < end:
        byte = data[at]
        if byte in (BRACE, BRACKET):
            at = blanks(data, at + 1, end)
            if at >= end:
                return -1
            if data[at] != byte + 2:  # not closed at once
                if depth == MAX_DEPTH:
                    return -1
                depth += 1
                objects = objects << np.uint64(1) | np.uint64(byte == BRACE)
                if byte == BRACE:
                    at = skip_key(data, marks, mark, at, end)
                    if at < 0:
                        return -1
                continue
            at += 1
        elif byte == QUOTE:
            at = skip_string(data, marks, mark, at + 1, end)
        else:
            at = _skip_scalar(data, at, end)
        if at < 0:
            return -1
        while True:  # a value has ended; what follows?
            if depth == 0:
                return at
            at = blanks(data, at, end)
            if at >= end:
                return -1
            inside = objects & np.uint64(1)
            if data[at] == COMMA:
                at = blanks(data, at + 1, end)
                if inside:
                    at = skip_key(data, marks, mark, at, end)
                    if at < 0:
                        return -1
                break
            if data[at] != (END_BRACE if inside else END_BRACKET):
                return -1
            at, depth, objects = at + 1, depth - 1, objects >> np.uint64(1)
    return -1


@nb.njit(cache=True, nogil=True)
def skip_key(data: Bytes, marks: Marks, mark: Marks, at: int, end: int) -> int:
    """The place of the value whose key starts at `at`, or -1."""
    if at >= end or data[at] != QUOTE:
        return -1
    at = skip_string(data, marks, mark, at + 1, end)
    if at < 0:
        return -1
    at = blanks(data, at, end)
    if at >= end or data[at] != COLON:
        return -1
    return blanks(data, at + 1, end)


@nb.njit(cache=True, nogil=True)
def _skip_scalar(data: Bytes, at: int, end: int) -> int:
    """The place after a number, true, false or null, or -1."""
    byte = data[at]
    if byte == 0x74 or byte == 0x66 or byte == 0x6E:
        word = _TRUE if byte == 0x74 else _FALSE if byte == 0x66 else _NULL
        if at + len(word) > end:
            return -1
        for letter in range(len(word)):
            if data[at + letter] != word[letter]:
                return -1
        return at + len(word)
    if byte == MINUS:
        at += 1
    if at < end and data[at] == 0x30:
        at += 1
    else:
        at = _skip_digits(data, at, end)
    if 0 <= at < end and data[at] == 0x2E:
        at = _skip_digits(data, at + 1, end)
    if 0 <= at < end and (data[at] | 0x20) == 0x65:
        at += 1
        if at < end and (data[at] == 0x2B or data[at] == MINUS):
            at += 1
        at = _skip_digits(data, at, end)
    return at


@nb.njit(cache=True, nogil=True)
def _skip_digits(data: Bytes, at: int, end: int) -> int:
    """The place after one digit or more, or -1."""
    first = at
    while at < end and 0x30 <= data[at] <= 0x39:
        at += 1
    return at if at > first else -1


@nb.njit(cache=True, nogil=True)
def next_mark(marks: Marks, mark: Marks, at: int) -> int:
    """The first mark from `at` on."""
    ahead = mark[0]
    while marks[ahead] < at:
        ahead += 1
    mark[0] = ahead
    return marks[ahead]
