"""Plain text: one document a file, or one a line."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.documents import RAW
from pipeline.settings import Clean, Source
from pipeline.sources.lines import UTF8, LineBlock, LineReader
from pipeline.sources.records import Block, Failed, Raw, blocks, excerpt, raw_batch, too_large
from pipeline.sources.stream import ByteStream
from pipeline.sources.units import Split
from pipeline.sources.utf8_check import is_utf8
from pipeline.text.decode import decode


def read_text(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """The one record of a file, plain, gzip or zstd, decoded by `source.encoding`."""
    raw = read_whole(uri, place, clean)
    yield from blocks(
        [raw if isinstance(raw, Failed) else document(raw, place, source.encoding, None)]
    )


def read_whole(uri: str, place: str, clean: Clean) -> bytes | Failed:
    """A file's bytes, or why it is no document.

    Never holds more than `clean.max_document_bytes` and a chunk. Raises OSError where the file
    cannot be opened.
    """
    limit = clean.max_document_bytes
    stream = ByteStream(uri, clean.max_expansion)
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


def read_lines(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """A document for each line of a file that is not empty, without its line end.

    Lines that are not UTF-8 are decoded one by one, by `source.encoding`. Raises OSError where the
    file cannot be opened.
    """
    reader = LineReader(uri, place, split, source, clean)
    for block in reader:
        if block.is_cut:
            size, limit = block.length, clean.max_document_bytes
            failed = [too_large(reader.place_of(block), block.data, size, limit)]
            yield Block(raw_batch([]), failed)
        else:
            yield _judged(_line_column(block, reader), reader.places(block), clean)
    if failure := reader.failure():
        yield Block(raw_batch([]), [failure])


def _line_column(block: LineBlock, reader: LineReader) -> pa.StringArray:
    """The text of each line; empty where the line is."""
    data = block.data
    if reader.encoding in UTF8 and is_utf8(data):
        data = data.replace(b"\r\n", b"\n").removesuffix(b"\r")
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
        offsets = np.concatenate([[0], ends - np.arange(len(ends)), [len(data) - len(ends)]])
        content = pa.py_buffer(data.replace(b"\n", b""))
        buffers = [None, pa.py_buffer(offsets.astype(np.int32)), content]
        return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
    texts = (decode(bytes(line), reader.encoding).text for line in block.lines())
    return pa.array([text.removesuffix("\r") for text in texts], pa.string())


def _judged(texts: pa.StringArray, places: pa.StringArray, clean: Clean) -> Block:
    """Documents of the lines that hold text; blank ones are no documents, and pass unseen."""
    sizes = pc.binary_length(texts)
    blank = pc.or_(pc.utf8_is_space(texts), pc.equal(sizes, 0))
    large = pc.greater(sizes, clean.max_document_bytes)
    failed = [
        too_large(place.as_py(), text.as_py(), size.as_py(), clean.max_document_bytes)
        for place, text, size in zip(
            *(c.filter(large) for c in (places, texts, sizes)), strict=True
        )
    ]
    kept = pc.invert(pc.or_(blank, large))
    texts, places = texts.filter(kept), places.filter(kept)
    nothing = pa.nulls(len(texts), pa.string())
    columns = {"text": texts, "place": places}
    return Block(
        pa.RecordBatch.from_arrays([columns.get(name, nothing) for name in RAW.names], schema=RAW),
        failed,
    )
