"""A vocabulary to look at: its longest pieces, and sentences cut into tokens and into morphemes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import sentencepiece

from tokenizer.alphabet import SPACE_MARK
from tokenizer.model import NORMAL, pieces
from tokenizer.morphemes import HANGUL
from tokenizer.quality import Split, crossing
from tokenizer.vocabulary import byte_lengths

LONGEST = 30
SENTENCES = 12
_CHARS = (20, 80)  # of a sentence that is shown
_HANGUL_SHARE = 0.6

_SENTENCE = re.compile(r"[^\n]+?[.?!](?=\s|$)")
_EOJEOL = re.compile(" *[^ ]+")


def examples(model: bytes, texts: Mapping[str, Sequence[str]], split: Split) -> dict[str, Any]:
    """{"longest": {"hangul", "other"}: pieces, "sentences": rows}, to be looked at.

    A row is {source, tokens, morphemes, crossing}: a sentence of each source that has one, of at
    most `SENTENCES` sources. tokens, morphemes: lists of strings that joined are the sentence, but
    that bytes of a character that tokens share are written `<0xEA>`. crossing: the places of tokens
    with a morpheme boundary inside. `split` is asked once.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    sizes = byte_lengths(model)
    shown = list(_sentences(texts))
    morphemes = iter(split([word for _, text in shown for word in _EOJEOL.findall(text)]))
    rows = []
    for source, text in shown:
        parts = [part for _ in _EOJEOL.findall(text) for part in next(morphemes)]
        lengths = sizes[processor.encode(text)]
        bounds = np.cumsum([len(part.encode()) for part in parts])
        rows.append(
            {
                "source": source,
                "tokens": _cut(text, lengths.tolist()),
                "morphemes": parts,
                "crossing": np.flatnonzero(crossing(lengths, bounds)).tolist(),
            }
        )
    return {"longest": _longest(model), "sentences": rows}


def _longest(model: bytes) -> dict[str, list[str]]:
    texts = [piece.text.replace(SPACE_MARK, " ") for piece in pieces(model) if piece.kind == NORMAL]
    texts.sort(key=lambda text: -len(text))  # stable: then by id
    return {
        "hangul": [text for text in texts if HANGUL.search(text)][:LONGEST],
        "other": [text for text in texts if not HANGUL.search(text)][:LONGEST],
    }


def _sentences(texts: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """The first fitting sentence of each source, by (source, sentence); none with a mask token."""
    found = 0
    for source, some in texts.items():
        for sentence in (match.group().strip() for text in some for match in _matches(text)):
            hangul = sum("가" <= character <= "힣" for character in sentence)
            if hangul >= _HANGUL_SHARE * len(sentence) and "<|" not in sentence:
                yield source, sentence
                found += 1
                break
        if found == SENTENCES:
            return


def _matches(text: str) -> Iterator[re.Match[str]]:
    low, high = _CHARS
    return (found for found in _SENTENCE.finditer(text) if low <= len(found.group()) <= high)


def _cut(text: str, sizes: Sequence[int]) -> list[str]:
    """A text in pieces of so many UTF-8 bytes."""
    data = text.encode()
    return [_written(data[start:end]) for start, end in pairwise(accumulate(sizes, initial=0))]


def _written(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "".join(f"<0x{byte:02X}>" for byte in piece)
