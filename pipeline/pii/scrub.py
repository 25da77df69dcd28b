"""Masking as a filter over JSON lines: what `malmoi scrub` runs."""

import codecs
import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import orjson

from pipeline.pii.detect import Span, byte_spans, code_point_spans
from pipeline.pii.mask import replace
from pipeline.pii.windows import Column
from tokenizer.special import PII_KINDS

_BATCH_LINES, _BATCH_BYTES = 5_000, 1_000_000

Record = dict[str, Any]


def scrub_lines(
    lines: Iterable[bytes], kinds: Collection[str] = PII_KINDS, spans_only: bool = False
) -> Iterator[bytes]:
    """For each line `{"id", "text"}` a line `{"id", "text", "spans": [{"start", "end", "type"}]}`.

    The text that comes out is masked, and so is an id that is text and holds a value; offsets are
    code points of the text that went in, ends exclusive. `spans_only` leaves the text out. A line
    that is no such object gives `{"error", "line"}` (its number, from 1) without anything of its
    content. Blank lines are passed over. Lines are judged some thousands at a time.
    """
    for batch in _batches(lines):
        yield from _scrub(batch, kinds, spans_only)


def _batches(lines: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """(line number, line) of lines that are not blank, in lists of bounded size."""
    batch: list[tuple[int, bytes]] = []
    size = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        batch.append((number, line.removeprefix(codecs.BOM_UTF8) if number == 1 else line))
        size += len(line)
        if len(batch) >= _BATCH_LINES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _scrub(
    batch: list[tuple[int, bytes]], kinds: Collection[str], spans_only: bool
) -> Iterator[bytes]:
    records = [read_record(line) for _, line in batch]
    # The text of record i is row 2i of the column, its id row 2i + 1.
    texts = [part for record in records for part in _parts(record)]
    column = Column.of_encoded([text.encode("utf-8", "surrogatepass") for text in texts])
    found = {
        row: code_point_spans(column.text(row), spans) for row, spans in byte_spans(column, kinds)
    }
    for i, ((number, _), record) in enumerate(zip(batch, records, strict=True)):
        if isinstance(record, str):
            yield orjson.dumps({"error": record, "line": number}, option=orjson.OPT_APPEND_NEWLINE)
            continue
        spans = found.get(2 * i, [])
        name = record.get("id")
        if 2 * i + 1 in found:
            name = replace(texts[2 * i + 1], found[2 * i + 1])
        yield _written(name, texts[2 * i], spans, spans_only)


def read_record(line: bytes) -> Record | str:
    """The record of a line `{"id", "text"}`, or what is wrong with it, without its content."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:  # lone surrogates in escapes, which orjson refuses
            record = json.loads(line.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            return "not valid JSON"
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return "not an object with a string `text`"
    return record


def _refuse(constant: str) -> None:
    raise ValueError("a constant that JSON does not have")


def _parts(record: Record | str) -> tuple[str, str]:
    if isinstance(record, str):
        return "", ""
    name = record.get("id")
    return record["text"], name if isinstance(name, str) else ""


def _written(name: object, text: str, spans: list[Span], spans_only: bool) -> bytes:
    record = {
        "id": name,
        **({} if spans_only else {"text": replace(text, spans)}),
        "spans": [{"start": span.start, "end": span.end, "type": span.kind} for span in spans],
    }
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # lone surrogates, which UTF-8 does not have, or an integer beyond 64 bits
        return json.dumps(record).encode("ascii") + b"\n"
