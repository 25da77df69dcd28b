"""How many documents are left of a corpus without its copies, judged by a sample of it.

A sample at the rate p of documents sees of a group of s copies a number that is binomial(s, p), so
of pairs p squared are seen as pairs: the copies in a sample are few, and their share grows with it.
The numbers of groups of each size that make what was seen likeliest are found by expectation
maximisation over Poisson counts (the nonparametric estimate of unseen species by Norris and Pollock
1998 and Mao and Lindsay 2007, with a thinning of binomials).
"""

from dataclasses import dataclass
from functools import cached_property
from math import lgamma

import numpy as np

SIZES_A_FACTOR = 12
"""Sizes of groups on trial for each factor of 10, beyond the small ones that are all tried."""

EXPONENT = 2.5
"""Groups of s documents are tried first in numbers that fall as s^-2.5: where a sample cannot tell,
small groups, which are most of them everywhere."""

_SMALL, _ROUNDS, _CHANGE = 16, 4_000, 1e-9


@dataclass(frozen=True)
class Groups:
    """Groups of copies of a corpus: how many (or how many bytes) there are of each size.

    `sizes` int64[n], `weights` float64[n]; a document without copies is a group of 1.
    """

    sizes: np.ndarray
    weights: np.ndarray

    @property
    def left(self) -> float:
        """What is left when one of each group stays."""
        return float(self.weights.sum())

    @cached_property
    def total(self) -> float:
        """All documents (or bytes, where copies of one have as many)."""
        return float(self.weights @ self.sizes)

    def with_copies(self, rate: float) -> float:
        """Documents of a sample at `rate` that have a copy in it (expected)."""
        alone = (1.0 - rate) ** (self.sizes - 1.0)
        return float(self.weights @ (self.sizes * rate * (1.0 - alone)))

    def left_at(self, rate: float) -> float:
        """Groups of which a sample at `rate` has a document (expected)."""
        return float(self.weights @ (1.0 - (1.0 - rate) ** self.sizes.astype(np.float64)))


def fit(seen: np.ndarray, rate: float, exponent: float = EXPONENT) -> Groups:
    """The groups of the corpus from those of a sample.

    Args:
        seen: float64[k]; seen[j] groups of j + 1 documents in the sample (or their bytes).
        rate: documents of the sample for one of the corpus, in (0, 1].
        exponent: of the power law that is tried first.
    """
    counts = np.arange(1, len(seen) + 1)
    if rate >= 1.0 or not seen.any():
        return Groups(counts, np.asarray(seen, np.float64))
    sizes = _grid(len(seen), rate)
    chances = _binomial(counts, sizes, rate)  # (k, n)
    visible = 1.0 - (1.0 - rate) ** sizes.astype(np.float64)
    known = np.flatnonzero(seen)
    weights = sizes**-exponent * np.gradient(sizes.astype(np.float64))
    weights *= (counts @ seen) / rate / (weights @ sizes)
    seen_known, chances = np.asarray(seen, np.float64)[known], chances[known]
    for _ in range(_ROUNDS):
        expected = chances.T * (weights[:, None] / np.maximum(weights @ chances.T, 1e-300))
        renewed = (expected @ seen_known) / visible
        moved = np.abs(renewed - weights).sum()
        weights = renewed
        if moved <= _CHANGE * weights.sum():
            break
    return Groups(sizes, weights)


def _grid(largest: int, rate: float) -> np.ndarray:
    """int64: sizes of groups on trial, up to twice what the largest group seen stands for."""
    most = max(_SMALL, 2 * largest / rate if largest > 1 else _SMALL)
    steps = int(np.ceil(np.log10(most / _SMALL) * SIZES_A_FACTOR)) + 1
    large = np.geomspace(_SMALL, most, max(steps, 2)).round().astype(np.int64)
    return np.unique(np.concatenate([np.arange(1, _SMALL + 1), large]))


def _binomial(counts: np.ndarray, sizes: np.ndarray, rate: float) -> np.ndarray:
    """float64 (counts, sizes): the chance that a sample has `counts` of a group of `sizes`."""
    gammas = np.vectorize(lgamma, otypes=[np.float64])
    j, s = counts[:, None].astype(np.float64), sizes[None, :].astype(np.float64)
    inside = s >= j
    s_in = np.where(inside, s, j)
    logs = gammas(s_in + 1) - gammas(j + 1) - gammas(s_in - j + 1)
    logs = logs + j * np.log(rate) + (s_in - j) * np.log1p(-rate)
    return np.where(inside, np.exp(logs), 0.0)
