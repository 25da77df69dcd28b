"""Two texts side by side: nothing is lost, and what is called the same is the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.differences import CONTEXT, SHOWN, Segment, differences

WORDS = st.lists(
    st.sampled_from(["말", "모이", "글을", "<|tel|>", "다.", "\n", "읽는다"]), max_size=30
)
TEXTS = WORDS.map(" ".join)


def text_of(segments: list[Segment], kind: str | None = None) -> str:
    return "".join(str(text) for name, text in segments if kind in (None, name))


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_short_texts_are_whole(left: str, right: str) -> None:
    a, b = differences(left, right)
    assert (text_of(a), text_of(b)) == (left, right)
    assert text_of(a, "same") == text_of(b, "same")
    assert (text_of(a, "other") + text_of(b, "other") == "") == (left == right)
    for name, text in [*a, *b]:
        assert name in ("same", "other") and text
        assert str(text).count("<|") == str(text).count("|>")  # no mask token is cut


@settings(max_examples=60, deadline=None)
@given(WORDS, st.integers(0, 3000), st.integers(0, 3000))
def test_what_is_left_out_is_counted(words: list[str], before: int, after: int) -> None:
    """Long texts with something else in the middle: as long as they were, and shown in part."""
    left = "가 " * before + " ".join(words) + " 나" * after
    right = "가 " * before + "다른 말" + " 나" * after
    for text, segments in zip((left, right), differences(left, right), strict=True):
        assert sum(n if isinstance(n, int) else len(n) for _, n in segments) == len(text)
        assert sum(len(n) for _, n in segments if isinstance(n, str)) < SHOWN + 8 * CONTEXT


def test_the_difference_is_found_far_inside() -> None:
    same = [f"낱말{n}" for n in range(20_000)]
    left, right = " ".join([*same, "여기", *same]), " ".join([*same, "저기", *same])
    a, b = differences(left, right)
    assert text_of(a, "other") == "여" and text_of(b, "other") == "저"
    assert [name for name, _ in a][:2] == ["left out", "same"]


@pytest.mark.parametrize("lead", [0, 3000])
def test_a_part_is_found_in_the_whole(lead: int) -> None:
    part = " ".join(f"문장 {n}" for n in range(40))
    whole = "머리말 " * lead + part + " 꼬리말" * 300
    a, b = differences(part, whole)
    assert text_of(a, "other") == ""
    assert text_of(b, "same").startswith("문장 0") == (lead > 0)
    shown = text_of(b, "same")
    assert shown.endswith(part[-CONTEXT:]) and shown.count("문장") >= 10


def test_spaces_alone_are_marked_as_such() -> None:
    a, b = differences("말 모이를 읽는다", "말모이를 읽는다")
    assert text_of(a, "other") == " " and text_of(b, "other") == ""


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (" ".join(f"가{n}" for n in range(9_000)), " ".join(f"나{n}" for n in range(9_000))),
        ("가 나 " * 9_000, "나 다 가 " * 6_000),
    ],
    ids=["nothing in common", "few words"],
)
def test_hard_texts_are_bounded(left: str, right: str) -> None:
    """No test of time, but one that difflib alone would not end within minutes."""
    for segments in differences(left, right):
        shown = sum(len(text) for _, text in segments if isinstance(text, str))
        assert 0 < shown < SHOWN + 8 * CONTEXT
