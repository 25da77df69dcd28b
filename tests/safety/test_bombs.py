"""Small files that unpack to gigabytes: memory stays bounded in every reader."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

READ = """
import json, resource, sys
from pipeline.settings import Clean, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import WorkUnit
from pipeline.storage import glob

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

path, format, expansion = sys.argv[1:]
source = Source(name="x", paths=[path], format=format)
clean = Clean(max_expansion=int(expansion), max_document_bytes=20_000_000, batch_bytes=16_000_000)
before, rows, failed = peak(), 0, {}
for read in read_unit(WorkUnit(0, "x", tuple(glob(path)), None), source, clean):
    rows += read.documents.num_rows
    for row in read.failed:
        failed[row["rule"]] = failed.get(row["rule"], 0) + 1
    del read
print(json.dumps({"rows": rows, "failed": failed, "MB": peak() - before}))
"""
MEMORY = 250
"""MB that reading may take above the imports: some copies of a document of 20 MB."""


def read(path: Path, format: str, expansion: int = 1_000) -> dict:
    command = [sys.executable, "-c", READ, str(path), format, str(expansion)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout)


def members(block: bytes, times: int) -> bytes:
    """`block` many times over as gzip: members that follow each other are one stream."""
    return gzip.compress(block, 9, mtime=0) * times


@pytest.fixture(scope="module")
def zeros() -> bytes:
    """10 GB of zeros in 10 MB of gzip."""
    return members(bytes(100_000_000), 100)


@pytest.mark.parametrize("format", ["jsonl", "lines", "text", "html", "warc"])
def test_ten_gigabytes_of_zeros(tmp_path: Path, zeros: bytes, format: str) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(zeros)
    found = read(path, format)
    assert found["rows"] == 0 and found["MB"] < MEMORY
    assert set(found["failed"]) & {"decompression_bomb", "document_too_large"}


HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def warc(body: bytes, length: int | None = None) -> bytes:
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: "
    return head + str(len(body) if length is None else length).encode() + b"\r\n\r\n" + body


def shapes() -> Iterator[tuple[str, str, bytes, int]]:
    """(name, format, a gigabyte or so as gzip, rows); the expansion is allowed."""
    zeros = members(bytes(50_000_000), 20)
    yield "one line", "jsonl", zeros, 0
    yield "one line of text", "lines", zeros, 0
    yield "empty lines", "jsonl", members(b"\n" * 10_000_000, 20), 0
    yield "no end of a string", "jsonl", gzip.compress(b'{"text": "') + zeros, 0
    yield "deep arrays", "jsonl", gzip.compress(b'{"text": ') + members(b"[" * 50_000_000, 20), 0
    yield "a document of json", "json", gzip.compress(b'[{"text": "') + zeros, 0
    yield "beside documents", "json", gzip.compress(b'{"x": "') + zeros, 0
    yield "a cell", "tsv", gzip.compress(b"text\n") + zeros, 0
    yield "a quoted line", "csv", gzip.compress(b'text\n"') + zeros, 0
    lines = members((b"a,b" * 30 + b"\n") * 500_000, 20)
    yield "quoted lines", "csv", gzip.compress(b'text\n"') + lines, 0
    yield "whole file", "text", zeros, 0
    yield "page", "html", zeros, 0
    record = gzip.compress(warc(HTTP + b"\r\n", 1_000_000_000 + len(HTTP) + 2))
    yield "record", "warc", record + zeros, 0
    yield "header", "warc", gzip.compress(b"WARC/1.0\r\nX: ") + zeros, 0
    inner = gzip.compress(members(bytes(50_000_000), 20), mtime=0)
    packed = HTTP + b"Content-Encoding: gzip\r\n\r\n" + gzip.decompress(inner)
    yield "a body packed again", "warc", gzip.compress(warc(packed) + b"\r\n\r\n"), 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "format", "content", "rows"), shapes(), ids=lambda v: str(v)[:20])
def test_memory_is_bounded_where_the_expansion_is_allowed(
    tmp_path: Path, name: str, format: str, content: bytes, rows: int
) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    found = read(path, format, 10**9)
    assert found["rows"] == rows and found["MB"] < MEMORY, found
    assert found["failed"] or name == "empty lines"


def parquet(path: Path, texts: pa.Array, **how: object) -> None:
    pq.write_table(pa.table({"text": texts}), path, compression="zstd", **how)


def test_parquet_of_zeros(tmp_path: Path) -> None:
    """A value of 60 MB in some kB: told by the sizes in the footer, before it is unpacked."""
    parquet(tmp_path / "x", pa.array(["\0" * 60_000_000]), use_dictionary=False)
    found = read(tmp_path / "x", "parquet")
    assert found["failed"] == {"decompression_bomb": 1} and found["MB"] < MEMORY


def repeated(path: Path, text: str, times: int) -> None:
    """A file that holds a text once, in its dictionary, and names it again and again."""
    indices = pa.array([0, 1] * times, pa.int32())
    parquet(path, pa.DictionaryArray.from_arrays(indices, pa.array([text, "짧은 글"])))


def test_parquet_whose_dictionary_is_long_and_often_used(tmp_path: Path) -> None:
    """20 GB out of some kB, which no size in the footer tells."""
    repeated(tmp_path / "x", "가" * 3_300_000, 2_000)
    found = read(tmp_path / "x", "parquet")
    assert found["failed"] == {"decompression_bomb": 1} and found["rows"] < 20
    assert found["MB"] < MEMORY, found


@pytest.mark.slow
def test_a_long_dictionary_is_read_where_the_expansion_is_allowed(tmp_path: Path) -> None:
    """4 GB of texts: batches are cut by what they are when written out, and all rows come."""
    repeated(tmp_path / "x", "가" * 3_300_000, 400)
    found = read(tmp_path / "x", "parquet", 10**9)
    assert found["rows"] == 800 and not found["failed"]
    assert found["MB"] < MEMORY, found


def test_parquet_that_claims_what_it_does_not_hold(tmp_path: Path) -> None:
    """Damaged lengths inside pages are a failure of their rows, not an allocation."""
    parquet(tmp_path / "x", pa.array([f"글 {n}" * 50 for n in range(2_000)]), use_dictionary=False)
    whole = (tmp_path / "x").read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(2):
        broken = bytearray(whole)
        for at in rng.integers(4, len(whole) - 600, 40):
            broken[at] = 0xFF
        (tmp_path / "x").write_bytes(broken)
        found = read(tmp_path / "x", "parquet")
        assert found["failed"] and found["MB"] < MEMORY
