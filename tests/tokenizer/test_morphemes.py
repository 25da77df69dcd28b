"""Morphemes: boundaries on surface characters, nothing lost, the same for any number of workers."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenizer.check import ADVERSARIAL
from tokenizer.morphemes import HANGUL, boundaries, load_kiwi, morpheme_counts, split

CASES = {
    " 학교에서는": [" 학교", "에서", "는"],
    "   정말ㅋㅋㅋㅋ": ["   정말", "ㅋㅋㅋㅋ"],
    "했다": ["했", "다"],  # 하 + 었 + 다: the first two share a syllable
    "학교에선": ["학교", "에선"],  # 에서 + ㄴ
    "된다": ["된다"],  # 되 + ㄴ다
    "😀학교는": ["😀", "학교", "는"],  # beyond the BMP: offsets are characters
    "hello,world": ["hello,world"],
    "": [""],
    "  ": ["  "],
}


@pytest.fixture(scope="module")
def kiwi():
    return load_kiwi()


spans = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda span: (span[0], sum(span)))
)


@given(spans)
def test_no_boundary_inside_a_morpheme(spans):
    cuts = boundaries(spans)
    assert list(cuts) == sorted(set(cuts))
    for cut in cuts:
        assert cut > 0
        assert any(start == cut for start, _ in spans)
        assert not any(start < cut < end for start, end in spans)
    missed = {start for start, _ in spans} - set(cuts) - {0}
    assert all(any(start < at < end for start, end in spans) for at in missed)


def split_here(kiwi, eojeol: str, max_chars: int) -> list[str]:
    """What `split` gives, in this process and in plain steps."""
    word = eojeol.lstrip(" ")
    cuts = kiwi(word) if len(word) <= max_chars and HANGUL.search(word) else ()
    bounds = [0, *(cut + len(eojeol) - len(word) for cut in cuts), len(eojeol)]
    return [eojeol[start:end] for start, end in pairwise(bounds)]


def test_split_in_two_processes_is_as_in_none(kiwi, counts):
    eojeol = [*CASES, *counts["eojeol"].to_pylist()[:700], "가" * 65, " " + "가" * 64]
    found = split(eojeol, workers=2)
    assert found == [split_here(kiwi, one, 64) for one in eojeol]
    assert ["".join(parts) for parts in found] == eojeol
    assert dict(zip(CASES, found, strict=False)) == CASES
    assert found[-2] == ["가" * 65]


def test_counts_of_morphemes_are_those_of_their_eojeol(kiwi, counts):
    table, numbers = morpheme_counts(counts.slice(0, 400), workers=1, max_chars=10)
    parts = [split_here(kiwi, one, 10) for one in counts["eojeol"].to_pylist()[:400]]
    want: dict[str, int] = {}
    for morphemes, count in zip(parts, counts["count"].to_pylist(), strict=False):
        for morpheme in morphemes:
            want[morpheme] = want.get(morpheme, 0) + count
    assert dict(zip(*table.to_pydict().values(), strict=True)) == want
    stripped = [eojeol.lstrip() for eojeol in counts["eojeol"].to_pylist()[:400]]
    assert numbers == {
        "analysed": len({word for word in stripped if len(word) <= 10 and HANGUL.search(word)}),
        "failed": 0,
        "too_long": sum(len(word) > 10 for word in stripped),
    }
    assert numbers["too_long"] > 0


@settings(max_examples=200)
@given(st.text(st.sampled_from("가갔했ㄴᆫ힣a1.,\0\t\u200b\u0301😀𠀀﷐<|> "), max_size=20) | st.text())
def test_kiwi_cuts_any_word_inside_it(kiwi, word):
    assert all(0 < cut < len(word) for cut in kiwi(word))


def test_kiwi_stands_adversarial_words(kiwi):
    for word in {word for text in ADVERSARIAL for word in text.split()}:
        assert all(0 < cut < len(word) for cut in kiwi(word))


def test_a_batch_that_takes_too_long_is_kept_whole():
    # Kiwi needs a second for 40,000 characters
    table = pa.table({"eojeol": [" " + "아름다운우리나라" * 5000], "count": [3]})
    morphemes, numbers = morpheme_counts(table, max_chars=10**6, seconds=0.01)
    assert morphemes.to_pydict() == table.to_pydict()
    assert numbers["failed"] == 1
