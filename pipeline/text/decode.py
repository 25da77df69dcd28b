"""Bytes to text, and text that was once decoded wrongly back to what it was, only where certain."""

import codecs
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.latin import mark_latin_pairs
from pipeline.kernels.utf8 import buffers
from pipeline.text.edits import Edit, apply
from tokenizer.errors import RecipeError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts with that of UTF-16 LE
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What pages call CP949, and Latin-1, which browsers read as CP1252 (WHATWG Encoding Standard, 4.2).
_CP949_LABELS = {
    "euc-kr",
    "euckr",
    "ks_c_5601-1987",
    "ksc5601",
    "ksc_5601",
    "korean",
    "ms949",
    "windows-949",
}
_CP1252_LABELS = {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"}

# Frequent particles, endings and stems: about one in three syllables of Korean prose, of Chinese or
# Japanese bytes read as CP949 one in twenty at most.
_COMMON = frozenset("이다는의에가을를은고지한도로하기사어나서시해자그아요세니안들일")
_MIN_COMMON = 0.12
_HANGUL = re.compile("[가-힣]")
_FOREIGN = re.compile("[^\x00-\x7f가-힣\\s]")


@dataclass(frozen=True)
class Decoded:
    text: str
    encoding: str  # the codec that was used
    replaced: int  # undecodable places, now U+FFFD


def decode(raw: bytes, encoding: str = "auto", declared: str | None = None) -> Decoded:
    """The text of `raw`.

    `auto` takes, in this order: a byte order mark, strict UTF-8, the declared charset, CP949 where
    strict decoding gives mostly Hangul, else UTF-8 with replacement characters. Raises RecipeError
    where a named encoding does not exist; no bytes raise.
    """
    if encoding != "auto":
        return _lenient(raw, _codec(encoding))
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return _lenient(raw[len(mark) :], codec)
    named = _declared_codec(declared)
    single_byte = named is not None and named.startswith(("cp12", "iso8859", "latin"))
    for candidate in ("utf-8", None if single_byte else named, "cp949", named):
        text = _strict(raw, candidate) if candidate else None
        if text is not None and (candidate != "cp949" or named == "cp949" or is_korean(text)):
            return Decoded(text, candidate or "", 0)
    return _lenient(raw, "cp949" if named == "cp949" else "utf-8")


def is_korean(text: str) -> bool:
    """Whether what lies outside ASCII is mostly Hangul, of the syllables that Korean is made of.

    Hanja beside the Hangul are fine; rare syllables (those that CP949 adds to KS X 1001) are not:
    Shift JIS and Big5 read as CP949 give nothing else.
    """
    hangul = _HANGUL.findall(text)
    foreign = len(_FOREIGN.findall(text))
    if not hangul or len(hangul) < foreign:
        return False
    common = sum(syllable in _COMMON for syllable in hangul) / len(hangul)
    rare = sum(len(syllable.encode("euc-kr", "ignore")) != 2 for syllable in hangul) / len(hangul)
    mixed = foreign > 0.05 * len(hangul) or len(hangul) > 100
    return rare <= 0.2 and common > (_MIN_COMMON if mixed else 0)


def repair_mojibake(text: str) -> str | None:
    """`text` with Hangul restored that was read in the wrong charset; None when nothing is certain.

    Repaired are UTF-8 read as Latin-1 or CP1252 (ì•ˆë…•) and CP949 read as either (¾È³ç): a
    stretch of such characters must give its bytes back exactly, decode strictly and hold Hangul.
    """
    edits = explain_mojibake(text)
    return apply(text, edits) if edits else None


def explain_mojibake(text: str) -> list[Edit]:
    """What `repair_mojibake` changes: the whole text, or stretches of it."""
    if _SUSPECT.search(text) is None:
        return []
    if _HANGUL.search(text) is None and (whole := _repair(text)) is not None:
        return [Edit("mojibake", 0, len(text), whole)]
    return [
        Edit("mojibake", *stretch.span(), repaired)
        for stretch in _STRETCH.finditer(text)
        if (repaired := _repair(stretch[0])) not in (None, stretch[0])
    ]


def repair_batch(texts: pa.StringArray) -> tuple[pa.StringArray, Counter[str]]:
    """`repair_mojibake` of every text of a column, and how many were repaired.

    Texts without two letters of Latin-1 side by side are passed over at several GB/s.
    """
    starts, data = buffers(texts)
    marked = np.zeros(len(texts), np.bool_)
    mark_latin_pairs(starts, data, marked)
    repaired = {
        row: text
        for row in np.flatnonzero(marked).tolist()
        if (text := repair_mojibake(texts[row].as_py())) is not None
    }
    if not repaired:
        return texts, Counter()
    mask = np.zeros(len(texts), np.bool_)
    mask[list(repaired)] = True
    done = pc.replace_with_mask(texts, mask, pa.array(repaired.values(), texts.type))
    return done, Counter(mojibake=len(repaired))


def _sloppy_bytes() -> dict[int, int]:
    """Character to byte for CP1252, its five holes filled from Latin-1 as browsers do."""
    table = {}
    for byte in range(0x80, 0x100):
        try:
            table[ord(bytes([byte]).decode("cp1252"))] = byte
        except UnicodeDecodeError:
            table[byte] = byte
    return table


_CP1252 = _sloppy_bytes()
_CP1252_CHARS = {byte: chr(char) for char, byte in _CP1252.items()}
_HIGH = "\x80-\xff" + "".join(chr(char) for char in _CP1252 if char > 0xFF)
_TAIL = (
    "[\x80-\xbf"
    + "".join(chr(char) for char, byte in _CP1252.items() if char > 0xFF and byte < 0xC0)
    + "]"
)
# UTF-8 syllables start with EA to ED; KS X 1001 syllables with B0 to C8, both bytes above A0.
_SUSPECT = re.compile(f"[\xea-\xed]{_TAIL}{{2}}|[\xb0-\xc8][\xa1-\xfe][\xb0-\xc8][\xa1-\xfe]")
_STRETCH = re.compile(f"[{_HIGH}](?:[\x20-\x7e{_HIGH}]*[{_HIGH}][A-Za-z]?)?")
_MIN_SYLLABLES = 2


def _repair(damaged: str) -> str | None:
    raw = _original_bytes(damaged)
    if raw is None:
        return None
    text = _strict(raw, "utf-8")
    if text is not None:
        return text if _HANGUL.search(text) else None
    text = _strict(raw, "cp949")
    if text is None and raw[-1] < 0x80:  # the last letter belongs to what follows
        text = _strict(raw[:-1], "cp949")
        text = None if text is None else text + chr(raw[-1])
    if text is None or not is_korean(text):
        return None
    hangul, foreign = len(_HANGUL.findall(text)), len(_FOREIGN.findall(text))
    alone = hangul == _MIN_SYLLABLES and len(damaged) == 2 * hangul
    return text if (hangul > _MIN_SYLLABLES or alone) and hangul >= 4 * foreign else None


def _original_bytes(text: str) -> bytes | None:
    """The bytes that CP1252 or Latin-1 decodes to exactly `text`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        pass
    raw = bytes(_CP1252.get(ord(char), ord(char) & 0xFF) for char in text)
    again = "".join(_CP1252_CHARS.get(byte, chr(byte)) for byte in raw)
    return raw if again == text else None


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _lenient(raw: bytes, codec: str) -> Decoded:
    text = _strict(raw, codec)
    if text is not None:
        return Decoded(text, codec, 0)
    text = raw.decode(codec, errors="replace")
    own = raw.count(b"\xef\xbf\xbd") if codec == "utf-8" else 0  # U+FFFD that was there before
    return Decoded(text, codec, text.count("\ufffd") - own)


def _declared_codec(declared: str | None) -> str | None:
    try:
        return _codec(declared) if declared else None
    except RecipeError:
        return None


def _codec(name: str) -> str:
    label = name.strip().strip("\"'").lower()
    if label in _CP949_LABELS:
        return "cp949"
    if label in _CP1252_LABELS:
        return "cp1252"
    try:
        codec = codecs.lookup(label)
        b" ".decode(label, "replace")  # base64 and the like are codecs, but give no text
    except (LookupError, UnicodeError):
        raise RecipeError(
            f"encoding {name!r} is unknown; give auto, utf-8, cp949 or another codec Python knows"
        ) from None
    return codec.name
