"""Lines of a batch of texts: where they end, their hashes, which of them go, and the texts without.

Text r has the lines `bounds[r]:bounds[r + 1]`, line i the bytes `ends[i]:ends[i + 1]` with its
newline; `lengths[i]` counts the code points of its canonical form.
"""

import numpy as np
from numba import njit

from pipeline.kernels.minhash import mix

REACH = 3
"""Lines of an end of a text. In a text of up to twice as many lines the place says nothing, and how
often they recur decides alone: no line of short real texts (reviews, chat, petitions, passages of
an encyclopedia) came near a hundredth of them."""

STAYS, PASSED, RECURRING, TITLE, ENDS, EVERYWHERE = range(6)
"""What is known of a line from the corpus: it stays; it is too short to judge; it recurs; it recurs
at the ends of texts, and alone at the head of one it may be a title (`TITLE`) or is too common for
that (`ENDS`); it goes wherever it stands."""

_NEWLINE, _SPACE, _TICK, _TILDE = 0x0A, 0x20, 0x60, 0x7E
_SYLLABLES, _SYLLABLES_END = 0xAC00, 0xD7A4
_BASE = np.uint64(0xD6E8FEB86659FD93)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def split_lines(
    data: np.ndarray, offsets: np.ndarray, newlines: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`ends` (int64[n + 1]), `bounds` (int64[rows + 1]) and which lines are fenced code (bool[n]).

    Text r is `data[offsets[r]:offsets[r + 1]]`, UTF-8; `newlines` (int64, ascending) are the places
    of the newlines of all. A fence is a line that starts with ``` or ~~~ and counts as code; one
    that is never closed is none.
    """
    rows = len(offsets) - 1
    n = rows + len(newlines)
    ends, bounds = np.empty(n + 1, np.int64), np.empty(rows + 1, np.int64)
    fenced = np.zeros(n, np.bool_)
    ends[0], bounds[0] = offsets[0], 0
    line = used = 0
    for row in range(rows):
        at, stop = offsets[row], offsets[row + 1]
        opened, mark = -1, 0
        while True:
            fence = _fence(data, at, stop)
            if fence and opened < 0:
                opened, mark = line, fence
            elif fence and fence == mark:
                fenced[opened : line + 1] = True
                opened, mark = -1, 0
            last = used == len(newlines) or newlines[used] >= stop
            if not last:
                at = newlines[used] + 1
                used += 1
            line += 1
            ends[line] = stop if last else at
            if last:
                break
        bounds[row + 1] = line
    return ends, bounds, fenced


@njit(cache=True, nogil=True)
def _fence(data: np.ndarray, at: int, stop: int) -> int:
    """The mark of the fence that the line at `at` is, or 0."""
    while at < stop and data[at] == _SPACE:
        at += 1
    if at + 3 > stop or (data[at] != _TICK and data[at] != _TILDE):
        return 0
    return data[at] if data[at] == data[at + 1] == data[at + 2] else 0


@njit(cache=True, nogil=True)
def hash_lines(
    points: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    bounds: np.ndarray,
    fenced: np.ndarray,
    min_chars: int,
    out: np.ndarray,
) -> None:
    """Hash (uint64) of every line's canonical form, `points[starts[i]:starts[i] + lengths[i]]`.

    The polynomial of `kernels.minhash.hash_shingles` over the whole line, mixed; bit 0 says whether
    the line stands at an end of its text, counting lines with a letter or digit (`REACH`). Lines of
    fenced code and those shorter than `min_chars` are 0.
    """
    for row in range(len(bounds) - 1):
        filled = 0
        for i in range(bounds[row], bounds[row + 1]):
            filled += lengths[i] > 0
        place = 0
        for i in range(bounds[row], bounds[row + 1]):
            out[i] = 0
            if lengths[i] >= min_chars and not fenced[i]:
                polynomial = np.uint64(0)
                for at in range(starts[i], starts[i] + lengths[i]):
                    polynomial = polynomial * _BASE + np.uint64(points[at])
                at_end = np.uint64(place < REACH or place >= filled - REACH)
                out[i] = (mix(polynomial) & ~_ONE) | at_end
            place += lengths[i] > 0


@njit(cache=True, nogil=True)
def distinct_lines(hashes: np.ndarray, bounds: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Write each text's distinct hashes to `out`, sorted, without the zeros; their counts (int32).

    Bit 0 is set where one of the line's occurrences has it.
    """
    counts = np.zeros(len(bounds) - 1, np.int32)
    first = 0
    for row in range(len(bounds) - 1):
        stop = first
        for value in hashes[bounds[row] : bounds[row + 1]]:
            if value != 0:
                out[stop] = value
                stop += 1
        _sort(out[first:stop])
        used = first
        for at in range(first, stop):
            if used > first and out[used - 1] | _ONE == out[at] | _ONE:
                out[used - 1] |= out[at]
            else:
                out[used] = out[at]
                used += 1
        counts[row] = used - first
        first = used
    return counts


@njit(cache=True, nogil=True)
def _sort(values: np.ndarray) -> None:
    """Sort in place; a few values by insertion, in a tenth of the time."""
    if len(values) > 24:
        values.sort()
        return
    for i in range(1, len(values)):
        value, at = values[i], i
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value


@njit(cache=True, nogil=True)
def korean_lines(points: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Which canonical forms hold a Hangul syllable (bool)."""
    found = np.zeros(len(starts), np.bool_)
    for i in range(len(starts)):
        for at in range(starts[i], starts[i] + lengths[i]):
            if _SYLLABLES <= points[at] < _SYLLABLES_END:
                found[i] = True
                break
    return found


@njit(cache=True, nogil=True)
def choose_lines(kinds: np.ndarray, at_end: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Which lines go (bool), by their kind (uint8, see `STAYS`) and whether they stand at an end.

    A line that recurs at the ends of texts goes where it stands at one, and with it the recurring
    lines that follow inwards without a gap. A text of which no line but short ones would be left
    keeps all.
    """
    goes = np.zeros(len(kinds), np.bool_)
    for row in range(len(bounds) - 1):
        first, stop = bounds[row], bounds[row + 1]
        for i in range(first, stop):
            goes[i] = kinds[i] == EVERYWHERE or (kinds[i] >= TITLE and at_end[i])
        _widen(kinds, goes, first, stop, 1)
        _widen(kinds, goes, stop - 1, first - 1, -1)
        _keep_title(kinds, goes, first, stop)
        left = 0
        for i in range(first, stop):
            left += not goes[i] and kinds[i] != PASSED
        if left == 0:
            goes[first:stop] = False
    return goes


@njit(cache=True, nogil=True)
def _widen(kinds: np.ndarray, goes: np.ndarray, first: int, stop: int, step: int) -> None:
    """From an end of a text inwards: recurring lines behind one that goes go too."""
    started = False
    for i in range(first, stop, step):
        if kinds[i] == PASSED:
            continue
        started = started or (goes[i] and kinds[i] >= ENDS)
        if not started or kinds[i] == STAYS:
            return
        goes[i] = True


@njit(cache=True, nogil=True)
def _keep_title(kinds: np.ndarray, goes: np.ndarray, first: int, stop: int) -> None:
    """Keep a first line that goes alone: texts of one kind share titles."""
    title = -1
    for i in range(first, stop):
        if kinds[i] == PASSED:
            continue
        if title >= 0:
            goes[title] = goes[i]
            return
        if not goes[i] or kinds[i] >= ENDS:
            return
        title = i


@njit(cache=True, nogil=True)
def without_lines(
    data: np.ndarray,
    ends: np.ndarray,
    bounds: np.ndarray,
    goes: np.ndarray,
    out: np.ndarray,
    offsets: np.ndarray,
) -> None:
    """Write the texts without the lines that go to `out`, their byte offsets to `offsets` (int32).

    Other lines keep their bytes. Of blank lines that meet because what stood between them goes one
    stays, at the ends of the text none, and no text starts with a space for it.
    """
    used = 0
    offsets[0] = 0
    for row in range(len(bounds) - 1):
        first, cut, blank = used, False, True
        for i in range(bounds[row], bounds[row + 1]):
            start, stop = ends[i], ends[i + 1]
            if goes[i]:
                cut = True
                continue
            empty = stop - start == 1 and data[start] == _NEWLINE
            if cut and empty and blank:
                continue
            if cut and used == first:
                while start < stop and data[start] == _SPACE:
                    start += 1
            for at in range(start, stop):
                out[used] = data[at]
                used += 1
            cut, blank = False, empty
        while cut and used > first and out[used - 1] == _NEWLINE:
            used -= 1
        offsets[row + 1] = used
