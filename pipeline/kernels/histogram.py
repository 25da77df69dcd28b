"""Counting values into bins of any widths."""

import numba
import numpy as np

_DROPPED_BITS = 17
"""Of a float32: the rest is its exponent and six bits of its fraction, 64 values an octave."""


def starts(edges: np.ndarray) -> np.ndarray:
    """int16[2^14]: by the leading bits of a value, how many edges are below all that have them.

    edges: float32[e], ascending, not negative.
    """
    leading = np.arange(1 << (31 - _DROPPED_BITS), dtype=np.int32) << _DROPPED_BITS
    return np.searchsorted(edges.view(np.int32), leading).astype(np.int16)


@numba.njit(cache=True, nogil=True)
def count_into(
    values: np.ndarray,
    taken: np.ndarray,
    alone: np.ndarray,
    n_bytes: np.ndarray,
    edges: np.ndarray,
    begin: np.ndarray,
    below: bool,
    out: np.ndarray,
) -> None:
    """Adds the `taken` of n values to bins: their number, that of the `alone`, and their bytes.

    values: float32[n], not negative. taken, alone: bool[n]. n_bytes: int64[n]. edges: float32[e],
    ascending, not negative. begin: their `starts`. out: int64[3, e + 1]. A value lies in the bin of
    as many edges as are less than it or, with `below`, not greater.
    """
    bits = values.view(np.int32)  # of numbers that are not negative they are in the same order
    for row in range(len(values)):
        if not taken[row]:
            continue
        value, at = values[row], begin[bits[row] >> _DROPPED_BITS]
        while at < len(edges) and (edges[at] < value or (below and edges[at] == value)):
            at += 1
        out[0, at] += 1
        if alone[row]:
            out[1, at] += 1
            out[2, at] += n_bytes[row]
