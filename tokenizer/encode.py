"""Encoding: SentencePiece's ids, id for id, by the fastest exact way there is on this machine.

Three ways give the same ids: our own compiled table of words (`word_encoder`), gigatoken (Rust,
reads the exported `tokenizer.json`), and SentencePiece itself. Each must prove it on a fixed set of
texts before it is used; the next one stands in for one that is missing or differs.
"""

import json
import logging
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal, Protocol, get_args

import numpy as np
import pyarrow as pa
import sentencepiece

from tokenizer.check import ADVERSARIAL
from tokenizer.errors import MalmoiError
from tokenizer.export import tokenizer_json
from tokenizer.model import USER_DEFINED, pieces
from tokenizer.word_encoder import WordEncoder
from tokenizer.words import utf8

logger = logging.getLogger(__name__)

Backend = Literal["words", "gigatoken", "sentencepiece"]
"""The ways to encode, the fastest first."""

CACHE_TEXT = 4 << 30
"""Bytes of text after which gigatoken begins anew: it remembers words, and knows no bound."""


class Encodes(Protocol):
    """A way to encode."""

    def encode_batch(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """As Encoder.encode_batch."""
        ...


class Encoder:
    """Encodes batches of texts with one model. Not shared by threads; one a process.

    `backend` says which way it goes.
    """

    def __init__(self, model: bytes, backend: Backend | None = None) -> None:
        """`model`: the serialized ModelProto, the bytes of `malmoi.model`.

        MalmoiError where the `backend` that is asked for is missing or gives other ids.
        """
        self._processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.vocab_size: int = self._processor.get_piece_size()
        proof = _proof(model, self._processor)
        for name in (backend,) if backend else get_args(Backend):
            why_not = None
            try:
                self._way = _WAYS[name](model, self._processor)
                why_not = _difference(self._way, proof)
            except (ImportError, MalmoiError, ValueError, RuntimeError) as error:
                why_not = str(error) or type(error).__name__
            if why_not is None:
                self.backend: Backend = name
                return
            if backend:
                raise MalmoiError(f"{name} cannot encode with this model: {why_not}")
            logger.info("%s is not used for encoding: %s", name, why_not)
        raise MalmoiError("SentencePiece does not agree with itself; install it again")

    def encode_batch(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """(ids int32 of all texts back to back, ids of each text int32[n]); no end-of-text.

        Text that spells a control token (`<|endoftext|>`) stays text; a mask token is one id.
        Raises MalmoiError for nulls or another type than string.
        """
        return self._way.encode_batch(texts)

    def decode(self, ids: np.ndarray) -> str:
        """The text of ids; control tokens give none, bytes that are not UTF-8 give U+FFFD.

        Raises MalmoiError for an id of another vocabulary.
        """
        wanted = np.asarray(ids).tolist()
        for wrong in (min(wanted, default=0), max(wanted, default=0)):
            if not 0 <= wrong < self.vocab_size:
                raise MalmoiError(
                    f"id {wrong} is none of a vocabulary of {self.vocab_size} entries; decode with "
                    "the tokenizer that the ids are of"
                )
        return self._processor.decode(wanted)


class GigatokenEncoder:
    """gigatoken on our `tokenizer.json`, one text a call: its batches are slower."""

    def __init__(self, model: bytes, processor: Any) -> None:
        self._json = json.dumps(tokenizer_json(pieces(model)), ensure_ascii=False).encode()
        self._begin()

    def encode_batch(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """As Encoder.encode_batch."""
        data, offsets = utf8(texts)
        if self._left < 0:
            self._begin()
        self._left -= int(offsets[-1] - offsets[0])
        text, encode = data.data, self._encode
        bounds = offsets.tolist()
        found = [encode(bytes(text[start:end])) for start, end in pairwise(bounds)]
        lengths = np.fromiter(map(len, found), np.int32, len(found))
        ids = np.concatenate(found) if found else np.empty(0, np.uint32)
        return ids.astype(np.int32), lengths

    def _begin(self) -> None:
        from gigatoken.gigatoken_rs import load_hf_json

        self._encode: Callable[[bytes], np.ndarray] = load_hf_json(self._json).encode
        self._left = CACHE_TEXT


class PlainEncoder:
    """SentencePiece, text by text."""

    def __init__(self, model: bytes, processor: Any) -> None:
        self._processor = processor

    def encode_batch(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """As Encoder.encode_batch."""
        utf8(texts)  # refuses what is no text
        found = [self._processor.encode(text, out_type="numpy") for text in texts.to_pylist()]
        lengths = np.fromiter(map(len, found), np.int32, len(found))
        ids = np.concatenate(found) if found else np.empty(0, np.int32)
        return ids.astype(np.int32), lengths


_WAYS: dict[str, Callable[[bytes, Any], Encodes]] = {
    "words": WordEncoder,
    "gigatoken": GigatokenEncoder,
    "sentencepiece": PlainEncoder,
}


def _proof(model: bytes, processor: Any) -> list[tuple[str, list[int]]]:
    """Texts that break tokenizers, with the ids that SentencePiece gives them."""
    masks = [piece.text for piece in pieces(model) if piece.kind == USER_DEFINED]
    texts = [*ADVERSARIAL, " ".join(masks), "가".join(masks)]
    return [(text, processor.encode(text)) for text in texts]


def _difference(way: Encodes, proof: list[tuple[str, list[int]]]) -> str | None:
    """What is wrong with a way to encode; None where nothing is. Twice: cold, and remembered."""
    for _ in range(2):
        ids, lengths = way.encode_batch(pa.array([text for text, _ in proof], pa.string()))
        found = np.split(ids, np.cumsum(lengths)[:-1])
        for (text, expected), got in zip(proof, found, strict=True):
            if got.tolist() != expected:
                return f"it gives {got.tolist()} for {text!r}, SentencePiece {expected}"
    return None
