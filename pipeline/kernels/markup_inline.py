"""Tokens of Markdown and HTML inside lines, over code points; see `markup_lines` for the form.

They accept what the patterns of the same names in `pipeline.text.lines_markdown` accept.
"""

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.markup_lines import (
    END,
    NONE,
    Codes,
    Kinds,
    Words,
    at_line_end,
    blanks,
    brace_end,
    is_blank,
    is_letter,
    is_white,
    run_of,
)

_LF, _TICK, _LESS, _MORE, _BANG, _DASH, _HASH, _SLASH = 10, 96, 60, 62, 33, 45, 35, 47
_LEFT, _RIGHT, _OPEN, _CLOSE, _BRACE, _UNBRACE, _COLON, _DOT = 40, 41, 91, 93, 123, 125, 58, 46


def word_table() -> Words:
    """bool[0x110000]: what `\\w` accepts."""
    table = np.zeros(0x110000, np.bool_)
    table[:0x32400] = np.fromiter(map(str.isalnum, map(chr, range(0x32400))), np.bool_, 0x32400)
    table[ord("_")] = True
    return table


WORDS = word_table()


Names = npt.NDArray[np.uint16]


def name_table(listed: str) -> Names:
    """uint16[names, longest]: the code points of words apart by blanks, padded with zeros."""
    names = listed.split()
    table = np.zeros((len(names), max(map(len, names))), np.uint16)
    for number, name in enumerate(names):
        table[number, : len(name)] = [*map(ord, name)]
    return table


SCHEMES = name_table("mailto: tel: data: xref: javascript: www. / # ./ ../ <")
"""What an address starts with."""
SUFFIXES = name_table("md mdx html htm png jpeg jpg gif svg webp pdf yaml yml php asp aspx ipynb")
"""What the name of a file ends with."""


@nb.njit(cache=True, nogil=True)
def starts_with(t: Codes, at: int, names: Names, number: int) -> int:
    """Behind the name where it stands at `at`, else NONE."""
    for place in range(names.shape[1]):
        letter = names[number, place]
        if letter == 0:
            return at + place
        if t[at + place] != letter:
            return NONE
    return at + names.shape[1]


@nb.njit(cache=True, nogil=True)
def is_alnum(code: int) -> bool:
    """Whether it is `[A-Za-z0-9]`."""
    return is_letter(code) or 48 <= code <= 57


@nb.njit(cache=True, nogil=True)
def code(t: Codes, at: int) -> int:
    """Behind the inline code whose first tick stands at `at`."""
    if t[at - 1] == _TICK:
        return NONE
    start = run_of(t, at, _TICK)
    ticks = start - at
    if ticks > 4:
        return NONE
    if ticks == 1:
        while t[start] != _TICK:
            if t[start] == END:
                return NONE
            if t[start] == _LF:
                after = start + 1
                while is_blank(t[after]) or t[after] == _MORE:
                    after += 1
                if t[after] == _LF:
                    return NONE
            start += 1
        return start + 1
    at = start
    while at <= start + 300 and t[at] != _LF and t[at] != END:
        if t[at] != _TICK:
            at += 1
            continue
        end = run_of(t, at, _TICK)
        if end - at == ticks:
            return end
        at = end
    return NONE


@nb.njit(cache=True, nogil=True)
def link(t: Codes, at: int, kinds: Kinds) -> tuple[int, int, int]:
    """(where the target starts, where it ends, behind the link) of `(target)` at `at`; or NONE."""
    if t[at] != _LEFT:
        return NONE, NONE, NONE
    first = blanks(t, at + 1)
    end = first
    if t[first] == _LESS:
        end = first + 1
        while t[end] != _MORE:
            if t[end] == END or t[end] == _LF or t[end] == _LESS:
                return NONE, NONE, NONE
            end += 1
        end += 1
    else:
        end = _plain(t, first, kinds, True)
        while t[end] == _LEFT:
            inner = _plain(t, end + 1, kinds, False)
            if t[inner] != _RIGHT:
                break
            end = _plain(t, inner + 1, kinds, False)
    after = blanks(t, end)
    if after > end and (t[after] == 34 or t[after] == 39):
        quotes = t[after]
        after += 1
        while t[after] != quotes:
            if t[after] == END or t[after] == _LF:
                return NONE, NONE, NONE
            after += 1
        after = blanks(t, after + 1)
    if t[after] != _RIGHT:
        return NONE, NONE, NONE
    return first, end, after + 1


@nb.njit(cache=True, nogil=True)
def _plain(t: Codes, at: int, kinds: Kinds, angles: bool) -> int:
    """Behind what is no white space and no parenthesis; with `angles` no `<` or `>` either."""
    while t[at] != END and t[at] != _LEFT and t[at] != _RIGHT and not is_white(t[at], kinds):
        if angles and (t[at] == _LESS or t[at] == _MORE):
            break
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def has_scheme(t: Codes, first: int, end: int) -> bool:
    """Whether `://` stands in a link's target."""
    for at in range(first, end - 2):
        if t[at] == _COLON and t[at + 1] == _SLASH and t[at + 2] == _SLASH:
            return True
    return False


@nb.njit(cache=True, nogil=True)
def is_address(
    t: Codes,
    first: int,
    end: int,
    schemes: Names,
    suffixes: Names,
) -> bool:
    """`pipeline.text.lines_markdown.is_address` of the target between two places."""
    if first == end:
        return True
    for number in range(len(schemes)):
        stop = starts_with(t, first, schemes, number)
        if stop != NONE and stop <= end:
            return True
    if is_letter(t[first]):
        at = first + 1
        while at < first + 21 and (is_alnum(t[at]) or t[at] == 43 or t[at] == 45 or t[at] == 46):
            at += 1
        slashes = t[at] == _COLON and t[at + 1] == _SLASH and t[at + 2] == _SLASH
        if slashes and at > first + 1 and at + 2 < end:
            return True
    slashed = False
    for at in range(first, end):
        if not 33 <= t[at] <= 126:
            return False
        slashed |= t[at] == _SLASH and at > first
        if t[at] == _DOT and at > first:
            for number in range(len(suffixes)):
                stop = starts_with(t, at + 1, suffixes, number)
                if stop == end or (NONE < stop < end and t[stop] == _HASH):
                    return True
    return slashed


@nb.njit(cache=True, nogil=True)
def reference(t: Codes, at: int) -> int:
    """Behind `[label]` at `at`."""
    if t[at] != _OPEN:
        return NONE
    first = at + 1
    at = first
    while t[at] != _CLOSE:
        if t[at] == _OPEN or t[at] == _LF or t[at] == END or at == first + 200:
            return NONE
        at += 1
    return at + 1


@nb.njit(cache=True, nogil=True)
def is_markdown_link(t: Codes, at: int, kinds: Kinds) -> bool:
    """Whether `(…)` at `at` holds a slash, a number sign or a dot and no blank."""
    if t[at] != _LEFT:
        return False
    at += 1
    found = False
    while t[at] != END and t[at] != _LEFT and not is_white(t[at], kinds):
        if t[at] == _RIGHT:
            return found
        found |= t[at] == _SLASH or t[at] == _HASH or t[at] == _DOT
        at += 1
    return False


@nb.njit(cache=True, nogil=True)
def anchor(t: Codes, at: int, words: Words) -> int:
    """Behind `{#name}`, `{: …}` or `{/* … */}` at `at` and the blanks, where its line ends so."""
    first = at + 2
    if t[at + 1] == _COLON or t[at + 1] == _HASH:
        at = first
        while at < first + 200 and t[at] >= 0 and (words[t[at]] or _is_anchor_sign(t[at])):
            at += 1
        return at_line_end(t, at + 1) if at > first and t[at] == _UNBRACE else NONE
    if t[at + 1] != _SLASH or t[first] != 42:
        return NONE
    first += 1
    end = brace_end(t, first)
    if not first + 2 <= end <= first + 202 or t[end - 1] != _SLASH or t[end - 2] != 42:
        return NONE
    return at_line_end(t, end + 1)


@nb.njit(cache=True, nogil=True)
def _is_anchor_sign(code: int) -> bool:
    """Whether it is `[ .:#="'/-]`."""
    return (
        code == 32
        or code == 34
        or code == 35
        or code == 39
        or 45 <= code <= 47
        or code == 58
        or code == 61
    )


@nb.njit(cache=True, nogil=True)
def tag(t: Codes, at: int) -> tuple[int, int]:
    """(where the name ends, behind the tag) for `<` at `at`; NONE twice."""
    at += 1
    if t[at] == _SLASH:
        at += 1
    first = at
    if not is_letter(t[at]):
        return NONE, NONE
    while at <= first + 21 and (is_alnum(t[at]) or t[at] == _DASH):
        at += 1
    if at > first + 21:
        return NONE, NONE
    name = at
    while t[at] != _MORE:
        if t[at] == _LESS or t[at] == END:
            return NONE, NONE
        at += 1
    return name, at + 1


DOCTYPES = name_table("DOCTYPE doctype")


@nb.njit(cache=True, nogil=True)
def doctype(t: Codes, at: int, names: Names, words: Words) -> int:
    """Behind `<!DOCTYPE …>` at `at`."""
    end = max(starts_with(t, at + 2, names, 0), starts_with(t, at + 2, names, 1))
    if t[at + 1] != _BANG or end == NONE or (t[end] >= 0 and words[t[end]]):
        return NONE
    while t[end] != _MORE:
        if t[end] == _LESS or t[end] == END:
            return NONE
        end += 1
    return end + 1
