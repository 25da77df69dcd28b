"""What a line token of Markdown cuts, and where indented code ends."""

import numba as nb

from pipeline.kernels import markup_lines as lines
from pipeline.kernels.markup_cuts import (
    ALERT_END,
    DIRECTIVE,
    HEADING,
    IN_LIST,
    LOOKED,
    MARKDOWN,
    ROW_END,
    RULE,
    TABLE,
    TABLE_END,
    Places,
    cut,
)
from pipeline.kernels.markup_lines import END, NONE, Codes, Kinds, is_blank, is_white, line_end

_LF, _BAR = 10, 124


@nb.njit(cache=True, nogil=True)
def line_token(t: Codes, at: int, cuts: Places, state: Places, where: Codes, kinds: Kinds) -> int:
    """Behind the token of the line whose line feed stands at `at`; NONE without one.

    For a line that is indented like code it is that place's negative, which is less than NONE.
    """
    first = t[at + 1]
    if not 9 <= first <= 126 or 63 <= first <= 90 or 97 <= first <= 122:
        return NONE
    mark, end = lines.fence(t, at + 1, kinds)
    if mark != NONE:
        return lines.fence_end(t, end, t[mark], lines.run_of(t, mark, t[mark]) - mark)
    mark, end = lines.heading(t, at + 1, kinds)
    if mark != NONE:
        _cut_heading(t, at, mark, end, cuts, state, where)
        return end
    end = lines.table(t, at + 1)
    if end != NONE:
        _cut_table(t, at, end, cuts, state, where)
        return end
    end = lines.row(t, at + 1)
    if end != NONE:
        stop = line_end(t, end)
        state[ROW_END] = stop
        if at == state[TABLE_END]:
            _cut_row(t, at, stop, cuts, state, where)
            state[TABLE_END] = stop
        return end
    end = lines.rule(t, at + 1)
    if end != NONE:
        _cut_line(t, RULE, at, end, cuts, state, where)
        return end
    end = lines.alert(t, at + 1)
    if end != NONE:
        _cut_alert(t, at, end, cuts, state, where)
        return end
    end = lines.directive(t, at + 1)
    if end != NONE:
        _cut_line(t, DIRECTIVE, at, end, cuts, state, where)
        return end
    return _indented(t, at + 1, kinds)


@nb.njit(cache=True, nogil=True)
def _cut_line(
    t: Codes, rule: int, start: int, end: int, cuts: Places, state: Places, where: Codes
) -> None:
    """Cut a line behind the line feed at `start`, with that; the first line with the next."""
    if start:
        cut(cuts, state, where, rule, start, end, 0)
    else:
        cut(cuts, state, where, rule, 1, end if t[end] == END else end + 1, 0)


@nb.njit(cache=True, nogil=True)
def _cut_heading(
    t: Codes, start: int, mark: int, end: int, cuts: Places, state: Places, where: Codes
) -> None:
    stop = line_end(t, end)
    alone = start <= 1 or t[start - 1] == _LF or (t[stop] == _LF and t[stop + 1] == _LF)
    if not state[MARKDOWN] or not alone:
        return
    cut(cuts, state, where, HEADING, mark, end, 0)
    floor = max(end, stop - 40)
    last = stop
    while last > floor and is_blank(t[last - 1]):
        last -= 1
    first = last
    while first > floor and t[first - 1] == 35:
        first -= 1
    blank = first
    while blank > floor and is_blank(t[blank - 1]):
        blank -= 1
    if blank < first < last:
        cut(cuts, state, where, HEADING, blank, stop, 0)


@nb.njit(cache=True, nogil=True)
def _cut_table(t: Codes, start: int, end: int, cuts: Places, state: Places, where: Codes) -> None:
    """Cut the rule below a table's head and the bars of that; or a line of dashes."""
    bars = False
    for at in range(start, end):
        bars |= t[at] == _BAR
    if not bars:
        if lines.rule(t, start + 1) == end:
            _cut_line(t, RULE, start, end, cuts, state, where)
        return
    head = start - 1
    bars = False
    while head >= 0 and t[head] != _LF:
        bars |= t[head] == _BAR
        head -= 1
    if bars:
        _cut_row(t, head, start, cuts, state, where)
        cut(cuts, state, where, TABLE, start, end, 0)
        state[TABLE_END] = end


@nb.njit(cache=True, nogil=True)
def _cut_row(t: Codes, start: int, end: int, cuts: Places, state: Places, where: Codes) -> None:
    """Cut the bars at the ends of the row between two line feeds."""
    at = start + 1
    while is_blank(t[at]) or t[at] == 62:
        at += 1
    if t[at] == _BAR:
        cut(cuts, state, where, TABLE, start + 1, min(lines.blanks(t, at + 1), end), 0)
    floor = max(start + 2, end - 200)
    last = end
    while last > floor and is_blank(t[last - 1]):
        last -= 1
    if last > floor and t[last - 1] == _BAR and t[last - 2] != 92:
        last -= 1
        while last > floor and is_blank(t[last - 1]):
            last -= 1
        cut(cuts, state, where, TABLE, last, end, 0)


@nb.njit(cache=True, nogil=True)
def _cut_alert(t: Codes, start: int, end: int, cuts: Places, state: Places, where: Codes) -> None:
    """Cut an alert's line and the signs of the quoted lines below."""
    _cut_line(t, DIRECTIVE, start, end, cuts, state, where)
    if end <= state[ALERT_END]:
        return  # the lines below are those below an alert further up
    at = end
    while t[at] == _LF:
        signs = lines.quote(t, at + 1)
        if signs == NONE:
            break
        cut(cuts, state, where, DIRECTIVE, at + 1, signs, 0)
        at = line_end(t, signs)
    state[ALERT_END] = at


@nb.njit(cache=True, nogil=True)
def _indented(t: Codes, at: int, kinds: Kinds) -> int:
    """The negative of where the words of a line of code may start: four blanks or a tab in."""
    end = at
    while end < at + 4 and t[end] == 32:
        end += 1
    if end < at + 4:
        if t[end] != 9:
            return NONE
        end += 1
    words = lines.blanks(t, end)
    if t[words] == END or is_white(t[words], kinds):
        return NONE
    first = t[words]
    if first == 45 or first == 42 or first == 43 or first == 62 or first == _BAR:
        return NONE if is_white(t[words + 1], kinds) else -end
    mark = lines.item_mark(t, words, kinds)
    return NONE if mark != NONE and t[mark] == 32 else -end


@nb.njit(cache=True, nogil=True)
def indented_end(t: Codes, start: int, state: Places, kinds: Kinds) -> int:
    """Where the block of code that starts with an indented line ends; NONE for no code.

    It stands behind a blank line and in no list, or is indented twice.
    """
    before = start
    while before > max(start - 80, 0) and is_blank(t[before - 1]):
        before -= 1
    follows = before > max(start - 80, 0) and t[before - 1] == _LF
    if not state[MARKDOWN] or (start and not follows):
        return NONE
    tabs = t[start + 1] == 9 and t[start + 2] == 9
    deep = tabs or lines.run_of(t, start + 1, 32) >= start + 9
    if not deep and _in_list(t, start, state, kinds):
        return NONE
    at = start
    while t[at] == _LF:
        indent = at + 1
        while indent < at + 5 and t[indent] == 32:
            indent += 1
        if indent == at + 5 or (indent < at + 5 and t[indent] == 9):
            at = line_end(t, indent)
            continue
        end = lines.blanks(t, at + 1)
        if t[end] != _LF:
            break
        at = end
    return at


@nb.njit(cache=True, nogil=True)
def _in_list(t: Codes, start: int, state: Places, kinds: Kinds) -> bool:
    """Whether the line before `start` that is not indented, or opens an item, opens one."""
    answer = state[IN_LIST] != 0
    at = start
    while at > state[LOOKED]:
        first = at - 1
        filled = False
        while t[first] != _LF:
            filled |= not is_white(t[first], kinds)
            first -= 1
        mark = lines.item_mark(t, lines.blanks(t, first + 1), kinds)
        item = mark != NONE and mark <= at and (mark == at or is_blank(t[mark]))
        if item or (filled and not is_blank(t[first + 1])):
            answer = item
            break
        at = first
    state[LOOKED], state[IN_LIST] = start, answer
    return answer
