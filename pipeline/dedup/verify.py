"""Verification: what hashing proposed is decided by the shingle sets themselves."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.dedup.canonical import canonical_points
from pipeline.dedup.records import EDGE
from pipeline.kernels.jaccard import jaccard_pairs
from pipeline.kernels.minhash import hash_shingles


@dataclass(frozen=True)
class ShingleSets:
    """Sorted sets of shingle hashes: of `documents[i]`, `hashes[bounds[i]:bounds[i + 1]]`."""

    documents: np.ndarray  # uint64[n], sorted
    bounds: np.ndarray  # int64[n + 1]
    hashes: np.ndarray  # uint64

    def __getitem__(self, index: int) -> np.ndarray:
        return self.hashes[self.bounds[index] : self.bounds[index + 1]]

    def places(self, documents: np.ndarray) -> np.ndarray:
        """Index (int64) of each of `documents`, which must all be here."""
        places = np.searchsorted(self.documents, documents)
        found = self.documents[np.minimum(places, len(self.documents) - 1)]
        if not np.array_equal(found, documents):
            raise KeyError(f"{np.count_nonzero(found != documents)} documents have no shingle set")
        return places


def shingle_sets(texts: pa.StringArray, documents: np.ndarray, shingle: int) -> ShingleSets:
    """Shingle sets of `texts`; `documents` (uint64, ascending) are their numbers."""
    forms = canonical_points(texts)
    room = np.empty(max(1, int(forms.lengths.max(initial=0))), np.uint64)
    sets = []
    for row in range(len(forms)):
        count = hash_shingles(forms[row], shingle, room)
        sets.append(np.unique(room[:count]))
    bounds = np.zeros(len(sets) + 1, np.int64)
    np.cumsum([len(hashes) for hashes in sets], out=bounds[1:])
    hashes = np.concatenate(sets) if sets else np.zeros(0, np.uint64)
    return ShingleSets(documents, bounds, hashes)


def verify(
    pairs: np.ndarray, left: ShingleSets, right: ShingleSets, threshold: float
) -> np.ndarray:
    """The `pairs` (`PAIR`) at or above `threshold`, as `EDGE` records in their order.

    `left` holds the sets of all `pairs["a"]`, `right` those of all `pairs["b"]`; they may be one.
    """
    edges = np.empty(len(pairs), EDGE)
    edges["a"], edges["b"] = pairs["a"], pairs["b"]
    similarity = np.empty(len(pairs), np.float64)
    jaccard_pairs(
        left.hashes,
        left.bounds,
        left.places(pairs["a"]),
        right.hashes,
        right.bounds,
        right.places(pairs["b"]),
        threshold,
        similarity,
    )
    edges["similarity"] = similarity
    return edges[similarity >= threshold]
