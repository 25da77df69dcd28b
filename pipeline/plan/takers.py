"""Records of a file, some of them kept as they stand: what a sample is taken with."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from fastwarc.warc import ArchiveIterator

from pipeline import storage
from pipeline.plan.sinks import Sink
from pipeline.settings import Clean, Source
from pipeline.sources.lines import LineReader
from pipeline.sources.read import read_file
from pipeline.sources.stream import ByteStream
from pipeline.sources.units import Split
from pipeline.storage import FileInfo
from tokenizer.errors import MalmoiError

READ = 16
"""Bytes that are read for each that is taken, at most: more spread the sample more evenly."""

_ROWS = 512  # of a Parquet file at a time


@dataclass(frozen=True)
class Taking:
    """How a source's records are taken, and where to."""

    source: Source
    clean: Clean
    rng: np.random.Generator
    sink: Sink


class Reading(NamedTuple):
    """What to read of a file, and the share of the records read that is kept.

    `stretches` are (start, bytes) of a plain file of lines, of a compressed one or an archive from
    its start; None is all of it. Of a Parquet file `keep` is the share of all its rows.
    """

    file: FileInfo
    keep: float
    stretches: list[tuple[int, int]] | None = None


class Measured(NamedTuple):
    """Bytes, decompressed: those that were read, and all of the file where that is known."""

    read: int
    whole: int | None


def take(reading: Reading, taking: Taking) -> Measured:
    """Put the records that are kept into the sink. MalmoiError where the file cannot be read."""
    try:
        return _TAKERS[taking.source.format](reading, taking)
    except (OSError, pa.ArrowException) as error:
        raise MalmoiError(
            f"{reading.file.uri}: cannot be read for a sample ({error}); mend it or leave it out"
        ) from error


def _lines(reading: Reading, taking: Taking) -> Measured:
    """Lines that begin in the stretches; one that is longer than a document may be is left out."""
    file, keep, stretches = reading
    read = 0
    for start, length in stretches or [(0, 0)]:
        split = Split(1, 2, start, min(start + length, file.size)) if start else None
        here = 0
        for block in LineReader(file.uri, "", split, taking.source, taking.clean):
            here += block.length + 1
            if not block.is_cut:
                lines = block.lines()
                draws = taking.rng.random(len(lines)) / keep
                rows = np.flatnonzero(draws < 1).tolist()
                taking.sink.put([bytes(lines[row]) + b"\n" for row in rows], draws[rows])
            if length and here >= length:
                break
        read += here
    return Measured(read, None if stretches else read)


def _archive(reading: Reading, taking: Taking) -> Measured:
    """Records of a WARC file from its start, whole."""
    limit = sum(length for _, length in reading.stretches or ())
    read = 0
    stream = _Unpacked(ByteStream(reading.file.uri, taking.clean.max_expansion))
    for record in ArchiveIterator(stream, parse_http=False):
        content = _whole(record)
        read += len(content)
        draw = taking.rng.random() / reading.keep
        if draw < 1:
            taking.sink.put([content], np.array([draw]))
        if limit and read >= limit:
            return Measured(read, None)
    return Measured(read, read)


class _Unpacked(io.RawIOBase):
    """A file's bytes, decompressed, as a file object."""

    def __init__(self, stream: ByteStream):
        self._chunks, self._rest, self._given = stream.chunks(), b"", 0

    def read(self, size: int = -1) -> bytes:
        self._rest = self._rest or next(self._chunks, b"")
        given = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(given) :]
        self._given += len(given)
        return given

    def tell(self) -> int:
        return self._given


def _whole(record: Any) -> bytes:
    """A WARC record as it stands in an archive."""
    out = pa.BufferOutputStream()
    record.write(out)
    return out.getvalue().to_pybytes()


def _rows(reading: Reading, taking: Taking) -> Measured:
    """Rows of some row groups, evenly over the file; the columns that the recipe reads alone."""
    read = 0
    with (
        storage.open_read(reading.file.uri) as opened,
        pq.ParquetFile(opened, pre_buffer=False) as parquet,
    ):
        columns, sizes = column_bytes(parquet, taking.source)
        count = min(len(sizes), max(1, round(len(sizes) * reading.keep * READ)))
        places = (np.arange(count) + taking.rng.random(count)) * (len(sizes) / max(count, 1))
        groups = np.unique(places.astype(np.int64)).tolist() if len(sizes) else []
        keep = min(1.0, reading.keep * sum(sizes) / max(sum(sizes[at] for at in groups), 1))
        for group in groups:
            facts = parquet.metadata.row_group(group)
            codec = facts.column(0).compression.lower().replace("uncompressed", "none")
            for batch in parquet.iter_batches(_ROWS, [group], columns, use_threads=False):
                draws = taking.rng.random(batch.num_rows) / keep
                rows = draws < 1
                table = pa.Table.from_batches([batch]).filter(pa.array(rows))
                raw = sizes[group] * table.num_rows / facts.num_rows
                taking.sink.put_table(table, draws[rows], codec, raw)
            read += sizes[group]
    return Measured(read, sum(sizes))


def column_bytes(parquet: pq.ParquetFile, source: Source) -> tuple[list[str], list[int]]:
    """(columns that the recipe reads, unpacked bytes of these in each row group)."""
    fields = source.fields
    wanted = dict.fromkeys([*fields.texts, fields.id, fields.url, fields.date, *fields.meta])
    columns = [name for name in wanted if name in parquet.schema_arrow.names]
    sizes = []
    for group in range(parquet.num_row_groups):
        facts = parquet.metadata.row_group(group)
        chunks = [facts.column(number) for number in range(facts.num_columns)]
        sizes.append(
            sum(
                chunk.total_uncompressed_size
                for chunk in chunks
                if chunk.path_in_schema.split(".")[0] in columns
            )
        )
    return columns, sizes


def _documents(reading: Reading, taking: Taking) -> Measured:
    """Documents of a file that is read whole, as JSON lines of the recipe's default fields."""
    size = _unpacked_bytes(reading.file, taking.clean)
    documents = kept = 0
    for block in read_file(reading.file, None, taking.source, taking.clean):
        draws = taking.rng.random(block.documents.num_rows) / reading.keep
        rows = np.flatnonzero(draws < 1)
        records = block.documents.take(pa.array(rows)).to_pylist()
        taking.sink.put([_line(record) for record in records], draws[rows], raw=0)
        documents += block.documents.num_rows + len(block.failed)
        kept += len(rows)
    taking.sink.sampled += round(size * kept / max(documents, 1))
    return Measured(size, size)


def _line(record: dict[str, Any]) -> bytes:
    """A document of `documents.RAW` as a line."""
    meta = orjson.loads(record.pop("meta") or b"{}")
    del record["place"]
    return orjson.dumps({**meta, **record}, option=orjson.OPT_APPEND_NEWLINE)


def _unpacked_bytes(file: FileInfo, clean: Clean) -> int:
    with ByteStream(file.uri, clean.max_expansion) as stream:
        return sum(map(len, stream.chunks())) if stream.is_compressed else file.size


def _file(reading: Reading, taking: Taking) -> Measured:
    """A document that is a file; one that is longer than a document may be is left out."""
    raw = 0
    with ByteStream(reading.file.uri, taking.clean.max_expansion) as stream:
        for chunk in stream.chunks():
            raw += len(chunk)
            if raw > taking.clean.max_document_bytes:
                return Measured(raw, None)
    content = storage.read_bytes(reading.file.uri)
    taking.sink.put_file(reading.file, content, raw, taking.rng.random())
    return Measured(raw, raw)


_TAKERS: dict[str, Callable[[Reading, Taking], Measured]] = {
    "jsonl": _lines,
    "lines": _lines,
    "json": _documents,
    "csv": _documents,
    "tsv": _documents,
    "warc": _archive,
    "parquet": _rows,
    "text": _file,
    "html": _file,
}
