"""Removing, cutting and counting."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decontaminate import (
    Item,
    Items,
    build_index,
    decontaminate,
    merge,
    summarise,
)
from pipeline.decontaminate.cut import LONG_LINE, cut_lines
from pipeline.settings import Decontaminate
from tokenizer.errors import MalmoiError

QUESTION = "콜라독립 815는 코카콜라에서 만들어 팔던 탄산음료인가요?"
PASSAGE = (
    "주택임대차보호법은 주거용 건물의 임대차에 관하여 민법에 대한 특례를 정한 법률이다.\n"
    "토지는 법률상의 주택이 아니므로 이 법이 적용되는 대상이 되지 아니한다."
)
ITEMS = Items(
    ("boolq", "nli"),
    (
        Item("boolq", "b-0", (QUESTION,), (PASSAGE,)),
        Item("boolq", "b-1", ("짧다",), (PASSAGE.replace(" ", ""),)),
        Item("nli", "n-0", (QUESTION,), ()),
    ),
)
REMOVE = Decontaminate()
CUT = Decontaminate(action="cut")
INDEX = build_index(ITEMS, REMOVE)
CLEAN = "우리 동네 시장에는 오래된 국숫집이 있다.\n면을 손으로 뽑는다."


def test_remove_names_the_witness_and_leaves_the_texts() -> None:
    texts = pa.array(
        [CLEAN, f"{CLEAN} {QUESTION}", None, f"{PASSAGE}\n{CLEAN}", QUESTION + PASSAGE]
    )
    done = decontaminate(texts, INDEX, REMOVE)
    assert done.texts.equals(texts)
    assert done.rows.tolist() == [1, 3, 4]
    assert done.witnesses() == ["boolq:b-0", "boolq:b-0", "boolq:b-0"]
    assert done.part == ["question", "passage", "question"]
    assert done.overlap.tolist() == [1.0, 1.0, 1.0]
    assert done.threshold.tolist() == [0.7, 0.5, 0.7]
    assert len(done.cut) == 0
    assert done.rows.dtype == np.int64


def test_counts_are_distinct_over_batches_and_json() -> None:
    batches = [[CLEAN, QUESTION], [QUESTION, PASSAGE, PASSAGE]]
    counts = [decontaminate(pa.array(texts), INDEX, REMOVE).counts for texts in batches]
    rows = summarise(json.loads(json.dumps(counts)))
    names = ("benchmark", "part", "items", "items_hit", "documents", "too_short")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("boolq", "question", 2, 1, 2, 1),
        ("boolq", "passage", 2, 2, 2, 0),
        ("nli", "question", 1, 1, 2, 0),
    ]
    assert merge(counts) == merge(reversed(counts)) == merge([merge(counts)])
    assert summarise(merge(counts)) == rows


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(["첫째 줄이다.", "  들여 쓴 줄  ", "", "- 목록", "끝\t줄"]), max_size=6
    ),
    st.lists(st.sampled_from(["둘째 줄이다.", "", "1,000원", "가"]), max_size=6),
    st.sampled_from([QUESTION, PASSAGE, f"질문: {QUESTION} 답: 아니요"]),
)
def test_cut_keeps_the_other_lines_as_they_are(
    before: list[str], after: list[str], item: str
) -> None:
    text = "\n".join([*before, item, *after])
    done = decontaminate(pa.array([CLEAN, text, CLEAN]), INDEX, CUT)
    kept = [line for line in [*before, *after] if line]
    if any(char.isalnum() for line in kept for char in line):
        assert done.rows.tolist() == []
        assert done.cut.tolist() == [1]
        left = done.texts[1].as_py()
        assert [line for line in left.split("\n") if line] == kept
        assert done.cut_chars.tolist() == [len(text) - len(left)]
        assert len(decontaminate(done.texts, INDEX, REMOVE).rows) == 0
    else:
        assert done.rows.tolist() == [1]
        assert done.texts[1].as_py() == text
        assert len(done.cut) == 0
    assert done.texts[0].as_py() == done.texts[2].as_py() == CLEAN
    assert done.texts.type == pa.string()


def test_cut_leaves_no_third_newline() -> None:
    text = f"앞 문단이다.\n\n{QUESTION}\n\n뒤 문단이다."
    done = decontaminate(pa.array([text]), INDEX, CUT)
    assert done.texts.to_pylist() == ["앞 문단이다.\n\n뒤 문단이다."]


def test_of_a_long_line_only_the_sentence_is_cut() -> None:
    filler = "이 문장은 아무 문제도 없는 문장이다. "
    many = filler * (LONG_LINE // len(filler))
    done = decontaminate(pa.array([f"첫 줄.\n{many}{QUESTION} {many}\n끝 줄."]), INDEX, CUT)
    assert done.texts.to_pylist() == [f"첫 줄.\n{many}{many}\n끝 줄."]


def test_an_innocent_line_between_two_items_stays() -> None:
    text = f"{QUESTION}\n짧은 줄\n{PASSAGE}"
    assert decontaminate(pa.array([text]), INDEX, CUT).texts.to_pylist() == ["짧은 줄"]


def test_a_changed_word_inside_an_item_goes_with_it() -> None:
    text = PASSAGE.replace("법률이다", "규정이다").replace("민법", "상법") + "\n남는 줄이다."
    assert decontaminate(pa.array([text]), INDEX, CUT).texts.to_pylist() == ["남는 줄이다."]


@settings(max_examples=200, deadline=None)
@given(st.text("가a .\n", max_size=40), st.data())
def test_cut_lines_keeps_whole_lines_in_order(text: str, data: st.DataObject) -> None:
    places = st.integers(0, len(text))
    pairs = [sorted(pair) for pair in data.draw(st.lists(st.tuples(places, places), max_size=3))]
    found = sorted((start, end) for start, end in pairs if start < end)
    left = cut_lines(text, found)
    lines, at = [], 0
    for line in text.split("\n"):
        end = at + len(line)
        if not any(start <= end and at < stop for start, stop in found):
            lines.append(line)
        at = end + 1
    kept = [line for line in lines if line]
    if any(char.isalnum() for char in "".join(kept)):
        assert [line for line in left.split("\n") if line] == kept
    else:
        assert left == ""


def test_an_index_of_other_settings_is_refused() -> None:
    with pytest.raises(MalmoiError, match="build it again"):
        decontaminate(pa.array([CLEAN]), INDEX, Decontaminate(question_overlap=0.9))


def test_nothing_depends_on_the_order_of_the_batch() -> None:
    texts = [CLEAN, QUESTION, PASSAGE, f"{PASSAGE} {QUESTION}"]
    forward = decontaminate(pa.array(texts), INDEX, CUT)
    backward = decontaminate(pa.array(texts[::-1]), INDEX, CUT)
    assert forward.texts.to_pylist() == backward.texts.to_pylist()[::-1]
    assert forward.counts == backward.counts
