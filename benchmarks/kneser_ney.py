"""Interpolated Kneser-Ney models of token ids: what a language model must beat.

Absolute discounting with one discount an order, D = n1 / (n1 + 2 n2), and counts of continuations
below the highest order (Chen and Goodman 1999, "An empirical study of smoothing techniques for
language modeling", section 2.7 and equation 26); below unigrams the uniform distribution.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Table:
    """The n-grams of one order.

    `keys` int64[n], sorted: the ids as digits to the base of the vocabulary, the last one lowest.
    `counts` int64[n]. `contexts` int64[m], sorted: keys without their last id; `totals` and `types`
    int64[m]: the counts, and the number, of the n-grams that begin with it.
    """

    keys: np.ndarray
    counts: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    types: np.ndarray
    discount: float

    @classmethod
    def made(cls, keys: np.ndarray, counts: np.ndarray, vocabulary: int) -> "Table":
        contexts, first = np.unique(keys // vocabulary, return_index=True)
        totals = np.add.reduceat(counts, first)
        types = np.diff(np.append(first, len(keys)))
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        discount = once / (once + 2 * twice) if once and twice else 0.5
        return cls(keys, counts, contexts, totals, types, discount)


class KneserNey:
    """A model of n-grams up to `order`, of windows of ids, int[windows, length]; -1 is no id.

    As a language model sees them, the windows are all there is: none has a word before its first.
    """

    def __init__(self, windows: np.ndarray, order: int, vocabulary: int) -> None:
        """Raises ValueError where the vocabulary is too large for keys of 63 bits."""
        if vocabulary**order >= 1 << 63:
            raise ValueError(f"{vocabulary} ids to the power of {order} do not fit 63 bits")
        self.order, self.vocabulary = order, vocabulary
        grams = np.unique(self._keys(windows, order), return_counts=True)
        self.tables = {order: Table.made(*grams, vocabulary)}
        for lower in range(order - 1, 0, -1):
            ends = self.tables[lower + 1].keys % vocabulary**lower
            self.tables[lower] = Table.made(*np.unique(ends, return_counts=True), vocabulary)

    def nats(self, windows: np.ndarray) -> float:
        """-log probability of each window's ids but the first, given those before in the window."""
        parts = {length: windows[:, :length] for length in range(2, self.order)}
        parts[self.order] = windows
        found = (self.probability(self._keys(part, n), n) for n, part in parts.items())
        return -sum(float(np.log(each).sum()) for each in found)

    def probability(self, keys: np.ndarray, order: int) -> np.ndarray:
        """float64: of the last id of each n-gram of that order, given its others."""
        table, shorter = self.tables[order], self.vocabulary ** (order - 1)
        below: np.ndarray | float = 1 / self.vocabulary
        if order > 1:
            below = self.probability(keys % shorter, order - 1)
        count = _found(table.keys, table.counts, keys)
        total = _found(table.contexts, table.totals, keys // self.vocabulary)
        types = _found(table.contexts, table.types, keys // self.vocabulary)
        seen = np.maximum(count - table.discount, 0) + table.discount * types * below
        return np.where(total > 0, seen / np.maximum(total, 1), below)

    def _keys(self, windows: np.ndarray, order: int) -> np.ndarray:
        """The keys of all n-grams without a -1 in them."""
        ids = windows.astype(np.int64)
        length = ids.shape[1] - order + 1
        keys = np.zeros((len(ids), length), np.int64)
        whole = np.ones((len(ids), length), bool)
        for at in range(order):
            part = ids[:, at : at + length]
            keys, whole = keys * self.vocabulary + part, whole & (part >= 0)
        return keys[whole]


def _found(sorted_keys: np.ndarray, values: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The value of each key, 0 where it is not there."""
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.where(sorted_keys[at] == keys, values[at], 0)
