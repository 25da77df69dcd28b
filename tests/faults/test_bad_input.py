"""What files hold that they should not: counted, with rule and place, at no cost to the rest."""

import gzip
import io
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.clean import CleanWork, clean_unit
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.read import Read, read_unit
from pipeline.sources.records import BATCH_ROWS
from pipeline.sources.units import plan_units
from pipeline.workspace import Unit, Workspace
from tokenizer.errors import RecipeError

Rows = list[dict[str, Any]]
BEFORE = b'{"id": "before", "text": "\xeb\xa8\xbc\xec\xa0\x80 \xec\x98\xa8 \xea\xb8\x80"}'
AFTER = b'{"id": "after", "text": "\xeb\x82\x98\xec\xa4\x91 \xea\xb8\x80"}'


def reads(path: Path, clean: Clean | None = None, **settings: Any) -> list[Read]:
    source = Source(name="s", paths=[str(path)], **settings)
    clean = clean or Clean()
    units = plan_units([source], "/", clean.unit_bytes)
    return [each for unit in units for each in read_unit(unit, source, clean)]


def rows(path: Path, clean: Clean | None = None, **settings: Any) -> tuple[Rows, Rows]:
    """(documents, failed) of all units of the files."""
    every = reads(path, clean, **settings)
    documents = [row for each in every for row in each.documents.to_pylist()]
    return documents, [row for each in every for row in each.failed]


def deep(opening: bytes, closing: bytes, depth: int) -> bytes:
    return opening * depth + closing * depth


BAD_LINES: dict[str, tuple[str | None, bytes]] = {
    "half a record": ("bad_json", b'{"id": "x", "text": "abc'),
    "no JSON": ("bad_json", b"<html><body>503</body></html>"),
    "two records": ("bad_json", b'{"text": "a"} {"text": "b"}'),
    "not UTF-8": ("bad_json", b'{"text": "\xff\xfe\xfa\xfb"}'),
    "a NUL byte": ("bad_json", b'{"text": "a\x00b"}'),
    "NUL bytes alone": ("bad_json", b"\x00" * 500),
    "deep arrays": ("bad_json", deep(b"[", b"]", 100_000)),
    "deep objects": ("bad_json", b'{"text": "a", "x": ' + deep(b'{"a":', b"}", 100_000) + b"}"),
    "no text": ("bad_record", b'{"id": "x", "body": "a"}'),
    "text null": ("bad_record", b'{"text": null}'),
    "text a number": ("bad_record", b'{"text": 3}'),
    "a list": ("bad_record", b'["text", "a"]'),
    "empty": ("empty_text", b'{"text": ""}'),
    "blank": ("empty_text", b'{"text": "\\u3000\\n\\t \\u00a0"}'),
    "lone surrogates": (None, b'{"text": "\\ud800 \\udfff a"}'),
    "an escaped NUL": (None, b'{"text": "a\\u0000b"}'),
    "a huge number": (None, b'{"text": "a", "n": ' + b"7" * 1_000_000 + b"}"),
    "many digits": (None, b'{"text": "' + b"7" * 1_000_000 + b'"}'),
    "a byte order mark": (None, b'\xef\xbb\xbf{"text": "a"}'),
    "a carriage return": (None, b'{"text": "a"}\r'),
}


@pytest.mark.parametrize(("rule", "line"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line(tmp_path: Path, rule: str | None, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(BEFORE + b"\n" + line + b"\n" + AFTER)
    documents, failed = rows(path)
    ids = [row["id"] for row in documents]
    assert (ids[0], ids[-1]) == ("before", "after") and len(documents) + len(failed) == 3
    assert [(row["rule"], row["place"]) for row in failed] == (
        [(rule, "a.jsonl:2")] if rule else []
    )


def test_blank_lines_and_line_ends_are_no_records(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + BEFORE + b"\r\n\r\n \t\n" + AFTER + b"\n\n")
    documents, failed = rows(path)
    assert [row["place"] for row in documents] == ["a.jsonl:1", "a.jsonl:4"] and failed == []


def records(count: int) -> bytes:
    lines = (json.dumps({"id": str(n), "text": f"{n}번째 글 {hash(str(n))}"}) for n in range(count))
    return "\n".join(lines).encode() + b"\n"


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


def spoiled(data: bytes) -> bytes:
    return data[: len(data) // 2] + b"\xaa" * 64 + data[len(data) // 2 + 64 :]


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize(
    ("damage", "known"),
    [
        (lambda data: data[: len(data) // 2], {"truncated_file"}),
        (lambda data: data[:-1], {"truncated_file"}),
        (spoiled, {"corrupt_file", "truncated_file"}),
        (lambda data: data[:12], {"truncated_file"}),
    ],
)
def test_a_damaged_compressed_file(
    tmp_path: Path, pack: Callable[[bytes], bytes], damage: Any, known: set[str]
) -> None:
    (tmp_path / "1.jsonl.gz").write_bytes(damage(pack(records(40_000))))
    (tmp_path / "2.jsonl").write_bytes(AFTER)
    documents, failed = rows(tmp_path / "*")
    assert documents[-1]["place"] == "2.jsonl:1"
    whole = [str(number) for number in range(len(documents) - 1)]
    sure = len(whole) if "corrupt_file" not in known else len(whole) // 2
    assert [row["id"] for row in documents[:sure]] == whole[:sure]
    last = failed[-1]
    assert last["rule"] in known and last["place"].startswith("1.jsonl.gz:")


@pytest.mark.parametrize(
    "format", ["jsonl", "json", "csv", "tsv", "lines", "text", "html", "warc", "parquet"]
)
@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\x00" * 5_000, b"\xff" * 5_000, b"PAR1", b"\x1f\x8b"]
)
def test_files_that_are_nothing(tmp_path: Path, format: str, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    documents, failed = rows(tmp_path / "bad", format=format)
    assert len(documents) + len(failed) <= 1
    is_nothing = content in (b"", b"\n") and format not in ("text", "html", "parquet")
    assert (len(documents) + len(failed) == 0) == is_nothing
    assert {row["place"].partition(":")[0] for row in failed} <= {"bad"}


def test_folders_and_globs(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(RecipeError, match="matches no file"):
        rows(tmp_path / "*.jsonl")
    (tmp_path / "a.jsonl").write_bytes(AFTER)
    assert len(rows(tmp_path / "*.jsonl")[0]) == 1


@pytest.mark.parametrize("format", ["jsonl", "lines", "csv", "tsv", "warc", "text", "html"])
def test_a_decompression_bomb(tmp_path: Path, format: str) -> None:
    path = tmp_path / "b.zst"
    bomb = b"\n".join([b"text" if format.endswith("sv") else BEFORE, b"first", b"y" * 200_000_000])
    path.write_bytes(zstd(bomb))
    assert path.stat().st_size * 1_000 < len(bomb)
    documents, failed = rows(path, format=format)
    assert failed[-1]["rule"] == "decompression_bomb"
    assert len(documents) == {"jsonl": 1, "lines": 2, "csv": 1, "tsv": 1}.get(format, 0)
    _, failed = rows(path, Clean(max_expansion=10**6), format=format)
    assert "decompression_bomb" not in [row["rule"] for row in failed]


def test_an_overlong_line_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as out:
        out.write(BEFORE + b'\n{"text": "')
        for _ in range(300):
            out.write(b"a" * 1_000_000)
        out.write(b'"}\n' + AFTER)
    clean = Clean(max_document_bytes=1_000_000, unit_bytes=10**9)
    tracemalloc.start()
    documents, failed = rows(path, clean)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    path.unlink()
    assert [row["place"] for row in documents] == ["a.jsonl:1", "a.jsonl:3"]
    assert [(row["rule"], row["value"]) for row in failed] == [("document_too_large", 300_000_012)]
    assert peak < 10_000_000


def test_many_empty_documents_come_in_bounded_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":""}\n' * 250_000)
    source = Source(name="s", paths=[str(path)])
    counts = []
    for unit in plan_units([source], "/", 10**9):
        for each in read_unit(unit, source, Clean()):
            counts.append(len(each.failed) + each.documents.num_rows)
    assert sum(counts) == 250_000 and max(counts) <= BATCH_ROWS


def parquet(count: int) -> bytes:
    sink = io.BytesIO()
    texts = [f"{n}번째 행, {n * 7919 % 10_007}" * 3 for n in range(count)]
    pq.write_table(pa.table({"text": texts}), sink, row_group_size=count // 4)
    return sink.getvalue()


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    data = parquet(4_000)
    (tmp_path / "1.parquet").write_bytes(data[: len(data) // 2])
    (tmp_path / "2.parquet").write_bytes(data)
    documents, failed = rows(tmp_path / "*", format="parquet")
    assert [row["rule"] for row in failed] == ["truncated_file"] and len(documents) == 4_000
    assert failed[0]["place"] == "1.parquet"


def test_a_damaged_row_group_costs_no_other(tmp_path: Path) -> None:
    data = bytearray(parquet(4_000))
    start = pq.read_metadata(io.BytesIO(data)).row_group(1).column(0).dictionary_page_offset
    data[start : start + 40] = b"\xee" * 40
    (tmp_path / "1.parquet").write_bytes(data)
    documents, failed = rows(tmp_path / "*", format="parquet")
    assert [row["place"] for row in documents[::1_000]] == [
        f"1.parquet:{n}" for n in (1, 2_001, 3_001)
    ]
    assert [(row["rule"], row["place"], row["value"]) for row in failed] == [
        ("corrupt_file", "1.parquet:1001", 1_000)
    ]


HARD: dict[str, Callable[[int], bytes]] = {
    "one line": lambda size: b'{"text": "' + b"a" * size + b'"}',
    "digits": lambda size: b'{"text": "a", "n": ' + b"1" * size + b"}",
    "brackets": lambda size: b"[" * size,
    "backslashes": lambda size: b'{"text": "' + b"\\\\" * (size // 2) + b'"}',
    "quotes": lambda size: b'"' * size,
    "newlines": lambda size: b"\n" * size,
    "two bytes a line": lambda size: b"1\n" * (size // 2),
    "keys": lambda size: b"{" + b'"a":1,' * (size // 6) + b'"text":"x"}',
    "broken UTF-8": lambda size: b'{"text": "\xea"}\n' * (size // 14),
}


@pytest.mark.parametrize("make", HARD.values(), ids=HARD.keys())
def test_work_grows_with_the_size(tmp_path: Path, make: Callable[[int], bytes]) -> None:
    """Lines of bytecode run are counted: four times the input, not sixteen times the work."""

    def work(size: int) -> int:
        path = tmp_path / "a.jsonl"
        path.write_bytes(make(size))
        steps = Counter[str]()

        def count(frame: Any, event: str, argument: Any) -> Any:
            steps[event] += 1
            return count

        sys.settrace(count)
        try:
            reads(path)
        finally:
            sys.settrace(None)
        return steps["line"]

    reads_first = work(20_000)
    assert work(80_000) < 6 * reads_first + 2_000


def test_bad_input_through_the_whole_step(tmp_path: Path) -> None:
    lines = [line for _, line in BAD_LINES.values() if len(line) < 300_000]
    (tmp_path / "1.jsonl").write_bytes(b"\n".join([BEFORE, *lines, AFTER]))
    (tmp_path / "2.jsonl.gz").write_bytes(gzip.compress(records(50))[:-20])
    source = Source(name="s", paths=[str(tmp_path / "*")])
    (unit,) = plan_units([source], "/", 10**9)
    work = CleanWork(unit, source, Clean(), Pii(), Dedup())
    workspace = Workspace(str(tmp_path / "run"))
    outcome = workspace.perform(
        "clean",
        settings={},
        units=[Unit("part-00000", {}, work)],
        work=lambda tasks: [clean_unit(task) for task in tasks],
    )
    counts = outcome.manifest["counts"]
    assert counts["documents_in"] == counts["documents_out"] + sum(counts["removed"].values())
    assert counts["removed"]["read/bad_json"] == 7
    assert counts["removed"]["read/truncated_file"] == 1
