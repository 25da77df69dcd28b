"""JSON lines: one document a line, each judged alone, so that a bad line costs no other."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from pipeline.settings import Clean, Source
from pipeline.sources.records import EXCERPT_CHARS, Failed, Raw, excerpt, too_large
from pipeline.sources.stream import ByteStream
from pipeline.text.decode import decode

_HEAD_BYTES = 4 * EXCERPT_CHARS + 4
_BOM = b"\xef\xbb\xbf"


def read_jsonl(uri: str, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    """The records of a file, plain, gzip or zstd; one for each line that is not blank.

    A line may take twice `clean.max_document_bytes` (escapes double Korean) and a megabyte for
    other fields; a longer one is dropped while it is read and never held. A damaged file gives its
    whole lines and then one record. Raises OSError where the file cannot be opened.
    """
    limit = 2 * clean.max_document_bytes + (1 << 20)
    stream = ByteStream(uri)
    number, unfinished = 0, b""
    for number, (line, length, ended) in enumerate(_lines(stream.chunks(), limit), 1):
        if stream.fault and not ended:
            unfinished = line
            break
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line.strip():
            continue
        where = f"{place}:{number}"
        if length > limit:
            yield too_large(where, line, length, clean.max_document_bytes)
        else:
            yield _record(line, where, source, clean)
    if stream.fault:
        number += not unfinished
        yield Failed(stream.fault, f"{place}:{number}", excerpt(unfinished))


def _lines(chunks: Iterable[bytes], limit: int) -> Iterator[tuple[bytes, int, bool]]:
    """(line, its length, did a newline end it); of a line above `limit` only the head is held."""
    held, length = bytearray(), 0
    for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for piece in ends:
            if length == 0 and len(piece) <= limit:
                yield piece, len(piece), True
                continue
            length += len(piece)
            held += piece if length <= limit else piece[:_HEAD_BYTES]
            yield bytes(held if length <= limit else held[:_HEAD_BYTES]), length, True
            held, length = bytearray(), 0
        length += len(rest)
        held += rest if length <= limit else rest[:_HEAD_BYTES]
        if length > limit:
            del held[_HEAD_BYTES:]
    if length:
        yield bytes(held), length, False


def _record(line: bytes, place: str, source: Source, clean: Clean) -> Raw | Failed:
    try:
        record = _parse(line, source.encoding)
    except (ValueError, RecursionError):
        return Failed("bad_json", place, excerpt(line))
    fields = source.fields
    if not isinstance(record, dict):
        return Failed("bad_record", place, excerpt(line))
    identity = _scalar(record.get(fields.id))
    text = record.get(fields.text)
    if not isinstance(text, str):
        return Failed("bad_record", place, excerpt(line), identity)
    if not text or text.isspace():
        return Failed("empty_text", place, "", identity)
    size = len(text) if text.isascii() else len(text.encode())
    if size > clean.max_document_bytes:
        return too_large(place, text, size, clean.max_document_bytes, identity)
    meta = {name: record[name] for name in fields.meta if name in record}
    return Raw(
        identity,
        text,
        _scalar(record.get(fields.url)),
        _scalar(record.get(fields.date)),
        json.dumps(meta, ensure_ascii=False, sort_keys=True) if meta else None,
        place,
    )


def _parse(line: bytes, encoding: str) -> Any:
    """The JSON value of a line; ValueError or RecursionError where it has none.

    orjson reads what RFC 8259 allows. What it refuses and real files hold is read more slowly: a
    line in another encoding, NaN, and halves of a surrogate pair, which become U+FFFD.
    """
    if encoding.lower() in ("auto", "utf-8", "utf8"):
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
    decoded = decode(line, encoding)
    if decoded.replaced:
        raise ValueError(f"not {decoded.encoding}")
    return _without_surrogates(json.loads(decoded.text, parse_constant=lambda _: None))


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


def _scalar(value: object) -> str | None:
    """A string or a number as text; anything else, and nothing, is null."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None
