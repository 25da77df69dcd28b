"""Which HTML tags of a text are left-over markup: `pipeline.text.lines_tags.tag_edits` in numba."""

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.markup_elements import (
    BREAK,
    BREAK_LINE,
    CASE,
    CELL,
    CLOSING,
    ELEMENT,
    END,
    IN_TABLE,
    INLINE,
    LAYOUT,
    LINE_BREAK,
    MIXED,
    NAME_END,
    NO_BREAK,
    PARTNER,
    SPACE,
    START,
    VOID,
    WORD_BREAK,
    Elements,
)
from pipeline.kernels.markup_inline import Names, is_alnum, starts_with
from pipeline.kernels.markup_lines import Codes, Kinds, Words, is_letter, is_white

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

MIN_BREAKS = 3
"""So many `<br>` in a text are its own line breaks, whatever follows them."""


@nb.njit(cache=True, nogil=True)
def _is_quote(code: int) -> bool:
    """Whether it is one of `'"`’”`."""
    return code == 39 or code == 34 or code == 96 or code == 0x2019 or code == 0x201D


@nb.njit(cache=True, nogil=True)
def _is_spoken_of(
    t: Codes,
    n: int,
    start: int,
    end: int,
    named: Names,
    kinds: Kinds,
    words: Words,
) -> bool:
    before = t[start - 1]
    if before == 92:
        return True
    quoted = before == 39 or before == 34 or before == 96 or before == 0x201C or before == 0x2018
    if quoted and (end == n or _is_quote(t[end])):
        return True
    stop = min(end + 12, n)
    at = end
    while at < stop and (_is_quote(t[at]) or t[at] == 41 or t[at] == 93):
        at += 1
    if at < stop and is_white(t[at], kinds):
        at += 1
    for number in range(len(named)):
        after = starts_with(t, at, named, number)
        if after < 0 or after > stop:
            continue
        if t[after - 1] > 0x7F or t[after - 1] == 71:  # 태그, TAG
            return True
        if after < stop and t[after] == 115:
            after += 1
        if after == stop or not words[t[after]]:
            return True
    return False


@nb.njit(cache=True, nogil=True)
def _has_attributes(t: Codes, at: int, stop: int, flags: Names, kinds: Kinds, words: Words) -> bool:
    """Whether `name=value`, `hidden` or `controls` follows a tag's name."""
    first = at
    while at < stop and is_white(t[at], kinds):
        at += 1
    if at in (first, stop):
        return False
    name = at
    if is_letter(t[at]) or t[at] == 95 or t[at] == 58 or t[at] == 64:
        at += 1
        while at < stop and (words[t[at]] or t[at] == 58 or t[at] == 46 or t[at] == 45):
            at += 1
        while at < stop and is_white(t[at], kinds):
            at += 1
        if at < stop and t[at] == 61:
            at += 1
            while at < stop and is_white(t[at], kinds):
                at += 1
            if at < stop and (words[t[at]] or _is_value_sign(t[at])):
                return True
    for number in range(len(flags)):
        end = starts_with(t, name, flags, number)
        if 0 <= end <= stop and (end == stop or not words[t[end]]):
            return True
    return False


@nb.njit(cache=True, nogil=True)
def _is_value_sign(code: int) -> bool:
    r"""Whether it is `[\\"'#/{(.&-]`."""
    return (
        code == 92
        or code == 34
        or code == 39
        or code == 35
        or code == 123
        or code == 40
        or code == 38
        or 45 <= code <= 47
    )


@nb.njit(cache=True, nogil=True)
def _is_listed(t: Codes, at: int, stop: int, kinds: Kinds) -> bool:
    """Whether `, `, `와 ` or a quotation mark follows a tag, and so on: it is one of a list."""
    if at < stop and _is_quote(t[at]):
        return True
    if at < stop and is_white(t[at], kinds):
        at += 1
    if at >= stop:
        return False
    code = t[at]
    if code == 44 or code == 0xB7 or code == 0x3001:
        return True
    white = at + 1 < stop and is_white(t[at + 1], kinds)
    if white and (code == 0xC640 or code == 0xACFC or code == 0xBC0F or code == 0xB098):
        return True  # 와 과 및 나
    if (code == 0xB610 and at + 1 < stop and t[at + 1] == 0xB294) or (  # 또는
        code == 0xC774 and at + 1 < stop and t[at + 1] == 0xB098  # 이나
    ):
        return at + 2 < stop and is_white(t[at + 2], kinds)
    if code == 47:
        place = at + 2 if white else at + 1
        return bool(place < stop and t[place] == 60)
    return False


@nb.njit(cache=True, nogil=True)
def _has_particle(t: Codes, at: int, stop: int, particles: Names, kinds: Kinds) -> bool:
    """Whether a particle and the end of the word follow a tag."""
    for number in range(len(particles)):
        end = starts_with(t, at, particles, number)
        if 0 <= end < stop:
            code = t[end]
            if (
                code == 44
                or code == 46
                or code == 0xC740
                or code == 0xB294
                or is_white(code, kinds)
            ):
                return True
    return False


@nb.njit(cache=True, nogil=True)
def _pair(tags: Ints, n_tags: int, traits: Ints) -> None:
    """Fill PARTNER: the tag that opens or closes the same element, -1 without one."""
    opened = np.full(len(traits), -1, np.int32)
    for at in range(n_tags):
        element = tags[at, ELEMENT]
        tags[at, PARTNER] = -1
        if element < 0 or traits[element] & VOID:
            continue
        last = opened[element]
        if not tags[at, CLOSING]:
            tags[at, PARTNER] = -2 - last  # what was open before; until it is closed itself
            opened[element] = at
        elif last >= 0:
            opened[element] = -2 - tags[last, PARTNER]
            tags[at, PARTNER], tags[last, PARTNER] = last, at
    for at in range(n_tags):
        tags[at, PARTNER] = max(tags[at, PARTNER], -1)


@nb.njit(cache=True, nogil=True)
def _is_loose_markup(
    t: Codes,
    n: int,
    tag: Ints,
    evidence: bool,
    times: int,
    traits: int,
    particles: Names,
    kinds: Kinds,
) -> bool:
    """Whether a tag without attributes and partner is markup."""
    start, end = np.int64(tag[START]), np.int64(tag[END])
    stop = min(end + 8, n)
    if tag[CASE] == MIXED or _is_listed(t, end, stop, kinds):
        return False
    named = _has_particle(t, end, stop, particles, kinds)
    if traits & BREAK:
        return evidence or times >= MIN_BREAKS or not named
    if traits & WORD_BREAK:
        return True
    if tag[CLOSING]:
        return evidence or not named
    if is_alnum(t[start - 1]):
        return False  # a type parameter: List<p>
    return bool(traits & LAYOUT) and (evidence or times >= 2) and not named


@nb.njit(cache=True, nogil=True)
def after_tag(t: Codes, n: int, tag: Ints, traits: int) -> int:
    """What a tag leaves."""
    if traits & INLINE:
        return NO_BREAK
    if traits & CELL or tag[IN_TABLE]:
        return SPACE
    if tag[END] == n or t[tag[END]] == 10:
        return NO_BREAK
    if not traits & LINE_BREAK and t[tag[START] - 1] == 10:
        return NO_BREAK
    return BREAK_LINE


@nb.njit(cache=True, nogil=True)
def mark_tags(
    t: Codes, n: int, tags: Ints, n_tags: int, elements: Elements, kinds: Kinds, words: Words
) -> Bools:
    """bool[n_tags]: which of `tags` are cut."""
    cut = np.zeros(n_tags, np.bool_)
    unknown = known = 0
    for at in range(n_tags):
        if tags[at, CLOSING]:
            known += tags[at, ELEMENT] >= 0
            unknown += tags[at, ELEMENT] < 0
    if unknown > known:
        return cut
    _pair(tags, n_tags, elements.traits)
    spoken = np.zeros(n_tags, np.bool_)
    loose = np.zeros(len(elements.keys), np.int64)
    for at in range(n_tags):
        start, end = np.int64(tags[at, START]), np.int64(tags[at, END])
        name = np.int64(tags[at, NAME_END])
        if tags[at, ELEMENT] >= 0:
            spoken[at] = _is_spoken_of(t, n, start, end, elements.named, kinds, words)
            loose[tags[at, ELEMENT]] += 1
            cut[at] = not tags[at, CLOSING] and _has_attributes(
                t, name, end - 1, elements.flags, kinds, words
            )
    for at in range(n_tags):
        partner = tags[at, PARTNER]
        cut[at] |= partner >= 0 and not spoken[partner]
        cut[at] &= not spoken[at]
    evidence = cut.any()
    for at in range(n_tags):
        element = tags[at, ELEMENT]
        if element >= 0 and not cut[at] and not spoken[at] and tags[at, PARTNER] < 0:
            cut[at] = _is_loose_markup(
                t, n, tags[at], evidence, loose[element], elements.traits[element],
                elements.particles, kinds,
            )  # fmt: skip
    return cut
