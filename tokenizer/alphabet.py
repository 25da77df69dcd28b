"""Which characters get an entry of their own; all others are spelled in bytes.

SentencePiece's own choice (`character_coverage`) compares in single precision, so that at 1.0 it
drops characters rarer than 3e-8 of the text, and has no limit but the size of the vocabulary.
Here it is counted exactly, and limited to a share of the vocabulary.
"""

import unicodedata

import numpy as np
import pyarrow as pa

ESCAPE = "\ufdd0"  # stands before an `a` or `b` for U+2581 and itself: see train.ESCAPE_RULES
SPACE_MARK = "▁"  # SentencePiece's space
FORBIDDEN = {" ", SPACE_MARK, "\u2585", ESCAPE}  # U+2585: its sign for an unknown character
ASCII = tuple(map(chr, range(0x21, 0x7F)))
JAMO = tuple(map(chr, range(0x3131, 0x3164)))  # ㄱ to ㅣ, the 51 modern ones

CODE_POINTS = 0x110000
SLICE = 200_000


def ks_x_1001() -> list[str]:
    """The 2,350 syllables of KS X 1001 (rows 16 to 40 of its table, EUC-KR B0A1 to C8FE)."""
    return [
        bytes([lead, trail]).decode("euc_kr")
        for lead in range(0xB0, 0xC9)
        for trail in range(0xA1, 0xFF)
    ]


def character_counts(rows: pa.Table) -> np.ndarray:
    """Occurrences of each code point, int64[0x110000], in rows (string, count)."""
    total = np.zeros(CODE_POINTS, np.int64)
    for at in range(0, rows.num_rows, SLICE):
        part = rows.slice(at, SLICE)
        strings = part.column(0).to_pylist()
        codes = np.frombuffer("".join(strings).encode("utf-32-le"), np.uint32)
        times = np.repeat(part.column(1).to_numpy(), [len(string) for string in strings])
        total += np.bincount(codes, times, CODE_POINTS).astype(np.int64)  # exact below 2**53
    return total


def alphabet(counts: np.ndarray, coverage: float, free: int) -> set[str]:
    """The characters with an entry, from `counts` of code points and `free` entries in all.

    Printable ASCII and jamo, then the syllables of KS X 1001, each group whole where all so far
    take at most a third of `free` (all of it from 7,485: a vocabulary of about 7,800). Then the
    text's own characters, the most frequent first, until `coverage` of the text is reached or two
    fifths of `free` are taken (of a third to a half, what costs the fewest tokens at 8,000).
    Controls, the space and SentencePiece's own signs are never among them.
    """
    chosen: set[str] = set()
    for group in ((*ASCII, *JAMO), ks_x_1001()):
        if len(chosen) + len(group) > free // 3:
            break
        chosen.update(group)
    seen = [code for code in np.flatnonzero(counts).tolist() if _allowed(chr(code))]
    seen.sort(key=lambda code: (-int(counts[code]), code))
    wanted = coverage * float(counts[seen].sum())
    covered = 0
    for code in seen:
        if covered >= wanted or len(chosen) >= free * 2 // 5:
            break
        covered += int(counts[code])
        chosen.add(chr(code))
    return chosen


def _allowed(character: str) -> bool:
    return character not in FORBIDDEN and unicodedata.category(character) not in ("Cc", "Cs")
