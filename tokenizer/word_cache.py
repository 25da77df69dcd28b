"""The words that an encoder remembers, and the loop over a batch, in compiled code.

A word that is remembered is one record of the arena, in which its ids and its bytes lie together:
[bytes: int32, ids: int32, the ids: int32 each, the bytes, padded to 4]. A slot of the hash table
holds the upper half of the word's hash, and in the lower half the record's place plus 1.
"""

from typing import NamedTuple

import numba
import numpy as np

from tokenizer.merges import UNHANDLED, Merges, merge
from tokenizer.words import NEWLINE, SPACE

LONGEST_BYTES = 4096  # of a word that is remembered

BLOCK = 32
"""Words that are looked up together."""


class Work(NamedTuple):
    """Room to work in; the first two int64[MOST_CHARACTERS], the others BLOCK long."""

    symbols: np.ndarray
    ranked: np.ndarray
    ends: np.ndarray  # int64
    hashes: np.ndarray  # uint64
    slots: np.ndarray  # uint64
    sizes: np.ndarray  # int32


_HALF = np.uint64(32)
_BASIS, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)  # FNV-1a
DONE, FULL, FOREIGN = range(3)
TEXT, AT, OUT, FIRST, END, TOP, COUNT = range(7)
"""The state of a batch: this text, the byte its next word begins at, ids written, those before this
text, where a word that SentencePiece must encode ends; of the cache: int32s used, and words."""


@numba.njit(cache=True, inline="always")
def _room(n_bytes: int) -> int:
    """int32s of the arena that a word of so many bytes may take: an id a byte, at most."""
    return 2 + n_bytes + (n_bytes + 3) // 4


@numba.njit(cache=True, inline="always")
def _spread(value: np.uint64) -> np.uint64:
    """A half of splitmix64's finaliser: the low bits name the slot, the high ones the word."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True)
def encode(
    data: np.ndarray,
    offsets: np.ndarray,
    slots: np.ndarray,
    arena: np.ndarray,
    arena_bytes: np.ndarray,
    work: Work,
    tables: Merges,
    state: np.ndarray,
    out: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """Encode from `state` on; says why it stopped: at the end, for room, or at a foreign word."""
    mask = np.uint64(len(slots) - 1)
    n_out, first = state[OUT], state[FIRST]
    at = state[AT]
    for text in range(state[TEXT], len(lengths)):
        stop = offsets[text + 1]
        while at < stop:
            start = at
            n_words = _scan(data, at, stop, work)
            _touch(work, n_words, slots, mask, arena)
            for word in range(n_words):
                end, value = work.ends[word], work.hashes[word]
                record = _find(data, start, end, value, slots, mask, arena, arena_bytes)
                if record >= 0:
                    count = arena[record + 1]
                    for i in range(record + 2, record + 2 + count):
                        out[n_out] = arena[i]
                        n_out += 1
                else:
                    full = 2 * state[COUNT] >= len(slots)
                    full |= len(arena) - state[TOP] < _room(LONGEST_BYTES)
                    count = UNHANDLED
                    if not full:
                        count = merge(
                            data, start, end, tables, work.symbols, work.ranked, out, n_out
                        )
                    if count < 0:
                        state[TEXT], state[AT], state[OUT] = text, start, n_out
                        state[FIRST], state[END] = first, end
                        return FULL if full else FOREIGN
                    _enter(
                        data, start, end, value, out, n_out, count, slots, mask, arena,
                        arena_bytes, state,
                    )  # fmt: skip
                    n_out += count
                start = end
            at = start
        lengths[text] = n_out - first
        first = n_out
        at = stop
    state[OUT] = n_out
    return DONE


@numba.njit(cache=True, inline="always")
def _scan(data: np.ndarray, at: int, stop: int, work: Work) -> int:
    """The ends and hashes of the next words, up to BLOCK of them; says how many."""
    n_words = 0
    while at < stop and n_words < BLOCK:
        value = _BASIS
        if data[at] == NEWLINE:
            value = (value ^ np.uint64(NEWLINE)) * _PRIME
            at += 1
        else:
            while at < stop and data[at] == SPACE:
                value = (value ^ np.uint64(SPACE)) * _PRIME
                at += 1
            while at < stop and data[at] != SPACE and data[at] != NEWLINE:
                value = (value ^ np.uint64(data[at])) * _PRIME
                at += 1
        work.ends[n_words], work.hashes[n_words] = at, _spread(value)
        n_words += 1
    return n_words


@numba.njit(cache=True, inline="always")
def _touch(work: Work, n_words: int, slots: np.ndarray, mask: np.uint64, arena: np.ndarray) -> None:
    """Read the slots and records of words ahead: the processor fetches many of them at a time."""
    for word in range(n_words):
        work.slots[word] = slots[work.hashes[word] & mask]
    for word in range(n_words):
        record = int(work.slots[word] & np.uint64(0xFFFFFFFF)) - 1
        work.sizes[word] = arena[max(record, 0)]


@numba.njit(cache=True, inline="always")
def _find(
    data: np.ndarray,
    start: int,
    end: int,
    value: np.uint64,
    slots: np.ndarray,
    mask: np.uint64,
    arena: np.ndarray,
    arena_bytes: np.ndarray,
) -> int:
    """The record of a word; -1 where it has none. Words are compared by their bytes."""
    slot = value & mask
    while slots[slot] != 0:
        if slots[slot] >> _HALF == value >> _HALF:
            record = int(slots[slot] & np.uint64(0xFFFFFFFF)) - 1
            if arena[record] == end - start:
                other = 4 * (record + 2 + arena[record + 1]) - start
                same = start
                while same < end and arena_bytes[other + same] == data[same]:
                    same += 1
                if same == end:
                    return record
        slot = (slot + np.uint64(1)) & mask
    return -1


@numba.njit(cache=True)
def _enter(
    data: np.ndarray,
    start: int,
    end: int,
    value: np.uint64,
    ids: np.ndarray,
    begin: int,
    count: int,
    slots: np.ndarray,
    mask: np.uint64,
    arena: np.ndarray,
    arena_bytes: np.ndarray,
    state: np.ndarray,
) -> None:
    """Remember a word that has no record, its ids `count` from `begin` on; there must be room."""
    record = state[TOP]
    arena[record], arena[record + 1] = end - start, count
    for i in range(count):
        arena[record + 2 + i] = ids[begin + i]
    first = 4 * (record + 2 + count)
    for i in range(end - start):
        arena_bytes[first + i] = data[start + i]
    state[TOP] = record + 2 + count + (end - start + 3) // 4
    state[COUNT] += 1
    _set(slots, mask, value, record)


@numba.njit(cache=True, inline="always")
def _set(slots: np.ndarray, mask: np.uint64, value: np.uint64, record: int) -> None:
    slot = value & mask
    while slots[slot] != 0:
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = value >> _HALF << _HALF | np.uint64(record + 1)


@numba.njit(cache=True, inline="always")
def _hash(data: np.ndarray, start: int, end: int) -> np.uint64:
    value = _BASIS
    for at in range(start, end):
        value = (value ^ np.uint64(data[at])) * _PRIME
    return _spread(value)


@numba.njit(cache=True)
def remember(
    data: np.ndarray,
    start: int,
    end: int,
    ids: np.ndarray,
    slots: np.ndarray,
    arena: np.ndarray,
    arena_bytes: np.ndarray,
    state: np.ndarray,
) -> None:
    """`_enter` for a word that another encoded."""
    mask, value = np.uint64(len(slots) - 1), _hash(data, start, end)
    _enter(data, start, end, value, ids, 0, len(ids), slots, mask, arena, arena_bytes, state)


@numba.njit(cache=True)
def refill(
    slots: np.ndarray, arena: np.ndarray, arena_bytes: np.ndarray, state: np.ndarray
) -> None:
    """The slots of all records, in a new table."""
    mask = np.uint64(len(slots) - 1)
    record = 0
    while record < state[TOP]:
        first = 4 * (record + 2 + arena[record + 1])
        _set(slots, mask, _hash(arena_bytes, first, first + arena[record]), record)
        record += 2 + arena[record + 1] + (arena[record] + 3) // 4
