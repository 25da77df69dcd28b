"""UTF-8 inside numba: code points from bytes, and what kind of character a code point is."""

import unicodedata

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

OTHER, SPACE, NEWLINE, HANGUL, JAMO, HAN, KANA, LATIN, DIGIT, SYMBOL, REPLACED = range(11)
N_KINDS = 11

NOT_NEGATIVE = 2**63 - 1
"""An index and this: numba then leaves out what an index from the end would need."""


def kind_of(char: str) -> int:
    """The kind of one character; the definition that the table below is filled from."""
    code = ord(char)
    if char == "\n":
        return NEWLINE
    if char.isspace():
        return SPACE
    if code == 0xFFFD:
        return REPLACED
    if code == 0x318D:  # ㆍ, in print a middle dot
        return SYMBOL
    if 0x3131 <= code <= 0x318E or 0xFFA1 <= code <= 0xFFDC:
        return JAMO
    if 0xAC00 <= code <= 0xD7FB or 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97C:
        return HANGUL
    category = unicodedata.category(char)
    if category[0] in "PS":
        return SYMBOL
    if category == "Nd":
        return DIGIT
    if 0x3040 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9F:
        return KANA
    if 0x3005 <= code <= 0x3007 or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF:
        return HAN
    latin = code < 0x250 or 0x1E00 <= code <= 0x1EFF or 0xFF21 <= code <= 0xFF5A
    return LATIN if latin and category[0] == "L" else OTHER


def _kind_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x110000, dtype=np.uint8)
    for code in range(0x20000):
        if not 0xD800 <= code <= 0xDFFF:
            table[code] = kind_of(chr(code))
    table[0x20000:0x40000] = HAN  # the two planes of ideographs
    return table


KINDS = _kind_table()
"""uint8[0x110000]: `kind_of` every code point. Kernels take it as an argument: a constant would be
frozen into numba's cache and outlive a change here."""


@nb.njit(inline="always")
def is_space(kind: int) -> bool:
    """Whether a kind is white space, the newline included."""
    return SPACE <= kind <= NEWLINE


@nb.njit(inline="always")
def code_point(data: npt.NDArray[np.uint8], at: int) -> tuple[np.uint32 | int, int]:
    """(code point, bytes it takes) at byte `at` of valid UTF-8."""
    at &= NOT_NEGATIVE
    lead = np.uint32(data[at])
    if lead < 0x80:
        return lead, 1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | (np.uint32(data[at + 1]) & 0x3F), 2
    second = np.uint32(data[at + 1]) & 0x3F
    third = np.uint32(data[at + 2]) & 0x3F
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | second << 6 | third, 3
    return (lead & 0x07) << 18 | second << 12 | third << 6 | (np.uint32(data[at + 3]) & 0x3F), 4


def buffers(texts: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """(byte offsets int64[n + 1], bytes uint8[]) of a string array or a slice; a null is empty."""
    if pa.types.is_large_string(texts.type):
        width: type = np.int64
    elif pa.types.is_string(texts.type):
        width = np.int32
    else:
        raise TypeError(f"texts are {texts.type}, not string; cast them first")
    if texts.null_count:
        texts = texts.fill_null("")
    _, offsets, data = texts.buffers()
    n = len(texts)
    if n == 0 or data is None:
        return np.zeros(n + 1, np.int64), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, width)[texts.offset : texts.offset + n + 1].astype(np.int64)
    return starts, np.frombuffer(data, np.uint8)
