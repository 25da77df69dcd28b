"""SentencePiece's BPE of one word in compiled code.

Bigrams of symbols merge in the order of their score, of equal ones the leftmost first (Sennrich et
al. 2016; sentencepiece's bpe_model.cc). What a bigram merges to is found by the ids of its halves:
every piece is entered once for each way to cut it into two.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np

from tokenizer.errors import MalmoiError
from tokenizer.model import BYTE, NORMAL, USER_DEFINED, Piece

MOST_CHARACTERS = 128
"""Of a word that is merged here: the time grows with the square of it."""

UNHANDLED = -1
MARK = "▁"  # what SentencePiece writes for a space
_NONE = np.int64(np.iinfo(np.int64).max)
_EMPTY = np.uint64(2**64 - 1)
_KICKS = 500
_CODE_POINTS = 0x110000
_SPACE, _LESS, _BAR = ord(" "), ord("<"), ord("|")
_LATER = 0x2581, 0xFDD0, 0  # the escape rules', and the end of a C string: left to SentencePiece


class Merges(NamedTuple):
    """A vocabulary as tables.

    `characters` int32[0x110000]: id of a character, -1 without a piece of its own, -2 of one that
    is not handled here. `byte_ids` int32[256]. `bigrams` uint64[n, 2], n a power of two: rows of
    left id << 32 | right id and rank << 32 | id of what they merge to, the least rank goes first. A
    row is one of two that its key names (cuckoo hashing, Pagh and Rodler 2004), so that a look-up
    has no branch for the processor to guess.
    """

    characters: np.ndarray
    byte_ids: np.ndarray
    bigrams: np.ndarray


def merges(vocabulary: Sequence[Piece]) -> Merges:
    """The tables of a vocabulary.

    MalmoiError where its words cannot be merged by them: it has no pieces of bytes, a piece has a
    character that is none itself, or a user-defined piece does not begin with "<|".
    """
    ids = {piece.text: at for at, piece in enumerate(vocabulary) if piece.kind == NORMAL}
    byte_ids = [at for at, piece in enumerate(vocabulary) if piece.kind == BYTE]
    users = [piece.text for piece in vocabulary if piece.kind == USER_DEFINED]
    unknown = {c for text in ids for c in text} - ids.keys()
    if len(byte_ids) != 256 or unknown or any(not text.startswith("<|") for text in users):
        raise MalmoiError("merges of this vocabulary are not a function of ids; use Malmoi's own")
    characters = np.full(_CODE_POINTS, -1, np.int32)
    for text, at in ids.items():
        if len(text) == 1:
            characters[ord(text)] = at
    characters[_SPACE] = ids.get(MARK, -1)
    characters[list(_LATER)] = -2
    scores = np.array([piece.score for piece in vocabulary])
    ranks = np.unique(-scores, return_inverse=True)[1].astype(np.int64)
    found = [
        (ids[text[:cut]] << 32 | ids[text[cut:]], int(ranks[at]) << 32 | at)
        for text, at in ids.items()
        for cut in range(1, len(text))
        if text[:cut] in ids and text[cut:] in ids
    ]
    bigrams = _placed(np.array(found, np.uint64).reshape(-1, 2))
    return Merges(characters, np.array(byte_ids, np.int32), bigrams)


def _placed(found: np.ndarray) -> np.ndarray:
    """The table of bigrams, uint64[n, 2], from its rows in any order."""
    size = 1 << (2 * len(found) + 2).bit_length()
    while True:  # a third full at most, it goes at once but for keys made to collide
        table = np.full((size, 2), _EMPTY)
        if _place(found, table):
            return table
        size *= 2


@numba.njit(cache=True, inline="always")
def _rows(key: np.uint64, n: int) -> tuple[np.uint64, np.uint64]:
    """The two rows a key may be in."""
    mask = np.uint64(n - 1)
    first, second = key * np.uint64(0x9E3779B97F4A7C15), key * np.uint64(0xC2B2AE3D27D4EB4F)
    return (first >> np.uint64(40)) & mask, (second >> np.uint64(40)) & mask


@numba.njit(cache=True)
def _place(found: np.ndarray, table: np.ndarray) -> bool:
    for i in range(len(found)):
        key, value = found[i, 0], found[i, 1]
        row, other = _rows(key, len(table))
        if table[row, 0] != _EMPTY:
            row = other
        kicks = 0
        while table[row, 0] != _EMPTY:  # who is there goes to its other row
            key, table[row, 0] = table[row, 0], key
            value, table[row, 1] = table[row, 1], value
            first, second = _rows(key, len(table))
            row = second if row == first else first
            kicks += 1
            if kicks > _KICKS:
                return False
        table[row, 0], table[row, 1] = key, value
    return True


@numba.njit(cache=True, inline="always")
def _merged(left: int, right: int, bigrams: np.ndarray) -> np.int64:
    """rank << 32 | id of a bigram; `_NONE` where it does not merge, or a half is below -1."""
    key = np.uint64(left) << np.uint64(32) | np.uint64(right)
    first, second = _rows(key, len(bigrams))
    merged = np.int64(bigrams[first, 1]) if bigrams[first, 0] == key else _NONE
    return np.int64(bigrams[second, 1]) if bigrams[second, 0] == key else merged


@numba.njit(cache=True, inline="always")
def _character(data: np.ndarray, at: int) -> tuple[int, int]:
    """(code point, its bytes) of valid UTF-8."""
    first = int(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | data[at + 1] & 0x3F, 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F, 3
    high = (first & 0x07) << 18 | (data[at + 1] & 0x3F) << 12
    return high | (data[at + 2] & 0x3F) << 6 | data[at + 3] & 0x3F, 4


@numba.njit(cache=True)
def merge(
    data: np.ndarray,
    start: int,
    end: int,
    tables: Merges,
    symbols: np.ndarray,
    ranked: np.ndarray,
    out: np.ndarray,
    first: int,
) -> int:
    """Write the ids of the word data[start:end] (uint8, valid UTF-8, no newline in it) to `out`.

    `symbols` int64[MOST_CHARACTERS] and `ranked` of the same length are room to work in, `out`
    int32 has room for an id a byte from `first` on, where they go. Returns how many ids; UNHANDLED
    for a word that is longer, or holds what SentencePiece changes first: the escape's characters,
    a user-defined piece.
    """
    n = 0
    at = start
    while at < end:
        point, size = _character(data, at)
        symbol = tables.characters[point]
        barred = point == _LESS and at + 1 < end and data[at + 1] == _BAR
        if n == MOST_CHARACTERS or symbol == -2 or barred:
            return UNHANDLED
        symbols[n] = symbol if symbol >= 0 else -2 - at  # without a piece: where its bytes are
        at += size
        n += 1
    for i in range(n - 1):
        ranked[i] = _merged(symbols[i], symbols[i + 1], tables.bigrams)
    while n > 1:
        best = 0
        for i in range(1, n - 1):
            if ranked[i] >> 32 < ranked[best] >> 32:
                best = i
        if ranked[best] == _NONE:
            break
        symbols[best] = ranked[best] & 0xFFFFFFFF
        n -= 1
        for i in range(best + 1, n):
            symbols[i] = symbols[i + 1]
        for i in range(best + 1, n - 1):
            ranked[i] = ranked[i + 1]
        if best > 0:
            ranked[best - 1] = _merged(symbols[best - 1], symbols[best], tables.bigrams)
        if best < n - 1:
            ranked[best] = _merged(symbols[best], symbols[best + 1], tables.bigrams)
    written = first
    for i in range(n):
        if symbols[i] >= 0:
            out[written] = symbols[i]
            written += 1
        else:
            place = -2 - symbols[i]
            for byte in range(_character(data, place)[1]):
                out[written] = tables.byte_ids[data[place + byte]]
                written += 1
    return written - first
