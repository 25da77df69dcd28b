"""Lines of a file or of a range of its bytes, in blocks, each line with its place."""

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.settings import Clean, Source
from pipeline.sources.records import EXCERPT_CHARS, Failed, excerpt
from pipeline.sources.stream import CHUNK, ByteStream
from pipeline.sources.units import Split

MAX_LINES = 20_000
HEAD_BYTES = 4 * EXCERPT_CHARS + 4
UTF8 = ("auto", "utf-8", "utf8")
_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LineBlock(NamedTuple):
    """Whole lines that follow each other, or one line longer than a chunk."""

    data: bytes | bytearray  # joined by newlines; of a line above the limit the head only
    first: int  # the first line's number, from 1
    offset: int  # of the first byte, in the file once decompressed
    length: int  # bytes
    alone: bool

    @property
    def is_cut(self) -> bool:
        return self.length > len(self.data)

    def lines(self) -> list[bytes | bytearray]:
        return [self.data] if self.alone else list(self.data.split(b"\n"))

    def numbers(self, by_offset: bool) -> npt.NDArray[np.int64]:
        """Of each line its number in the file, or the offset of its first byte."""
        if self.alone:
            return np.array([self.offset if by_offset else self.first])
        ends = np.flatnonzero(np.frombuffer(self.data, np.uint8) == ord("\n"))
        if by_offset:
            return np.concatenate([[self.offset], ends + (self.offset + 1)])
        return np.arange(self.first, self.first + len(ends) + 1)


class LineReader:
    """The lines of a file, or those that start within a split of it.

    Iterate once; afterwards `fault` says how the file is damaged (see `ByteStream`), and `rest` is
    then the line that the damage has cut. No line is held that is longer than `limit` bytes.
    A file whose bytes cannot be entered anywhere (compressed, UTF-16, UTF-32) is read whole by its
    first split, and the others find nothing.

    Raises OSError where the file cannot be opened.
    """

    def __init__(self, uri: str, place: str, split: Split | None, source: Source, clean: Clean):
        self.rest = LineBlock(b"", 1, 0, 0, True)
        self.encoding = source.encoding.lower()
        self._place = place
        self._stream = ByteStream(uri, clean.max_expansion)
        self._wide = self._wide_encoding(uri, clean.max_expansion)
        self._split = split
        if split and (self._wide or self._stream.is_compressed):
            self._split = None if split.index == 0 else Split(split.index, split.of, 0, 0)
        # escapes double Korean, and there are other fields
        self.limit = 2 * clean.max_document_bytes + (1 << 20)

    @property
    def fault(self) -> str | None:
        return self._stream.fault

    def __iter__(self) -> Iterator[LineBlock]:
        split = self._split
        if split is None:
            yield from self._blocks(self._decoded(), 0)
        elif split.start < split.end:
            chunks = self._stream.chunks(max(split.start - 1, 0))
            yield from self._blocks(*_within(chunks, split.start, split.end))

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the whole file without a byte order mark, of a wide encoding in UTF-8."""
        chunks = self._decoded()
        yield next(chunks, b"").removeprefix(codecs.BOM_UTF8)
        yield from chunks

    def places(self, block: LineBlock) -> pa.StringArray:
        """`file:number` of each line; of a split `file@offset`, for nobody has counted the rest."""
        by_offset = self._split is not None
        numbers = pa.array(block.numbers(by_offset)).cast(pa.string())
        return pc.binary_join_element_wise(self._place + (":@"[by_offset]), numbers, "")

    def place_of(self, block: LineBlock) -> str:
        """The place of a block's first line."""
        return (
            f"{self._place}:{block.first}"
            if self._split is None
            else f"{self._place}@{block.offset}"
        )

    def failure(self) -> Failed | None:
        """The record of the damage, once all lines are read."""
        if self.fault is None:
            return None
        return Failed(self.fault, self.place_of(self.rest), excerpt(self.rest.data))

    def _wide_encoding(self, uri: str, max_expansion: int) -> str | None:
        """The name of an encoding in which a newline is more than one byte."""
        if self.encoding == "auto":
            head = ByteStream(uri, max_expansion).head(4)
            return next((_name(mark) for mark in _WIDE_BOMS if head.startswith(mark)), None)
        try:
            return self.encoding if len("\n".encode(self.encoding)) > 1 else None
        except (LookupError, UnicodeError):
            return None  # `decode` names an unknown encoding

    def _decoded(self) -> Iterator[bytes]:
        """The file's chunks, UTF-8 where it was UTF-16 or UTF-32."""
        if self._wide is None:
            yield from self._stream.chunks()
            return
        decoder = codecs.getincrementaldecoder(self._wide)("replace")
        self.encoding = "utf-8"
        for chunk in self._stream.chunks():
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()

    def _blocks(self, chunks: Iterable[bytes], offset: int) -> Iterator[LineBlock]:
        held, length, number = bytearray(), 0, 1
        for chunk in chunks:
            if offset == 0 and length == 0 and number == 1:
                marked, chunk = len(chunk), chunk.removeprefix(codecs.BOM_UTF8)
                offset = marked - len(chunk)
            if length > CHUNK and (end := chunk.find(b"\n")) >= 0:  # a long line stands alone
                length += end
                held += chunk[:end] if length <= self.limit else b""
                del held[HEAD_BYTES if length > self.limit else length :]
                alone, held = [LineBlock(held, number, offset, length, True)], bytearray()
                offset, number, length = offset + length + 1, number + 1, 0
                yield alone.pop()  # and no name here keeps it in memory
                chunk = chunk[end + 1 :]
            last = chunk.rfind(b"\n")
            if last >= 0:
                data = bytes(held) + chunk[:last] if held else chunk[:last]
                count = data.count(b"\n") + 1
                block = LineBlock(data, number, offset, len(data), False)
                yield from [block] if count <= MAX_LINES else _cut(block)
                offset, number = offset + len(data) + 1, number + count
                held, length = bytearray(), 0
                chunk = chunk[last + 1 :]
            length += len(chunk)
            if length <= self.limit:
                held += chunk
            else:
                del held[HEAD_BYTES:]
        rest = [LineBlock(held, number, offset, length, True)]
        del held
        if self.fault:
            self.rest = rest.pop()
        elif length:
            yield rest.pop()


def _within(chunks: Iterator[bytes], start: int, end: int) -> tuple[Iterator[bytes], int]:
    """(the bytes of the lines that start from byte `start` and before `end`, offset of the first).

    `chunks` begin at the byte before `start`, which tells whether a line starts at `start`.
    """
    position = max(start - 1, 0)
    first = b""
    if start:
        for first in chunks:
            newline = first.find(b"\n")
            if newline >= 0:
                position, first = position + newline + 1, first[newline + 1 :]
                break
            position += len(first)
            first = b""
    return _until(first, chunks, position, end), position


def _until(first: bytes, chunks: Iterator[bytes], position: int, end: int) -> Iterator[bytes]:
    """The bytes from `position` to the end of the last line that starts before `end`."""
    if position >= end:
        return
    chunk: bytes | None = first or next(chunks, None)
    while chunk is not None:
        newline = chunk.find(b"\n", max(end - 1 - position, 0))
        if newline >= 0:
            yield chunk[: newline + 1]
            return
        yield chunk
        position += len(chunk)
        chunk = next(chunks, None)


def _cut(block: LineBlock) -> Iterator[LineBlock]:
    """A block of very many lines in blocks of at most `MAX_LINES`."""
    lines, first, offset = block.data.split(b"\n"), block.first, block.offset
    for at in range(0, len(lines), MAX_LINES):
        data = b"\n".join(lines[at : at + MAX_LINES])
        yield LineBlock(data, first + at, offset, len(data), False)
        offset += len(data) + 1


def _name(mark: bytes) -> str:
    return "utf-32" if len(mark) == 4 else "utf-16"
