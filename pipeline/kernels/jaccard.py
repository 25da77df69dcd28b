"""Jaccard similarity of sorted sets of hashes."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """|a and b| / |a or b| of two sorted uint64 arrays without repetition; 0 if both are empty."""
    i = j = common = 0
    while i < len(a) and j < len(b):
        x, y = a[i], b[j]
        common += x == y
        i += x <= y
        j += y <= x
    union = len(a) + len(b) - common
    return common / union if union else 0.0


@njit(cache=True, nogil=True)
def jaccard_pairs(
    left_hashes: np.ndarray,
    left_bounds: np.ndarray,
    left: np.ndarray,
    right_hashes: np.ndarray,
    right_bounds: np.ndarray,
    right: np.ndarray,
    threshold: float,
    out: np.ndarray,
) -> None:
    """`out[p]` (float64) becomes the similarity of sets `left[p]` and `right[p]`.

    Set i is `hashes[bounds[i]:bounds[i + 1]]`. Pairs whose sizes alone keep them under `threshold`
    get 0 and are not read.
    """
    for p in range(len(left)):
        a = left_hashes[left_bounds[left[p]] : left_bounds[left[p] + 1]]
        b = right_hashes[right_bounds[right[p]] : right_bounds[right[p] + 1]]
        if min(len(a), len(b)) < threshold * max(len(a), len(b)):
            out[p] = 0.0
        else:
            out[p] = jaccard(a, b)
