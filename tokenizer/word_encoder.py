"""Encoding in compiled code: SentencePiece's ids, remembered by word.

A text is the concatenation of its words `" *[^ \\n]+|\\n| +"`, and its ids that of theirs, since no
merge crosses their bounds. So each distinct word is merged once (`merges`; the few that it leaves
go through SentencePiece), and all else is a look-up.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from tokenizer.errors import MalmoiError
from tokenizer.merges import MOST_CHARACTERS, merges
from tokenizer.model import pieces
from tokenizer.word_cache import (
    AT,
    BLOCK,
    COUNT,
    DONE,
    END,
    FULL,
    LONGEST_BYTES,
    OUT,
    TOP,
    Work,
    encode,
    refill,
    remember,
)
from tokenizer.words import grown, utf8

FIRST_SLOTS = 1 << 20  # of the table at first: a small one is the faster, where few words recur
CACHE_SLOTS = 1 << 23  # 64 MB, half of them filled at most
CACHE_ROOM = 1 << 26  # int32s of the arena, 256 MB


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
        state[:TOP] = 0, offsets[0], 0, 0, 0
        while True:
            why = encode(
                data, offsets, self._slots, self._arena, self._bytes, self._work, self._merges,
                state, out, lengths,
            )  # fmt: skip
            if why == DONE:
                return out[: state[OUT]], lengths
            if why == FULL:
                self._make_room()
            else:
                out = self._ask(data, out)

    def _ask(self, data: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Have SentencePiece encode the word at hand, and remember it; returns `out` with its ids.

        An escaped character is more ids than bytes, so that `out` may have to grow.
        """
        state = self._state
        start, end = int(state[AT]), int(state[END])
        ids = self._processor.encode(data[start:end].tobytes(), out_type="numpy").astype(np.int32)
        before, after = int(state[OUT]), int(state[OUT]) + len(ids)
        out = grown(out, after + int(len(data) - end) + MOST_CHARACTERS)
        out[before:after] = ids
        state[AT], state[OUT] = end, after
        if end - start <= LONGEST_BYTES and len(ids) <= LONGEST_BYTES:
            remember(data, start, end, ids, self._slots, self._arena, self._bytes, state)
        return out

    def _make_room(self) -> None:
        """For more words, up to the bounds; there all are forgotten."""
        crowded = 2 * self._state[COUNT] >= len(self._slots)
        if not crowded or len(self._slots) >= CACHE_SLOTS:
            self._forget()
        else:
            self._slots = np.zeros(CACHE_SLOTS, np.uint64)
            refill(self._slots, self._arena, self._bytes, self._state)

    def _forget(self) -> None:
        self._slots = np.zeros(min(FIRST_SLOTS, CACHE_SLOTS), np.uint64)
        self._arena = np.empty(CACHE_ROOM, np.int32)  # takes memory as it is written to
        self._bytes = self._arena.view(np.uint8)
        self._state[TOP:] = 0
