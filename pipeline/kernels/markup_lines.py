"""Line tokens of Markdown over code points: what a line starts with, or consists of.

In all of these `t` is int32[], a text's code points behind a line feed, with END on its end; `at`
is where to look. A matcher gives the place behind what it matched, or NONE. They accept what the
patterns of the same names in `pipeline.text.lines_markdown` accept.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.utf8 import DIGIT, is_space

Codes = npt.NDArray[np.int32]
Kinds = npt.NDArray[np.uint8]
Words = npt.NDArray[np.bool_]

END = -1
NONE = -1

_LF, _TAB, _BLANK, _BAR, _MORE, _TICK, _TILDE = 10, 9, 32, 124, 62, 96, 126
_DASH, _COLON, _HASH, _STAR, _SCORE, _EQUALS = 45, 58, 35, 42, 95, 61
_OPEN, _CLOSE, _BRACE, _UNBRACE, _BACKSLASH, _BANG, _PERCENT = 91, 93, 123, 125, 92, 33, 37


@nb.njit(cache=True, nogil=True)
def is_blank(code: int) -> bool:
    """Whether it is `[ \\t]`."""
    return code in (_BLANK, _TAB)


@nb.njit(cache=True, nogil=True)
def is_white(code: int, kinds: Kinds) -> bool:
    """Whether it is `\\s`; the end is not."""
    return code >= 0 and is_space(kinds[code])


@nb.njit(cache=True, nogil=True)
def is_letter(code: int) -> bool:
    """Whether it is `[A-Za-z]`."""
    return 97 <= (code | 32) <= 122


@nb.njit(cache=True, nogil=True)
def blanks(t: Codes, at: int) -> int:
    while is_blank(t[at]):
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def blanks_up_to(t: Codes, at: int, most: int) -> int:
    stop = at + most
    while at < stop and is_blank(t[at]):
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def _quoted(t: Codes, at: int, most: int) -> int:
    """Behind up to `most` of `[ \\t>]`."""
    stop = at + most
    while at < stop and (is_blank(t[at]) or t[at] == _MORE):
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def run_of(t: Codes, at: int, code: int) -> int:
    while t[at] == code:
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def line_end(t: Codes, at: int) -> int:
    """Where the line ends: its line feed, or the text's end."""
    while t[at] != _LF and t[at] != END:
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def at_line_end(t: Codes, at: int) -> int:
    """Behind blanks that a line ends with."""
    at = blanks(t, at)
    return at if t[at] == _LF or t[at] == END else NONE


@nb.njit(cache=True, nogil=True)
def item_mark(t: Codes, at: int, kinds: Kinds) -> int:
    """Behind `-`, `*`, `+`, `1.` or `1)`."""
    if t[at] == _DASH or t[at] == _STAR or t[at] == 43:
        return at + 1
    first = at
    while at < first + 3 and t[at] >= 0 and kinds[t[at]] == DIGIT:
        at += 1
    return at + 1 if at > first and (t[at] == 46 or t[at] == 41) else NONE


@nb.njit(cache=True, nogil=True)
def _behind_item(t: Codes, at: int, kinds: Kinds) -> int:
    """Behind an item's mark and blanks, where they stand; else `at`."""
    mark = item_mark(t, at, kinds)
    return blanks(t, mark) if mark != NONE and is_blank(t[mark]) else at


@nb.njit(cache=True, nogil=True)
def fence(t: Codes, at: int, kinds: Kinds) -> tuple[int, int]:
    """(where the ticks or tildes start, where the line ends) of a fence that opens; NONE twice."""
    at = _behind_item(t, _quoted(t, at, 20), kinds)
    mark = t[at]
    if mark != _TICK and mark != _TILDE:
        return NONE, NONE
    end = run_of(t, at, mark)
    if end < at + 3:
        return NONE, NONE
    while t[end] != _LF and t[end] != END:
        if t[end] == _TICK:
            return NONE, NONE
        end += 1
    return at, end


@nb.njit(cache=True, nogil=True)
def fence_end(t: Codes, at: int, mark: int, length: int) -> int:
    """Where the line ends that closes a fence of `length` marks; the text's end without one."""
    while t[at] != END:
        if t[at] == _LF:
            ticks = _quoted(t, at + 1, 20)
            if t[ticks] == mark:
                end = run_of(t, ticks, mark)
                stop = at_line_end(t, end)
                if end - ticks >= length and stop != NONE:
                    return stop
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def heading(t: Codes, at: int, kinds: Kinds) -> tuple[int, int]:
    """(where the number signs start, where the words start); NONE twice for no heading."""
    at = blanks_up_to(t, at, 3)
    if t[at] == _MORE:
        at = blanks_up_to(t, at + 1, 1)
    at = _behind_item(t, at, kinds)
    signs = run_of(t, at, _HASH)
    words = blanks(t, signs)
    if signs == at or signs > at + 6 or words == signs:
        return NONE, NONE
    if t[words] == END or t[words] == _HASH or is_white(t[words], kinds):
        return NONE, NONE
    return at, words


@nb.njit(cache=True, nogil=True)
def _dashes(t: Codes, at: int) -> int:
    """Behind a cell of the rule below a table's head, `:---:`, with blanks around it."""
    at = blanks(t, at)
    if t[at] == _COLON:
        at += 1
    end = run_of(t, at, _DASH)
    if end == at:
        return NONE
    if t[end] == _COLON:
        end += 1
    return blanks(t, end)


@nb.njit(cache=True, nogil=True)
def table(t: Codes, at: int) -> int:
    at = _quoted(t, at, 12)
    if t[at] == _BAR:
        at += 1
    end = _dashes(t, at)
    if end == NONE:
        return NONE
    while t[end] == _BAR:
        cell = _dashes(t, end + 1)
        if cell == NONE:
            break
        end = cell
    if t[end] == _BAR:
        end += 1
    return at_line_end(t, end)


@nb.njit(cache=True, nogil=True)
def row(t: Codes, at: int) -> int:
    at = blanks_up_to(t, at, 12)
    return at + 1 if t[at] == _BAR else NONE


@nb.njit(cache=True, nogil=True)
def rule(t: Codes, at: int) -> int:
    at = blanks_up_to(t, at, 3)
    mark = t[at]
    if mark != _DASH and mark != _STAR and mark != _SCORE and mark != _EQUALS:
        return NONE
    if t[at + 1] == mark:
        end = run_of(t, at, mark)
        if end < at + 3 or (mark in (_STAR, _SCORE) and end != at + 3):
            return NONE
        return at_line_end(t, end)
    times = 1
    while mark != _EQUALS and t[at + 1] == _BLANK and t[at + 2] == mark:
        at += 2
        times += 1
    return at_line_end(t, at + 1) if times >= 3 else NONE


@nb.njit(cache=True, nogil=True)
def alert(t: Codes, at: int) -> int:
    """`> [!NOTE]`."""
    at = blanks_up_to(t, at, 12)
    times = 0
    while times < 3 and t[at] == _MORE:
        at = blanks_up_to(t, at + 1, 1)
        times += 1
    if t[at] == _BACKSLASH:
        at += 1
    if times == 0 or t[at] != _OPEN or t[at + 1] != _BANG:
        return NONE
    at += 2
    first = at
    while is_letter(t[at]):
        at += 1
    if not 2 <= at - first <= 12:
        return NONE
    if t[at] == _BACKSLASH:
        at += 1
    return at_line_end(t, at + 1) if t[at] == _CLOSE else NONE


@nb.njit(cache=True, nogil=True)
def quote(t: Codes, at: int) -> int:
    """Behind the signs of a quoted line, up to three, of which the last may not lead an alert."""
    at = blanks_up_to(t, at, 12)
    times, first = 0, at
    while times < 3 and t[at] == _MORE:
        first = at
        at = blanks_up_to(t, at + 1, 1)
        times += 1
    if times == 0:
        return NONE
    if t[at] == _OPEN and t[at + 1] == _BANG:
        return at - 1 if times > 1 or at > first + 1 else NONE
    return at


@nb.njit(cache=True, nogil=True)
def brace_end(t: Codes, at: int) -> int:
    """Where a brace closes before another opens and before the line ends."""
    while t[at] != _LF and t[at] != END and t[at] != _BRACE:
        if t[at] == _UNBRACE:
            return at
        at += 1
    return NONE


@nb.njit(cache=True, nogil=True)
def directive(t: Codes, at: int) -> int:
    at = _quoted(t, at, 12)
    if t[at] == _COLON:
        return line_end(t, at) if t[at + 1] == _COLON and t[at + 2] == _COLON else NONE
    if t[at] != _BRACE:
        return NONE
    if t[at + 1] == _PERCENT or t[at + 1] == _COLON:
        end = brace_end(t, at + 2)
        if end == NONE or (t[at + 1] == _PERCENT and (end < at + 3 or t[end - 1] != _PERCENT)):
            return NONE
        return at_line_end(t, end + 1)
    if t[at + 1] != _BRACE or (t[at + 2] != 60 and t[at + 2] != _PERCENT):
        return NONE
    end = brace_end(t, at + 3)
    if end < at + 4 or (t[end - 1] != 62 and t[end - 1] != _PERCENT) or t[end + 1] != _UNBRACE:
        return NONE
    return at_line_end(t, end + 2)


@nb.njit(cache=True, nogil=True)
def may_define(t: Codes, at: int) -> bool:
    """Whether a line starts as the definition of a link's target does: `[label]:`."""
    at = blanks_up_to(t, at, 3)
    if t[at] != _OPEN or t[at + 1] == 94:
        return False
    first = at + 1
    at = first
    while at < first + 200 and t[at] != _OPEN and t[at] != _CLOSE and t[at] != _LF:
        if t[at] == END:
            return False
        at += 1
    return bool(t[at] == _CLOSE and t[at + 1] == _COLON)
