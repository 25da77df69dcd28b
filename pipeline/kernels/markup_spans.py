"""Emphasis and the anchors of headings inside lines, as `pipeline.text.lines_scan` finds them."""

import numba as nb
import numpy as np

from pipeline.kernels.markup_cuts import (
    DIRECTIVE,
    EMPHASIS,
    FILLED,
    MARKDOWN,
    MARKS,
    PAIRS,
    WAITING,
    Places,
    cut,
)
from pipeline.kernels.markup_decode import Scratch
from pipeline.kernels.markup_inline import anchor, is_alnum
from pipeline.kernels.markup_lines import END, NONE, Codes, Kinds, Words, is_blank, is_white, run_of

_MOST = 1_000
"""Code points that are emphasised."""
_LF = 10


@nb.njit(cache=True, nogil=True)
def anchor_token(t: Codes, at: int, cuts: Places, state: Places, where: Codes, words: Words) -> int:
    end = anchor(t, at, words)
    if end != NONE:
        start = at
        while start > at - 20 and is_blank(t[start - 1]):
            start -= 1
        cut(cuts, state, where, DIRECTIVE, start, end, 0)
    return end


@nb.njit(cache=True, nogil=True)
def emphasis_token(
    t: Codes, at: int, pairs: Codes, state: Places, kinds: Kinds, words: Words
) -> int:
    mark = t[at]
    end = run_of(t, at, mark)
    width = end - at
    if width < 2:
        return NONE
    state[MARKS] += 1
    waiting = state[WAITING]
    state[WAITING] = 0
    if width > 3:
        return end
    before, after = t[at - 1], t[end]
    closes = not is_white(before, kinds) and not is_alnum(after)
    if waiting and closes and t[waiting] == mark and run_of(t, waiting, mark) == waiting + width:
        near = at - waiting < _MOST
        if near and _is_emphasised(t, waiting + width, at):
            if (
                t[waiting + width] != 47
                and before != 47
                and _holds_word(t, waiting + width, at, words)
            ):
                pair = pairs[state[PAIRS]]
                pair[0], pair[1], pair[2] = waiting, at, width
                state[PAIRS] += 1
                state[FILLED] += t[waiting - 1] == _LF and after in (END, _LF)
            return end
    if _is_opener(before) and after != END and not is_white(after, kinds):
        state[WAITING] = at
    return end


@nb.njit(cache=True, nogil=True)
def _is_emphasised(t: Codes, first: int, end: int) -> bool:
    """Whether no line ends between two marks, and underscores hold no plain name."""
    plain = t[end] == 95
    for at in range(first, end):
        if t[at] == _LF:
            return False
        plain &= t[at] < 0x80 and t[at] != 32
    return not plain


@nb.njit(cache=True, nogil=True)
def _holds_word(t: Codes, first: int, end: int, words: Words) -> bool:
    at = first
    while at < end and not words[t[at]]:
        at += 1
    return at < end


@nb.njit(cache=True, nogil=True)
def _is_opener(sign: int) -> bool:
    r"""Whether emphasis may open behind it: one of ` \t\n([{"'<>~:,·/|“‘《「『`."""
    return (
        9 <= sign <= 10
        or sign == 32
        or sign == 34
        or 39 <= sign <= 40
        or sign == 44
        or sign == 47
        or sign == 58
        or sign == 60
        or sign == 62
        or sign == 91
        or 123 <= sign <= 124
        or sign == 126
        or sign == 0xB7
        or sign == 0x2018
        or sign == 0x201C
        or sign == 0x300A
        or sign == 0x300C
        or sign == 0x300E
    )


@nb.njit(cache=True, nogil=True)
def cut_emphasis(scratch: Scratch, cuts: Places, state: Places) -> None:
    """Cut the pairs of marks where they are emphasis; see `lines_scan.Scan._is_emphasis`."""
    n = state[PAIRS]
    if state[MARKDOWN] or (state[MARKS] == 2 * n and (n > 1 or state[FILLED] > 0)):
        for number in range(n):
            pair = scratch.pairs[number]
            first, last, width = np.int64(pair[0]), np.int64(pair[1]), np.int64(pair[2])
            cut(cuts, state, scratch.where, EMPHASIS, first, first + width, 0)
            cut(cuts, state, scratch.where, EMPHASIS, last, last + width, 0)
