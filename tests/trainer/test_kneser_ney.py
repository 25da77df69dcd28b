"""The n-gram models that the learning benchmark sets beside the trainer's."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.kneser_ney import KneserNey

VOCABULARY = 5
texts = arrays(np.int64, (4, 7), elements=st.integers(0, VOCABULARY - 1))


@given(texts, st.integers(2, 3))
def test_probabilities_of_every_context_add_up_to_one(windows: np.ndarray, order: int) -> None:
    model = KneserNey(windows, order, VOCABULARY)
    for n in range(1, order + 1):
        contexts = np.arange(VOCABULARY ** (n - 1))
        keys = contexts[:, None] * VOCABULARY + np.arange(VOCABULARY)
        found = model.probability(keys.ravel(), n)
        assert np.allclose(found.reshape(keys.shape).sum(axis=1), 1)
        assert (found > 0).all()


@given(texts)
def test_a_bigram_is_as_the_formula_has_it(windows: np.ndarray) -> None:
    """Chen and Goodman's definition, word by word over dictionaries."""
    model = KneserNey(windows, 2, VOCABULARY)
    pairs = Counter((row[i], row[i + 1]) for row in windows.tolist() for i in range(6))
    before = Counter(second for _, second in pairs)

    def discount(counts: Counter) -> float:
        once, twice = (sum(count == n for count in counts.values()) for n in (1, 2))
        return once / (once + 2 * twice) if once and twice else 0.5

    d1, d2 = discount(before), discount(pairs)
    for first in range(VOCABULARY):
        total = sum(count for pair, count in pairs.items() if pair[0] == first)
        types = sum(pair[0] == first for pair in pairs)
        for second in range(VOCABULARY):
            below = max(before[second] - d1, 0) + d1 * len(before) / VOCABULARY
            expected = below / len(pairs)
            if total:
                own = max(pairs[first, second] - d2, 0)
                expected = own / total + d2 * types / total * expected
            key = np.array([first * VOCABULARY + second])
            assert model.probability(key, 2)[0] == pytest.approx(expected)


def test_a_window_is_read_from_its_first_id_to_its_end() -> None:
    seen = np.random.default_rng(1).integers(0, VOCABULARY, (20, 9))
    model = KneserNey(seen, 3, VOCABULARY)
    one = np.array([[1, 4, 2, 0, -1, -1]])
    pair = model.probability(np.array([1 * 5 + 4]), 2)
    triples = model.probability(np.array([(1 * 5 + 4) * 5 + 2, (4 * 5 + 2) * 5 + 0]), 3)
    expected = -np.log(np.concatenate([pair, triples])).sum()
    assert model.nats(one) == pytest.approx(expected)
    assert model.nats(one[:, :4]) == pytest.approx(expected)


def test_keys_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="63 bits"):
        KneserNey(np.zeros((1, 4), int), 4, 70_000)
