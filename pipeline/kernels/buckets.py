"""Candidate pairs of sorted buckets."""

import numpy as np
from numba import njit

FEW = 16
"""In a bucket of so many everybody meets everybody."""


@njit(cache=True, nogil=True)
def reach(members: int) -> int:
    """How far a member of a bucket of so many looks: all others up to `FEW`, then ever fewer."""
    return min(members - 1, max(1, FEW * FEW // members))


@njit(cache=True, nogil=True)
def count_pairs(starts: np.ndarray) -> int:
    """Pairs that `pair_members` gives for these buckets."""
    total = 0
    for bucket in range(len(starts) - 1):
        size = starts[bucket + 1] - starts[bucket]
        far = reach(size)
        for i in range(1, size):
            near = min(i, far)
            total += near + min(far, i - near)
    return total


@njit(cache=True, nogil=True)
def pair_members(starts: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Fill `left` and `right` (int64, `count_pairs(starts)`) with the places of two members each.

    Bucket i lies at `starts[i]:starts[i + 1]`, best first. A member meets the `reach` ones before
    it and the `reach` best, so the work is linear in the members.
    """
    at = 0
    for bucket in range(len(starts) - 1):
        first, last = starts[bucket], starts[bucket + 1]
        far = reach(last - first)
        for i in range(first + 1, last):
            near = max(first, i - far)
            for other in range(near, i):
                left[at], right[at] = other, i
                at += 1
            for other in range(first, min(first + far, near)):
                left[at], right[at] = other, i
                at += 1
