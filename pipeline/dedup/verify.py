"""Verification: what hashing proposed is decided by the shingle sets themselves."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.dedup.canonical import canonical_points
from pipeline.dedup.records import EDGE
from pipeline.kernels.jaccard import compare_pairs
from pipeline.kernels.minhash import hash_shingles
from pipeline.settings import Dedup

WHOLE = 0xFFFFFFFFFFFFFFFF
LARGEST_SET = 1 << 20
"""A larger set (a text of 3 MB and more) is compared by its hashes under a limit, half a million or
more: a standard error of sqrt(0.8 * 0.2 / 2^19) = 0.0006 at a similarity of 0.8."""


@dataclass(frozen=True)
class ShingleSets:
    """Sorted sets of shingle hashes: of `documents[i]`, `hashes[bounds[i]:bounds[i + 1]]`."""

    documents: np.ndarray  # uint64[n], sorted
    bounds: np.ndarray  # int64[n + 1]
    hashes: np.ndarray  # uint64
    limits: np.ndarray  # uint64[n]: of larger hashes nothing is known; WHOLE where all are here

    def __getitem__(self, index: int) -> np.ndarray:
        return self.hashes[self.bounds[index] : self.bounds[index + 1]]

    def places(self, documents: np.ndarray) -> np.ndarray:
        """Index (int64) of each of `documents`, which must all be here."""
        places = np.searchsorted(self.documents, documents)
        found = self.documents[np.minimum(places, len(self.documents) - 1)]
        if not np.array_equal(found, documents):
            raise KeyError(f"{np.count_nonzero(found != documents)} documents have no shingle set")
        return places


@dataclass(frozen=True)
class BothForms:
    """The shingle sets of some documents in the two forms that are compared."""

    letters: ShingleSets  # of the canonical form
    written: ShingleSets  # of the text as it stands


def shingle_sets(
    texts: pa.StringArray, documents: np.ndarray, shingle: int, largest: int = LARGEST_SET
) -> BothForms:
    """Shingle sets of `texts`; `documents` (uint64, ascending) are their numbers.

    Of a set of more than `largest` hashes only those below a limit are kept.
    """
    forms = canonical_points(texts)
    letters = [forms[row] for row in range(len(forms))]
    written = [
        np.frombuffer((text or "").encode("utf-32-le"), np.uint32) for text in texts.to_pylist()
    ]
    return BothForms(*(_sets(points, documents, shingle, largest) for points in (letters, written)))


def _sets(
    points: list[np.ndarray], documents: np.ndarray, shingle: int, largest: int
) -> ShingleSets:
    room = np.empty(max([1, *map(len, points)]), np.uint64)
    limits = np.full(len(points), WHOLE, np.uint64)
    sets = []
    for row, text in enumerate(points):
        hashes = np.unique(room[: hash_shingles(text, shingle, room)])
        while len(hashes) > largest:
            limits[row] >>= np.uint64(1)
            hashes = hashes[: np.searchsorted(hashes, limits[row], side="right")]
        sets.append(hashes)
    bounds = np.zeros(len(sets) + 1, np.int64)
    np.cumsum([len(hashes) for hashes in sets], out=bounds[1:])
    hashes = np.concatenate(sets) if sets else np.zeros(0, np.uint64)
    return ShingleSets(documents, bounds, hashes, limits)


def verify(pairs: np.ndarray, left: BothForms, right: BothForms, settings: Dedup) -> np.ndarray:
    """Those of `pairs` (`PAIR`) that are alike or hold one another, as `EDGE` in their order.

    Alike is a Jaccard similarity of `settings.threshold` or more, of the letters and digits or of
    the texts as they stand, whichever is the greater: spacing and punctuation change the one alone,
    and a changed word weighs more where there are no spaces. One holds the other when it has
    `settings.containment` of the shingles of its letters, and those are
    `settings.contained_shingles` or more. `left` holds the sets of all `pairs["a"]`, `right` those
    of all `pairs["b"]`; they may be one.
    """
    in_a, in_b, both = _compared(pairs, left.letters, right.letters)
    edges = np.empty(len(pairs), EDGE)
    edges["a"], edges["b"] = pairs["a"], pairs["b"]
    edges["letters"] = both / np.maximum(in_a + in_b - both, 1)
    for field, size in (("a_in_b", in_a), ("b_in_a", in_b)):
        share = both / np.maximum(size, 1)
        edges[field] = np.where(size >= settings.contained_shingles, share, 0)
    in_a, in_b, both = _compared(pairs, left.written, right.written)
    edges["written"] = both / np.maximum(in_a + in_b - both, 1)
    stands = np.maximum(edges["letters"], edges["written"]) >= settings.threshold
    stands |= np.maximum(edges["a_in_b"], edges["b_in_a"]) >= settings.containment
    return edges[stands]


def _compared(pairs: np.ndarray, left: ShingleSets, right: ShingleSets) -> np.ndarray:
    """int64 (3, pairs): sizes of both sets, and of what they have in common."""
    sizes = np.empty((len(pairs), 3), np.int64)
    compare_pairs(
        left.hashes,
        left.bounds,
        left.limits,
        left.places(pairs["a"]),
        right.hashes,
        right.bounds,
        right.limits,
        right.places(pairs["b"]),
        sizes,
    )
    return sizes.T
