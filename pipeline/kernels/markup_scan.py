"""The scan for left-over HTML and Markdown over a column: `pipeline.text.lines_scan` in numba.

Texts that define the targets of links, and very long ones, are left to Python. Places are those of
a text behind a line feed, as in the matchers.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.markup_blocks import indented_end, line_token
from pipeline.kernels.markup_cuts import (
    ALERT_END,
    COMMENT,
    COUNT,
    FRONT,
    IMAGE,
    LINK,
    MARKDOWN,
    MISSING,
    N_STATE,
    OPEN,
    ROW_END,
    SCRIPT,
    TABLE_END,
    TAG,
    TAGS,
    Places,
    cut,
)
from pipeline.kernels.markup_decode import PADDING, Scratch, decode, front_end, is_json, survey
from pipeline.kernels.markup_elements import Elements, case_of, element_of, ends_element
from pipeline.kernels.markup_inline import (
    Names,
    code,
    doctype,
    has_scheme,
    is_address,
    is_alnum,
    link,
    reference,
    tag,
)
from pipeline.kernels.markup_lines import END, NONE, Codes, Kinds, Words
from pipeline.kernels.markup_spans import anchor_token, cut_emphasis, emphasis_token
from pipeline.kernels.markup_tags import after_tag, mark_tags

_MOST = 1_000
"""Code points between the brackets of a link."""
_LF = 10


class Tables(NamedTuple):
    starts: Words  # [256] `markup_decode.TOKEN_STARTS`
    kinds: Kinds  # [0x110000] `utf8.KINDS`
    words: Words  # [0x110000] `markup_inline.WORDS`
    schemes: Names
    suffixes: Names
    doctypes: Names
    elements: Elements


@nb.njit(cache=True, nogil=True)
def scan_rows(
    data: npt.NDArray[np.uint8],
    offsets: Places,
    rows: Places,
    first: int,
    tables: Tables,
    scratch: Scratch,
    cuts: Places,
    left: Words,
) -> tuple[int, int]:
    """Scan texts `rows[first:]`; (how many `cuts` were found, the number of the row to go on with).

    A cut is (start, end, rule, after): bytes of `data`, a number of `markup_cuts.RULES`, of
    `markup_tags` what stands there now. They come in order of texts, in none within a text, and
    some overlap. `left` (bool[rows]) is set for those left to Python. It stops where `cuts` is too
    small; the cuts of the text that it stops at are not counted.
    """
    state = np.zeros(N_STATE, np.int64)
    number, count = first, 0
    while number < len(rows):
        start, end = offsets[rows[number]], offsets[rows[number] + 1]
        if end - start + PADDING > len(scratch.t):
            left[number] = True
        else:
            state[COUNT] = count
            left[number] = _scan(data, start, end, tables, scratch, cuts, state)
            if left[number]:
                state[COUNT] = count
            if state[COUNT] > len(cuts):
                return count, number
            for one in range(count, state[COUNT]):
                cuts[one, 0] += start
                cuts[one, 1] += start
            count = state[COUNT]
        number += 1
    return count, number


@nb.njit(cache=True, nogil=True)
def _scan(
    data: npt.NDArray[np.uint8],
    start: int,
    end: int,
    tables: Tables,
    scratch: Scratch,
    cuts: Places,
    state: Places,
) -> bool:
    """Find what is cut from a text; True where it is left to Python."""
    t, where, places, kinds = scratch.t, scratch.where, scratch.places, tables.kinds
    n, n_places = decode(data, start, end, tables.starts, scratch)
    if is_json(t, n, kinds):
        return False
    front = front_end(t, n, kinds, tables.words)
    markdown, defines = survey(t, places, n_places, kinds)
    if defines:
        return True
    for slot in range(OPEN, N_STATE):
        state[slot] = 0
    state[TABLE_END] = state[ROW_END] = state[ALERT_END] = -1
    state[MARKDOWN] = markdown or front > 0
    if front:
        cut(cuts, state, where, FRONT, 1, front + 1, 0)
    at = front
    for number in range(n_places):
        place = np.int64(places[number])
        if place < at:
            continue
        first = np.int64(t[place])
        after = NONE
        if first == _LF:
            after = line_token(t, place, cuts, state, where, kinds)
            if after < NONE:  # indented
                after = -after
                further = indented_end(t, place, state, kinds)
                after = max(after, further)
        elif first == 96:
            after = code(t, place)
        elif first == 60:
            after = _tag_token(t, place, tables, scratch, cuts, state)
        elif first == 42 or first == 95:
            after = emphasis_token(t, place, scratch.pairs, state, kinds, tables.words)
        elif first == 123:
            after = anchor_token(t, place, cuts, state, where, tables.words)
        else:
            after = _bracket_token(t, place, tables, scratch, cuts, state)
        at = max(at, after)
    _cut_tags(t, n, tables, scratch, cuts, state)
    cut_emphasis(scratch, cuts, state)
    return False


@nb.njit(cache=True, nogil=True)
def _bracket_token(
    t: Codes, at: int, tables: Tables, scratch: Scratch, cuts: Places, state: Places
) -> int:
    """`[`, `![`, `]` and what follows it."""
    opened = scratch.opened
    if t[at] != 93:
        width = 1 if t[at] == 91 else 2
        if width == 2 and t[at + 1] != 91:
            return NONE
        opened[state[OPEN]] = at
        state[OPEN] += 1
        return at + width
    first, url_end, end = link(t, at + 1, tables.kinds)
    start = _opened(t, at, opened, state)
    if end == NONE:
        return max(reference(t, at + 1), at + 1)
    if start == NONE:
        return end
    image = t[start] == 33
    if not image:
        before = t[start - 1]
        call = before == 95 or before == 41 or before == 93 or is_alnum(before)
        if not is_address(t, first, url_end, tables.schemes, tables.suffixes) or (
            call and not has_scheme(t, first, url_end)
        ):
            return end
    rule = IMAGE if image else LINK
    cut(cuts, state, scratch.where, rule, start, start + (2 if image else 1), 0)
    cut(cuts, state, scratch.where, rule, at, end, 0)
    return end


@nb.njit(cache=True, nogil=True)
def _opened(t: Codes, end: int, opened: Codes, state: Places) -> int:
    """Where the bracket opens that closes at `end`, in the same paragraph; NONE without one."""
    if state[OPEN] == 0:
        return NONE
    state[OPEN] -= 1
    start = int(np.int64(opened[state[OPEN]]))
    if end - start > _MOST:
        state[OPEN] = 0
        return NONE
    for at in range(start, end - 1):
        if t[at] == _LF and t[at + 1] == _LF:
            return NONE
    return start


@nb.njit(cache=True, nogil=True)
def _tag_token(
    t: Codes, at: int, tables: Tables, scratch: Scratch, cuts: Places, state: Places
) -> int:
    elements, where, tags = tables.elements, scratch.where, scratch.tags
    if t[at + 1] == 33:
        return _comment(t, at, tables, where, cuts, state)
    name_end, end = tag(t, at)
    if end == NONE:
        return NONE
    closing = t[at + 1] == 47
    first = at + 2 if closing else at + 1
    element = element_of(t, first, name_end, elements.keys)
    one = tags[state[TAGS]]
    state[TAGS] += 1
    one[0], one[1], one[2], one[3] = at, end, name_end, element
    one[4], one[5], one[6] = closing, at < state[ROW_END], case_of(t, first, name_end)
    opaque = elements.opaque[element] if element >= 0 else -1
    if closing or opaque < 0 or state[MISSING] >> opaque & 1:
        return end
    body = False
    stop, after = end, NONE
    while t[stop] != END:
        if t[stop] == 60 and t[stop + 1] == 47:
            after = ends_element(t, stop, elements.ends, opaque, tables.kinds)
            if after != NONE:
                break
        body |= _is_script_sign(t[stop])
        stop += 1
    else:
        state[MISSING] |= 1 << opaque
        return end
    if opaque > 1:
        return stop  # code: only its tags are looked at
    for place in range(name_end, end):
        body |= t[place] == 61
    if not body:
        return end
    state[TAGS] -= 1
    cut(cuts, state, where, SCRIPT, at, after, 0)
    return after


@nb.njit(cache=True, nogil=True)
def _is_script_sign(sign: int) -> bool:
    """Whether it is `[{}();=]`."""
    return sign == 123 or sign == 125 or sign == 40 or sign == 41 or sign == 59 or sign == 61


@nb.njit(cache=True, nogil=True)
def _comment(t: Codes, at: int, tables: Tables, where: Codes, cuts: Places, state: Places) -> int:
    if t[at + 2] != 45 or t[at + 3] != 45:
        end = doctype(t, at, tables.doctypes, tables.words)
        if end != NONE:
            cut(cuts, state, where, COMMENT, at, end, 0)
        return end
    end = at + 4
    if state[MISSING] >> 5 & 1:
        return end
    while t[end] != END:
        if t[end] == 45 and t[end + 1] == 45 and t[end + 2] == 62:
            cut(cuts, state, where, COMMENT, at, end + 3, 0)
            return end + 3
        end += 1
    state[MISSING] |= 1 << 5
    return at + 4


@nb.njit(cache=True, nogil=True)
def _cut_tags(
    t: Codes, n: int, tables: Tables, scratch: Scratch, cuts: Places, state: Places
) -> None:
    n_tags = state[TAGS]
    if n_tags == 0:
        return
    elements = tables.elements
    marked = mark_tags(t, n, scratch.tags, n_tags, elements, tables.kinds, tables.words)
    for number in range(n_tags):
        if marked[number]:
            one = scratch.tags[number]
            after = after_tag(t, n, one, elements.traits[one[3]])
            first, last = np.int64(one[0]), np.int64(one[1])
            cut(cuts, state, scratch.where, TAG, first, last, after)
