"""Words of text over Arrow buffers: the unit of counting and of encoding.

A text is the concatenation of its pieces `" *[^ \\n]+|\\n| +"`: an eojeol with the spaces before
it, a newline, or spaces that no eojeol follows on their line. Merges of the vocabulary never cross
the bounds of a piece, so its ids are the same wherever it stands.
"""

import numba
import numpy as np
import pyarrow as pa

from tokenizer.errors import MalmoiError

SPACE, NEWLINE = ord(" "), ord("\n")


class WordTable:
    """Numbers the distinct pieces of all texts it has seen, in order of first sight.

    Memory: about 20 bytes a word besides its own bytes.
    """

    def __init__(self) -> None:
        self.bytes = np.empty(1 << 16, np.uint8)  # words back to back
        self.bounds = np.zeros(1 << 12, np.int64)  # word w is bytes[bounds[w] : bounds[w + 1]]
        self.slots = np.full(1 << 13, -1, np.int32)  # hash table, open addressing
        self.size = 0

    def __len__(self) -> int:
        return self.size

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of all words."""
        return int(self.bounds[self.size])

    def index(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Number of the word of each piece: (words int32[pieces], pieces of each text int64[n])."""
        data, offsets = utf8(texts)
        ends, n_pieces = _find_pieces(data, offsets)
        starts_at, ends_at = int(offsets[0]), int(offsets[-1])
        self._reserve(len(ends), ends_at - starts_at)
        words, self.size = _number(
            data, starts_at, ends, self.bytes, self.bounds, self.slots, self.size
        )
        return words, n_pieces

    def strings(self, first: int = 0) -> pa.StringArray:
        """The words numbered `first` and up, in order."""
        bounds = self.bounds[first : self.size + 1]
        data = self.bytes[bounds[0] : bounds[-1]].copy()
        offsets = (bounds - bounds[0]).astype(np.int32)
        return pa.StringArray.from_buffers(
            len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data)
        )

    def _reserve(self, words: int, n_bytes: int) -> None:
        """Room for that many more words and bytes."""
        self.bytes = grown(self.bytes, self.n_bytes + n_bytes)
        self.bounds = grown(self.bounds, self.size + words + 1)
        if 2 * (self.size + words) > len(self.slots):
            self.slots = np.full(_power_of_two(2 * (self.size + words)), -1, np.int32)
            _refill(self.bytes, self.bounds, self.slots, self.size)


def utf8(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The buffers of a string array: (bytes uint8, offsets int32 or int64 [n + 1]).

    Raises MalmoiError for another type, or nulls.
    """
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        raise MalmoiError(f"texts of Arrow type {texts.type}; give string or large_string")
    if texts.null_count:
        raise MalmoiError(f"{texts.null_count} of {len(texts)} texts are null; drop them first")
    kind = np.int32 if pa.types.is_string(texts.type) else np.int64
    if not len(texts):
        return np.empty(0, np.uint8), np.zeros(1, kind)
    _, offsets_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, kind)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer else np.empty(0, np.uint8)
    return data, offsets


def stable_hashes(strings: pa.Array) -> np.ndarray:
    """uint64[n]: FNV-1a of each string's UTF-8 bytes, mixed; equal on every machine and run."""
    return _hash_all(*utf8(strings))


def _power_of_two(n: int) -> int:
    return 1 << max(n - 1, 1).bit_length()


def grown(array: np.ndarray, size: int) -> np.ndarray:
    """The array with room for at least `size`, at doubling lengths; what is added is unset."""
    if size <= len(array):
        return array
    bigger = np.empty(_power_of_two(size), array.dtype)
    bigger[: len(array)] = array
    return bigger


@numba.njit(cache=True)
def _find_pieces(data: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(end of each piece in `data`, pieces of each text); pieces follow each other without gaps."""
    n_pieces = np.zeros(len(offsets) - 1, np.int64)
    ends = np.empty(1024, np.int64)
    n = 0
    for text in range(len(offsets) - 1):
        at, stop = offsets[text], offsets[text + 1]
        before = n
        while at < stop:
            if data[at] == NEWLINE:
                at += 1
            else:
                while at < stop and data[at] == SPACE:
                    at += 1
                while at < stop and data[at] != SPACE and data[at] != NEWLINE:
                    at += 1
            if n == len(ends):
                larger = np.empty(2 * n, np.int64)
                larger[:n] = ends
                ends = larger
            ends[n] = at
            n += 1
        n_pieces[text] = n - before
    return ends[:n], n_pieces


@numba.njit(cache=True, inline="always")
def _hash(data: np.ndarray, start: int, end: int) -> np.uint64:
    """FNV-1a, then the finaliser of splitmix64, which spreads it over the low bits too."""
    value = np.uint64(14695981039346656037)
    for at in range(start, end):
        value = (value ^ np.uint64(data[at])) * np.uint64(1099511628211)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True)
def _hash_all(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for i in range(len(hashes)):
        hashes[i] = _hash(data, offsets[i], offsets[i + 1])
    return hashes


@numba.njit(cache=True)
def _number(
    data: np.ndarray,
    start: int,
    ends: np.ndarray,
    word_bytes: np.ndarray,
    bounds: np.ndarray,
    slots: np.ndarray,
    size: int,
) -> tuple[np.ndarray, int]:
    """(word of each piece, words now known); new words are appended to the table."""
    words = np.empty(len(ends), np.int32)
    mask = np.uint64(len(slots) - 1)
    for piece in range(len(ends)):
        end = ends[piece]
        length = end - start
        slot = _hash(data, start, end) & mask
        while True:
            word = slots[slot]
            if word < 0:
                word_bytes[bounds[size] : bounds[size] + length] = data[start:end]
                bounds[size + 1] = bounds[size] + length
                word = slots[slot] = size
                size += 1
                break
            first = bounds[word]
            if bounds[word + 1] - first == length:
                same = 0
                while same < length and word_bytes[first + same] == data[start + same]:
                    same += 1
                if same == length:
                    break
            slot = (slot + np.uint64(1)) & mask
        words[piece] = word
        start = end
    return words, size


@numba.njit(cache=True)
def _refill(word_bytes: np.ndarray, bounds: np.ndarray, slots: np.ndarray, size: int) -> None:
    mask = np.uint64(len(slots) - 1)
    for word in range(size):
        slot = _hash(word_bytes, bounds[word], bounds[word + 1]) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = word
