"""Files that are written and read back."""

import json
from typing import Any

import pyarrow as pa

from pipeline import storage
from pipeline.documents import RAW, removed_batch
from pipeline.settings import Clean, Source
from pipeline.sources.read import Read, read_unit
from pipeline.sources.units import WorkUnit

JSONL = Source(name="news", paths=["*"])
LINES = [{"id": f"n-{i}", "text": f"{i}번째 기사입니다. 오늘도 말모이를 읽는다."} for i in range(5)]


def read(
    data: bytes,
    source: Source = JSONL,
    clean: Clean | None = None,
    name: str = "mock://read/a.jsonl",
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Write one file and read it back: (documents, failed)."""
    with storage.write_atomic(name) as file:
        file.write(data)
    unit = WorkUnit(0, source.name, tuple(storage.glob(name)))
    reads = list(read_unit(unit, source, clean or Clean()))
    return flat(reads)


def flat(reads: list[Read]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    for each in reads:
        assert each.documents.schema == RAW
        assert removed_batch(each.failed).num_rows == len(each.failed)
    documents = [row for each in reads for row in each.documents.to_pylist()]
    return documents, [row for each in reads for row in each.failed]


def dump(records: list[Any]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()
