"""Documents that are lines, text files or pages."""

import gzip
import json
from pathlib import Path

import pytest

from pipeline.settings import Clean, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import WorkUnit, plan_units
from pipeline.storage import FileInfo
from tests.sources.reading import LINES, dump, flat, read


@pytest.mark.parametrize("encoding", ["auto", "cp949"])
def test_lines_in_cp949(encoding: str) -> None:
    data = b"".join(json.dumps(r, ensure_ascii=False).encode("cp949") + b"\n" for r in LINES)
    documents, failed = read(data, Source(name="s", paths=["*"], encoding=encoding))
    assert [d["text"] for d in documents] == [r["text"] for r in LINES]
    assert failed == []


def test_text_files(tmp_path: Path) -> None:
    body = "안녕하세요. 옛날 문서입니다.\n둘째 줄입니다."
    for name, data in {
        "cp949.txt": body.encode("cp949"),
        "deep/utf8.txt": body.encode(),
        "empty.txt": b" \n",
        "large.txt": b"a" * 5001,
        "packed.txt.gz": gzip.compress(body.encode()),
        "cut.txt.gz": gzip.compress(body.encode())[:-9],
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    source = Source(name="t", paths=[f"{tmp_path}/**"], format="text")
    unit = plan_units([source], "/", 10**9)[0]
    documents, failed = flat(list(read_unit(unit, source, Clean(max_document_bytes=5000))))
    assert {d["place"]: d["text"] for d in documents} == dict.fromkeys(
        ("cp949.txt", "deep/utf8.txt", "packed.txt.gz"), body
    )
    assert {f["place"]: f["rule"] for f in failed} == {
        "empty.txt": "empty_text",
        "large.txt": "document_too_large",
        "cut.txt.gz": "truncated_file",
    }
    assert all(d["id"] is None for d in documents)


def test_html_uses_the_declared_charset() -> None:
    page = '<html><head><meta charset="euc-kr"></head><body><p>안녕하십니까</p></body></html>'
    source = Source(name="h", paths=["*"], format="html")
    documents, failed = read(page.encode("cp949"), source, name="mock://html/p.html")
    assert [d["text"] for d in documents] == [page] and failed == []
    assert documents[0]["place"] == "p.html"


@pytest.mark.parametrize("format", ["jsonl", "text", "html"])
def test_unreadable_file_is_recorded_and_the_rest_is_read(tmp_path: Path, format: str) -> None:
    (tmp_path / "a").mkdir()  # stands for a file that may not be read: root may read all
    (tmp_path / "b").write_bytes(dump(LINES[:1]))
    files = [FileInfo(str(tmp_path / name), 1, 0) for name in ("a", "b")]
    source = Source(name="s", paths=[f"{tmp_path}/*"], format=format)  # type: ignore[arg-type]
    documents, failed = flat(list(read_unit(WorkUnit(0, "s", tuple(files)), source, Clean())))
    assert len(documents) == 1
    assert [(f["rule"], f["place"]) for f in failed] == [("unreadable_file", "a")]
