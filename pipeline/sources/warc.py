"""WARC (ISO 28500): the pages of a web archive, each a response record."""

import io
from collections.abc import Iterator
from typing import NamedTuple

from fastwarc.warc import ArchiveIterator

from pipeline.settings import Clean, Source
from pipeline.sources.records import Block, Failed, Raw, blocks, excerpt, too_large
from pipeline.sources.stream import CHUNK, ByteStream
from pipeline.sources.text import document
from pipeline.sources.units import Split
from pipeline.text.html import declared_charset

MAX_HEADER = 1 << 16
_START = 1 << 14  # of a record above the limit: enough to tell whether it is a page
_PAGES = ("text/html", "application/xhtml+xml", "text/plain")
_NEXT = b"\nWARC/1."


class _Record(NamedTuple):
    """A record of the archive, or what stands where one should."""

    number: int  # from 1
    head: bytes  # the header; of no record some of what stands there
    content: bytes  # of one above the limit its start, of a broken one nothing
    length: int = 0
    fault: str | None = None

    @property
    def is_cut(self) -> bool:
        return self.length > len(self.content)

    def field(self, name: bytes) -> str | None:
        for line in self.head.split(b"\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name:
                return value.strip().decode("utf-8", "replace") or None
        return None


def read_warc(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """The pages of an archive, plain, gzip or zstd; records are numbered from 1.

    A page is a response with status 200 and a content type of HTML, XHTML or plain text, or a
    `conversion` record of plain text (a WET file). All other records are none, and pass unseen. A
    page's text is decoded by `source.encoding`, else by the charset of its HTTP header, else by the
    one it declares. Id, URL and date are WARC-Record-ID, WARC-Target-URI and WARC-Date.

    A record with a broken header or a wrong length is a failure, and reading goes on at the next.
    Raises OSError where the file cannot be opened.
    """
    stream = ByteStream(uri, clean.max_expansion)
    yield from blocks(_pages(stream, place, source, clean))


def _pages(stream: ByteStream, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    number = 0
    for record in _records(_Window(stream.chunks()), clean.max_document_bytes + (1 << 20)):
        number = record.number
        where = f"{place}:{number}"
        if record.fault:
            if not (stream.fault and record.fault == "truncated_file"):
                yield Failed(record.fault, where, excerpt(record.head))
        elif (kind := (record.field(b"warc-type") or "").lower()) == "response":
            yield from _response(record, where, source, clean)
        elif kind == "conversion" and (record.field(b"content-type") or "").startswith(
            "text/plain"
        ):
            yield _page(
                record, None if record.is_cut else record.content, None, where, source, clean
            )
    if stream.fault:
        yield Failed(stream.fault, f"{place}:{number}", "")


def _response(record: _Record, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    """The page of a response; nothing where it is none."""
    whole = io.BytesIO(record.head + b"\r\n\r\n" + record.content + b"\r\n\r\n")
    try:
        http = next(ArchiveIterator(whole, parse_http=True, auto_decode="all", stream_detect=False))
        if http.http_headers is None or http.http_headers.status_code != 200:
            return
        kind = http.http_content_type or record.field(b"warc-identified-payload-type") or ""
        if kind.lower() not in _PAGES:
            return
        body = None if record.is_cut else http.reader.read(clean.max_document_bytes + 1)
        charset = http.http_charset
    except (OSError, ValueError, StopIteration) as error:
        yield Failed("bad_record", place, excerpt(f"{type(error).__name__}: {error}"))
        return
    yield _page(record, body, charset, place, source, clean)


def _page(
    record: _Record,
    body: bytes | None,
    charset: str | None,
    place: str,
    source: Source,
    clean: Clean,
) -> Raw | Failed:
    identity = (record.field(b"warc-record-id") or "").strip("<>") or None
    limit = clean.max_document_bytes
    if body is None or len(body) > limit:
        size = max(record.length, limit + 1) if body is None else len(body)
        return too_large(place, body or b"", size, limit, identity)
    page = document(body, place, source.encoding, charset or declared_charset(body))
    if isinstance(page, Failed):
        return page._replace(id=identity)
    url, date = record.field(b"warc-target-uri"), record.field(b"warc-date")
    return page._replace(id=identity, url=url and url.strip("<>"), date=date)


class _Window:
    """Bytes of a stream from a position on; as many are held as were asked for."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self.data = bytearray()
        self.at = 0

    def fill(self, size: int) -> bool:
        """Hold `size` bytes from the position on; False where the stream has no more."""
        while len(self.data) - self.at < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            if self.at > max(CHUNK, len(self.data) // 2):  # moves a byte twice at most
                del self.data[: self.at]
                self.at = 0
            self.data += chunk
        return True

    def skip(self, size: int) -> bool:
        """Move on by `size` bytes and hold none of them; False where the stream has no more."""
        while (held := len(self.data) - self.at) < size:
            chunk = next(self._chunks, None)
            size -= held
            self.data, self.at = bytearray(chunk or b""), 0
            if chunk is None:
                return False
        self.at += size
        return True

    def skip_line_ends(self) -> bool:
        """Move on to what is no line end; False where the stream has no more."""
        while self.fill(1):
            if self.data[self.at] not in b"\r\n":
                return True
            self.at += 1
        return False

    def find_next(self) -> bool:
        """Move on to the next start of a record after this position; False where there is none."""
        self.at += 1
        while (found := self.data.find(_NEXT, self.at)) < 0:
            self.at = max(self.at, len(self.data) - len(_NEXT) + 1)
            if not self.fill(len(_NEXT)):
                return False
        self.at = found + 1
        return True


def _records(window: _Window, limit: int) -> Iterator[_Record]:
    """The records of an archive in order, the content of one no longer than `limit` with it."""
    number = 0
    while window.skip_line_ends():
        number += 1
        head = _header(window)
        record = _Record(number, head, b"")
        length = record.field(b"content-length") or ""
        if not head.startswith(b"WARC/") or not (length.isascii() and length.isdigit()):
            yield record._replace(fault="bad_record")
            if not window.find_next():
                return
            continue
        start, size = len(head) + _gap(window, len(head)), int(length[:18])
        if size > limit:
            window.fill(start + _START)
            begin = window.at + start
            yield record._replace(content=bytes(window.data[begin : begin + _START]), length=size)
            if not window.skip(start + size):
                yield record._replace(fault="truncated_file")
                return
            continue
        whole = window.fill(start + size)
        if whole and _ends_at(window, start + size):
            begin = window.at + start
            yield _Record(number, head, bytes(window.data[begin : begin + size]), size)
            window.at += start + size
            continue
        another = window.data.find(_NEXT, window.at) >= 0
        yield record._replace(fault="bad_record" if whole or another else "truncated_file")
        if not window.find_next():
            return


def _header(window: _Window) -> bytes:
    """The header at the position, without the blank line; else some of what stands there."""
    size = 1 << 10
    while True:
        more = window.fill(size)
        head = bytes(window.data[window.at : window.at + size])
        ends = [end for mark in (b"\r\n\r\n", b"\n\n") if (end := head.find(mark)) >= 0]
        if ends:
            return head[: min(ends)]
        if not more or size >= MAX_HEADER:
            return head[:1_000].replace(b"WARC/", b"WARC ", 1)
        size *= 4


def _gap(window: _Window, size: int) -> int:
    """Bytes of the blank line that ends a header of `size` bytes."""
    return 4 if window.data[window.at + size] == ord("\r") else 2


def _ends_at(window: _Window, size: int) -> bool:
    """Whether a record ends `size` bytes on: two line ends, or anyhow another record or nothing."""
    window.fill(size + 16)
    rest = bytes(window.data[window.at + size : window.at + size + 16])
    return rest.startswith(b"\r\n\r\n") or rest.lstrip(b"\r\n")[:5] in (b"", b"WARC/")
