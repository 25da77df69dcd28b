"""Figures on how a vocabulary fits text, against the same counted in plain steps."""

import math
import re
from itertools import accumulate, pairwise

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.check import ADVERSARIAL
from tokenizer.morphemes import HANGUL
from tokenizer.quality import byte_fragments, crossing, quality, renyi_efficiency
from tokenizer.vocabulary import byte_lengths

uses = st.lists(st.integers(0, 1000), min_size=2, max_size=30).map(np.array)


def test_renyi_efficiency_of_known_distributions():
    assert renyi_efficiency(np.full(7, 3)) == pytest.approx(1)
    assert renyi_efficiency(np.array([0, 9, 0])) == renyi_efficiency(np.zeros(4, int)) == 0
    # (3/4, 1/4) of two entries: log2(.75**2.5 + .25**2.5) / -1.5
    assert renyi_efficiency(np.array([3, 1])) == pytest.approx(
        -math.log2(0.75**2.5 + 0.25**2.5) / 1.5
    )
    assert renyi_efficiency(np.array([3, 1]), alpha=2.0) == pytest.approx(-math.log2(10 / 16))


@given(uses)
def test_renyi_efficiency_is_a_share_whatever_the_order(used):
    found = renyi_efficiency(used)
    assert 0 <= found <= 1 + 1e-9
    assert renyi_efficiency(used[::-1]) == pytest.approx(found)
    assert renyi_efficiency(used * 3) == pytest.approx(found)


@given(st.lists(st.integers(1, 6), max_size=20), st.sets(st.integers(0, 60)))
def test_crossing_tokens_have_a_bound_inside(lengths, bounds):
    ends = [0, *accumulate(lengths)]
    want = [any(start < at < end for at in bounds) for start, end in pairwise(ends)]
    found = crossing(np.array(lengths, np.int64), np.array(sorted(bounds), np.int64))
    assert found.tolist() == want


def halves(eojeol):
    """Stands for Kiwi: an eojeol's first half and the rest."""
    return [[one[: len(one) // 2], one[len(one) // 2 :]] for one in eojeol]


def test_figures_are_those_of_the_texts(model, paragraphs):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    texts = {
        "ours": paragraphs,
        "none": [],
        "hard": [text for text in ADVERSARIAL if "<|" not in text and "\u2581" not in text],
    }
    found = quality(model, texts, ["email"], halves)
    assert list(found["sources"]) == ["ours", "hard"]
    fragments = {i for i in range(1600) if processor.is_byte(i) and i - 4 >= 0x80}
    assert set(np.flatnonzero(byte_fragments(model)).tolist()) == fragments
    for source, figures in found["sources"].items():
        ids = [i for text in texts[source] for i in processor.encode(text)]
        assert figures["tokens"] == len(ids)
        assert figures["bytes"] == sum(len(text.encode()) for text in texts[source])
        characters = sum(map(len, texts[source])) / len(ids)
        assert figures["characters_per_token"] == pytest.approx(characters, abs=1e-4)
        share = sum(i in fragments for i in ids) / len(ids)
        assert figures["byte_fallback"] == pytest.approx(share, abs=1e-4)
        renyi = renyi_efficiency(np.bincount(ids, minlength=1600))
        assert figures["renyi"] == pytest.approx(renyi, abs=1e-4)
    both = found["all"]
    assert both["tokens"] == sum(row["tokens"] for row in found["sources"].values())
    assert both["bytes_per_token"] == pytest.approx(both["bytes"] / both["tokens"], abs=1e-4)


def test_fertility_and_crossing_are_those_of_the_words(model, paragraphs):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    sizes = byte_lengths(model)
    found = quality(model, {"ours": paragraphs}, ["email"], halves)["all"]
    words = re.findall(" *[^ \n]+", re.sub(r"<\|(tel|acc)\|>", "\n", "\n".join(paragraphs)))
    tokens = inside = crossed = 0
    for word in words:
        ends = [0, *accumulate(sizes[processor.encode(word)].tolist())]
        assert ends[-1] == len(word.encode())
        tokens += len(ends) - 1
        if HANGUL.search(word):
            inside += len(ends) - 1
            bound = len(word[: len(word) // 2].encode())
            crossed += sum(start < bound < end for start, end in pairwise(ends))
    assert found["tokens_per_eojeol"] == pytest.approx(tokens / len(words), abs=1e-4)
    assert found["crossing"] == pytest.approx(crossed / inside, abs=1e-4)
    assert 0 < crossed < inside < tokens


def test_no_texts_have_no_figures(model):
    assert quality(model, {}, [], halves) == {"all": None, "sources": {}}
    only_spaces = quality(model, {"a": ["", " \n "]}, [], halves)["sources"]["a"]
    assert only_spaces["tokens_per_eojeol"] == only_spaces["crossing"] == 0
