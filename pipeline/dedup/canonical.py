"""The canonical form: what two documents are compared by, never what is stored.

NFKC, case folded, letters (with their marks) and digits only. Spacing, punctuation, width, Unicode
form and invisible characters make no difference in it; a changed figure does.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import pyarrow as pa

from pipeline.kernels.canonical import DROPPED, EXPANDED, INTERACTS, fold
from pipeline.kernels.utf8 import buffers

INVISIBLE = frozenset(
    chr(point)
    for point in chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180F),
        range(0x180B, 0x180E),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)
"""Letters and marks that are not seen: Hangul fillers, variation selectors, joiners (the
Default_Ignorable_Code_Point property of the Unicode Character Database)."""


def canonical(text: str) -> str:
    """The canonical form of one text: the definition; `canonical_points` is its fast form."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN" and c not in INVISIBLE)


@dataclass(frozen=True)
class CanonicalTexts:
    """Canonical forms of a batch: text i is `points[starts[i]:starts[i] + lengths[i]]`."""

    points: np.ndarray  # uint32 code points
    starts: np.ndarray  # int64[n]
    lengths: np.ndarray  # int32[n], in code points

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> np.ndarray:
        return self.points[self.starts[row] : self.starts[row] + self.lengths[row]]


def canonical_points(texts: pa.StringArray) -> CanonicalTexts:
    """Canonical forms of `texts` (a null counts as empty), as code points, in the same order.

    Texts with characters that act on their neighbours (combining marks other than Hangul jamo) and
    the few that grow in length go through `canonical`; all others through the kernel.
    """
    offsets, data = buffers(texts)
    n = len(texts)
    points = np.empty(offsets[-1] - offsets[0], np.uint32)
    lengths = np.empty(n, np.int32)
    end = fold(data, offsets, *_tables(), points, lengths)
    starts = np.cumsum(np.maximum(lengths, 0), dtype=np.int64) - np.maximum(lengths, 0)
    by_python = np.flatnonzero(lengths < 0)
    if len(by_python):
        forms = [canonical(texts[row].as_py()).encode("utf-32-le") for row in by_python]
        behind = np.frombuffer(b"".join(forms), np.uint32)
        sizes = np.array([len(form) // 4 for form in forms])
        starts[by_python], lengths[by_python] = end + np.cumsum(sizes) - sizes, sizes
        points = np.concatenate([points[:end], behind])
    return CanonicalTexts(points, starts, lengths)


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`canonical` for the kernel: a value for each code point, expansions and their bounds."""
    table = np.full(0x110000, DROPPED, np.uint32)
    expansions: list[int] = []
    bounds = [0]
    interacting = _interacting()
    for point in range(0x110000):
        char = chr(point)
        if unicodedata.category(char) in ("Cn", "Co", "Cs"):
            continue
        composed = unicodedata.normalize("NFKC", char)
        form = canonical(char)
        if not _stands_alone(composed, interacting) or len(form) > len(char.encode()):
            table[point] = INTERACTS
        elif len(composed) == len(form) == 1:
            table[point] = ord(form)
        elif form:
            table[point] = EXPANDED + len(bounds) - 1
            expansions += map(ord, form)
            bounds.append(len(expansions))
    return table, np.array(expansions, np.uint32), np.array(bounds, np.int64)


def _interacting() -> frozenset[str]:
    """Characters that may combine with the one before: second halves of canonical compositions."""
    decompositions = (unicodedata.decomposition(chr(point)) for point in range(0x110000))
    seconds = {
        chr(int(parts[1], 16))
        for parts in map(str.split, decompositions)
        if len(parts) == 2 and not parts[0].startswith("<")
    }
    return frozenset(seconds)


def _stands_alone(composed: str, interacting: frozenset[str]) -> bool:
    """Whether text before and after can change nothing in `composed`, jamo composition aside.

    The kernel composes jamo and syllables that are the whole of `composed`; inside a longer string
    or at its end (㉼ is 참고) they would escape it.
    """
    if any(c in interacting or unicodedata.combining(c) for c in composed):
        return False
    if len(composed) == 1:
        return True
    return not any(_is_jamo(c) for c in composed) and not "가" <= composed[-1] <= "힣"


def _is_jamo(char: str) -> bool:
    return "\u1100" <= char <= "\u11ff"
