"""Encoding in compiled code: SentencePiece's ids, remembered by word.

A text is the concatenation of its words `" *[^ \\n]+|\\n| +"`, and its ids that of theirs, since no
merge crosses their bounds. So each distinct word is merged once (`merges`; the few that it leaves
go through SentencePiece), and all else is a look-up.

A word that is remembered is one record of the arena, in which its ids and its bytes lie together:
[bytes: int32, ids: int32, the ids: int32 each, the bytes, padded to 4]. A slot of the hash table
holds the upper half of the word's hash, and in the lower half the record's place plus 1.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa

from tokenizer.errors import MalmoiError
from tokenizer.merges import MOST_CHARACTERS, UNHANDLED, Merges, merge, merges
from tokenizer.model import pieces
from tokenizer.words import NEWLINE, SPACE, grown, utf8

FIRST_SLOTS = 1 << 20  # of the table at first: a small one is the faster, where few words recur
CACHE_SLOTS = 1 << 23  # 64 MB, half of them filled at most
CACHE_ROOM = 1 << 26  # int32s of the arena, 256 MB
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
_DONE, _FULL, _FOREIGN = range(3)
_TEXT, _AT, _OUT, _FIRST, _END, _TOP, _COUNT = range(7)
"""The state of a batch: this text, the byte its next word begins at, ids written, those before this
text, where a word that SentencePiece must encode ends; of the cache: int32s used, and words."""


class WordEncoder:
    """Encodes batches of texts with one model. Not shared by threads; one a process."""

    def __init__(self, model: bytes, processor: Any) -> None:
        """`processor`: sentencepiece's, of the serialized `model`.

        Raises MalmoiError if a newline is no token of its own in it, or words do not merge alone.
        """
        self._processor = processor
        newline = self._processor.encode("\n")
        if (
            self._processor.encode("가\n \n")
            != [id_ for part in ("가", "\n", " ", "\n") for id_ in self._processor.encode(part)]
            or len(newline) != 1
        ):
            raise MalmoiError("in this model a newline is not a token of its own; use Malmoi's own")
        self._merges = merges(pieces(model))
        sizes = (*(MOST_CHARACTERS,) * 2, *(BLOCK,) * 4)
        kinds = (*(np.int64,) * 3, *(np.uint64,) * 2, np.int32)
        self._work = Work(*map(np.empty, sizes, kinds))
        self._state = np.zeros(7, np.int64)
        self._slots: np.ndarray
        self._arena: np.ndarray
        self._bytes: np.ndarray
        self._forget()

    def encode_batch(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """As encode.Encoder.encode_batch."""
        data, offsets = utf8(texts)
        out = np.empty(int(offsets[-1] - offsets[0]) + MOST_CHARACTERS, np.int32)
        lengths = np.zeros(len(texts), np.int32)
        state = self._state
        state[:_TOP] = 0, offsets[0], 0, 0, 0
        while True:
            why = _encode(
                data, offsets, self._slots, self._arena, self._bytes, self._work, self._merges,
                state, out, lengths,
            )  # fmt: skip
            if why == _DONE:
                return out[: state[_OUT]], lengths
            if why == _FULL:
                self._make_room()
            else:
                out = self._ask(data, out)

    def _ask(self, data: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Have SentencePiece encode the word at hand, and remember it; returns `out` with its ids.

        An escaped character is more ids than bytes, so that `out` may have to grow.
        """
        state = self._state
        start, end = int(state[_AT]), int(state[_END])
        ids = self._processor.encode(data[start:end].tobytes(), out_type="numpy").astype(np.int32)
        before, after = int(state[_OUT]), int(state[_OUT]) + len(ids)
        out = grown(out, after + int(len(data) - end) + MOST_CHARACTERS)
        out[before:after] = ids
        state[_AT], state[_OUT] = end, after
        if end - start <= LONGEST_BYTES and len(ids) <= LONGEST_BYTES:
            _remember(data, start, end, ids, self._slots, self._arena, self._bytes, state)
        return out

    def _make_room(self) -> None:
        """For more words, up to the bounds; there all are forgotten."""
        crowded = 2 * self._state[_COUNT] >= len(self._slots)
        if not crowded or len(self._slots) >= CACHE_SLOTS:
            self._forget()
        else:
            self._slots = np.zeros(CACHE_SLOTS, np.uint64)
            _refill(self._slots, self._arena, self._bytes, self._state)

    def _forget(self) -> None:
        self._slots = np.zeros(min(FIRST_SLOTS, CACHE_SLOTS), np.uint64)
        self._arena = np.empty(CACHE_ROOM, np.int32)  # takes memory as it is written to
        self._bytes = self._arena.view(np.uint8)
        self._state[_TOP:] = 0


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
def _encode(
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
    n_out, first = state[_OUT], state[_FIRST]
    at = state[_AT]
    for text in range(state[_TEXT], len(lengths)):
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
                    full = 2 * state[_COUNT] >= len(slots)
                    full |= len(arena) - state[_TOP] < _room(LONGEST_BYTES)
                    count = UNHANDLED
                    if not full:
                        count = merge(
                            data, start, end, tables, work.symbols, work.ranked, out, n_out
                        )
                    if count < 0:
                        state[_TEXT], state[_AT], state[_OUT] = text, start, n_out
                        state[_FIRST], state[_END] = first, end
                        return _FULL if full else _FOREIGN
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
    state[_OUT] = n_out
    return _DONE


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
    record = state[_TOP]
    arena[record], arena[record + 1] = end - start, count
    for i in range(count):
        arena[record + 2 + i] = ids[begin + i]
    first = 4 * (record + 2 + count)
    for i in range(end - start):
        arena_bytes[first + i] = data[start + i]
    state[_TOP] = record + 2 + count + (end - start + 3) // 4
    state[_COUNT] += 1
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
def _remember(
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
def _refill(
    slots: np.ndarray, arena: np.ndarray, arena_bytes: np.ndarray, state: np.ndarray
) -> None:
    """The slots of all records, in a new table."""
    mask = np.uint64(len(slots) - 1)
    record = 0
    while record < state[_TOP]:
        first = 4 * (record + 2 + arena[record + 1])
        _set(slots, mask, _hash(arena_bytes, first, first + arena[record]), record)
        record += 2 + arena[record + 1] + (arena[record] + 3) // 4
