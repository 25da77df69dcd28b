"""Plain lines, Parquet and web archives."""

import datetime
import gzip
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import storage
from pipeline.documents import RAW
from pipeline.settings import Clean, FieldNames, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import WorkUnit, plan_units
from tokenizer.errors import RecipeError

Rows = list[dict[str, Any]]


def read(data: bytes, name: str, clean: Clean | None = None, **settings: Any) -> tuple[Rows, Rows]:
    """One file's (documents, failed)."""
    with storage.write_atomic(f"mock://more/{name}") as file:
        file.write(data)
    source = Source(name="s", paths=["*"], **settings)
    unit = WorkUnit(0, "s", tuple(storage.glob(f"mock://more/{name}")))
    reads = list(read_unit(unit, source, clean or Clean()))
    for each in reads:
        assert each.documents.schema == RAW
        each.documents.validate(full=True)
    failed = [row for each in reads for row in each.failed]
    return [row for each in reads for row in each.documents.to_pylist()], failed


def rules(failed: Rows) -> list[tuple[str, str]]:
    return [(row["rule"], row["place"]) for row in failed]


def test_a_document_a_line() -> None:
    data = "\ufeff첫 줄\r\n\r\n둘째 줄 \n  \n\t넷째\x00\n마지막".encode()
    documents, failed = read(data, "a.txt", format="lines")
    assert [(row["text"], row["place"]) for row in documents] == [
        ("첫 줄", "a.txt:1"),
        ("둘째 줄 ", "a.txt:3"),
        ("\t넷째\x00", "a.txt:5"),
        ("마지막", "a.txt:6"),
    ]
    assert failed == [] and {row["id"] for row in documents} == {None}


@pytest.mark.parametrize("encoding", ["auto", "euc-kr"])
def test_lines_in_cp949_beside_damaged_ones(encoding: str) -> None:
    lines = [
        "오늘은 날씨가 좋다.".encode("cp949"),
        b"\xff\xff\xff",
        "내일은 비가 온다.".encode("cp949"),
    ]
    documents, _ = read(b"\r\n".join(lines), "k.txt", format="lines", encoding=encoding)
    assert [row["text"] for row in documents][::2] == ["오늘은 날씨가 좋다.", "내일은 비가 온다."]
    assert "\ufffd" in documents[1]["text"] and "\r" not in documents[1]["text"]


def test_a_long_line_is_too_large() -> None:
    data = "가\n".encode() + b"x" * 2_000 + b"\n" + b"y" * 3_000_000 + "\n나".encode()
    clean = Clean(max_document_bytes=1_000)
    documents, failed = read(data, "l.txt", clean, format="lines")
    assert [row["place"] for row in documents] == ["l.txt:1", "l.txt:4"]
    assert rules(failed) == [("document_too_large", "l.txt:2"), ("document_too_large", "l.txt:3")]
    assert [row["value"] for row in failed] == [2_000, 3_000_000]


@pytest.mark.parametrize("format", ["lines", "jsonl"])
def test_utf16_by_its_mark(format: str) -> None:
    data = '{"text": "한글이다 ਊ਀"}\r\n{"text": "둘"}'.encode("utf-16")
    documents, failed = read(data, "w.jsonl", format=format)
    assert failed == [] and len(documents) == 2 and "한글이다 ਊ਀" in documents[0]["text"]


def test_an_unknown_encoding_starts_no_run() -> None:
    with pytest.raises(RecipeError, match="utf-9"):
        plan_units([Source(name="s", paths=["mock://more/*"], encoding="utf-9")], "", 10)


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def test_parquet_fields_of_many_types() -> None:
    day = datetime.date(2020, 5, 17)
    data = parquet(
        {
            "no": pa.array([1, None, 3], pa.int64()),
            "body": pa.array(["하나", "둘", "셋"]).dictionary_encode(),
            "link": pa.array(["", "http://x", None], pa.large_string()),
            "when": pa.array([day, None, day]),
            "tags": pa.array([["a"], [], None], pa.list_(pa.string())),
            "price": pa.array([Decimal("1.50"), None, None], pa.decimal128(5, 2)),
        },
        row_group_size=2,
    )
    fields = FieldNames(
        id="no", text="body", url="link", date="when", meta=["tags", "price", "none"]
    )
    documents, failed = read(data, "p.parquet", format="parquet", fields=fields)
    assert failed == []
    assert documents[0] == {
        "id": "1",
        "text": "하나",
        "url": None,
        "date": "2020-05-17",
        "meta": '{"price": "1.50", "tags": ["a"]}',
        "place": "p.parquet:1",
    }
    assert [row["id"] for row in documents] == ["1", None, "3"]
    assert documents[1]["url"] == "http://x" and documents[2]["place"] == "p.parquet:3"


def test_parquet_rows_that_are_no_documents() -> None:
    texts = ["가", None, "", "\u3000", "x" * 2_000, "나"]
    data = parquet({"text": texts, "id": [f"r{n}" for n in range(6)]})
    clean = Clean(max_document_bytes=1_000)
    documents, failed = read(data, "p.parquet", clean, format="parquet")
    assert [(row["text"], row["place"]) for row in documents] == [
        ("가", "p.parquet:1"),
        ("나", "p.parquet:6"),
    ]
    assert [(row["rule"], row["place"], row["id"]) for row in failed] == [
        ("bad_record", "p.parquet:2", "r1"),
        ("empty_text", "p.parquet:3", "r2"),
        ("empty_text", "p.parquet:4", "r3"),
        ("document_too_large", "p.parquet:5", "r4"),
    ]


@pytest.mark.parametrize("texts", [[1, 2], [["a"], ["b"]], [{"a": 1}, {"a": 2}], [True, None]])
def test_parquet_texts_of_a_wrong_type(texts: list[Any]) -> None:
    documents, failed = read(parquet({"text": texts}), "p.parquet", format="parquet")
    assert documents == []
    assert rules(failed) == [("bad_record", "p.parquet:1"), ("bad_record", "p.parquet:2")]


def test_parquet_bytes_are_decoded() -> None:
    raw = ["오늘은 날씨가 좋다.".encode("cp949"), "둘째이다".encode(), b"\xff\xff"]
    documents, _ = read(parquet({"text": raw}), "p.parquet", format="parquet")
    assert [row["text"] for row in documents] == ["오늘은 날씨가 좋다.", "둘째이다", "\ufffd\ufffd"]


def test_parquet_without_the_column_fails_once() -> None:
    documents, failed = read(parquet({"body": ["a"] * 7}), "p.parquet", format="parquet")
    assert documents == [] and rules(failed) == [("bad_record", "p.parquet")]
    assert failed[0]["value"] == 7 and "body" in failed[0]["text"]


def record(
    body: bytes,
    kind: str = "response",
    status: str = "200 OK",
    content_type: str = "text/html",
    headers: str = "",
    length: int | None = None,
    uri: str = "http://x.kr/1",
) -> bytes:
    http = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{headers}\r\n".encode()
    content = http + body if kind in ("response", "request") else body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\n"
        f"WARC-Record-ID: <urn:uuid:{uri[-1]}>\r\nWARC-Date: 2020-05-17T00:00:00Z\r\n"
        f"Content-Type: {'text/plain' if kind == 'conversion' else 'application/http'}\r\n"
        f"Content-Length: {len(content) if length is None else length}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n\r\n"


PAGE = "<html><body><p>안녕하십니까</p></body></html>"
A, B, C = (record(f"<p>{n}</p>".encode(), uri=f"http://x.kr/{n}") for n in "123")


@pytest.mark.parametrize("pack", [list, lambda parts: [gzip.compress(part) for part in parts]])
def test_pages_of_an_archive(pack: Any) -> None:
    declared = PAGE.replace("<html>", "<html><meta charset=euc-kr>")
    chunked = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    parts = [
        b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\na: b\r\n\r\n",
        record(b"", "request"),
        record(PAGE.encode()),
        record(PAGE.encode("cp949"), content_type="text/html; charset=EUC-KR"),
        record(declared.encode("cp949"), content_type="application/xhtml+xml"),
        record(PAGE.encode(), status="404 Not Found"),
        record(b"\x89PNG", content_type="image/png"),
        record(chunked, content_type="text/plain", headers="Transfer-Encoding: chunked\r\n"),
        record(gzip.compress(PAGE.encode()), headers="Content-Encoding: gzip\r\n"),
        record("본문".encode(), "conversion"),
        record(b" \n"),
    ]
    documents, failed = read(b"".join(pack(parts)), "a.warc.gz", format="warc")
    assert [row["text"] for row in documents] == [
        PAGE, PAGE, declared, "hello world", PAGE, "본문",
    ]  # fmt: skip
    assert documents[0] == {
        "id": "urn:uuid:1",
        "text": PAGE,
        "url": "http://x.kr/1",
        "date": "2020-05-17T00:00:00Z",
        "meta": None,
        "place": "a.warc.gz:3",
    }
    assert [(row["rule"], row["place"], row["id"]) for row in failed] == [
        ("empty_text", "a.warc.gz:11", "urn:uuid:1")
    ]


BROKEN = {
    "rubbish": b"rubbish\r\n\r\nmore rubbish\r\n\r\n",
    "too short a length": record(b"<p>2 and more</p>", length=60),
    "too long a length": record(b"<p>2</p>", length=300),
    "no length": B.replace(b"Content-Length", b"Content-Girth"),
    "negative length": record(b"<p>2</p>", length=-4),
    "no version": B.replace(b"WARC/1.0", b"WXRC/1.0"),
    "no header end": b"WARC/1.0\r\n" + b"x: y\r\n" * 30_000,
}


@pytest.mark.parametrize("middle", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_record_costs_no_neighbour(middle: bytes) -> None:
    documents, failed = read(A + middle + C, "b.warc", format="warc")
    assert [row["id"] for row in documents] == ["urn:uuid:1", "urn:uuid:3"]
    assert rules(failed)[0] == ("bad_record", "b.warc:2") and len(failed) == 1


def test_an_archive_that_ends_within_a_record() -> None:
    for data in (A + B[:-30], gzip.compress(A) + gzip.compress(B)[:-12]):
        documents, failed = read(data, "c.warc", format="warc")
        assert [row["id"] for row in documents] == ["urn:uuid:1"]
        assert rules(failed) == [("truncated_file", "c.warc:2")]


def test_records_above_the_limit_are_skipped_unheld() -> None:
    big = record(b"y" * 3_000_000, uri="http://x.kr/2")
    image = record(b"z" * 3_000_000, content_type="image/png")
    clean = Clean(max_document_bytes=1_000)
    documents, failed = read(
        A + big + image + record(b"w" * 1_001) + C, "d.warc", clean, format="warc"
    )
    assert [row["id"] for row in documents] == ["urn:uuid:1", "urn:uuid:3"]
    assert rules(failed) == [("document_too_large", "d.warc:2"), ("document_too_large", "d.warc:4")]
