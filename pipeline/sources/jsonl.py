"""JSON lines: one document a line, each judged alone, so that a bad line costs no other."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from pipeline.settings import Clean, Source
from pipeline.sources.fields import document_of
from pipeline.sources.flat_json import FlatJson
from pipeline.sources.lines import UTF8, LineBlock, LineReader
from pipeline.sources.records import Block, Failed, Raw, excerpt, raw_batch, too_large
from pipeline.sources.units import Split
from pipeline.text.decode import decode

_MAX_DIGITS = 4_300
"""Python converts no longer integer (CVE-2020-10735)."""


def read_jsonl(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """The records of a file or of a split of it; one for each line that is not blank.

    A line may take twice `clean.max_document_bytes` (escapes double Korean) and a megabyte for
    other fields; a longer one is dropped while it is read and never held. A damaged file gives its
    whole lines and then one failure. Raises OSError where the file cannot be opened.
    """
    reader = LineReader(uri, place, split, source, clean)
    flat = FlatJson(source.fields, clean.max_document_bytes)
    for block in reader:
        if block.is_cut:
            limit = clean.max_document_bytes
            failed = [too_large(reader.place_of(block), block.data, block.length, limit)]
            yield Block(raw_batch([]), failed)
            continue
        block, encoding = _in_utf8(block, reader)
        documents, rows, odd = flat.read(block, reader.places(block), encoding in UTF8)
        if not len(odd):
            del block
            yield Block(documents, [])
            continue
        lines, places = block.lines(), reader.places(block)
        del block
        records = [
            (row, json_record(lines[row], places[row].as_py(), source, encoding, clean))
            for row in odd.tolist()
        ]
        del lines
        yield _merged(documents, rows, records)
        del documents, records
    if failure := reader.failure():
        yield Block(raw_batch([]), [failure])


def _in_utf8(block: LineBlock, reader: LineReader) -> tuple[LineBlock, str]:
    """(the block, its encoding); one in a named encoding is UTF-8 now, if all of it decodes."""
    if reader.encoding in UTF8:
        return block, reader.encoding
    decoded = decode(bytes(block.data), reader.encoding)
    if decoded.replaced:
        return block, reader.encoding
    return block._replace(data=decoded.text.encode()), "utf-8"


def _merged(
    documents: pa.RecordBatch, rows: np.ndarray, records: list[tuple[int, Raw | Failed | None]]
) -> Block:
    """One block of the documents at `rows` and of records from the lines between them."""
    failed = [record for _, record in records if isinstance(record, Failed)]
    late = [(row, record) for row, record in records if isinstance(record, Raw)]
    if late:
        order = np.argsort(np.concatenate([rows, [row for row, _ in late]]), kind="stable")
        added = raw_batch([record for _, record in late])
        documents = pa.concat_batches([documents, added]) if len(rows) else added
        if len(rows):
            documents = documents.take(pa.array(order))
    return Block(documents, failed)


def json_record(
    line: bytes | bytearray, place: str, source: Source, encoding: str, clean: Clean
) -> Raw | Failed | None:
    """The document of a JSON value, or why it is none; None for a blank line."""
    if not line or line.isspace():
        return None
    try:
        record = _parse(line, encoding)
    except (ValueError, RecursionError):
        return Failed("bad_json", place, excerpt(line))
    if not isinstance(record, dict):
        return Failed("bad_record", place, excerpt(line))
    return document_of(record, line, place, source, clean)


def _parse(line: bytes | bytearray, encoding: str) -> Any:
    """The JSON value of a line; ValueError or RecursionError where it has none.

    orjson reads what RFC 8259 allows. What it refuses and real files hold is read more slowly: a
    line in another encoding, NaN, and halves of a surrogate pair, which become U+FFFD.
    """
    if encoding in UTF8:
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
    decoded = decode(bytes(line), encoding)
    if decoded.replaced:
        raise ValueError(f"not {decoded.encoding}")
    value = json.loads(decoded.text, parse_constant=lambda _: None, parse_int=_integer)
    return _without_surrogates(value)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _MAX_DIGITS else float(digits)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return (
            value
            if value.isascii()
            else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
