"""What sorted sets of hashes have in common."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def common(a: np.ndarray, b: np.ndarray) -> int:
    """Number of values in both of two sorted uint64 arrays without repetition."""
    i = j = found = 0
    while i < len(a) and j < len(b):
        x, y = a[i], b[j]
        found += x == y
        i += x <= y
        j += y <= x
    return found


@njit(cache=True, nogil=True)
def compare_pairs(
    left_hashes: np.ndarray,
    left_bounds: np.ndarray,
    left_limits: np.ndarray,
    left: np.ndarray,
    right_hashes: np.ndarray,
    right_bounds: np.ndarray,
    right_limits: np.ndarray,
    right: np.ndarray,
    out: np.ndarray,
) -> None:
    """`out[p]` (int64 (3,)): sizes of sets `left[p]` and `right[p]`, and of what both have.

    Set i is `hashes[bounds[i]:bounds[i + 1]]`, complete up to the hash `limits[i]`; a pair is
    counted up to the smaller of its two limits.
    """
    for p in range(len(left)):
        i, j = left[p], right[p]
        a = left_hashes[left_bounds[i] : left_bounds[i + 1]]
        b = right_hashes[right_bounds[j] : right_bounds[j + 1]]
        if left_limits[i] < right_limits[j]:
            b = b[: np.searchsorted(b, left_limits[i], side="right")]
        elif right_limits[j] < left_limits[i]:
            a = a[: np.searchsorted(a, right_limits[j], side="right")]
        out[p, 0], out[p, 1], out[p, 2] = len(a), len(b), common(a, b)
