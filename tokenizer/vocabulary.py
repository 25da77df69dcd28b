"""What a trained vocabulary holds: bytes behind each id, its make-up, a listing to read."""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np

from tokenizer.alphabet import ESCAPE, JAMO, SPACE_MARK
from tokenizer.model import BYTE, NORMAL, USER_DEFINED, Piece, pieces

JAMO_SET = frozenset(JAMO)


def byte_lengths(model: bytes) -> np.ndarray:
    """uint16[vocab]: UTF-8 bytes of text that each id stands for.

    Summed over the ids of any text without mask tokens they are its length in bytes. Control
    pieces, the unknown piece and masks stand for none.
    """
    return np.array([_byte_length(piece) for piece in pieces(model)], np.uint16)


def make_up(model: bytes) -> dict[str, int]:
    """How many entries are special, bytes, masks, and text by kind of script."""
    return dict(sorted(Counter(_kind(piece) for piece in pieces(model)).items()))


def write_vocab(model: bytes, path: Path) -> None:
    """One line an id: piece, tab, score, as SentencePiece's own `.vocab`."""
    lines = [f"{piece.text}\t{piece.score:g}\n" for piece in pieces(model)]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def _byte_length(piece: Piece) -> int:
    if piece.kind == BYTE:
        return 1
    if piece.kind != NORMAL:
        return 0
    # U+2581 is a space. The escape is 2 bytes and the letter after it 1: 3 together, which is what
    # U+2581 and U+FDD0 take; and the escape always has an entry, so it is never spelled in bytes.
    text = piece.text.replace(SPACE_MARK, " ")
    return len(text.encode()) - text.count(ESCAPE)


def _kind(piece: Piece) -> str:
    if piece.kind != NORMAL:
        return {BYTE: "bytes", USER_DEFINED: "masks"}.get(piece.kind, "special")
    text = piece.text.replace(SPACE_MARK, "")
    if not text:
        return "spaces"
    if re.fullmatch("[가-힣]+", text):
        return "Hangul syllable" if len(text) == 1 else "Hangul"
    if all(character in JAMO_SET for character in text):
        return "jamo"
    if text.isdigit():
        return "digits"
    if text.isalpha():
        scripts = {
            unicodedata.name(character, "?").split(" ")[0].split("-")[0] for character in text
        }
        named = {"LATIN": "Latin", "CJK": "Han", "HIRAGANA": "kana", "KATAKANA": "kana"}
        found = {named.get(script, "other letters") for script in scripts}
        return found.pop() if len(found) == 1 else "mixed"
    return "symbols" if not any(character.isalnum() for character in text) else "mixed"
