"""Morphemes: boundaries on surface characters, nothing lost, the same for any number of workers."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenizer.analyses import Analyses
from tokenizer.build import mixed
from tokenizer.check import ADVERSARIAL
from tokenizer.morphemes import (
    HANGUL,
    boundaries,
    load_kiwi,
    morpheme_counts,
    places,
    split,
)

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


tags = st.sampled_from(["NNG", "JKS", "EF", "VCP", "VV", "XSV"])
spans = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 5), tags).map(
        lambda span: (span[0], span[0] + span[1], span[2])
    )
)


@given(spans)
def test_no_boundary_inside_a_morpheme(spans):
    cuts = places(boundaries(spans))
    assert list(cuts) == sorted(set(cuts))
    for cut in cuts:
        assert cut > 0
        assert any(start == cut for start, _, _ in spans)
        assert not any(start < cut < end for start, end, _ in spans)
    missed = {start for start, _, _ in spans} - set(cuts) - {0}
    assert all(any(start < at < end for start, end, _ in spans) for at in missed)


@given(spans)
def test_the_dial_takes_some_of_the_boundaries(spans):
    cuts = boundaries(spans)
    every, grammar, runs = (places(cuts, which) for which in ("all", "grammar", "runs"))
    assert set(grammar) | set(runs) <= set(every)
    for at in every:
        before = any(start == at and tag in ("JKS", "EF", "VCP") for start, _, tag in spans)
        after = any(end == at and tag in ("JKS", "EF", "VCP") for _, end, tag in spans)
        assert (at in grammar) == before
        assert (at in runs) == (not (before and after))


DIAL = {
    "all": [" 학교", "에서", "는"],
    "grammar": [" 학교", "에서", "는"],
    "runs": [" 학교", "에서는"],
}


@pytest.mark.parametrize("which", DIAL)
def test_the_dial_on_a_word(which):
    assert split([" 학교에서는"], which=which) == [DIAL[which]]
    assert split(["책가방을"], which="grammar") == [["책가방", "을"]]


def test_analyses_are_remembered_and_change_nothing(counts, tmp_path):
    some = counts.slice(0, 300)
    fresh, first = morpheme_counts(some, analyses=(learned := Analyses()))
    assert learned.added == first["analysed"] > 0 == first["remembered"]
    file = tmp_path / "morphemes.parquet"
    learned.write(file)
    remembered, second = morpheme_counts(counts.slice(0, 400), analyses=Analyses.read(file))
    assert second["remembered"] == first["analysed"] < second["analysed"]
    assert remembered == morpheme_counts(counts.slice(0, 400))[0]
    assert fresh == morpheme_counts(some, analyses=Analyses.read(file))[0]


def test_analyses_of_another_version_count_for_nothing(counts, tmp_path, monkeypatch):
    learned = Analyses()
    learned.add(["학교에"], [bytes(4)])
    learned.write(tmp_path / "a.parquet")
    assert (
        Analyses.read(tmp_path / "a.parquet").find(pa.chunked_array([["학교에"]])).null_count == 0
    )
    monkeypatch.setattr("tokenizer.analyses.analyser", lambda: "kiwipiepy=0")
    assert (
        Analyses.read(tmp_path / "a.parquet").find(pa.chunked_array([["학교에"]])).null_count == 1
    )


def test_unsplit_counts_are_mixed_in_by_their_share(counts):
    split_counts, _ = morpheme_counts(counts)
    assert mixed(split_counts, counts, 0.0) is split_counts
    total = {
        name: sum(table["count"].to_pylist())
        for name, table in (
            ("split", split_counts),
            ("whole", counts),
            ("mixed", mixed(split_counts, counts, 0.1)),
        )
    }
    assert total["mixed"] == 900 * total["split"] + 100 * total["whole"]
    assert mixed(split_counts, counts, 1.0)["eojeol"] == counts["eojeol"]


def split_here(kiwi, eojeol: str, max_chars: int) -> list[str]:
    """What `split` gives, in this process and in plain steps."""
    word = eojeol.lstrip(" ")
    cuts = places(kiwi(word)) if len(word) <= max_chars and HANGUL.search(word) else ()
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
        "remembered": 0,
        "failed": 0,
        "too_long": sum(len(word) > 10 for word in stripped),
    }
    assert numbers["too_long"] > 0


@settings(max_examples=200)
@given(st.text(st.sampled_from("가갔했ㄴᆫ힣a1.,\0\t\u200b\u0301😀𠀀﷐<|> "), max_size=20) | st.text())
def test_kiwi_cuts_any_word_inside_it(kiwi, word):
    assert all(0 < cut < len(word) for cut in places(kiwi(word)))


def test_kiwi_stands_adversarial_words(kiwi):
    for word in {word for text in ADVERSARIAL for word in text.split()}:
        assert all(0 < cut < len(word) for cut in places(kiwi(word)))


def test_a_batch_that_takes_too_long_is_kept_whole():
    # Kiwi needs a second for 40,000 characters
    table = pa.table({"eojeol": [" " + "아름다운우리나라" * 5000], "count": [3]})
    morphemes, numbers = morpheme_counts(table, max_chars=10**6, seconds=0.01)
    assert morphemes.to_pydict() == table.to_pydict()
    assert numbers["failed"] == 1
