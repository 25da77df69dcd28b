"""The four passes over one document that `features.measure` is made of.

All in one file: numba's cache of a function does not notice a change in another file. For the same
reason thresholds and tables come as arguments.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.feature_list import FEATURE_NAMES
from pipeline.kernels.feature_tables import Tables
from pipeline.kernels.lexicon import Trie, pair_slot
from pipeline.kernels.utf8 import (
    HANGUL,
    JAMO,
    N_KINDS,
    NEWLINE,
    REPLACED,
    SPACE,
    SYMBOL,
    code_point,
    is_space,
)

Bytes = npt.NDArray[np.uint8]
Column = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

LETTER_H, LETTER_W = ord("h"), ord("w")  # what a web address starts with
MENU_EOJEOL, MENU_ITEMS, MENU_ITEM_CHARS = 3, 3, 12

(
    N_CHARS,
    N_EOJEOL,
    N_LINES,
    MEAN_EOJEOL_LENGTH,
    HANGUL_SHARE,  # the shares of kinds stand in the order of the kinds
    JAMO_SHARE,
    HAN_SHARE,
    KANA_SHARE,
    LATIN_SHARE,
    DIGIT_SHARE,
    SYMBOL_SHARE,
    REPLACEMENT_SHARE,
    LONGEST_RUN_SHARE,
    SHORT_LINE_SHARE,
    SENTENCE_END_SHARE,
    SENTENCE_SHARE,
    BULLET_LINE_SHARE,
    MENU_LINE_SHARE,
    DUPLICATE_LINE_SHARE,
    PARTICLE_SHARE,
    TOP_EOJEOL_SHARE,
    DUPLICATE_NGRAM_SHARE,
    URL_SHARE,
    SPAM_SHARE,
) = range(len(FEATURE_NAMES))

_FNV, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_GRAM_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Seen(NamedTuple):
    """A hash table shared by all documents (open addressing): entries count under their stamp."""

    key: npt.NDArray[np.uint64]
    times: npt.NDArray[np.int64]
    stamp: npt.NDArray[np.int64]


@nb.njit(cache=True, nogil=True)
def _table_size(entries: int) -> int:
    """Slots for `entries` keys: a power of two, at most half full."""
    size = 8
    while size < 2 * entries:
        size *= 2
    return size


@nb.njit(inline="always")
def _occurrence(seen: Seen, key: np.uint64, mask: int, stamp: int) -> int:
    """How often `key` came before under `stamp`; counts it once more."""
    slot = np.int64((key ^ (key >> np.uint64(29))) & np.uint64(mask))
    while seen.stamp[slot] == stamp and seen.key[slot] != key:
        slot = (slot + 1) & mask
    if seen.stamp[slot] != stamp:
        seen.stamp[slot], seen.key[slot], seen.times[slot] = stamp, key, 0
    seen.times[slot] += 1
    return seen.times[slot] - 1


@nb.njit(cache=True, nogil=True)
def _hashed(state: np.uint64, code: int) -> np.uint64:
    return (state ^ np.uint64(code)) * _FNV_PRIME


@nb.njit(cache=True, nogil=True)
def _count_characters(text: Bytes, kinds: Bytes, out: Column, counts: Counts) -> None:
    """Kinds of characters, the longest run; `counts` becomes [characters not space, eojeol]."""
    of_kind = np.zeros(N_KINDS, np.int64)
    eojeol = longest = run = 0
    last, last_kind = -1, SPACE
    at = 0
    while at < len(text):
        code, width = code_point(text, at)
        at += width
        kind = kinds[code]
        of_kind[kind] += 1
        if is_space(kind):
            run = 0
        else:
            eojeol += is_space(last_kind)
            run = run + 1 if code == last else 1
            longest = max(longest, run)
        last, last_kind = code, kind
    chars = of_kind.sum() - of_kind[SPACE] - of_kind[NEWLINE]
    counts[0], counts[1] = chars, eojeol
    out[N_CHARS], out[N_EOJEOL] = of_kind.sum(), eojeol
    if chars:
        out[MEAN_EOJEOL_LENGTH] = chars / eojeol
        out[LONGEST_RUN_SHARE] = longest / chars
        for kind in range(HANGUL, REPLACED + 1):
            out[HANGUL_SHARE + kind - HANGUL] = of_kind[kind] / chars


@nb.njit(cache=True, nogil=True)
def _scan_lines(
    text: Bytes, tables: Tables, out: Column, counts: Counts, seen: Seen, stamp: int
) -> None:
    """What lines are: short, sentences, bulleted, menus, repeated."""
    mask = _table_size(counts[1]) - 1  # there are no more lines than eojeol
    lines = short = ended = bulleted = menus = 0
    prose = repeated = 0
    at = 0
    while at < len(text):
        chars = eojeol = separators = last = 0
        sentence = holds = bullet = False
        in_space = True
        state, trimmed = _FNV, _FNV  # of the line so far, and up to its last character
        while at < len(text):
            code, width = code_point(text, at)
            at += width
            kind = tables.kinds[code]
            if kind == NEWLINE:
                break
            if chars or kind != SPACE:
                state = _hashed(state, code)
            if kind == SPACE:
                in_space = True
                continue
            trimmed = state
            eojeol += in_space
            in_space = False
            chars += 1
            basic = code < 0x10000
            if chars == 1:
                bullet = basic and tables.bullet[code]
            separators += basic and tables.separator[code]
            if basic and tables.mark[code]:
                holds |= tables.ending[last]
                sentence = True
            elif kind != SYMBOL and kind != JAMO:
                sentence = basic and tables.ending[code]
            last = code if basic else 0
        if chars == 0:
            continue
        lines += 1
        short += chars < tables.short_line
        ended += sentence
        bulleted += bullet
        if sentence or holds:
            prose += chars
        elif eojeol <= MENU_EOJEOL or (
            separators >= MENU_ITEMS - 1 and chars <= MENU_ITEM_CHARS * (separators + 1)
        ):
            menus += 1
        if _occurrence(seen, trimmed, mask, stamp):
            repeated += chars
    out[N_LINES] = lines
    out[SHORT_LINE_SHARE] = short / lines
    out[SENTENCE_END_SHARE] = ended / lines
    out[SENTENCE_SHARE] = prose / counts[0]
    out[BULLET_LINE_SHARE] = bulleted / lines
    out[MENU_LINE_SHARE] = menus / lines
    out[DUPLICATE_LINE_SHARE] = repeated / counts[0]


@nb.njit(cache=True, nogil=True)
def _scan_eojeol(
    text: Bytes, tables: Tables, out: Column, counts: Counts, seen: Seen, stamp: int
) -> None:
    """Particles at the ends of eojeol; eojeol and n-grams that repeat."""
    mask = _table_size(2 * counts[1]) - 1  # eojeol and n-grams
    with_hangul = particles = top = repeated = 0
    window = np.zeros(tables.ngram, np.uint64)
    lengths = np.zeros(tables.ngram, np.int64)
    n, covered = 0, 0  # eojeol so far; those before `covered` are counted as repeated or past
    at = 0
    while at < len(text):
        chars = 0
        word = hangul = particle = False
        state = _FNV
        while at < len(text):
            code, width = code_point(text, at)
            at += width
            kind = tables.kinds[code]
            if is_space(kind):
                break
            state = _hashed(state, code)
            chars += 1
            hangul |= kind == HANGUL
            if kind != SYMBOL and kind != JAMO:
                word = True
                particle = code < 0x10000 and tables.particle[code]
        if chars == 0:
            continue
        with_hangul += hangul
        particles += hangul and particle
        window[n % tables.ngram], lengths[n % tables.ngram] = state, chars
        n += 1
        if word:
            top = max(top, _occurrence(seen, state, mask, stamp) * chars)
        if n >= tables.ngram:
            gram = np.uint64(0)
            for back in range(tables.ngram):
                gram = gram * _GRAM_PRIME + window[(n + back) % tables.ngram]
            if _occurrence(seen, gram, mask, stamp):
                for index in range(max(covered, n - tables.ngram), n):
                    repeated += lengths[index % tables.ngram]
                covered = n
    out[PARTICLE_SHARE] = particles / with_hangul if with_hangul else 0.0
    out[TOP_EOJEOL_SHARE] = top / counts[0]
    out[DUPLICATE_NGRAM_SHARE] = repeated / counts[0]


@nb.njit(cache=True, nogil=True)
def _url_end(text: Bytes, at: int, url: npt.NDArray[np.bool_]) -> int:
    """Where the address that starts at byte `at` ends, or `at` if none starts."""
    h, t, p, s, w, colon, slash, dot = 104, 116, 112, 115, 119, 58, 47, 46
    if at + 8 > len(text):
        return at
    if text[at] == h and text[at + 1] == t and text[at + 2] == t and text[at + 3] == p:
        scheme = at + 4 + (text[at + 4] == s)
        if not (text[scheme] == colon and text[scheme + 1] == slash and text[scheme + 2] == slash):
            return at
    elif not (text[at] == w and text[at + 1] == w and text[at + 2] == w and text[at + 3] == dot):
        return at
    while at < len(text) and url[text[at]]:
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def _term_end(text: Bytes, at: int, trie: Trie) -> tuple[int, int]:
    """(end, characters) of the longest spam term that starts at byte `at`; (at, 0) if none does."""
    best, best_chars, chars, node = at, 0, 0, 0
    while at < len(text):
        code, width = code_point(text, at)
        following = 0
        for edge in range(trie.first[node], trie.first[node + 1]):
            if trie.label[edge] == code:
                following = trie.child[edge]
                break
        if following == 0:
            break
        node = following
        at += width
        chars += 1
        if trie.final[node]:
            best, best_chars = at, chars
    return best, best_chars


@nb.njit(cache=True, nogil=True)
def _scan_terms(text: Bytes, tables: Tables, trie: Trie, out: Column, counts: Counts) -> None:
    """Characters of web addresses and of spam terms."""
    addresses = spam = terms = 0
    last, last_at = 0, 0
    at = 0
    while at < len(text):
        code, width = code_point(text, at)
        if code in (LETTER_H, LETTER_W):
            after = _url_end(text, at, tables.url)
            if after > at:
                addresses += after - at
                last, at = 0, after
                continue
        if last and trie.pairs[pair_slot(last, code)]:
            after, chars = _term_end(text, last_at, trie)
            if chars:
                terms += 1
                spam += chars if terms > 1 else 0  # one mention is no spam
                last, at = 0, after
                continue
        last, last_at = code, at
        at += width
    out[URL_SHARE] = addresses / counts[0]
    out[SPAM_SHARE] = spam / counts[0]


@nb.njit(cache=True, nogil=True)
def measure_all(data: Bytes, offsets: Counts, out: Column, tables: Tables, trie: Trie) -> None:
    """Fill `out`, float32[features, texts], for the texts between `offsets` of `data`."""
    n = len(offsets) - 1
    counts = np.zeros((n, 2), np.int64)  # characters and eojeol of each text
    most = 0
    for row in range(n):
        text = data[offsets[row] : offsets[row + 1]]
        _count_characters(text, tables.kinds, out[:, row], counts[row])
        most = max(most, counts[row, 1])
    size = _table_size(2 * most)
    seen = Seen(np.zeros(size, np.uint64), np.zeros(size, np.int64), np.zeros(size, np.int64))
    for row in range(n):
        if counts[row, 0]:
            text, column = data[offsets[row] : offsets[row + 1]], out[:, row]
            _scan_lines(text, tables, column, counts[row], seen, 2 * row + 1)
            _scan_eojeol(text, tables, column, counts[row], seen, 2 * row + 2)
            _scan_terms(text, tables, trie, column, counts[row])
