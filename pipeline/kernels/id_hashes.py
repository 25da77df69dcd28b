"""Hashes of short strings, such as ids, straight from an Arrow buffer."""

import numpy as np
from numba import njit

from pipeline.kernels.minhash import mix

_BASE = np.uint64(0x100000001B3)  # the prime of FNV-1a; `mix` spreads what it leaves together


@njit(cache=True, nogil=True)
def hash_strings(data: np.ndarray, offsets: np.ndarray, out: np.ndarray) -> None:
    """`out[i]` (uint64) becomes the hash of `data[offsets[i]:offsets[i + 1]]` (uint8)."""
    for i in range(len(out)):
        state = np.uint64(0xCBF29CE484222325)
        for at in range(offsets[i], offsets[i + 1]):
            state = (state ^ np.uint64(data[at])) * _BASE
        out[i] = mix(state)
