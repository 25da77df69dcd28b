"""What a reader yields for each record of its input: a document, or why there is none."""

import re
from typing import NamedTuple

EXCERPT_CHARS = 2_000


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


def excerpt(content: str | bytes) -> str:
    """At most `EXCERPT_CHARS` characters from the start.

    Where it is cut, a tail that may be the first half of a number or an address goes too: half a
    value is still somebody's, and no detector knows it.
    """
    if isinstance(content, bytes):
        content = content[: 4 * EXCERPT_CHARS + 4].decode("utf-8", "replace")
    if len(content) <= EXCERPT_CHARS:
        return content
    return re.sub(r"[0-9A-Za-z@._+()\s-]{1,64}$", "", content[:EXCERPT_CHARS])


def too_large(
    place: str, content: str | bytes, size: int, limit: int, id: str | None = None
) -> Failed:
    """The record of a document of `size` bytes where `limit` are allowed."""
    return Failed("document_too_large", place, excerpt(content), id, float(size), float(limit))
