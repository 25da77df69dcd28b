"""The order of the data is a permutation, exact in its quotas, and knows no state."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.order import Order, permute


@dataclass
class Source:
    name: str
    windows: int
    weight: float = 1.0


SOURCES = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 3.0])),
    min_size=1,
    max_size=4,
).map(lambda rows: [Source(f"s{i}", n, weight) for i, (n, weight) in enumerate(rows)])


@given(st.integers(1, 2000), st.integers(0, 2**32))
def test_a_shuffle_is_a_permutation(n: int, seed: int) -> None:
    assert sorted(permute(np.arange(n), n, seed)) == list(range(n))


def test_a_shuffle_of_a_hundred_million_needs_no_table() -> None:
    n = 104_000_000  # Polyglot-Ko's 213 billion tokens, in sequences of 2,048
    drawn = permute(np.arange(0, n, 997), n, 1, "epoch", 0)
    assert len(np.unique(drawn)) == len(drawn)
    assert 0 <= drawn.min() <= drawn.max() < n
    halves = np.histogram(drawn, bins=8, range=(0, n))[0]
    assert np.all(np.abs(halves / halves.mean() - 1) < 0.05)


def test_a_shuffle_depends_on_its_whole_key_and_never_changes() -> None:
    assert permute(np.arange(10), 10, 0, "epoch", 0).tolist() == [3, 7, 8, 5, 6, 9, 1, 0, 4, 2]
    keys = [(0, "epoch", 0), (1, "epoch", 0), (0, "epoch", 1), (0, "source", 0)]
    orders = {tuple(permute(np.arange(1000), 1000, *key).tolist()) for key in keys}
    assert len(orders) == len(keys)


def test_an_index_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="outside 0 to 9"):
        permute(np.array([3, 10]), 10, 0)


@given(SOURCES, st.integers(0, 99))
def test_an_epoch_draws_each_source_exactly_by_its_weight(sources: list[Source], seed: int) -> None:
    order = Order(sources, seed)
    for epoch in range(3):
        start = epoch * order.epoch_samples
        drawn, _ = order.locate(np.arange(start, start + order.epoch_samples))
        counts = np.bincount(drawn, minlength=len(sources)).tolist()
        assert counts == [max(1, round(s.weight * s.windows)) for s in sources]


@given(SOURCES, st.integers(0, 99))
def test_a_source_is_seen_in_whole_passes(sources: list[Source], seed: int) -> None:
    order = Order(sources, seed)
    source, window = order.locate(np.arange(4 * order.epoch_samples))
    for s, known in enumerate(sources):
        seen = np.bincount(window[source == s], minlength=known.windows)
        assert len(seen) == known.windows
        assert seen.max() - seen.min() <= 1


@given(SOURCES, st.integers(0, 99), st.integers(1, 7))
def test_the_stream_does_not_depend_on_who_asks(
    sources: list[Source], seed: int, world: int
) -> None:
    order = Order(sources, seed)
    samples = np.arange(3 * order.epoch_samples)
    source, window = order.locate(samples)
    for rank in range(world):
        mine = Order(sources, seed).locate(samples[rank::world])
        assert np.array_equal(mine[0], source[rank::world])
        assert np.array_equal(mine[1], window[rank::world])


def test_epochs_and_seeds_differ() -> None:
    def stream(seed: int) -> list[int]:
        return Order([Source("blog", 50)], seed).locate(np.arange(100))[1].tolist()

    assert sorted(stream(0)[:50]) == sorted(stream(0)[50:]) == list(range(50))
    assert stream(0)[:50] != stream(0)[50:]
    assert stream(0) != stream(1)
