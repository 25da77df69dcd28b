"""The one pass over a document's bytes that `features.measure` is made of.

`_scan` reads the characters once and leaves a key and the facts of each eojeol; what repeats and
what lines are is counted over these. An array handed to a function costs two atomic additions, so
no function is called for an eojeol, but where an address or a spam term may be.

All in one file: numba's cache of a function does not notice a change in another file. For the same
reason tables and thresholds come as arguments.
"""

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.feature_layout import (
    ADDRESS,
    ADDRESSES,
    BLANK,
    BULLET,
    BULLET_LINE_SHARE,
    BULLETED,
    CLASSES,
    DUPLICATE_LINE_SHARE,
    DUPLICATE_NGRAM_SHARE,
    ELLIPSIS_LINE_SHARE,
    ENDED,
    ENDING,
    EOJEOL,
    HANGUL_SHARE,
    HOLDS,
    KIND,
    KOREAN,
    LAST,
    LETTER,
    LINES,
    LONGEST,
    LONGEST_RUN_SHARE,
    MARK,
    MEAN_EOJEOL_LENGTH,
    MEAN_LINE_LENGTH,
    MENU_LINE_SHARE,
    MENUS,
    N_CHARS,
    N_EOJEOL,
    N_LINES,
    PARTICLE_SHARE,
    PARTICLES,
    PROSE,
    SAME_LINES,
    SAME_PHRASES,
    SENTENCE_END_SHARE,
    SENTENCE_SHARE,
    SEPARATOR,
    SEPARATORS,
    SHORT,
    SHORT_LINE_SHARE,
    SPAM,
    SPAM_SHARE,
    SYLLABLE,
    TALLY,
    TOP,
    TOP_EOJEOL_SHARE,
    TRAILING,
    URL_SHARE,
    Bytes,
    Column,
    Counts,
    Tables,
    Words,
)
from pipeline.kernels.feature_repeats import (
    PRIME,
    USED,
    WORD,
    count_lines,
    count_phrases,
    count_words,
    shift_for,
    slots_for,
)
from pipeline.kernels.feature_terms import count_terms
from pipeline.kernels.lexicon import Trie, pair_slot
from pipeline.kernels.utf8 import HAN, HANGUL, NEWLINE, NOT_NEGATIVE, REPLACED, SPACE, code_point

FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3


@nb.njit(cache=True, nogil=True)
def _is_bullet(data: Bytes, at: int, classes: npt.NDArray[np.uint16]) -> bool:
    """Whether the character at byte `at` is a bullet."""
    code, _ = code_point(data, at)
    return code < CLASSES and classes[code] & BULLET != 0


@nb.njit(cache=True, nogil=True)
def _is_ellipsis(data: Bytes, end: int) -> bool:
    """Whether … or three full stops end at byte `end`."""
    if end < 3:
        return False
    a, b, c = data[end - 3], data[end - 2], data[end - 1]
    return (a == 0xE2 and b == 0x80 and c == 0xA6) or (a == 46 and b == 46 and c == 46)


@nb.njit(cache=True, nogil=True)
def _scan(data: Bytes, tables: Tables, trie: Trie, tally: Counts, words: Words) -> tuple[int, int]:
    """Read a document into `words`; how many eojeol it has, and how many suspects."""
    classes, hints = tables.classes, trie.hints
    keys, facts, starts, suspects = words
    n = m = chars = hangul = seen = separators = width = 0
    last = -1  # no code point: what stands before an eojeol
    code: Any = 0
    tail: Any = 0
    before: Any = 0
    found: Any = 0
    longest = 1
    fresh, suspect = True, False
    key = WORD
    at = word_at = word_end = run_at = 0
    stop = len(data)
    while True:
        from_at = at
        while at < stop:  # syllables alone, with little to do for each
            at &= NOT_NEGATIVE
            lead = np.int64(data[at])
            if lead < 0xEA or lead > 0xED:
                break
            code = (
                (lead & 0x0F) << 12
                | (np.int64(data[at + 1]) & 0x3F) << 6
                | (np.int64(data[at + 2]) & 0x3F)
            )
            if code < FIRST_SYLLABLE or code > LAST_SYLLABLE:
                break
            key = (key ^ np.uint64(code)) * PRIME
            suspect |= hints[pair_slot(last, code)]
            if code == last:
                longest = max(longest, (at - run_at) // 3 + 1)
            else:
                run_at = at
            last = code
            at += 3
        if at > from_at:
            chars += (at - from_at) // 3
            hangul += (at - from_at) // 3
            tail = before = np.int64(classes[last])
            seen |= SYLLABLE
        found = BLANK | NEWLINE  # what every text ends with
        if at < stop:
            code, width = code_point(data, at)
            if code < CLASSES:
                found = np.int64(classes[code])
            else:
                found = LETTER | (HAN if code < 0x40000 else 0)
        if found & BLANK:
            if at > word_at:
                if fresh:
                    tally[BULLETED] += _is_bullet(data, word_at, classes)
                if suspect:
                    suspects[m, 0], suspects[m, 1] = word_at, at
                    m += 1
                keys[n] = key | USED
                facts[n] = tail | seen & (SYLLABLE | HOLDS) | separators << SEPARATORS
                starts[n + 1] = chars
                n += 1
                fresh, suspect, word_end = False, False, at
                key, tail, seen, separators, last = WORD, 0, 0, 0, -1
            if found & KIND == NEWLINE and not fresh:
                facts[n - 1] |= LAST
                tally[LINES] += 1
                tally[TRAILING] += _is_ellipsis(data, word_end)
                fresh, before = True, 0
            if at >= stop:
                break
            tally[found & KIND] += 1
            at += width
            word_at = at
            continue
        tally[found & KIND] += 1
        key = (key ^ np.uint64(code)) * PRIME
        suspect |= hints[pair_slot(last, code)]
        if code == last:
            longest = max(longest, (at - run_at) // width + 1)
        else:
            run_at = at
        at += width
        chars += 1
        if found & LETTER:
            tail = found
            seen |= found
            if found & ADDRESS and at < stop:
                suspect |= data[at] == 116 or data[at] == 119  # http, www
        else:
            separators += found & SEPARATOR != 0
            if found & MARK:
                tail |= MARK
                seen |= HOLDS if before & ENDING else 0
        before, last = found, code
    tally[HANGUL] += hangul
    tally[LONGEST] = longest
    tally[EOJEOL] = n
    return n, m


@nb.njit(cache=True, nogil=True)
def _write(tally: Counts, out: Column) -> None:
    """The features of one document, `out` float32[features], from its tally."""
    of_kind = tally[:LINES]
    chars = of_kind.sum() - of_kind[SPACE] - of_kind[NEWLINE]
    out[N_CHARS], out[N_EOJEOL], out[N_LINES] = of_kind.sum(), tally[EOJEOL], tally[LINES]
    if chars == 0:
        return
    for kind in range(HANGUL, REPLACED + 1):
        out[HANGUL_SHARE + kind - HANGUL] = of_kind[kind] / chars
    out[MEAN_EOJEOL_LENGTH] = chars / tally[EOJEOL]
    out[MEAN_LINE_LENGTH] = chars / tally[LINES]
    out[LONGEST_RUN_SHARE] = tally[LONGEST] / chars
    out[SHORT_LINE_SHARE] = tally[SHORT] / tally[LINES]
    out[SENTENCE_END_SHARE] = tally[ENDED] / tally[LINES]
    out[SENTENCE_SHARE] = tally[PROSE] / chars
    out[BULLET_LINE_SHARE] = tally[BULLETED] / tally[LINES]
    out[ELLIPSIS_LINE_SHARE] = tally[TRAILING] / tally[LINES]
    out[MENU_LINE_SHARE] = tally[MENUS] / tally[LINES]
    out[DUPLICATE_LINE_SHARE] = tally[SAME_LINES] / chars
    out[PARTICLE_SHARE] = tally[PARTICLES] / tally[KOREAN] if tally[KOREAN] else 0.0
    out[TOP_EOJEOL_SHARE] = tally[TOP] / chars
    out[DUPLICATE_NGRAM_SHARE] = tally[SAME_PHRASES] / chars
    out[URL_SHARE] = tally[ADDRESSES] / chars
    out[SPAM_SHARE] = tally[SPAM] / chars


@nb.njit(cache=True, nogil=True)
def _room(most: int) -> Words:
    """Room for the eojeol of a document; what is not used is never touched."""
    return Words(
        np.empty(most, np.uint64),
        np.empty(most, np.int64),
        np.zeros(most + 1, np.int64),
        np.empty((most, 2), np.int64),
    )


@nb.njit(cache=True, nogil=True)
def measure_all(data: Bytes, offsets: Counts, out: Column, tables: Tables, trie: Trie) -> None:
    """Fill `out`, float32[features, texts], for the texts between `offsets` of `data`."""
    tally = np.zeros(TALLY, np.int64)
    room = 0
    for row in range(len(offsets) - 1):
        text = data[offsets[row] : offsets[row + 1]]
        if room == 0 or len(text) > room:
            room = max(2 * room, len(text), 1)
            most = room // 2 + 1  # an eojeol takes a byte and one between
            words = _room(most)
            counted = np.empty((slots_for(most), 2), np.uint64)
            phrases = np.empty(slots_for(2 * most), np.uint64)
        tally[:] = 0
        n, m = _scan(text, tables, trie, tally, words)
        slots = slots_for(n)
        counted[:slots] = 0
        count_words(n, words, counted[:slots], shift_for(slots), tally)
        slots = slots_for(n + tally[LINES])
        phrases[:slots] = 0
        count_phrases(n, words, phrases[:slots], shift_for(slots), tally)
        count_lines(n, words, phrases[:slots], shift_for(slots), tables.short_line, tally)
        if m:
            count_terms(text, words.suspect[:m], tables, trie, tally)
        _write(tally, out[:, row])
