"""Plain text: one document a file."""

from collections.abc import Iterator

from pipeline.settings import Clean, Source
from pipeline.sources.records import Failed, Raw, excerpt, too_large
from pipeline.sources.stream import ByteStream
from pipeline.text.decode import decode


def read_text(uri: str, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    """The one record of a file, plain, gzip or zstd, decoded by `source.encoding`."""
    raw = read_whole(uri, place, clean.max_document_bytes)
    yield raw if isinstance(raw, Failed) else document(raw, place, source.encoding, None)


def read_whole(uri: str, place: str, limit: int) -> bytes | Failed:
    """A file's bytes, or why it is no document. Never holds more than `limit` bytes and a chunk.

    Raises OSError where the file cannot be opened.
    """
    stream = ByteStream(uri)
    raw = stream.head(limit + 1)
    if stream.fault:
        return Failed(stream.fault, place, excerpt(raw))
    if len(raw) > limit:
        return too_large(place, raw, len(raw), limit)
    return raw


def document(raw: bytes, place: str, encoding: str, declared: str | None) -> Raw | Failed:
    """The document of a file's bytes; `declared` is the encoding that the file itself names."""
    text = decode(raw, encoding, declared).text
    if not text or text.isspace():
        return Failed("empty_text", place, "")
    return Raw(None, text, None, None, None, place)
