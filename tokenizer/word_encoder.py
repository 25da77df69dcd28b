"""Encoding in compiled code: SentencePiece's ids, remembered by word.

encode(text) is the concatenation of encode(piece) over the pieces of tokenizer.words, since no
merge crosses their bounds. So each distinct word goes through SentencePiece once, many of them
joined by newlines in one call, and all else is a look-up in compiled code.
"""

from typing import Any

import numba
import numpy as np
import pyarrow as pa

from tokenizer.errors import MalmoiError
from tokenizer.words import NEWLINE, WordTable, grown

CACHE_WORDS = 2_000_000  # about 300 MB
CACHE_BYTES = 128_000_000
JOINED_BYTES = 1 << 17  # of new words in one call


class WordEncoder:
    """Encodes batches of texts with one model. Not shared by threads; one a process."""

    def __init__(self, processor: Any) -> None:
        """`processor`: sentencepiece's, of the model.

        Raises MalmoiError if a newline is not a token of its own in it.
        """
        self._processor = processor
        newline = self._processor.encode("\n")
        if (
            self._processor.encode("가\n \n")
            != [id_ for part in ("가", "\n", " ", "\n") for id_ in self._processor.encode(part)]
            or len(newline) != 1
        ):
            raise MalmoiError("in this model a newline is not a token of its own; use Malmoi's own")
        self._newline: int = newline[0]
        self._forget()

    def encode_batch(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """As encode.Encoder.encode_batch."""
        if len(self._table) > CACHE_WORDS or self._table.n_bytes > CACHE_BYTES:
            self._forget()
        words, n_pieces = self._table.index(texts)
        self._learn()
        return _gather(words, n_pieces, self._ids, self._ends)

    def _forget(self) -> None:
        self._table = WordTable()
        self._table.index(pa.array(["\n"]))
        self._ids = np.array([self._newline], np.int32)  # of all words, back to back
        self._ends = np.array([0, 1], np.int64)  # word w has ids[ends[w] : ends[w + 1]]
        self._known = 1  # words that have ids

    def _learn(self) -> None:
        """Encodes the words that the table has and we have not. None of them holds a newline."""
        size = len(self._table)
        bounds = self._table.bounds[: size + 1]
        self._ends = grown(self._ends, size + 1)
        while self._known < size:
            start = bounds[self._known]
            upto = int(np.searchsorted(bounds, start + JOINED_BYTES, "right")) - 1
            upto = max(upto, self._known + 1)
            after = bounds[self._known + 1 : upto + 1] - start
            joined = np.insert(self._table.bytes[start : bounds[upto]], after, NEWLINE)
            found = self._processor.encode(joined.tobytes(), out_type="numpy")
            newlines = np.flatnonzero(found == self._newline)
            first = int(self._ends[self._known])
            # the newlines go, so the k-th word ends k ids earlier than its newline stands
            self._ends[self._known + 1 : upto + 1] = first + newlines - np.arange(len(newlines))
            last = int(self._ends[upto])
            self._ids = grown(self._ids, last)
            self._ids[first:last] = np.delete(found, newlines)
            self._known = upto


@numba.njit(cache=True)
def _gather(
    words: np.ndarray, n_pieces: np.ndarray, ids: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The ids of each word in turn, and how many each text has."""
    total = 0
    for word in words:
        total += ends[word + 1] - ends[word]
    out = np.empty(total, np.int32)
    lengths = np.empty(len(n_pieces), np.int32)
    at = piece = 0
    for text in range(len(n_pieces)):
        before = at
        for _ in range(n_pieces[text]):
            word = words[piece]
            piece += 1
            for i in range(ends[word], ends[word + 1]):
                out[at] = ids[i]
                at += 1
        lengths[text] = at - before
    return out, lengths
