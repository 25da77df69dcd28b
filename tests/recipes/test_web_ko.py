"""recipes/web-ko.yaml over a crawl laid out as Common Crawl's: pages, and the text of pages."""

import gzip
from pathlib import Path

import pytest

from pipeline.recipe import load
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units

RECIPE = Path(__file__).parents[2] / "recipes" / "web-ko.yaml"


def record(kind: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{kind}>\r\n"
        f"WARC-Target-URI: http://x.kr/1\r\nWARC-Date: 2024-05-18T00:00:00Z\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + body + b"\r\n\r\n")


def test_pages_and_their_text_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<html><body><p>한국어 글이다.</p></body></html>".encode()
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    files = {
        "segments/1.1/warc/CC-MAIN-0.warc.gz": record("warcinfo", "application/warc-fields", b"x")
        + record("request", "application/http; msgtype=request", b"GET / HTTP/1.1\r\n\r\n")
        + record("response", "application/http; msgtype=response", http + page),
        "segments/1.1/wet/CC-MAIN-0.warc.wet.gz": record(
            "conversion", "text/plain", "한국어 글이다.".encode()
        ),
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("MALMOI_CRAWL", str(tmp_path))
    recipe = load(RECIPE)
    for source, text in zip(recipe.sources, (page.decode(), "한국어 글이다."), strict=True):
        (unit,) = plan_units([source], "", 10**9)
        (read,) = read_unit(unit, source, recipe.clean)
        (row,) = read.documents.to_pylist()
        assert (row["text"], row["url"]) == (text, "http://x.kr/1") and not read.failed
        assert source.is_html == (source.name == "warc")
