"""The order of the data, as arithmetic: sample g of a run is a function of (seed, g).

No index files and no state but one integer, the samples consumed: any number of processes, any
accumulation and any restart see the same stream. The shuffle is a keyed Feistel network, which is
a permutation of a power of four; indices that leave the range walk on along their cycle until they
are back in it (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains").
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np

ROUNDS = 6


def permute(indices: np.ndarray, n: int, *key: object) -> np.ndarray:
    """Where a shuffle of 0..n-1, chosen by `key`, puts each of `indices`: int64, same shape.

    Memory and time do not depend on n. Raises ValueError for an index outside 0..n-1.
    """
    if indices.size and not 0 <= indices.min() <= indices.max() < n:
        raise ValueError(f"indices {indices.min()} to {indices.max()} outside 0 to {n - 1}")
    half = np.uint64(max(1, ((n - 1).bit_length() + 1) // 2))
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8 * ROUNDS).digest()
    round_keys = np.frombuffer(digest, "<u8")
    values = indices.astype(np.uint64).reshape(-1)
    walking = np.arange(len(values))
    while len(walking):
        values[walking] = _feistel(values[walking], half, round_keys)
        walking = walking[values[walking] >= n]
    return values.astype(np.int64).reshape(indices.shape)


def _feistel(values: np.ndarray, half: np.uint64, round_keys: np.ndarray) -> np.ndarray:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for key in round_keys:
        left, right = right, left ^ (_mix(right ^ key) & mask)
    return left << half | right


def _mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Source(Protocol):
    """What the order must know of a source; `dataset.Stream` is one."""

    name: str
    weight: float  # times it is seen in an epoch
    windows: int


class Order:
    """Which window of which source each sample of the run is.

    In an epoch a source is drawn exactly round(weight x windows) times (at least once), and its
    draws run through its windows in whole passes: at weight 1 each window comes once an epoch, at
    2 twice, at 0.5 once in two epochs.
    """

    def __init__(self, sources: Sequence[Source], seed: int) -> None:
        self.names = [source.name for source in sources]
        self.windows = np.array([source.windows for source in sources], dtype=np.int64)
        self.quotas = np.array(
            [max(1, round(source.weight * source.windows)) for source in sources], dtype=np.int64
        )
        self.seed = seed
        self.epoch_samples = int(self.quotas.sum())

    def locate(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(source, window) of each sample number, both int64, same shape as `samples` (1-D)."""
        epoch, slot = np.divmod(np.asarray(samples, dtype=np.int64), self.epoch_samples)
        for e in np.unique(epoch):
            here = epoch == e
            slot[here] = permute(slot[here], self.epoch_samples, self.seed, "epoch", int(e))
        ends = np.cumsum(self.quotas)
        source = np.searchsorted(ends, slot, side="right")
        draw = epoch * self.quotas[source] + slot - (ends - self.quotas)[source]
        round_, window = np.divmod(draw, self.windows[source])
        for s, r in np.unique(np.stack([source, round_]), axis=1).T.tolist():
            here = (source == s) & (round_ == r)
            n = int(self.windows[s])
            window[here] = permute(window[here], n, self.seed, "source", self.names[s], r)
        return source, window
