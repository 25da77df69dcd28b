"""Shingle hashes, MinHash values and band hashes over buffers of code points.

A shingle of code points c_1 .. c_n hashes to mix(c_1 B^(n-1) + ... + c_n mod 2^64), a polynomial
that rolls along the text in two multiplications whatever n is; `mix` is the finaliser of
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Permutation i of a shingle x is
a_i x' + b_i mod 2^32, where x' is the upper half of x and a_i is odd: 32-bit lanes, and since x' is
already well mixed, the linear map needs no prime.
"""

import numpy as np
from numba import njit

LANES = 64
"""Permutations are padded to a multiple of this, so that the inner loop has no remainder."""

_BASE = np.uint64(0xD6E8FEB86659FD93)
_BLOCK = 1024  # shingles hashed at a time: they stay in the first-level cache


@njit(cache=True, nogil=True, inline="always")
def mix(x: np.uint64) -> np.uint64:
    """A bijection of 64 bits in which every bit of `x` reaches every bit of the result."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def hash_shingles(points: np.ndarray, size: int, out: np.ndarray) -> int:
    """Hashes (uint64) of all `size`-grams of `points` (uint32), in the order of the text.

    A text shorter than `size` is one shingle; an empty one has none. Returns their number.
    """
    n = len(points)
    if n == 0:
        return 0
    size = min(size, n)
    leaving = np.uint64(1)
    for _ in range(size):
        leaving *= _BASE
    rolling = np.uint64(0)
    for i in range(size):
        rolling = rolling * _BASE + np.uint64(points[i])
    out[0] = mix(rolling)
    for i in range(size, n):
        rolling = rolling * _BASE + np.uint64(points[i]) - leaving * np.uint64(points[i - size])
        out[i - size + 1] = mix(rolling)
    return n - size + 1


@njit(cache=True, nogil=True)
def _lower(hashes: np.ndarray, a: np.ndarray, b: np.ndarray, minima: np.ndarray) -> None:
    """Lower each minimum to the least permuted hash; four hashes for each load of a minimum."""
    whole = len(hashes) // 4 * 4
    half = np.uint64(32)
    for i in range(0, whole, 4):
        w = np.uint32(hashes[i] >> half)
        x = np.uint32(hashes[i + 1] >> half)
        y = np.uint32(hashes[i + 2] >> half)
        z = np.uint32(hashes[i + 3] >> half)
        for p in range(len(minima)):
            first = min(np.uint32(a[p] * w + b[p]), np.uint32(a[p] * x + b[p]))
            second = min(np.uint32(a[p] * y + b[p]), np.uint32(a[p] * z + b[p]))
            minima[p] = min(minima[p], min(first, second))
    for i in range(whole, len(hashes)):
        x = np.uint32(hashes[i] >> half)
        for p in range(len(minima)):
            minima[p] = min(minima[p], np.uint32(a[p] * x + b[p]))


@njit(cache=True, nogil=True)
def minhash(
    points: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    size: int,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
) -> None:
    """MinHash values of text i, `points[starts[i]:starts[i] + lengths[i]]`, into `out[i]`.

    `a` (odd) and `b` are uint32 (k,), k a multiple of `LANES`; `out` is uint32 (n, k). A text
    without shingles keeps the greatest value everywhere.
    """
    hashes = np.empty(_BLOCK, np.uint64)
    for i in range(len(starts)):
        minima = out[i]
        minima[:] = np.uint32(0xFFFFFFFF)
        text = points[starts[i] : starts[i] + lengths[i]]
        last = max(len(text) - size, 0)  # where the last shingle starts
        for first in range(0, last + 1, _BLOCK):
            block = text[first : first + _BLOCK + size - 1]
            _lower(hashes[: hash_shingles(block, size, hashes)], a, b, minima)


@njit(cache=True, nogil=True)
def hash_bands(minima: np.ndarray, bands: int, rows: int, out: np.ndarray) -> None:
    """Hash each band's values to one uint64: `minima` (n, >= bands * rows) to `out` (n, bands).

    The polynomial of a shingle, over the number of the band and its values: equal values in
    different bands do not meet.
    """
    for i in range(len(minima)):
        for band in range(bands):
            polynomial = np.uint64(band + 1)
            for row in range(band * rows, (band + 1) * rows):
                polynomial = polynomial * _BASE + np.uint64(minima[i, row])
            out[i, band] = mix(polynomial)
