"""The canonical form: its fast form against its definition, and what it does to Korean."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical, canonical_points

KOREAN = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
JAMO = st.one_of(
    st.characters(min_codepoint=0x1100, max_codepoint=0x11FF),
    st.characters(min_codepoint=0x3130, max_codepoint=0x318F),
    st.characters(min_codepoint=0xFFA0, max_codepoint=0xFFDC),
    st.characters(min_codepoint=0xA960, max_codepoint=0xA97C),
    st.characters(min_codepoint=0xD7B0, max_codepoint=0xD7FB),
    st.characters(min_codepoint=0x3200, max_codepoint=0x33FF),
)
ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
ANY = st.characters(exclude_categories=["Cs"])
TEXTS = st.lists(st.text(st.one_of(KOREAN, JAMO, ASCII, ANY), max_size=20), max_size=8)


def forms(texts: list[str]) -> list[str]:
    found = canonical_points(pa.array(texts, pa.string()))
    return [found[row].tobytes().decode("utf-32-le") for row in range(len(found))]


@settings(deadline=None)
@given(TEXTS)
@example(["각", "각", "가 ᆨ", "㉮ᆨ", "㉼ᆨ", "ㅋㅏ", "ㄱㅏㄳ", "㈜ᆨ", "가́", "ﷺﷺ", "ΐß½"])
@example(["ㅠㅠ", "ㅋㅋㅠㅠ", "ﾡￂ", "\u3164", "❤\ufe0f", "A\u0301", "ｶﾞ", "\u09c7\u09be"])
def test_fast_form_is_the_definition(texts: list[str]) -> None:
    assert forms(texts) == [canonical(text) for text in texts]


@pytest.mark.parametrize("before, after", [("", ""), ("가", "ᆨ"), ("ᄀ", "ᅡ"), ("a", "\u0301")])
def test_every_code_point_between_neighbours_it_could_join(before: str, after: str) -> None:
    chars = [chr(point) for point in range(0x33480) if unicodedata.category(chr(point)) != "Cs"]
    texts = [before + char + after for char in chars]
    assert forms(texts) == [canonical(text) for text in texts]


@settings(deadline=None)
@given(st.text(st.one_of(KOREAN, ASCII, st.sampled_from("ㅋㅠ　 １Ａ"))))
def test_forms_of_one_text_are_equal(text: str) -> None:
    wide = text.translate({point: point + 0xFEE0 for point in range(0x21, 0x7F)})
    spaced = " ".join(text)
    variants = [unicodedata.normalize("NFD", text), wide, text.upper(), f"\u200b{text}…!"]
    expected, *others = forms([text, *variants])
    assert all(other == expected for other in others)
    if not any("\u3131" <= char <= "\u318e" for char in text):
        assert forms([spaced]) == [expected]


def test_figures_and_syllables_stay() -> None:
    assert forms(["2,000,000원, ２개(㈜말모이)"]) == ["2000000원2개주말모이"]
    assert canonical("1천") != canonical("2천")


def test_what_cannot_be_seen_is_no_content() -> None:
    assert forms(["!?… ~", "\u3164\uffa0\u115f", "\ufe0f\u034f", "", "\n\t"]) == [""] * 5


def test_slices_nulls_and_empty_arrays() -> None:
    array = pa.array(["버림", "가 나", None, "é", "다"], pa.string())
    found = canonical_points(array.slice(1, 3))
    assert [found[row].tobytes().decode("utf-32-le") for row in range(3)] == ["가나", "", "é"]
    assert len(canonical_points(pa.array([], pa.string()))) == 0
    assert canonical_points(pa.array([None, ""], pa.string())).lengths.tolist() == [0, 0]


def test_texts_that_grow_have_room() -> None:
    texts = ["ﷺ" * 50, "가", "ﷺ", "ΐ" * 30]
    found = canonical_points(pa.array(texts))
    assert found.points.dtype == np.uint32
    assert forms(texts) == [canonical(text) for text in texts]
    assert len(canonical(texts[0])) > len(texts[0].encode())
