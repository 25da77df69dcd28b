"""What repeats and what lines are, counted over the eojeol of a document.

`words` are what `feature_scan` read. Tables of hashes are open: `table` comes empty, stays at most
half full, and `shift` moves the high bits of a key down to a slot.
"""

import numba as nb
import numpy as np

from pipeline.kernels.feature_layout import (
    ENDED,
    ENDING,
    HOLDS,
    KOREAN,
    LAST,
    LETTER,
    MARK,
    MENUS,
    PARTICLE,
    PARTICLES,
    PROSE,
    SAME_LINES,
    SAME_PHRASES,
    SEPARATORS,
    SHORT,
    SYLLABLE,
    TOP,
    Counts,
    Hashes,
    Words,
)

MENU_EOJEOL, MENU_ITEMS, MENU_ITEM_CHARS = 3, 3, 12
NGRAM = 4

WORD, LINE = np.uint64(0xCBF29CE484222325), np.uint64(0x6C62272E07BB0142)  # what hashes start with
PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio
USED = np.uint64(1)  # set in every key: 0 marks an empty slot


@nb.njit(cache=True, nogil=True)
def slots_for(entries: int) -> int:
    """Slots for `entries` keys: a power of two, at most half full."""
    slots = 8
    while slots < 2 * entries:
        slots *= 2
    return slots


@nb.njit(cache=True, nogil=True)
def shift_for(slots: int) -> np.uint64:
    """What moves the high bits of a key down to a slot."""
    bits = 0
    while 1 << bits < slots:
        bits += 1
    return np.uint64(64 - bits)


@nb.njit(cache=True, nogil=True)
def count_words(n: int, words: Words, table: Hashes, shift: np.uint64, tally: Counts) -> None:
    """Eojeol with Hangul, with particles, and the one that repeats most.

    `table`, uint64[slots, 2], is empty: a key and how often it came.
    """
    keys, facts, starts, _ = words
    top = korean = particles = 0
    last_slot = len(table) - 1
    for i in range(n):
        korean += facts[i] & SYLLABLE != 0
        particles += facts[i] & (SYLLABLE | PARTICLE) == SYLLABLE | PARTICLE
        if not facts[i] & LETTER:
            continue
        slot = np.int64(keys[i] >> shift)
        while table[slot, 0] != keys[i]:
            if table[slot, 0] == 0:
                table[slot, 0] = keys[i]
                break
            slot = (slot + 1) & last_slot
        times = np.int64(table[slot, 1])
        table[slot, 1] = np.uint64(times + 1)
        top = max(top, times * (starts[i + 1] - starts[i]))
    tally[TOP], tally[KOREAN], tally[PARTICLES] = top, korean, particles


@nb.njit(cache=True, nogil=True)
def count_phrases(n: int, words: Words, table: Hashes, shift: np.uint64, tally: Counts) -> None:
    """Characters in runs of NGRAM eojeol that came before; `table`, uint64[slots], is empty."""
    keys, _, starts, _ = words
    same = covered = 0  # characters up to `covered` are counted as repeated, or are past
    last_slot = len(table) - 1
    for i in range(NGRAM - 1, n):
        phrase = WORD
        for j in range(i - NGRAM + 1, i + 1):
            phrase = (phrase ^ keys[j]) * PRIME
        phrase |= USED
        slot = np.int64(phrase >> shift)
        while table[slot] != phrase and table[slot] != 0:
            slot = (slot + 1) & last_slot
        if table[slot] == phrase:
            same += starts[i + 1] - max(covered, starts[i - NGRAM + 1])
            covered = starts[i + 1]
        table[slot] = phrase
    tally[SAME_PHRASES] = same


@nb.njit(cache=True, nogil=True)
def count_lines(
    n: int, words: Words, table: Hashes, shift: np.uint64, short_line: int, tally: Counts
) -> None:
    """What lines are: short, sentences, menus, repeated. `table` may hold phrases already."""
    keys, facts, starts, _ = words
    last_slot = len(table) - 1
    first, line, tail, holds, separators = 0, LINE, 0, 0, 0
    for i in range(n):
        line = (line ^ keys[i]) * PRIME
        holds |= facts[i] & HOLDS
        separators += facts[i] >> SEPARATORS
        tail = facts[i] if facts[i] & LETTER else tail | facts[i] & MARK
        if not facts[i] & LAST:
            continue
        chars = starts[i + 1] - starts[first]
        tally[SHORT] += chars < short_line
        ended = tail & (MARK | ENDING) != 0
        tally[ENDED] += ended
        if ended or holds:
            tally[PROSE] += chars
        elif i - first < MENU_EOJEOL or (
            separators >= MENU_ITEMS - 1 and chars <= MENU_ITEM_CHARS * (separators + 1)
        ):
            tally[MENUS] += 1
        line |= USED
        slot = np.int64(line >> shift)
        while table[slot] != line and table[slot] != 0:
            slot = (slot + 1) & last_slot
        tally[SAME_LINES] += chars if table[slot] == line else 0
        table[slot] = line
        first, line, tail, holds, separators = i + 1, LINE, 0, 0, 0
