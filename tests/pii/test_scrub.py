import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii.scrub import scrub_lines


def scrubbed(*lines: bytes, **options: bool) -> list[dict[str, object]]:
    return [json.loads(line) for line in scrub_lines(lines, **options)]


def test_text_is_masked_and_spans_speak_of_the_text_that_came_in() -> None:
    text = "가\u200b: ０１０-2345-6789로, 👍 a@b.kr"
    line = json.dumps({"id": "x", "text": text, "more": 1}).encode()
    (record,) = scrubbed(line)
    assert record["id"] == "x" and record["text"] == "가\u200b: <|tel|>로, 👍 <|email|>"
    assert [(text[span["start"] : span["end"]], span["type"]) for span in record["spans"]] == [
        ("０１０-2345-6789", "tel"),
        ("a@b.kr", "email"),
    ]
    (only,) = scrubbed(line, spans_only=True)
    assert only == {"id": "x", "spans": record["spans"]}


def test_a_bad_line_is_reported_without_its_content_and_the_rest_goes_on() -> None:
    lines = [
        b'{"id": 1, "text": "010-2345-6789',
        b"",
        b'{"id": 2}',
        b'{"id": 3, "text": 5}',
        b'["010-2345-6789"]',
        b"\xff\xfe",
        b'{"text": ""}\n',
    ]
    out = list(scrub_lines(lines))
    assert not any(b"2345" in line for line in out)
    records = [json.loads(line) for line in out]
    assert [record.get("line") for record in records] == [1, 3, 4, 5, 6, None]
    assert all("error" in record for record in records[:-1])
    assert records[-1] == {"id": None, "text": "", "spans": []}


def test_a_byte_order_mark_before_the_first_line_is_passed_over() -> None:
    (record,) = scrubbed(b'\xef\xbb\xbf{"id": "a", "text": "x"}')
    assert record["text"] == "x"


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_lines_give_one_line_each(lines: list[bytes]) -> None:
    out = list(scrub_lines(lines))
    assert len(out) == sum(bool(line.strip()) for line in lines)
    assert all(line.endswith(b"\n") for line in out)


def test_an_id_that_holds_a_value_is_masked() -> None:
    (record,) = scrubbed(json.dumps({"id": "kim@example.com-7", "text": "x"}).encode())
    assert record == {"id": "<|email|>-7", "text": "x", "spans": []}
    (record,) = scrubbed(
        json.dumps({"id": "user 010-2345-6789", "text": "x"}).encode(), spans_only=True
    )
    assert record == {"id": "user <|tel|>", "spans": []}


def test_lone_surrogates_in_escapes_count_as_characters() -> None:
    (record,) = scrubbed(b'{"id": "s", "text": "\\ud800 010-2345-6789 \\udfff"}')
    assert record["text"] == "\ud800 <|tel|> \udfff"
    assert record["spans"] == [{"start": 2, "end": 15, "type": "tel"}]


def test_more_lines_than_one_batch_keep_their_order() -> None:
    lines = [
        json.dumps({"id": i, "text": "010-2345-6789" * (i % 2)}).encode() for i in range(11_000)
    ]
    lines[7_000] = b"{"
    records = scrubbed(*lines)
    assert records[7_000] == {"error": "not valid JSON", "line": 7_001}
    assert [record.get("id") for record in records] == [
        i if i != 7_000 else None for i in range(11_000)
    ]
    assert all(len(record["spans"]) == i % 2 for i, record in enumerate(records) if i != 7_000)
