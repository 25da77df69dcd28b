"""Edits are told one by one, and no personal value is told with them."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clean_batch import clean_batch
from pipeline.documents import RAW
from pipeline.explain.edits import explain, explain_lines
from pipeline.settings import Clean, Pii, Source
from pipeline.text.edits import apply

UNJUDGED = Source(name="blog", paths=["x"], profile="none")
PIECES = st.sampled_from(
    [
        "우리 동네 도서관은 올해 새로 문을 열었다. ",
        "<b>굵은</b> ",
        "[이곳](https://a.kr/b)을 ",
        "**중요** ",
        "ㅋㅋㅋㅋㅋㅋㅋㅋㅋ",
        "&amp;lt; ",
        "\u200b",
        "　",
        "\n\n\n",
        "# 제목\n",
        "\n좋아요 12 댓글 3\n",
        "무단 전재 및 재배포 금지\n",
        "１２３",
        "각",
        "!!!!!!!!!!!!!!",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_the_edits_told_are_the_edits_made(text: str) -> None:
    told = text
    for _, edits in explain(text, Clean(), html=False):
        told = apply(told, edits)
    batch = pa.RecordBatch.from_pylist([{"text": text, "place": "f:1"}], schema=RAW)
    cleaned = clean_batch(batch, UNJUDGED, Clean(), Pii(enabled=False))
    assert [told] == [*cleaned.kept["text"].to_pylist(), *cleaned.removed["text"].to_pylist()]


@pytest.mark.parametrize(
    "number",
    [
        "010-2345-6789",
        "０１０-２３４５-６７８９",
        "010\u200b-2345-6789",
        "<b>010-2345-6789</b>",
        "010&#45;2345-6789",
    ],
)
def test_an_edit_at_a_personal_value_shows_its_mask_alone(number: str) -> None:
    line = json.dumps(
        {"id": "kim@example.com", "text": f"전화는  {number}로 주세요.   끝"}
    ).encode()
    (answer,) = map(json.loads, explain_lines([line], Clean()))
    shown = json.dumps(answer, ensure_ascii=False)
    assert answer["edits"] and "2345" not in shown and "２３４５" not in shown
    assert answer["id"] == "<|email|>"
    assert {edit["rule"] for edit in answer["edits"]} & {"spaces", "full_width", "invisible", "tag"}


def test_a_bad_line_is_answered_with_its_number() -> None:
    answers = [json.loads(line) for line in explain_lines([b"{", b"\n", b'{"text": 3}'], Clean())]
    assert [answer["line"] for answer in answers] == [1, 3]
