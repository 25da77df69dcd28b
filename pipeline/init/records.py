"""The first records of a file as keys and values, whatever its format."""

import csv
import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.init.keys import hangul
from pipeline.init.sniff import Kind
from pipeline.settings import Clean, Source
from pipeline.sources.fields import is_path
from pipeline.sources.json_files import NotJson, Scanner
from pipeline.sources.json_values import BRACE, BRACKET, END_BRACE, END_BRACKET, QUOTE
from pipeline.sources.lines import LineReader
from pipeline.storage import FileInfo
from pipeline.text.decode import decode

Record = dict[str, Any]

MOST = 40  # records of a file
_MAX_RECORD = 1 << 24
_CHUNKS = 256  # of a file of JSON: 64 MB
_DEPTH = 3


def first_records(file: FileInfo, kind: Kind) -> tuple[list[Record], str]:
    """(some records of a file, their `Source.records`); none of a format without keys."""
    if kind.format == "json":
        return _of_json(file)
    if kind.format == "parquet":
        return _of_parquet(file), "[]"
    if kind.format in ("jsonl", "csv", "tsv"):
        lines = _lines(file)
        if kind.format == "jsonl":
            parsed = (_parsed(line) for line in lines)
            return list(itertools.islice((each for each in parsed if each), MOST)), "[]"
        how: Any = {} if kind.format == "csv" else {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
        csv.field_size_limit(1 << 40)
        try:
            return list(itertools.islice(csv.DictReader(lines, **how), MOST)), "[]"
        except csv.Error:
            return [], "[]"
    return [], "[]"


def _reader(file: FileInfo) -> LineReader:
    source = Source(name="x", paths=["x"])
    return LineReader(file.uri, "", None, source, Clean())


def _lines(file: FileInfo) -> Iterator[str]:
    reader = _reader(file)
    for block in reader:
        for line in [] if block.is_cut else block.lines():
            yield decode(bytes(line)).text + "\n"


def _parsed(line: str) -> Record | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _of_parquet(file: FileInfo) -> list[Record]:
    try:
        with storage.open_read(file.uri) as opened:
            batch = next(pq.ParquetFile(opened).iter_batches(MOST), None)
            return batch.to_pylist() if batch is not None else []
    except (pa.ArrowException, OSError):
        return []


def _of_json(file: FileInfo) -> tuple[list[Record], str]:
    """Records of the list that holds most Korean, or the outer object if it holds more itself."""
    scanner = Scanner(itertools.islice(_reader(file).chunks(), _CHUNKS))
    lists: dict[str, list[Record]] = {}
    beside = [0]
    with suppress(NotJson):  # the file goes on behind what is looked at, or is damaged
        _outline(scanner, "", lists, beside)
    if not lists:
        return _outer(file), "[]"
    path = max(lists, key=lambda path: sum(hangul(orjson.dumps(r).decode()) for r in lists[path]))
    inside = sum(hangul(orjson.dumps(record).decode()) for record in lists[path])
    return (_outer(file), "[]") if beside[0] > inside else (lists[path], path)


def _outline(
    scanner: Scanner, path: str, lists: dict[str, list[Record]], beside: list[int]
) -> None:
    """Fill `lists` with items of each outermost list of objects, `beside` with Hangul outside."""
    opening = scanner.peek()
    if opening == BRACKET:
        items: list[Record] = []
        for _ in scanner.items(BRACKET, END_BRACKET):
            wanted = len(items) < MOST and scanner.peek() == BRACE
            value = scanner.take(_MAX_RECORD if wanted else 0)
            if wanted and (record := _parsed(value.data.decode("utf-8", "replace"))):
                items.append(record)
                lists[f"{path}[]"] = items
    elif opening == BRACE and path.count(".") < _DEPTH:
        for _ in scanner.items(BRACE, END_BRACE):
            key = scanner.key() or ""
            if not key or is_path(key):
                scanner.take(0)
            else:
                _outline(scanner, f"{path}.{key}" if path else key, lists, beside)
    else:
        text = scanner.take(_MAX_RECORD if opening == QUOTE else 0)
        beside[0] += hangul(text.data.decode("utf-8", "replace"))


def _outer(file: FileInfo) -> list[Record]:
    """The one object that a file is."""
    try:
        value = Scanner(_reader(file).chunks()).take(_MAX_RECORD)
    except NotJson:
        return []
    record = _parsed(value.data.decode("utf-8", "replace"))
    return [record] if record else []
