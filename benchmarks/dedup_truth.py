"""The exact similarity of all pairs of documents, by brute force.

    python -m benchmarks.dedup_truth FOLDER

Reads what `benchmarks.dedup_cases` wrote into FOLDER and writes `truth.npz` beside it. Two forms
are compared, each by its set of character 5-grams (a shorter text is one): `raw`, the text as it
stands in NFC, and `canonical`, letters and digits.
"""

import argparse
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from benchmarks.dedup_cases import read
from pipeline.dedup.canonical import canonical

SHINGLE = 5
LEAST = 0.5
_BASE = np.uint64(0x9E6D2F3B51A7C4E5)


@dataclass(frozen=True)
class Pairs:
    """Pairs of documents (rows a > b) with `LEAST` of the smaller one's shingles in the other."""

    a: np.ndarray  # int32[p]
    b: np.ndarray  # int32[p]
    common: np.ndarray  # int32[p], shingles in both
    sizes: np.ndarray  # int32[n], shingles of each document

    def between(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """int64: shingles in common of each of some pairs of rows, 0 where they are not here."""
        n = len(self.sizes)
        here = self.a.astype(np.int64) * n + self.b  # ascending
        wanted = np.maximum(one, other) * n + np.minimum(one, other)
        at = np.minimum(np.searchsorted(here, wanted), max(0, len(here) - 1))
        found = here[at] == wanted if len(here) else np.zeros(len(wanted), bool)
        return np.where(found, self.common[at] if len(here) else 0, 0).astype(np.int64)

    @property
    def jaccard(self) -> np.ndarray:
        """float64[p]: |A and B| / |A or B|."""
        return self.common / (self.sizes[self.a] + self.sizes[self.b] - self.common)

    def best(self, partner: np.ndarray, contained: bool = False) -> np.ndarray:
        """float64[n]: of each document, the greatest similarity to another one in `partner` (bool).

        With `contained`, the share of its own shingles in the other where that is greater.
        """
        best = np.zeros(len(self.sizes))
        for one, other in ((self.a, self.b), (self.b, self.a)):
            value = self.common / self.sizes[one] if contained else self.jaccard
            use = partner[other]
            np.maximum.at(best, one[use], value[use])
        return best


Truth = Mapping[str, Pairs]
"""`Pairs` of the forms "raw" and "canonical"."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    cases = read(folder)
    truth = brute_force(cases.texts)
    save(truth, folder / "truth.npz")
    for form, pairs in truth.items():
        alike = np.count_nonzero(pairs.jaccard >= 0.8)
        print(f"{form}: {len(pairs.a):,} pairs share half, {alike:,} are alike at 0.8")


def brute_force(texts: Sequence[str]) -> dict[str, Pairs]:
    """All pairs of `texts` that have half of the smaller one's shingles in common, in both forms.

    Time grows with the square of how often a shingle occurs: a minute or so for 20,000 documents.
    """
    raw = [unicodedata.normalize("NFC", text) for text in texts]
    return {"raw": all_pairs(raw), "canonical": all_pairs([canonical(text) for text in texts])}


def all_pairs(forms: Sequence[str]) -> Pairs:
    """The `Pairs` of texts compared as they are given."""
    bounds, shingles, count = _shingles(forms)
    n = len(forms)
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(shingles, minlength=count), out=starts[1:])
    postings = np.empty(len(shingles), np.int32)
    filled, last = np.zeros(count, np.int32), np.full(count, -1, np.int32)
    sizes, counts, found = np.zeros(n, np.int32), np.zeros(n, np.int32), np.empty(n, np.int32)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for row in range(n):
        own = shingles[bounds[row] : bounds[row + 1]]
        hits = _compare(row, own, starts, filled, last, postings, sizes, counts, found)
        parts.append((found[:hits].copy(), counts[found[:hits]]))
    a = np.repeat(np.arange(n, dtype=np.int32), [len(rows) for rows, _ in parts])
    b, common = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pairs(a, b, common, sizes)


@njit(cache=True, nogil=True)
def _compare(
    row: int,
    own: np.ndarray,
    starts: np.ndarray,
    filled: np.ndarray,
    last: np.ndarray,
    postings: np.ndarray,
    sizes: np.ndarray,
    counts: np.ndarray,
    found: np.ndarray,
) -> int:
    """Compare a document with all before it, then put it into the inverted index (`postings`).

    `counts[b]` becomes what it shares with row b, `found` the rows that share enough.
    """
    counts[:row] = 0
    for s in own:
        if last[s] == row:
            continue
        last[s] = row
        sizes[row] += 1
        end = starts[s] + filled[s]
        for p in range(starts[s], end):
            counts[postings[p]] += 1
        postings[end] = row
        filled[s] += 1
    hits = 0
    for other in range(row):
        if counts[other] > 0 and counts[other] >= LEAST * min(sizes[row], sizes[other]):
            found[hits] = other
            hits += 1
    return hits


def _shingles(forms: Sequence[str]) -> tuple[np.ndarray, np.ndarray, int]:
    """(bounds int64[n + 1], dense numbers int64 of all shingles in order, how many differ).

    A shingle is told by the polynomial of its code points modulo 2^64.
    """
    points = np.frombuffer("".join(forms).encode("utf-32-le"), np.uint32).astype(np.uint64)
    lengths = np.array([len(form) for form in forms], np.int64)
    counts = np.where(lengths, np.maximum(lengths - SHINGLE + 1, 1), 0)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    first = np.repeat(np.cumsum(lengths) - lengths - bounds[:-1], counts) + np.arange(bounds[-1])
    room = np.repeat(np.minimum(lengths, SHINGLE), counts)
    values = np.ones(len(first), np.uint64)
    for offset in range(SHINGLE):
        inside = room > offset
        values[inside] = values[inside] * _BASE + points[first[inside] + offset]
    distinct, numbers = np.unique(values, return_inverse=True)
    return bounds, numbers, len(distinct)


def save(truth: Truth, path: Path) -> None:
    columns = {f"{form}_{name}": getattr(truth[form], name) for form in truth for name in _COLUMNS}
    np.savez_compressed(path, **columns)


def load(path: Path) -> dict[str, Pairs]:
    with np.load(path) as file:
        return {
            form: Pairs(*(file[f"{form}_{name}"] for name in _COLUMNS))
            for form in ("raw", "canonical")
        }


_COLUMNS = ("a", "b", "common", "sizes")


if __name__ == "__main__":
    main()
