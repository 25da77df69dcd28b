"""What the normal form does to each code point: the one definition, as sets and as tables.

The sets are written as the inside of a regular expression's brackets; `pipeline.text.normal` builds
its patterns from them and `kinds` the table that the kernel reads, so the two cannot drift apart.
"""

import re
import unicodedata
from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# What carries no text of its own: controls, zero-width and direction marks, fillers, tags, BOM.
# U+200D (joiner) and U+FE0E/F (emoji style) belong to an emoji where they follow one.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff"
)
JOINER, STYLE = "\u200d", "\ufe0e\ufe0f"
SPACES = "\t\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
BREAKS = "\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
WIDE = "\uff01-\uff5e\uff61-\uff9f\uffa1-\uffdc\uffe0-\uffee"
SURROGATE = "\ud800-\udfff"
EMOJI = (
    "#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
PICTURE = EMOJI.removeprefix("#*0-9")  # a digit takes a style (keycap 1️⃣) but no joiner
TONE = "\U0001f3fb-\U0001f3ff"
FLAG = "\U0001f1e6-\U0001f1ff"
JAMO = "ㄱ-ㅣ\u1100-\u11ff"
FOLLOWING_JAMO = "\u1161-\u1175\u11a8-\u11c2"  # those that make a syllable with what stands before

# Kinds of code point. Up to RUN_JAMO a character stands as it is.
KEEP, SYMBOL, RUN_JAMO, BLANK, NEWLINE = range(5)
ODD_SPACE, ODD_BREAK, UNSEEN, FOLDED, COMPOSED, PYTHON = range(5, 11)
N_KINDS = 11

# What the gate says of a document.
NORMAL, TO_REWRITE, TO_PYTHON = range(3)

# Rules that changed a document, as bits; `RULES` names them from the lowest bit on.
RULES = (
    "full_width",
    "invisible",
    "composed",
    "entity",
    "spaces",
    "newlines",
    "jamo_run",
    "symbol_run",
)

N_CODES = 0x110000
_CANONICAL_END = 0x30000  # no character above decomposes
MAX_NAME = 8  # letters of an entity's name that are packed into one number


def _mask(*sets: str) -> npt.NDArray[np.bool_]:
    """bool[0x110000]: the members of the sets."""
    mask = np.zeros(N_CODES, np.bool_)
    for first, last in re.findall("(.)(?:-(.))?", "".join(sets), re.S):
        mask[ord(first) : ord(last or first) + 1] = True
    return mask


class Canonical(NamedTuple):
    """How code points behave under NFC."""

    meets: frozenset[int]  # acts on what stands before it: has a combining class, or composes
    mapped: dict[int, str]  # never in NFC: the form it takes


@lru_cache(maxsize=1)
def canonical() -> Canonical:
    """From the interpreter's own Unicode data (Unicode Standard Annex 15, section 9)."""
    meets, mapped = set(np.flatnonzero(_mask(FOLLOWING_JAMO)).tolist()), {}
    for code in range(_CANONICAL_END):
        char = chr(code)
        if unicodedata.combining(char):
            meets.add(code)
        form = unicodedata.decomposition(char)
        if form and form[0] != "<":
            composed = unicodedata.normalize("NFC", char)
            if composed != char:
                mapped[code] = composed
            else:
                meets.add(int(form.split()[1], 16))
    return Canonical(frozenset(meets), mapped)


class Tables(NamedTuple):
    """What the kernel reads; passed as arguments, for numba would freeze constants in its cache."""

    skips: npt.NDArray[np.uint8]  # [256]: by lead byte, bytes that stand as they are; 4: perhaps 3
    kinds: npt.NDArray[np.uint8]  # [0x110000]
    forms: npt.NDArray[np.uint32]  # [0x110000]: what a FOLDED or COMPOSED code point becomes
    names: npt.NDArray[np.uint64]  # sorted: names of entities, by `packed`
    values: npt.NDArray[np.int32]  # their code points, -1 for those of two


@lru_cache(maxsize=1)
def tables() -> Tables:
    kinds = np.zeros(N_CODES, np.uint8)
    forms = np.zeros(N_CODES, np.uint32)
    for run in re.finditer(r"(?:[^\w\s]|_)+", "".join(map(chr, range(N_CODES)))):
        kinds[run.start() : run.end()] = SYMBOL
    kinds[_mask(JAMO)] = RUN_JAMO
    facts = canonical()
    for code, form in facts.mapped.items():
        shrinks = len(form) == 1 and len(form.encode()) <= len(chr(code).encode())
        kinds[code] = COMPOSED if shrinks else PYTHON
        forms[code] = ord(form[0])
    kinds[list(facts.meets)] = PYTHON
    kinds[_mask(JOINER, STYLE, TONE, FLAG, SURROGATE)] = PYTHON
    for code in np.flatnonzero(_mask(WIDE)).tolist():
        folded = ord(folded_form(chr(code)))
        if folded != code:
            kinds[code] = PYTHON if kinds[folded] == PYTHON else FOLDED
            forms[code] = folded
    for kind, members in ((ODD_SPACE, SPACES), (ODD_BREAK, BREAKS), (UNSEEN, INVISIBLE)):
        kinds[_mask(members)] = kind
    kinds[ord(" ")], kinds[ord("\n")] = BLANK, NEWLINE
    entities = sorted(
        (packed(name[:-1]), ord(value) if len(value) == 1 else -1)
        for name, value in html5.items()
        if name.endswith(";") and len(name) <= MAX_NAME + 1
    )
    names, values = zip(*entities, strict=True)
    skips = np.zeros(256, np.uint8)
    skips[:128] = kinds[:128] == KEEP
    skips[[0xEA, 0xEB, 0xEC, 0xED]] = 4, 3, 3, 4
    return Tables(skips, kinds, forms, np.array(names, np.uint64), np.array(values, np.int32))


def folded_form(char: str) -> str:
    """The ordinary character of a full-width or half-width one; others are their own."""
    form = unicodedata.decomposition(char)  # "<wide> 0041", "<narrow> 3131"
    return chr(int(form.split()[1], 16)) if form.startswith(("<wide>", "<narrow>")) else char


def packed(name: str) -> int:
    """An ASCII name of at most eight letters as one number, the first letter highest."""
    return int.from_bytes(name.encode().ljust(MAX_NAME, b"\0"), "big")
