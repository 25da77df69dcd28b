"""The elements of HTML in numba: which one a name is, what kind of element, where it ends."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.markup_inline import Names, name_table
from pipeline.kernels.markup_lines import NONE, Codes, Kinds, is_letter, is_white

INLINE, CELL, VOID, LAYOUT, BREAK, LINE_BREAK, WORD_BREAK = (1 << bit for bit in range(7))
"""What an element is, bits of `Elements.traits`."""
START, END, NAME_END, ELEMENT, CLOSING, IN_TABLE, CASE, PARTNER = range(8)
"""Columns of a tag, int32[tags, 8]; ELEMENT is -1 for a name that is none of HTML's."""
LOWER, UPPER, MIXED = range(3)
"""How a tag's name is written: column CASE."""
NO_BREAK, BREAK_LINE, SPACE = range(3)
"""What stands where a tag stood: nothing, a line feed, a blank."""
_LETTERS = 10


class Elements(NamedTuple):
    """The elements of HTML in the order of `keys`."""

    keys: npt.NDArray[np.int64]  # [elements] `element_key` of the names, ascending
    traits: npt.NDArray[np.int32]  # [elements]
    opaque: npt.NDArray[np.int32]  # [elements] row of `ends` where it holds no markup, else -1
    ends: Names  # names of those that hold no markup
    named: Names  # words that follow a tag that is spoken of
    particles: Names
    flags: Names  # attributes without a value


def element_table(traits: dict[str, int]) -> Elements:
    """The tables for elements by name, each with the bits of what it is."""
    keys = {_key(name): name for name in traits}
    order = sorted(keys)
    opaque = np.full(len(order), -1, np.int32)
    ends = "script style pre code textarea"
    for number, name in enumerate(ends.split()):
        opaque[order.index(_key(name))] = number
    return Elements(
        np.array(order, np.int64),
        np.array([traits[keys[key]] for key in order], np.int32),
        opaque,
        name_table(ends),
        name_table("태그 요소 엘리먼트 테그 속성 컴포넌트 Tag tag Element element TAG"),
        name_table("은 는 을 를 의 에 에서 로 으로 이 가 와 과 도 만 이라 라"),
        name_table("hidden controls"),
    )


def _key(name: str) -> int:
    return int(element_key(np.array([*map(ord, name)], np.int32), 0, len(name)))


@nb.njit(cache=True, nogil=True)
def element_key(t: Codes, first: int, end: int) -> int:
    """A name in six bits a letter; -1 for one of more than ten letters."""
    if end - first > _LETTERS:
        return -1
    key = np.int64(0)
    for at in range(first, end):
        code = t[at]
        code = code & 31 if is_letter(code) else (code - 48 + 32 if code >= 48 else 63)
        key = key << 6 | code
    return int(key)


@nb.njit(cache=True, nogil=True)
def element_of(t: Codes, first: int, end: int, keys: npt.NDArray[np.int64]) -> int:
    """Which of `keys` a tag's name is, -1 for none."""
    key = element_key(t, first, end)
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == key else -1


@nb.njit(cache=True, nogil=True)
def case_of(t: Codes, first: int, end: int) -> int:
    lower = upper = False
    for at in range(first, end):
        lower |= 97 <= t[at] <= 122
        upper |= 65 <= t[at] <= 90
    if not upper:
        return LOWER
    return MIXED if lower else UPPER


@nb.njit(cache=True, nogil=True)
def ends_element(t: Codes, at: int, ends: Names, number: int, kinds: Kinds) -> int:
    """Behind `</name >` at `at`, of the name in row `number` of `ends`; NONE without it."""
    at += 2
    for place in range(ends.shape[1]):
        letter = ends[number, place]
        if letter == 0:
            break
        code = 115 if t[at] == 0x17F else t[at] | 32  # ſ is an s to the pattern
        if code != letter:
            return NONE
        at += 1
    while is_white(t[at], kinds):
        at += 1
    return at + 1 if t[at] == 62 else NONE
