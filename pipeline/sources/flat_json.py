"""JSON lines straight into Arrow columns: the fields that are wanted, and no Python object.

The kernel takes a line only when it is one JSON object by the grammar of RFC 8259 whose wanted
fields are what documents mostly have; every other line is left to the general reader, which decides
alone what it is. So the kernel may be narrow, but never lenient.
"""

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.documents import RAW
from pipeline.settings import FieldNames
from pipeline.sources.fields import is_path
from pipeline.sources.json_values import (
    BACKSLASH,
    BRACE,
    COMMA,
    END_BRACE,
    MINUS,
    QUOTE,
    Bytes,
    Marks,
    blanks,
    read_string,
    skip_key,
    skip_value,
)
from pipeline.sources.lines import LineBlock
from pipeline.sources.records import raw_batch
from pipeline.sources.utf8_check import is_utf8

_MAX_INTEGER = 18  # digits that fit an int64 whatever they are
_TEXT = 0  # the field of this number is the text, which must be a string with something in it


class FlatJson:
    """Reads blocks of JSON lines for one choice of fields."""

    def __init__(self, fields: FieldNames, max_document_bytes: int):
        names = [*fields.texts, fields.id, fields.url, fields.date]
        plain = not fields.meta and len(set(names)) == len(names) == 4
        self._usable = plain and not any(map(is_path, names))
        encoded = [name.encode("utf-8", "surrogatepass") for name in names]
        self._names = np.frombuffer(b"".join(encoded), np.uint8)
        self._ends = np.cumsum([0, *map(len, encoded)])
        self._limit = max_document_bytes

    def read(
        self, block: LineBlock, places: pa.StringArray, may_be_utf8: bool
    ) -> tuple[pa.RecordBatch, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(documents.RAW of the lines that are taken, their line numbers, those of the others).

        Line numbers count from 0 within the block and are int64; blank lines are in neither.
        """
        n = len(places)
        data = np.frombuffer(block.data, np.uint8)
        if not (may_be_utf8 and self._usable and is_utf8(block.data)):
            return raw_batch([]), np.zeros(0, np.int64), np.arange(n)
        out = np.empty((4, len(data)), np.uint8)
        ends, null = np.zeros((4, n + 1), np.int32), np.ones((4, n), np.bool_)
        taken, odd = np.empty(n, np.int64), np.empty(n, np.int64)
        count, others = _scan(
            data,
            _marks(data),
            np.zeros(1, np.int64),
            self._names,
            self._ends,
            self._limit,
            out,
            ends,
            null,
            taken,
            odd,
        )
        taken, odd = taken[:count], odd[:others]
        text, identity, url, date = (
            _strings(out[field], ends[field, : count + 1], null[field, :count])
            for field in range(4)
        )
        where = places if count == n else places.take(pa.array(taken))
        nothing = pa.nulls(count, pa.string())
        columns = [identity, text, url, date, nothing, where]
        return pa.RecordBatch.from_arrays(columns, schema=RAW), taken, odd


def _strings(data: Bytes, ends: npt.NDArray[np.int32], null: npt.NDArray[np.bool_]) -> pa.Array:
    valid = pa.py_buffer(np.packbits(~null, bitorder="little")) if null.any() else None
    used = pa.py_buffer(data)[: int(ends[-1])]
    return pa.Array.from_buffers(pa.string(), len(null), [valid, pa.py_buffer(ends), used])


def _marks(data: Bytes) -> Marks:
    """int64[]: where quotes, backslashes and control characters are, and the end of the data.

    Nothing else ends a stretch of a string that stands for itself.
    """
    special = np.empty(len(data) + 1, np.bool_)
    _mark_special(data, special)
    special[-1] = True
    return np.flatnonzero(special)


@nb.njit(cache=True, nogil=True)
def _mark_special(data: Bytes, special: npt.NDArray[np.bool_]) -> None:
    for at in range(len(data)):
        byte = data[at]
        special[at] = (byte == QUOTE) | (byte == BACKSLASH) | (byte < 0x20)


@nb.njit(cache=True, nogil=True)
def _scan(
    data: Bytes,
    marks: Marks,
    mark: Marks,  # [1]: the first of `marks` that is not behind us
    names: Bytes,
    name_ends: npt.NDArray[np.int64],
    limit: int,
    out: Bytes,  # [4, bytes]: the strings of each field
    ends: npt.NDArray[np.int32],  # [4, lines + 1]: where they end
    null: npt.NDArray[np.bool_],  # [4, lines], true at first
    taken: npt.NDArray[np.int64],
    odd: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """(lines taken, lines that are odd); fills the arrays after `limit`."""
    count = others = line = at = 0
    size = len(data)
    while at <= size:
        ahead = mark[0]
        while marks[ahead] < size and data[marks[ahead]] != 10:
            ahead += 1
        end = marks[ahead]
        first = blanks(data, at, end)
        if first < end:
            for field in range(4):
                ends[field, count + 1] = ends[field, count]
                null[field, count] = True
            if _object(
                data, marks, mark, first, end, names, name_ends, limit, out, ends, null, count
            ):
                taken[count] = line
                count += 1
            else:
                odd[others] = line
                others += 1
        line += 1
        at = end + 1
        mark[0] = min(ahead + 1, len(marks) - 1)
    return count, others


@nb.njit(cache=True, nogil=True)
def _object(
    data: Bytes,
    marks: Marks,
    mark: Marks,
    at: int,
    end: int,
    names: Bytes,
    name_ends: npt.NDArray[np.int64],
    limit: int,
    out: Bytes,
    ends: npt.NDArray[np.int32],
    null: npt.NDArray[np.bool_],
    row: int,
) -> bool:
    """Whether data[at:end] is an object that row `row` now holds the wanted fields of."""
    if data[at] != BRACE:
        return False
    at = blanks(data, at + 1, end)
    while True:
        key = at + 1
        at = skip_key(data, marks, mark, at, end)
        if at < 0 or at >= end:
            return False
        field = _field(data, key, names, name_ends)
        if field == -2:
            return False
        if field >= 0:
            at = _wanted(data, marks, mark, at, end, field, out, ends, null, row)
        else:
            at = skip_value(data, marks, mark, at, end)
        if at < 0:
            return False
        at = blanks(data, at, end)
        if at >= end:
            return False
        if data[at] == END_BRACE:
            break
        if data[at] != COMMA:
            return False
        at = blanks(data, at + 1, end)
    if blanks(data, at + 1, end) != end or null[_TEXT, row]:
        return False
    start, stop = ends[_TEXT, row], ends[_TEXT, row + 1]
    return stop - start <= limit and _has_letters(out[_TEXT], start, stop)


@nb.njit(cache=True, nogil=True)
def _wanted(
    data: Bytes,
    marks: Marks,
    mark: Marks,
    at: int,
    end: int,
    field: int,
    out: Bytes,
    ends: npt.NDArray[np.int32],
    null: npt.NDArray[np.bool_],
    row: int,
) -> int:
    """The end of the value at `at`, now the row's `field`; -1 where the line is odd.

    A key that stands twice counts as it stands last, as in every JSON reader of Python.
    """
    start = ends[field, row]
    ends[field, row + 1] = start
    null[field, row] = True
    if data[at] == QUOTE:
        at, stop = read_string(data, marks, mark, at + 1, end, out[field], start)
        ends[field, row + 1] = stop
        null[field, row] = stop == start
        return at
    if field == _TEXT:
        return -1
    if 0x30 <= data[at] <= 0x39:
        stop = at
        while stop < end and 0x30 <= data[stop] <= 0x39:
            stop += 1
        plain = stop < end and (data[stop] == COMMA or data[stop] == END_BRACE or data[stop] <= 32)
        if not plain or stop - at > _MAX_INTEGER or (data[at] == 0x30 and stop - at > 1):
            return -1
        for digit in range(at, stop):
            out[field, start + digit - at] = data[digit]
        ends[field, row + 1] = start + stop - at
        null[field, row] = False
        return stop
    return -1 if data[at] == MINUS else skip_value(data, marks, mark, at, end)


@nb.njit(cache=True, nogil=True)
def _has_letters(text: Bytes, start: int, stop: int) -> bool:
    """Whether the first bytes show that the text is not blank.

    White space is, beside ASCII, U+0085, 00A0, 1680, 2000 to 205F and 3000: lead bytes C2, E1, E2
    and E3 80.
    """
    for at in range(start, min(stop, start + 64)):
        byte = text[at]
        if 0x21 <= byte <= 0x7E or byte >= 0xE4 or 0xC3 <= byte <= 0xE0:
            return True
        if byte == 0xE3 and text[at + 1] != 0x80:
            return True
    return False


@nb.njit(cache=True, nogil=True)
def _field(data: Bytes, start: int, names: Bytes, name_ends: npt.NDArray[np.int64]) -> int:
    """The number of the field that the key from `start` on names, -1 for another key, -2 for one
    with escapes."""
    stop = start
    while data[stop] != QUOTE:
        if data[stop] == BACKSLASH:
            return -2
        stop += 1
    for field in range(4):
        first = name_ends[field]
        if name_ends[field + 1] - first == stop - start:
            same = True
            for at in range(stop - start):
                same &= data[start + at] == names[first + at]
            if same:
                return field
    return -1
