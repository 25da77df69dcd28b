"""Tables as text: CSV (RFC 4180) and TSV (IANA text/tab-separated-values: nothing is quoted)."""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.settings import Clean, Source
from pipeline.sources.fields import document_of
from pipeline.sources.lines import UTF8, LineBlock, LineReader
from pipeline.sources.records import Block, Failed, Raw, blocks, excerpt, too_large
from pipeline.sources.units import Split
from pipeline.sources.utf8_check import is_utf8
from pipeline.text.decode import decode


class _Row(NamedTuple):
    cells: list[str]
    number: int  # of its first line


def read_table(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """A document a row; the first row names the columns, and a row's place is its first line.

    A file without the text's column gives one failure for all. Raises OSError where the file cannot
    be opened.
    """
    yield from blocks(_documents(uri, place, source, clean))


def _documents(uri: str, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    reader = LineReader(uri, place, None, source, clean)
    lines = _Lines(reader, place, clean.max_document_bytes)
    rows = _tab_separated(lines) if source.format == "tsv" else _comma_separated(lines, place)
    header: list[str] | None = None
    for row in rows:
        if isinstance(row, Failed):
            yield row
        elif header is None:
            header = [name.strip() for name in row.cells]
            if not set(source.fields.texts) & set(header):
                reason = f"no column '{source.fields.texts[0]}'; there are {', '.join(header)}"
                yield Failed("bad_record", place, excerpt(reason))
                return
        elif len(row.cells) != len(header):
            shown = f"{len(row.cells)} cells, {len(header)} columns: {'|'.join(row.cells)}"
            yield Failed("bad_record", f"{place}:{row.number}", excerpt(shown))
        else:
            record = dict(zip(header, row.cells, strict=True))
            shown = "|".join(row.cells)
            yield document_of(record, shown, f"{place}:{row.number}", source, clean)
    if failure := reader.failure():
        yield failure


class _Cut(Exception):
    """A line, or the lines of one record, longer than any record may be."""


class _Lines:
    """The lines of a file as text with a line feed each; an overlong one raises `_Cut`.

    Unlike a generator it goes on after what it raised.
    """

    def __init__(self, reader: LineReader, place: str, limit: int):
        self.number, self._held = 0, 0
        self._reader, self._place, self._limit = reader, place, limit
        self._longest = limit + (1 << 20)  # characters of a record: of its text, and beside it
        self._blocks = iter(reader)
        self._waiting: Iterator[str] = iter(())

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        text = next(self._waiting, None)
        while text is None:
            block = next(self._blocks)
            if block.is_cut:
                self.number = block.first
                raise _Cut(too_large(self._place_here(), block.data, block.length, self._limit))
            self._waiting = iter(_texts(block, self._reader.encoding))
            text = next(self._waiting, None)
        self.number += 1
        self._held += len(text)
        if self._held > self._longest:
            raise _Cut(too_large(self._place_here(), text, self._held, self._limit))
        return f"{text}\n"

    def begin(self) -> int:
        """A record begins: the number of its first line."""
        self._held = 0
        return self.number + 1

    def _place_here(self) -> str:
        return f"{self._place}:{self.number}"


def _texts(block: LineBlock, encoding: str) -> list[str]:
    if encoding in UTF8 and is_utf8(block.data):
        texts = block.data.decode().split("\n")
    else:
        texts = [decode(bytes(line), encoding).text for line in block.lines()]
    return [text.removesuffix("\r") for text in texts]


def _tab_separated(lines: _Lines) -> Iterator[_Row | Failed]:
    while True:
        number = lines.begin()
        try:
            text = next(lines)
        except StopIteration:
            return
        except _Cut as cut:
            yield cut.args[0]
            continue
        if not text.isspace():
            yield _Row(text.removesuffix("\n").split("\t"), number)


def _comma_separated(lines: _Lines, place: str) -> Iterator[_Row | Failed]:
    """Rows by Python's `csv`, strictly: after a record that is none it goes on at the next line."""
    csv.field_size_limit(1 << 40)  # `lines` bounds a record
    rows = csv.reader(lines, strict=True)
    while True:
        number = lines.begin()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _Cut as cut:
            yield cut.args[0]
        except csv.Error as error:
            yield Failed("bad_record", f"{place}:{number}", str(error))
        else:
            if cells:
                yield _Row(cells, number)
