"""A text's code points for the scan, and what it is as a whole: JSON, Markdown, with a head."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.markup_inline import is_markdown_link
from pipeline.kernels.markup_lines import (
    END,
    NONE,
    Codes,
    Kinds,
    Words,
    at_line_end,
    blanks,
    is_blank,
    is_white,
    may_define,
    run_of,
)
from pipeline.kernels.utf8 import code_point

FRONT_MAX = 20_000
"""Code points; a longer head between two `---` is no front matter."""
PADDING = 16
_LF, _DASH, _DOT, _HASH, _COLON = 10, 45, 46, 35, 58

TOKEN_STARTS = np.zeros(256, np.bool_)
TOKEN_STARTS[list(b"\n`<[]!*_{")] = True
"""bool[256]: the bytes that tokens start with."""


class Scratch(NamedTuple):
    """Room for one text of up to as many bytes as `make_scratch` was asked for."""

    t: npt.NDArray[np.int32]  # code points, behind a line feed
    where: npt.NDArray[np.int32]  # byte of the text that each starts at
    places: npt.NDArray[np.int32]  # where tokens may start
    opened: npt.NDArray[np.int32]  # brackets that are not closed
    tags: npt.NDArray[np.int32]  # [tags, 8]; see `markup_tags`
    pairs: npt.NDArray[np.int32]  # [pairs, 3] emphasis: where its marks start, their width


def make_scratch(size: int) -> Scratch:
    return Scratch(
        np.empty(size + PADDING, np.int32),
        np.empty(size + PADDING, np.int32),
        np.empty(size + PADDING, np.int32),
        np.empty(size + PADDING, np.int32),
        np.empty((size // 3 + 1, 8), np.int32),
        np.empty((size // 5 + 1, 3), np.int32),
    )


@nb.njit(cache=True, nogil=True)
def decode(
    data: npt.NDArray[np.uint8], start: int, end: int, starts: Words, scratch: Scratch
) -> tuple[int, int]:
    """(length of `scratch.t` with the line feed ahead, how many `scratch.places`)."""
    t, where, places = scratch.t, scratch.where, scratch.places
    t[0], where[0], places[0] = _LF, 0, 0
    n = n_places = 1
    at = start
    while at < end:
        where[n] = at - start
        byte = data[at]
        if byte < 0x80:
            t[n] = byte
            if starts[byte]:
                places[n_places] = n
                n_places += 1
            at += 1
        else:
            code, width = code_point(data, at)
            t[n] = code
            at += width
        n += 1
    where[n] = end - start
    for padding in range(8):
        t[n + padding] = END
    return n, n_places


@nb.njit(cache=True, nogil=True)
def is_json(t: Codes, n: int, kinds: Kinds) -> bool:
    """Whether a text starts and ends like JSON."""
    at = 1
    while at <= 50 and is_white(t[at], kinds):
        at += 1
    if t[at] != 123 and t[at] != 91:
        return False
    at += 1
    while is_white(t[at], kinds):
        at += 1
    if t[at] != 123 and t[at] != 91 and t[at] != 34:
        return False
    last = n - 1
    while last > 0 and last > n - 101 and is_white(t[last], kinds):
        last -= 1
    return last > max(n - 101, 0) and (t[last] == 125 or t[last] == 93)


@nb.njit(cache=True, nogil=True)
def front_end(t: Codes, n: int, kinds: Kinds, words: Words) -> int:
    """`pipeline.text.lines_markdown.front_matter_end`: where the YAML at the start ends, or 0."""
    at = 2 if t[1] == 0xFEFF else 1
    while is_white(t[at], kinds):
        at += 1
    if t[at] != _DASH or t[at + 1] != _DASH or t[at + 2] != _DASH:
        return 0
    at = at_line_end(t, at + 3)
    if at == NONE or t[at] == END:
        return 0
    first = at + 1
    limit = min(first + FRONT_MAX, n)
    at = first
    while True:
        end = _front_mark(t, at, limit)
        if end != NONE:
            return end - 1 if at > first else 0
        if not _is_key(t, at, words) and (at == first or not _is_front_line(t, at)):
            return 0
        while at < limit and t[at] != _LF:
            at += 1
        at += 1
        if at >= limit:
            return 0


@nb.njit(cache=True, nogil=True)
def _front_mark(t: Codes, at: int, limit: int) -> int:
    """Behind the line that ends front matter."""
    mark = t[at]
    if (mark != _DASH and mark != _DOT) or at + 3 > limit:
        return NONE
    if t[at + 1] != mark or t[at + 2] != mark:
        return NONE
    at += 3
    while at < limit and is_blank(t[at]):
        at += 1
    if at == limit:
        return at
    return at + 1 if t[at] == _LF else NONE


@nb.njit(cache=True, nogil=True)
def _is_key(t: Codes, at: int, words: Words) -> bool:
    """Whether a line starts with a key of YAML, four words at the most, and a colon."""
    first = at
    while t[at] >= 0 and (
        words[t[at]] or t[at] == 34 or t[at] == 39 or t[at] == 64 or 45 <= t[at] <= 47
    ):
        at += 1
    if at == first:
        return False
    for _ in range(3):
        word = at + 1
        if t[at] != 32:
            break
        while t[word] >= 0 and (words[t[word]] or t[word] == 45 or t[word] == 46):
            word += 1
        if word == at + 1:
            break
        at = word
    at = blanks(t, at)
    after = t[at + 1] if t[at] == _COLON else -2
    return after in (_LF, END) or is_blank(after)


@nb.njit(cache=True, nogil=True)
def _is_front_line(t: Codes, at: int) -> bool:
    code = t[at]
    if code == _DASH:
        return is_blank(t[at + 1]) or t[at + 1] == _LF or t[at + 1] == END
    return bool(is_blank(code) or code in (_HASH, _LF, END, 93, 125))


@nb.njit(cache=True, nogil=True)
def _is_markdown_line(t: Codes, at: int, kinds: Kinds) -> bool:
    """Whether a fence or a heading of the second level opens a line."""
    stop = at + 3
    while at < stop and t[at] == 32:
        at += 1
    if t[at] == 96:
        return bool(t[at + 1] == 96 and t[at + 2] == 96)
    signs = run_of(t, at, _HASH)
    return bool(
        2 <= signs - at <= 6
        and t[signs] == 32
        and t[signs + 1] != END
        and not is_white(t[signs + 1], kinds)
    )


@nb.njit(cache=True, nogil=True)
def survey(t: Codes, places: Codes, n_places: int, kinds: Kinds) -> tuple[bool, bool]:
    """(whether a text is Markdown by links, fences or headings, whether it may define targets)."""
    markdown = defines = False
    for number in range(n_places):
        at = places[number]
        if t[at] == _LF:
            after = t[at + 1]
            if after == 32 or after == 9 or after == 91 or after == 96 or after == _HASH:
                defines |= may_define(t, at + 1)
                markdown = markdown or _is_markdown_line(t, at + 1, kinds)
        elif t[at] == 93:
            markdown = markdown or is_markdown_link(t, at + 1, kinds)
    return markdown, defines
