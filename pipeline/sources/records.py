"""What a reader yields: blocks of documents, and of whatever is none and why."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from pipeline.documents import RAW

EXCERPT_CHARS = 2_000
BLOCK_BYTES = 1 << 20
BATCH_ROWS = 50_000
"""A batch of very short texts ends here, so that its Python rows stay small."""


class Raw(NamedTuple):
    """A document as it lies in the source: the columns of `documents.RAW`."""

    id: str | None
    text: str
    url: str | None
    date: str | None
    meta: str | None
    place: str


class Failed(NamedTuple):
    """A record that gave no document: columns of `documents.REMOVED`, its text an excerpt."""

    rule: str
    place: str
    text: str
    id: str | None = None
    value: float | None = None
    threshold: float | None = None


class Block(NamedTuple):
    """Some consecutive records of a file, each a row of `documents` or one of `failed`."""

    documents: pa.RecordBatch  # documents.RAW, about `BLOCK_BYTES` of text unless one alone is more
    failed: list[Failed]


def excerpt(content: str | bytes | bytearray) -> str:
    """At most `EXCERPT_CHARS` characters from the start.

    Where it is cut, a tail that may be the first half of a number or an address goes too: half a
    value is still somebody's, and no detector knows it.
    """
    if not isinstance(content, str):
        content = content[: 4 * EXCERPT_CHARS + 4].decode("utf-8", "replace")
    if len(content) <= EXCERPT_CHARS:
        return content
    return re.sub(r"[0-9A-Za-z@._+()\s-]{1,64}$", "", content[:EXCERPT_CHARS])


def too_large(
    place: str, content: str | bytes | bytearray, size: int, limit: int, id: str | None = None
) -> Failed:
    """The record of a document of `size` bytes where `limit` are allowed."""
    return Failed("document_too_large", place, excerpt(content), id, float(size), float(limit))


def raw_batch(documents: list[Raw]) -> pa.RecordBatch:
    """Rows as a batch of `documents.RAW`."""
    columns = zip(*documents, strict=True) if documents else [()] * len(RAW)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, pa.string()) for column in columns], schema=RAW
    )


def blocks(records: Iterable[Raw | Failed]) -> Iterator[Block]:
    """Records that come one at a time, in blocks."""
    documents: list[Raw] = []
    failed: list[Failed] = []
    size = 0
    for record in records:
        if isinstance(record, Failed):
            failed.append(record)
        else:
            documents.append(record)
        size += 3 * len(record.text)
        if size >= BLOCK_BYTES or len(documents) + len(failed) >= BATCH_ROWS:
            del record  # a document of hundreds of MB is in memory often enough as it is
            block = Block(raw_batch(documents), failed)
            documents, failed, size = [], [], 0
            yield block
            del block
    if documents or failed:
        yield Block(raw_batch(documents), failed)
