"""JSON files that hold many documents: what `records` and paths lead to, and what goes wrong."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings import Clean, FieldNames, Source
from pipeline.sources.fields import steps, text_of, values_at
from pipeline.sources.json_files import NotJson, Scanner, walk
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units
from tokenizer.errors import RecipeError

Rows = list[dict[str, Any]]


def read(path: Path, clean: Clean | None = None, **how: Any) -> tuple[Rows, Rows]:
    """(documents, failed) of a file of format json."""
    source = Source(name="s", paths=[str(path)], **{"format": "json", **how})
    clean = clean or Clean()
    reads = [
        each
        for unit in plan_units([source], "/", clean.unit_bytes)
        for each in read_unit(unit, source, clean)
    ]
    documents = [row for each in reads for row in each.documents.to_pylist()]
    return documents, [row for each in reads for row in each.failed]


MODU = {
    "id": "NWRW1",
    "metadata": {"title": "신문", "document": [{"id": "decoy", "paragraph": []}]},
    "document": [
        {
            "id": "NWRW1.1",
            "metadata": {"title": "첫 기사", "date": "20180102"},
            "paragraph": [
                {"id": "p1", "form": "제목이다."},
                {"id": "p2", "form": '그는 "네" 했다.'},
            ],
        },
        {"id": "NWRW1.2", "paragraph": []},
        {"id": "NWRW1.3", "paragraph": {"id": "p1", "form": "하나뿐인 문단."}},
    ],
}


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_documents_below_a_key(tmp_path: Path, indent: int | None, encoding: str) -> None:
    text = json.dumps(MODU, ensure_ascii=False, indent=indent)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(text.encode(encoding)))
    fields = FieldNames(text="paragraph[].form", date="metadata.date", meta=["metadata.title"])
    documents, failed = read(tmp_path / "*", records="document[]", fields=fields)
    assert [(row["id"], row["text"], row["place"]) for row in documents] == [
        ("NWRW1.1", '제목이다.\n그는 "네" 했다.', "a.json.gz:1"),
        ("NWRW1.3", "하나뿐인 문단.", "a.json.gz:3"),
    ]
    assert documents[0]["date"] == "20180102"
    assert json.loads(documents[0]["meta"]) == {"metadata.title": "첫 기사"}
    assert [(row["rule"], row["id"], row["place"]) for row in failed] == [
        ("bad_record", "NWRW1.2", "a.json.gz:2")
    ]


def test_a_list_and_values_that_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(' [{"text": "가"},\n{"text": "나"} ]\n {"text": "다"}[]')
    documents, failed = read(tmp_path / "a.json")
    assert [row["text"] for row in documents] == ["가", "나", "다"] and not failed


def test_keys_with_escapes_and_lists_in_lists(tmp_path: Path) -> None:
    data = {"자료": [{"문단": [{"글": "가"}]}, {"문단": [{"글": "나"}, {"글": "다"}]}]}
    (tmp_path / "a.json").write_text(json.dumps(data))  # ASCII: the keys are escapes
    documents, failed = read(tmp_path / "a.json", records="자료[].문단[]", fields={"text": "글"})
    assert [row["text"] for row in documents] == ["가", "나", "다"] and not failed


@pytest.mark.parametrize(
    ("text", "texts", "failed"),
    [
        ('[{"text": "가"}, {"text": nul}, {"text": "나"}]', ["가", "나"], [("bad_json", 2)]),
        ('[{"text": "가"}, {"text": "나]', ["가"], [("bad_json", 2)]),
        ('[{"text": "가"} {"text": "나"}]', ["가"], [("bad_json", 2)]),
        ('[{"text": "가"},]', ["가"], [("bad_json", 2)]),
        ('[{"text": "가"}', ["가"], [("bad_json", 2)]),
        ('[3, "가", [1], {"text": "가"}]', ["가"], [("bad_record", n) for n in (1, 2, 3)]),
        ("[" * 5_000 + "]" * 5_000, [], [("bad_json", 1)]),
        ("<html>", [], [("bad_record", None)]),
        ('"only a string"', [], [("bad_record", None)]),
        ('{"other": [1, 2], "x": {"records": []}}', [], [("bad_record", 1)]),
    ],
)
def test_what_is_no_document_is_counted(
    tmp_path: Path, text: str, texts: list[str], failed: list[tuple[str, int | None]]
) -> None:
    (tmp_path / "a.json").write_text(text)
    documents, found = read(tmp_path / "a.json")
    assert [row["text"] for row in documents] == texts
    places = [f"a.json:{number}" if number else "a.json" for _, number in failed]
    if text != "<html>":
        assert [(row["rule"], row["place"]) for row in found] == [
            (rule, place) for (rule, _), place in zip(failed, places, strict=True)
        ]
    else:
        assert {row["rule"] for row in found} <= {"bad_json", "bad_record"} and found


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(MODU))
    documents, failed = read(tmp_path / "a.json", records="documents[]")
    assert not documents and [row["rule"] for row in failed] == ["bad_record"]
    assert "documents[]" in failed[0]["text"]


def test_a_truncated_file_gives_what_lies_before(tmp_path: Path) -> None:
    text = json.dumps([{"text": f"{n}번째 글 {n * 7919}"} for n in range(30_000)])
    packed = gzip.compress(text.encode())
    (tmp_path / "a.json.gz").write_bytes(packed[: len(packed) // 2])
    documents, failed = read(tmp_path / "*.gz")
    assert len(documents) > 1_000
    assert [row["rule"] for row in failed] == ["truncated_file"]
    assert failed[0]["place"] == f"a.json.gz:{len(documents) + 1}"


def test_a_large_document_costs_no_other(tmp_path: Path) -> None:
    rows = [{"text": "가"}, {"text": "나" * 2_000}, {"text": "x" * 2_000_000}, {"text": "다"}]
    (tmp_path / "a.json").write_text(json.dumps(rows, ensure_ascii=False))
    documents, failed = read(tmp_path / "a.json", Clean(max_document_bytes=1_000))
    assert [row["place"] for row in documents] == ["a.json:1", "a.json:4"]
    assert [(row["rule"], row["value"]) for row in failed] == [
        ("document_too_large", 6_000),
        ("document_too_large", 2_000_012),
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", 'c"\\', "가"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    VALUES,
    st.lists(st.sampled_from(["a", "가", "[]", 'c"\\']), max_size=3),
    st.integers(1, 9),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_values_are_those_that_python_finds(
    value: Any, path: list[str], size: int, indent: int | None, ascii: bool
) -> None:
    """Whatever the value, and wherever its text is cut into pieces."""
    text = json.dumps([value], indent=indent, ensure_ascii=ascii).encode()
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    found = list(walk(Scanner(chunks), ("[]", *path), 10**6))
    assert [json.loads(each.data) for each in found] == list(_expected(value, path))
    assert all(each.length == len(each.data) for each in found)


def _expected(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "[]" and isinstance(value, list):
        for item in value:
            yield from _expected(item, path[1:])
    elif path[0] == "[]" and isinstance(value, dict):
        yield from _expected(value, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _expected(value[path[0]], path[1:])


@given(st.binary(max_size=60))
def test_no_bytes_hang_or_raise_another_error(data: bytes) -> None:
    scanner = Scanner(iter([data[:20], b"", data[20:]]))
    try:
        while scanner.peek() >= 0:
            assert all(each.length for each in walk(scanner, ("[]", "a"), 10))
    except NotJson:
        pass


def test_paths() -> None:
    assert steps("document[].paragraph[].form") == ("document", "[]", "paragraph", "[]", "form")
    assert steps("[]") == ("[]",) and steps("a[][].b") == ("a", "[]", "[]", "b")
    record = {
        "a.b": "literal",
        "a": {"b": "path"},
        "q": "물음",
        "answers": [{"t": "하나"}, {"t": ""}],
    }
    assert list(values_at(record, "a.b")) == ["literal"]
    assert text_of(record, ["q", "answers[].t"]) == "물음\n하나"
    assert text_of(record, "answers[].t") == "하나"
    assert text_of(record, "answers[].none") is None and text_of(record, "a") is None


def test_paths_in_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"no": {"id": 7}, "q": "물음", "a": ["하나", "둘"]}\n')
    fields = FieldNames(id="no.id", text=["q", "a[]"])
    documents, failed = read(tmp_path / "a.jsonl", format="jsonl", fields=fields)
    assert [(row["id"], row["text"]) for row in documents] == [("7", "물음\n하나\n둘")]
    assert not failed


def test_recipes_that_cannot_be_read(tmp_path: Path) -> None:
    from pipeline.recipe import parse

    for source, says in (
        ("{name: a, paths: [x], records: 'document[]'}", "format json"),
        ("{name: a, paths: [x], format: parquet, fields: {text: [a, b]}}", "one column"),
        ("{name: a, paths: [x], fields: {text: []}}", "at least 1"),
    ):
        with pytest.raises(RecipeError, match=says):
            parse(f"sources: [{source}]")
