"""The marks, endings and particles that the features look for, as one table a kernel can index."""

from functools import lru_cache

import numpy as np

from pipeline.kernels import feature_layout as layout
from pipeline.kernels.feature_list import SHORT_LINE
from pipeline.kernels.utf8 import HANGUL, JAMO, KINDS, NEWLINE, SPACE, SYMBOL

SENTENCE_MARKS = ".?!…‥。！？"
SENTENCE_SYLLABLES = "다요까죠음함임됨네니라오지"
PARTICLES = "은는이가을를에의도로와과다고며면서지만한할된인나요까라니게"
BULLETS = "-*+•·∙◦○●◎■□▪▫◆◇▶▷►▸※☞→✓✔❍➤–—ㆍ"
SEPARATORS = "|·>/»›│｜•ㆍ∙"
ADDRESS_LETTERS = "hw"
URL_BYTES = bytes(byte for byte in range(0x21, 0x7F) if byte not in b"\"<>()[]{}|\\^`'")


@lru_cache(maxsize=1)
def tables() -> layout.Tables:
    """The class of every code point below `layout.CLASSES`."""
    kinds = KINDS[: layout.CLASSES]
    classes = kinds.astype(np.uint16)
    blank = (kinds == SPACE) | (kinds == NEWLINE)
    classes[blank] |= layout.BLANK
    classes[~blank & (kinds != SYMBOL) & (kinds != JAMO)] |= layout.LETTER
    classes[kinds == HANGUL] |= layout.SYLLABLE
    for flag, chars in (
        (layout.MARK, SENTENCE_MARKS),
        (layout.ENDING, SENTENCE_SYLLABLES),
        (layout.PARTICLE, PARTICLES),
        (layout.BULLET, BULLETS),
        (layout.SEPARATOR, SEPARATORS),
        (layout.ADDRESS, ADDRESS_LETTERS),
    ):
        classes[[ord(char) for char in chars]] |= flag
    url = np.zeros(256, np.bool_)
    url[list(URL_BYTES)] = True
    return layout.Tables(classes, url, SHORT_LINE)
