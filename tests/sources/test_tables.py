"""CSV and TSV: rows to documents, and rows that are none."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings import Clean, FieldNames, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units

Rows = list[dict[str, Any]]


def read(path: Path, format: str, clean: Clean | None = None, **how: Any) -> tuple[Rows, Rows]:
    """(documents, failed) of a file."""
    source = Source(name="s", paths=[str(path)], format=format, **how)
    clean = clean or Clean()
    reads = [
        each
        for unit in plan_units([source], "/", clean.unit_bytes)
        for each in read_unit(unit, source, clean)
    ]
    documents = [row for each in reads for row in each.documents.to_pylist()]
    return documents, [row for each in reads for row in each.failed]


def test_tsv_quotes_nothing(tmp_path: Path) -> None:
    text = 'id\tdocument\tlabel\r\n1\t아 "더빙.. 진짜\t0\r\n\r\n2\t"따옴표"만\t1\r\n'
    (tmp_path / "ratings.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    fields = FieldNames(text="document", meta=["label"])
    documents, failed = read(tmp_path / "ratings.txt", "tsv", fields=fields)
    assert [(row["id"], row["text"], row["place"]) for row in documents] == [
        ("1", '아 "더빙.. 진짜', "ratings.txt:2"),
        ("2", '"따옴표"만', "ratings.txt:4"),
    ]
    assert json.loads(documents[1]["meta"]) == {"label": "1"} and not failed


def test_csv_cells_of_several_lines_and_several_columns(tmp_path: Path) -> None:
    text = 'id,title,body,url\n7,"제목, 하나","첫 줄\n둘째 ""줄""",\n8,,본문,http://x.kr\n'
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode("cp949")))
    fields = FieldNames(text=["title", "body"])
    documents, failed = read(tmp_path / "a.csv.gz", "csv", fields=fields, encoding="cp949")
    assert [(row["id"], row["text"], row["url"], row["place"]) for row in documents] == [
        ("7", '제목, 하나\n첫 줄\n둘째 "줄"', None, "a.csv.gz:2"),
        ("8", "본문", "http://x.kr", "a.csv.gz:4"),
    ]
    assert not failed


@pytest.mark.parametrize("format", ["csv", "tsv"])
def test_a_row_that_is_none_costs_no_other(tmp_path: Path, format: str) -> None:
    rows = ["id,text", "1,가", "2", "3,나,다", "4,", "5,라"]
    if format == "csv":
        rows[3:3] = ['6,"마"바']  # more behind a closing quote
    text = "\n".join(rows).replace(",", "," if format == "csv" else "\t")
    (tmp_path / "a").write_text(text)
    documents, failed = read(tmp_path / "a", format)
    assert [row["id"] for row in documents] == ["1", "5"]
    expected = [("bad_record", 3), ("bad_record", 4), ("empty_text", 5)]
    if format == "csv":
        expected = [("bad_record", 3), ("bad_record", 4), ("bad_record", 5), ("empty_text", 6)]
    assert [(row["rule"], row["place"]) for row in failed] == [
        (rule, f"a:{line}") for rule, line in expected
    ]


def test_a_quote_that_is_never_closed_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,text\n1,가\n2,"나\n3,다\n')
    documents, failed = read(tmp_path / "a.csv", "csv")
    assert [row["id"] for row in documents] == ["1"]
    assert [(row["rule"], row["place"]) for row in failed] == [("bad_record", "a.csv:3")]


@pytest.mark.parametrize("format", ["csv", "tsv"])
def test_a_file_without_the_column(tmp_path: Path, format: str) -> None:
    (tmp_path / "a").write_text("id\n1\n2\n")
    documents, failed = read(tmp_path / "a", format)
    assert not documents and [(row["rule"], row["place"]) for row in failed] == [
        ("bad_record", "a")
    ]
    assert "no column 'text'; there are id" in failed[0]["text"]


@pytest.mark.parametrize("format", ["csv", "tsv"])
def test_long_lines_and_records_are_too_large(tmp_path: Path, format: str) -> None:
    lines = ["text", "가", "x" * 3_000_000, "y" * 2_000, "나"]
    (tmp_path / "a").write_text("\n".join(lines))
    documents, failed = read(tmp_path / "a", format, Clean(max_document_bytes=1_000))
    assert [row["place"] for row in documents] == ["a:2", "a:5"]
    assert [(row["rule"], row["place"], row["value"]) for row in failed] == [
        ("document_too_large", "a:3", 3_000_000),
        ("document_too_large", "a:4", 2_000),
    ]


def test_a_record_of_very_many_lines_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('text\n가\n"' + "나나나나나\n" * 400_000 + '"\n다\n')
    documents, failed = read(tmp_path / "a", "csv", Clean(max_document_bytes=1_000))
    assert documents[0]["text"] == "가" and "document_too_large" in {row["rule"] for row in failed}
    assert len(failed) + len(documents) < 400_000


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(), TEXT, TEXT), max_size=6))
def test_what_python_writes_is_read(
    tmp_path_factory: Any, rows: list[tuple[int, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "text", "x"])
    writer.writerows(rows)
    path.write_text(out.getvalue(), "utf-8", newline="")
    documents, failed = read(path, "csv")
    kept = [(str(number), text) for number, text, _ in rows if text and not text.isspace()]
    assert [(row["id"], row["text"]) for row in documents] == kept
    assert len(documents) + len(failed) == len(rows)
    assert {row["rule"] for row in failed} <= {"empty_text"}
