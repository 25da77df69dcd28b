"""What the kernels of the features share: the class of a character, the tally of a document.

numba's cache of a kernel does not notice a change here: a change of these needs one of it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.kernels.feature_list import FEATURE_NAMES

Bytes = npt.NDArray[np.uint8]
Column = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

# What the class of a code point says: its kind in the low four bits, and these.
KIND = 15
BLANK = 1 << 4  # white space, the newline included
LETTER = 1 << 5  # neither white space, symbol nor single jamo
MARK = 1 << 6  # ends a sentence
ENDING = 1 << 7  # last syllable of a sentence
PARTICLE = 1 << 8  # last syllable of a particle or ending
BULLET = 1 << 9
SEPARATOR = 1 << 10  # between the items of a menu
ADDRESS = 1 << 13  # first letter of a web address
SYLLABLE = 1 << 14  # Hangul
# What is said of an eojeol beside: LETTER, ENDING, PARTICLE and MARK of its end, SYLLABLE, and
HOLDS = 1 << 15  # a sentence ends within
LAST = 1 << 16  # the last one of its line
SEPARATORS = 32  # from this bit on: how many it holds
CLASSES = 0x20000  # code points with a class of their own; beyond lie ideographs and little else


# The tally of a document, int64[]: characters of each kind, then these.
(
    LINES, SHORT, ENDED, BULLETED, TRAILING, MENUS, PROSE, SAME_LINES, EOJEOL, KOREAN, PARTICLES,
    TOP, SAME_PHRASES, LONGEST, ADDRESSES, SPAM, TERMS,
) = range(16, 33)  # fmt: skip
TALLY = 33

# Rows of the result.
(
    N_CHARS,
    N_EOJEOL,
    N_LINES,
    MEAN_EOJEOL_LENGTH,
    MEAN_LINE_LENGTH,
    HANGUL_SHARE,  # the shares of kinds stand in the order of the kinds
    JAMO_SHARE,
    HAN_SHARE,
    KANA_SHARE,
    LATIN_SHARE,
    DIGIT_SHARE,
    SYMBOL_SHARE,
    REPLACEMENT_SHARE,
    LONGEST_RUN_SHARE,
    SHORT_LINE_SHARE,
    SENTENCE_END_SHARE,
    SENTENCE_SHARE,
    BULLET_LINE_SHARE,
    ELLIPSIS_LINE_SHARE,
    MENU_LINE_SHARE,
    DUPLICATE_LINE_SHARE,
    PARTICLE_SHARE,
    TOP_EOJEOL_SHARE,
    DUPLICATE_NGRAM_SHARE,
    URL_SHARE,
    SPAM_SHARE,
) = range(len(FEATURE_NAMES))


class Tables(NamedTuple):
    classes: npt.NDArray[np.uint16]  # [CLASSES] by code point
    url: npt.NDArray[np.bool_]  # [256] whether an address goes on with a byte
    short_line: int


class Words(NamedTuple):
    """The eojeol of a document: room for more than it has."""

    key: Hashes  # [n] its hash
    facts: Counts  # [n] bits, see above
    start: Counts  # [n + 1] characters before it, white space not counted
    suspect: Counts  # [m, 2] first byte and end of those that may hold an address or a spam term
