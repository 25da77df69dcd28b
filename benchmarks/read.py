"""MB/s and microseconds a document of reading JSON lines, beside other readers of them.

    python benchmarks/read.py [--text FILE.jsonl.gz ...] [--json]

Without files it measures on generated Korean text: pages of 2 kB, and lines of 40 bytes. MB are of
UTF-8 text; seconds are of the process, the best of three runs. Files are unpacked into memory once;
`unpack` is what Arrow takes for that. Every other row starts from the plain bytes of the file and
ends with documents in memory: as Arrow columns (`malmoi`, `pyarrow.json`) or as Python dicts. The
last rows read the same documents as other formats.
"""

import argparse
import gzip
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.json as paj
import pyarrow.parquet as pq

from pipeline.settings import Clean, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units
from pipeline.synthetic import generate_documents

RUNS = 3
WARC_PAGES = 20_000  # of a larger file, the first so many go into the archive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", nargs="*", default=[], help="jsonl.gz files with a `text` field")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    files = {Path(file).name: Path(file).read_bytes() for file in arguments.text} or generated()
    rows = [row for name, data in files.items() for row in measure(name, data)]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'file':<30}{'reader':<26}{'ms/MB':>8}{'us/document':>13}{'MB/s':>9}")
    for row in rows:
        print(
            f"{row['file'][:29]:<30}{row['reader']:<26}{row['ms_per_mb']:>8.2f}"
            f"{row['us_per_document']:>13.2f}{row['mb_per_second']:>9.0f}"
        )


def generated() -> dict[str, bytes]:
    texts = [row["text"] for row in generate_documents(3_000)]
    pages = [{"id": f"p-{at}", "text": text} for at, text in enumerate(texts)]
    lines = [line for text in texts for line in text.split(". ")]
    chat = [{"id": f"c-{at}", "text": line} for at, line in enumerate(lines) if line.strip()]
    return {"generated pages": packed(pages), "generated lines": packed(chat)}


def packed(records: Iterable[dict[str, str]]) -> bytes:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return gzip.compress("".join(lines).encode(), 6)


def measure(name: str, data: bytes) -> list[dict[str, Any]]:
    plain = gzip.decompress(data)
    records = [orjson.loads(line) for line in plain.split(b"\n") if line.strip()]
    texts = [record["text"] for record in records]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for reader, run in readers(data, plain, records, Path(folder)).items():
            seconds = min(timed(run) for _ in range(RUNS))
            read = texts[:WARC_PAGES] if reader == "malmoi warc" else texts
            megabytes = sum(len(text.encode()) for text in read) / 1e6
            rows.append(
                {
                    "file": name,
                    "reader": reader,
                    "documents": len(read),
                    "mb": round(megabytes, 2),
                    "ms_per_mb": round(seconds * 1e3 / megabytes, 3),
                    "us_per_document": round(seconds * 1e6 / len(read), 3),
                    "mb_per_second": round(megabytes / seconds, 1),
                }
            )
    return rows


def timed(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def readers(
    data: bytes, plain: bytes, records: list[dict[str, Any]], folder: Path
) -> dict[str, Callable[[], object]]:
    """Ways to read, by name; all are called without arguments."""

    def ours(format: str, name: str, content: bytes) -> Callable[[], object]:
        (folder / name).write_bytes(content)
        source = Source(name="s", paths=[str(folder / name)], format=format)
        (unit,) = plan_units([source], "", 10**12)
        return lambda: [None for _ in read_unit(unit, source, Clean())]

    texts = [record["text"] for record in records]
    lines = "\n".join(text.replace("\n", " ").replace("\r", " ") for text in texts)
    runs: dict[str, Callable[[], object]] = {
        "malmoi jsonl": ours("jsonl", "a.jsonl", plain),
        "malmoi jsonl.gz": ours("jsonl", "b.jsonl.gz", data),
        "malmoi parquet": ours("parquet", "c.parquet", parquet(records)),
        "malmoi lines": ours("lines", "d.txt", lines.encode()),
        "malmoi warc": ours("warc", "e.warc", warc(texts[:WARC_PAGES])),
        "unpack (Arrow)": lambda: unpack(data),
        "json.loads a line": lambda: [json.loads(line) for line in plain.splitlines() if line],
        "Python documents": lambda: python_documents(plain),
        "orjson a line": lambda: [orjson.loads(line) for line in plain.split(b"\n") if line],
        "orjson a line, to Arrow": lambda: to_arrow(plain),
        "pyarrow.json": lambda: arrow_json(plain),
    }
    try:
        import polars
    except ImportError:
        return runs
    return {**runs, "polars": lambda: polars.read_ndjson(io.BytesIO(plain))}


def unpack(data: bytes) -> None:
    stream = pa.CompressedInputStream(pa.BufferReader(data), "gzip")
    while stream.read(1 << 18):
        pass


def python_documents(plain: bytes) -> list[dict[str, Any]]:
    """A sketch of a reader of documents in Python, as datatrove's is; not datatrove's own code."""
    documents = []
    for line_number, line in enumerate(io.TextIOWrapper(io.BytesIO(plain), "utf-8")):
        record = orjson.loads(line)
        document = {
            "text": record.pop("text", ""),
            "id": record.pop("id", f"a.jsonl/{line_number}"),
            "media": record.pop("media", []),
            "metadata": {**record, "file_path": "a.jsonl"},
        }
        if document["text"]:
            documents.append(document)
    return documents


def to_arrow(plain: bytes) -> pa.Table:
    records = [orjson.loads(line) for line in plain.split(b"\n") if line]
    return pa.table({name: [record.get(name) for record in records] for name in ("id", "text")})


def arrow_json(plain: bytes) -> pa.Table:
    options = paj.ReadOptions(use_threads=False, block_size=1 << 26)
    return paj.read_json(io.BytesIO(plain), read_options=options)


def parquet(records: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    names = [name for name in ("id", "text", "url") if name in records[0]]
    pq.write_table(pa.table({n: [r.get(n) for r in records] for n in names}), sink)
    return sink.getvalue()


def warc(texts: list[str]) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    parts = []
    for text in texts:
        content = head + text.encode()
        parts.append(
            b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.kr/\r\n"
            b"WARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
            b"Content-Type: application/http;msgtype=response\r\n"
            b"Content-Length: %d\r\n\r\n%b\r\n\r\n" % (len(content), content)
        )
    return b"".join(parts)


if __name__ == "__main__":
    main()
