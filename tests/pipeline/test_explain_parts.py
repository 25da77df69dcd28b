"""What is shown of a text holds no personal value; passages are the places that differ."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clean_batch import clean_batch
from pipeline.explain.edits import edit_rows, explain
from pipeline.explain.passages import AROUND, differences
from pipeline.explain.rules import rule_rows
from pipeline.explain.shown import Shown, veiled
from pipeline.explain.stages import go, record_of
from pipeline.settings import Clean, Pii, Source

WORDS = st.sampled_from(["도서관", "마을에", "새", "문을", "열었다.", "그리고", "봄이", "왔다."])
FILLER = st.lists(WORDS, max_size=8).map(" ".join)
NUMBERS = st.sampled_from(
    [
        "010-2345-6789",
        "010&#45;2345&#45;6789",
        "<b>010</b>-2345-6789",
        "010<!-- x -->-2345-6789",
        "０１０-２３４５-６７８９",
        "010\u200b-2345\u200b-6789",
        "**010**-2345-6789",
        "<p>010-2345-6789</p>",
        "<td>010-2345-6789</td>",
        "[010-2345-6789](tel:01023456789)",
        "010 2345 6789",
    ]
)
HALVES = ("2345", "6789", "２３４５", "６７８９")
"""No filler has a digit: where one of these is shown, half of a number is."""
BLOG, NONE = Source(name="blog", paths=["x"]), Source(name="blog", paths=["x"], profile="none")
PAGES = Source(name="pages", paths=["x"], format="html")


@given(FILLER, st.lists(st.just("010-2345-6789"), min_size=1, max_size=3), FILLER, st.data())
def test_a_part_shows_no_half_of_a_value(
    before: str, values: list[str], after: str, data: st.DataObject
) -> None:
    text = f"{before} 전화 {' 또는 '.join(values)}로 주세요. {after}"
    shown = Shown(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    part = shown.part(start, end)
    assert not any(char.isdigit() for char in part)
    assert not any(char.isdigit() for char in shown.around(start, end) + shown.beginning(end))
    outside = all(end <= span.start or span.end <= start for span in shown.spans)
    assert (part == text[start:end]) == outside


@settings(max_examples=150, deadline=None)
@given(FILLER, st.lists(st.tuples(NUMBERS, FILLER), min_size=1, max_size=3), st.booleans())
def test_edits_show_no_value_however_it_is_broken(
    before: str, values: list[tuple[str, str]], page: bool
) -> None:
    text = before + "".join(f" 전화는   {number} 입니다. {filler}" for number, filler in values)
    if page:
        text = f"<html><body><article><p>{text}</p></article></body></html>"
    rows = edit_rows(text, explain(text, Clean(), html=page))
    written = json.dumps(rows, ensure_ascii=False)
    assert rows and not any(half in written for half in HALVES), written


@settings(deadline=None)
@given(FILLER, NUMBERS)
def test_what_is_cut_out_whole_is_veiled(filler: str, number: str) -> None:
    """A comment that is taken away is no text of the document, and still somebody's number."""
    (shown,) = veiled([f"<!-- {filler} 전화 {number} -->"])
    assert not any(half in shown for half in HALVES), shown


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "도서관이 문을 열었다. ",
                "ㅋㅋㅋㅋ",
                "https://a.kr/b ",
                "!!!!",
                "本日は晴天。",
                "12 ",
                "\n메뉴",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_the_rule_told_is_the_rule_that_removes(text: str) -> None:
    source = BLOG
    record = record_of(text or "가", "f:1")
    gone = go(record, source, Clean(), Pii(), None)
    rows = rule_rows(gone.features, Clean().rules(source.profile))
    cleaned = clean_batch(record, source, Clean(), Pii())
    removed = cleaned.removed.to_pylist()
    if removed and removed[0]["rule"] == "empty_text":
        return
    told = [(row["rule"], row["value"]) for row in rows if row["decided"]]
    assert told == [(row["rule"], row["value"]) for row in removed]
    firing = [row["rule"] for row in rows if row["fires"]]
    assert firing[:1] == [rule for rule, _ in told]


@settings(deadline=None)
@given(st.lists(WORDS, min_size=20, max_size=200), st.data())
def test_passages_are_the_words_that_were_changed(words: list[str], data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, len(words) - 1), min_size=1, max_size=4))
    places = {place for place in places if all(abs(place - o) > 4 for o in places - {place})}
    changed = [f"낱말{at}" if at in places else word for at, word in enumerate(words)]
    found = differences(" ".join(words), " ".join(changed))
    assert found["count"] == len(places)
    for place, passage in zip(sorted(places), found["passages"], strict=True):
        assert (passage["left"], passage["right"]) == (words[place], f"낱말{place}")
        assert passage["before"] == " ".join(words[max(place - AROUND, 0) : place])
        assert passage["after"] == " ".join(words[place + 1 : place + 1 + AROUND])


@settings(deadline=None)
@given(FILLER, FILLER)
def test_equal_texts_have_no_passage_and_others_have(left: str, right: str) -> None:
    assert (differences(left, right)["count"] == 0) == (left.split() == right.split())


def test_long_texts_are_compared_by_sentence_first() -> None:
    sentences = [f"{n}번째 문장은 조금 다르다." for n in range(2_000)]
    other = [*sentences[:700], "여기에 새 문장이 있다.", *sentences[700:1_400], *sentences[1_401:]]
    left = " ".join(["첫머리가 다르다.", *sentences, "끝도 다르다."])
    right = " ".join(["첫머리가 같지 않다.", *other, "끝이 다르다."])
    found = differences(left, right)["passages"]
    assert [(passage["left"], passage["right"]) for passage in found] == [
        ("다르다.", "같지 않다."),
        ("", "여기에 새 문장이 있다."),
        ("1400번째 문장은 조금 다르다.", ""),
        ("끝도", "끝이"),
    ]
