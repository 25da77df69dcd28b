"""How many different eojeol a corpus has, judged by parts of a sample that double in size.

Heaps' law: V = K N^b different ones among N. In real text b falls slowly as N grows; here it falls
by the same factor with each doubling as it did on average in the sample.
"""

from dataclasses import dataclass
from math import ceil, comb, exp, lgamma, log2

import numpy as np

_MOST, _LEAST = 1.0, 1e-3  # of an exponent


@dataclass(frozen=True)
class Vocabulary:
    """`eojeol` and `distinct` (float64[n]): eojeol and different ones in growing parts of a sample,
    each with those before it.
    """

    eojeol: np.ndarray
    distinct: np.ndarray

    def exponents(self) -> np.ndarray:
        """float64[n - 1]: Heaps' exponent between each part and the next."""
        rises = np.diff(np.log(np.maximum(self.distinct, 1)))
        return np.clip(rises / np.maximum(np.diff(np.log(self.eojeol)), 1e-9), _LEAST, _MOST)

    def at(self, eojeol: float, constant: bool = False) -> tuple[float, float]:
        """(different ones among `eojeol`, Heaps' exponent there).

        `constant`: with the last exponent all the way, which gives the most. Of less than the
        smallest part with its exponent, too.
        """
        if eojeol < self.eojeol[-1]:
            first = float(self.exponents()[0])
            if eojeol < self.eojeol[0]:
                return float(self.distinct[0] * (eojeol / self.eojeol[0]) ** first), first
            logs = np.interp(np.log(eojeol), np.log(self.eojeol), np.log(self.distinct))
            return float(np.exp(logs)), first
        exponents = self.exponents()
        last = float(exponents[-1])
        fall = float((exponents[-1] / exponents[0]) ** (1 / max(len(exponents) - 1, 1)))
        fall = 1.0 if constant else min(fall, 1.0)
        doublings = max(0.0, log2(max(eojeol, 1.0) / float(self.eojeol[-1])))
        found, exponent = float(self.distinct[-1]), last * fall
        whole = ceil(doublings)
        for step in range(whole):
            part = min(1.0, doublings - step)
            found *= 2 ** (exponent * part)
            exponent *= fall
        return found, max(exponent, _LEAST)

    def used(self, eojeol: float, least: int, constant: bool = False) -> float:
        """Different ones that occur `least` times or more among `eojeol`.

        Where V grows as N^b, a share gamma(k - b) / (gamma(k) gamma(1 - b)) of them occurs k times
        or more (Karlin 1967).
        """
        found, exponent = self.at(eojeol, constant)
        if least <= 1:
            return found
        b = min(exponent, 0.999)
        return found * exp(lgamma(least - b) - lgamma(least) - lgamma(1 - b))


def vocabulary(eojeol: int, found_in: np.ndarray) -> Vocabulary:
    """Of a sample in equal parts: an eighth, a quarter, a half and all of eight of them, say.

    Args:
        eojeol: of all parts together.
        found_in: int64[parts + 1]; different eojeol by the number of parts they are in. How many
            are in some parts is what it is on average over every choice of them (rarefaction).
    """
    parts = len(found_in) - 1
    some = [2**power for power in range(parts.bit_length()) if 2**power <= parts]
    missed = [[comb(parts - n, k) / comb(parts, k) for n in range(parts + 1)] for k in some]
    distinct = (1 - np.array(missed)) @ found_in
    return Vocabulary(eojeol * np.array(some) / parts, distinct)
