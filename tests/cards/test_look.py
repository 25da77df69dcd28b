"""The second look counts what is there, and keeps nothing of it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cards.look import look, slurs, total
from pipeline.pii.mask import mask
from tokenizer.special import PII_KINDS

TELEPHONE = "010-2345-6789"


def test_values_slurs_and_spam_are_counted_by_text() -> None:
    texts = [
        f"연락은 {TELEPHONE} 또는 a.b@example.com 으로 주세요. 급하면 {TELEPHONE}.",
        f"이 {slurs()[0]}라는 말과 {slurs()[1]}라는 말을 쓰지 말자.",
        "카지노사이트 바카라 토토사이트 안내",
        "평범한 글이다.",
    ]
    found = look(texts, PII_KINDS)
    assert found["values"] == {"email": 1, "tel": 2}
    assert (found["with_values"], found["with_slurs"], found["with_spam"]) == (1, 1, 1)
    assert found["bytes"] == sum(len(text.encode()) for text in texts) and found["texts"] == 4
    assert "2345" not in json.dumps(found)


def test_only_the_kinds_that_are_asked_for() -> None:
    assert look([f"{TELEPHONE} a.b@example.com"], ["email"])["values"] == {"email": 1}


def test_masked_text_holds_nothing_more() -> None:
    masked, counts = mask(f"연락은 {TELEPHONE} 으로 주세요.")
    assert counts == {"tel": 1} and look([masked], PII_KINDS)["values"] == {}


def test_a_word_that_only_contains_a_part_of_a_slur_is_none() -> None:
    assert look(["공개독서 모임과 대구 한남동의 점수꼴찌"], PII_KINDS)["with_slurs"] == 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.sampled_from([TELEPHONE, slurs()[0], "글", ""]), max_size=4)))
def test_the_whole_is_the_sum_of_its_parts(parts: list[list[str]]) -> None:
    whole = look([text for part in parts for text in part], PII_KINDS)
    assert total(look(part, PII_KINDS) for part in parts) == whole


def test_nothing_is_looked_at_in_no_texts() -> None:
    empty = look([], PII_KINDS)
    assert empty == total([]) and empty["texts"] == 0
