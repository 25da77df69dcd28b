"""The serialized SentencePiece model: read its pieces, edit its fields.

The wire format of protocol buffers is read here directly (protobuf.dev/programming-guides/encoding)
since the generated module that sentencepiece ships demands a newer protobuf than Beam allows. Field
numbers are those of sentencepiece's `sentencepiece_model.proto`.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from tokenizer.errors import CorruptFileError

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)  # SentencePiece.Type

PIECES, TRAINER, NORMALIZER, DENORMALIZER = 1, 2, 3, 5  # ModelProto
TRAINER_VOCAB_SIZE, TRAINER_USER_SYMBOLS = 4, 31  # TrainerSpec
TRAINER_PATHS = (1, 2)  # its input and model_prefix
NORMALIZER_PATH = 6  # normalization_rule_tsv

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
Field = tuple[int, int, int | bytes]
"""(field number, wire type, value): an int for a varint, else the bytes."""


class Piece(NamedTuple):
    text: str
    score: float
    kind: int


@lru_cache(maxsize=2)  # every part that reads a model asks, of the same
def pieces(model: bytes) -> tuple[Piece, ...]:
    """The vocabulary; the id of a piece is its place. Raises CorruptFileError for other bytes."""
    found = tuple(_piece(_bytes(value)) for number, _, value in fields(model) if number == PIECES)
    if not found:
        raise CorruptFileError("a SentencePiece model without pieces; train it again")
    return found


def finish(model: bytes, user_pieces: Sequence[str]) -> bytes:
    """The model with `user_pieces` as its last ids, and without paths of the machine it is from."""
    size = len(pieces(model)) + len(user_pieces)
    symbols = [(TRAINER_USER_SYMBOLS, BYTES, text.encode()) for text in user_pieces]

    def trainer(old: list[Field]) -> list[Field]:
        kept = [field for field in old if field[0] not in (*TRAINER_PATHS, TRAINER_VOCAB_SIZE)]
        return [*kept, (TRAINER_VOCAB_SIZE, VARINT, size), *symbols]

    def normalizer(old: list[Field]) -> list[Field]:
        return [field for field in old if field[0] != NORMALIZER_PATH]

    edits: dict[int, Callable[[list[Field]], list[Field]]] = {
        TRAINER: trainer,
        NORMALIZER: normalizer,
        DENORMALIZER: normalizer,
    }
    edited = [
        (number, wire, encode(edits[number](list(fields(_bytes(value))))))
        if number in edits
        else (number, wire, value)
        for number, wire, value in fields(model)
    ]
    added = [(PIECES, BYTES, _encode_piece(Piece(text, 0.0, USER_DEFINED))) for text in user_pieces]
    # stable: the fields of one number keep their order
    return encode(sorted([*edited, *added], key=lambda field: field[0]))


def fields(message: bytes) -> Iterator[Field]:
    """The fields of a serialized message, in order. Raises CorruptFileError where it breaks off."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _read_varint(message, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, at = _read_varint(message, at)
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
        else:
            raise CorruptFileError(f"wire type {wire} at byte {at} of a SentencePiece model")
        if at + size > len(message):
            raise CorruptFileError(f"a SentencePiece model breaks off at byte {len(message)}")
        yield number, wire, message[at : at + size]
        at += size


def encode(message: Iterable[Field]) -> bytes:
    """The inverse of `fields`."""
    out = bytearray()
    for number, wire, value in message:
        out += _varint(number << 3 | wire)
        if isinstance(value, int):
            out += _varint(value)
        else:
            out += _varint(len(value)) if wire == BYTES else b""
            out += value
    return bytes(out)


_USUAL = struct.Struct("<Bf")


def _piece(message: bytes) -> Piece:
    """A vocabulary has tens of thousands: those written as SentencePiece does are read at once."""
    size = message[1] if len(message) > 1 else 0
    if len(message) == size + 7 and message[0] == 0x0A and size < 0x80:
        key, score = _USUAL.unpack_from(message, size + 2)
        if key == 0x15:
            return Piece(message[2 : size + 2].decode(), score, NORMAL)
    text, score, kind = "", 0.0, NORMAL
    for number, _, value in fields(message):
        if number == 1:
            text = _bytes(value).decode()
        elif number == 2:
            (score,) = struct.unpack("<f", _bytes(value))
        elif number == 3 and isinstance(value, int):
            kind = value
    return Piece(text, score, kind)


def _encode_piece(piece: Piece) -> bytes:
    return encode(
        [
            (1, BYTES, piece.text.encode()),
            (2, FIXED32, struct.pack("<f", piece.score)),
            (3, VARINT, piece.kind),
        ]
    )


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise CorruptFileError("a number where a SentencePiece model has text; train it again")
    return value


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    raise CorruptFileError(f"a SentencePiece model breaks off at byte {at}")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
