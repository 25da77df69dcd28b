"""The marks, endings and particles that the features look for, as tables a kernel can index."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.kernels.feature_list import NGRAM, SHORT_LINE
from pipeline.kernels.utf8 import KINDS

SENTENCE_MARKS = ".?!…‥。！？"
SENTENCE_SYLLABLES = "다요까죠음함임됨네니라오지"
PARTICLES = "은는이가을를에의도로와과다고며면서지만한할된인나요까라니게"
BULLETS = "-*+•·∙◦○●◎■□▪▫◆◇▶▷►▸※☞→✓✔❍➤–—ㆍ"
SEPARATORS = "|·>/»›│｜•ㆍ∙"
URL_BYTES = bytes(byte for byte in range(0x21, 0x7F) if byte not in b"\"<>()[]{}|\\^`'")


class Tables(NamedTuple):
    """Lookups by code point of the basic plane, `url` by byte, `kinds` by any code point."""

    kinds: npt.NDArray[np.uint8]
    mark: npt.NDArray[np.bool_]  # ends a sentence
    ending: npt.NDArray[np.bool_]  # last syllable of a sentence
    particle: npt.NDArray[np.bool_]  # last syllable of a particle or ending
    bullet: npt.NDArray[np.bool_]
    separator: npt.NDArray[np.bool_]
    url: npt.NDArray[np.bool_]
    short_line: int
    ngram: int


def _table(chars: str) -> npt.NDArray[np.bool_]:
    table = np.zeros(0x10000, np.bool_)
    table[[ord(char) for char in chars]] = True
    return table


TABLES = Tables(
    KINDS,
    _table(SENTENCE_MARKS),
    _table(SENTENCE_SYLLABLES),
    _table(PARTICLES),
    _table(BULLETS),
    _table(SEPARATORS),
    _table(URL_BYTES.decode()),
    SHORT_LINE,
    NGRAM,
)
