"""Parquet: a document a row, read in small batches of one row group after another."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.documents import RAW
from pipeline.settings import Clean, Source
from pipeline.sources.fields import meta_json
from pipeline.sources.records import Block, Failed, excerpt, raw_batch, too_large
from pipeline.sources.row_groups import BUFFER, batches, group_bytes
from pipeline.sources.stream import EXPANSION_FREE
from pipeline.sources.units import Split
from pipeline.text.decode import decode

_MAGIC = b"PAR1"
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError)


def read_parquet(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """The rows of a file or of some row groups of it; rows are numbered over the file, from 1.

    A text that is null or no string gives a failed row; a file without the column, or with a footer
    that cannot be read, one for all; a damaged row group one for its rows that are lost, and the
    next group is read. Raises OSError where the file cannot be opened.
    """
    with storage.open_read(uri) as file:
        try:
            parquet = pq.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
            names, sizes = parquet.schema_arrow.names, parquet.metadata
        except _DAMAGE as error:
            yield _lost(_damage(uri), place, str(error), None)
            return
        (text,) = source.fields.texts
        if text not in names:
            reason = f"no column '{text}'; there are {', '.join(names)}"
            yield _lost("bad_record", place, reason, sizes.num_rows)
            return
        first = 1
        for group in range(sizes.num_row_groups):
            rows = sizes.row_group(group).num_rows
            if split is None or split.start <= group < split.end:
                yield from _row_group(file, parquet, group, first, place, source, clean)
            first += rows


def _row_group(
    file: pa.NativeFile,
    parquet: pq.ParquetFile,
    group: int,
    first: int,
    place: str,
    source: Source,
    clean: Clean,
) -> Iterator[Block]:
    """The rows of one group, of which the first is row `first` of the file."""
    fields, here = source.fields, parquet.schema_arrow.names
    wanted = dict.fromkeys([*fields.texts, fields.id, fields.url, fields.date, *fields.meta])
    columns = [name for name in wanted if name in here]
    facts = parquet.metadata.row_group(group)
    end = first + facts.num_rows
    stored, unpacked = group_bytes(facts, columns)
    unpacked = max(unpacked, facts.num_rows)  # rows that are null take no bytes
    if unpacked > EXPANSION_FREE and unpacked > clean.max_expansion * stored:
        reason = f"row group {group}: {unpacked} bytes out of {stored}"
        yield _lost("decompression_bomb", f"{place}:{first}", reason, facts.num_rows)
        return
    given = 0
    try:
        for batch in batches(file, parquet, group, columns):
            block = _block(batch, first, place, source, clean)
            given += pc.sum(pc.binary_length(block.documents["text"])).as_py() or 0
            if given > EXPANSION_FREE and given > clean.max_expansion * stored:
                reason = f"row group {group}: texts written {given} bytes long, out of {stored}"
                yield _lost("decompression_bomb", f"{place}:{first}", reason, end - first)
                return
            yield block
            first += batch.num_rows
    except _DAMAGE as error:
        yield _lost("corrupt_file", f"{place}:{first}", f"row group {group}: {error}", end - first)


def _block(batch: pa.RecordBatch, first: int, place: str, source: Source, clean: Clean) -> Block:
    fields = source.fields
    texts = _strings(batch[fields.texts[0]], source.encoding)
    sizes = pc.fill_null(pc.binary_length(texts), 0)
    blank = pc.fill_null(pc.or_(pc.utf8_is_space(texts), pc.equal(sizes, 0)), True)
    good = np.asarray(
        pc.and_not(pc.less_equal(sizes, clean.max_document_bytes), blank)
    ) & np.asarray(texts.is_valid())
    ids = _scalars(batch, fields.id, source.encoding)
    failed = [
        _failure(
            batch,
            row,
            texts[row].as_py(),
            ids[row].as_py(),
            f"{place}:{first + row}",
            source,
            clean,
        )
        for row in np.flatnonzero(~good).tolist()
    ]
    kept = pa.array(np.flatnonzero(good))
    numbers = pa.array(np.flatnonzero(good) + first).cast(pa.string())
    columns = {
        "id": ids.take(kept),
        "text": texts.take(kept) if failed else texts,
        "url": _scalars(batch, fields.url, source.encoding).take(kept),
        "date": _scalars(batch, fields.date, source.encoding).take(kept),
        "meta": _meta(batch.take(kept), fields.meta),
        "place": pc.binary_join_element_wise(place + ":", numbers, ""),
    }
    return Block(
        pa.RecordBatch.from_arrays([columns[name] for name in RAW.names], schema=RAW), failed
    )


def _failure(
    batch: pa.RecordBatch,
    row: int,
    text: str | None,
    identity: str | None,
    place: str,
    source: Source,
    clean: Clean,
) -> Failed:
    """Why the row is no document."""
    if text is None:
        value = batch[source.fields.texts[0]][row].as_py()
        return Failed("bad_record", place, excerpt(str(value)), identity)
    if not text or text.isspace():
        return Failed("empty_text", place, "", identity)
    limit = clean.max_document_bytes
    return too_large(place, text, len(text.encode()), limit, identity)


def _strings(column: pa.Array, encoding: str) -> pa.StringArray:
    """A column of strings or bytes as strings; of any other type as nulls."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if not _is_text(kind):
        return pa.nulls(len(column), pa.string())
    raw = column.cast(pa.binary())
    try:
        if encoding.lower() in ("auto", "utf-8", "utf8") or not pa.types.is_binary(kind):
            return raw.cast(pa.string())  # checks that it is UTF-8
    except pa.ArrowInvalid:
        pass
    values = raw.to_pylist()
    return pa.array(
        [None if value is None else decode(value, encoding).text for value in values], pa.string()
    )


def _is_text(kind: pa.DataType) -> bool:
    tests = ("is_string", "is_large_string", "is_string_view", "is_binary", "is_large_binary")
    return any(getattr(pa.types, test)(kind) for test in tests)


def _scalars(batch: pa.RecordBatch, name: str, encoding: str) -> pa.StringArray:
    """A column of strings, numbers, dates or times as strings; null for "" and all else."""
    if name not in batch.schema.names:
        return pa.nulls(batch.num_rows, pa.string())
    column = batch[name]
    if pa.types.is_dictionary(column.type) or _is_text(column.type):
        texts = _strings(column, encoding)
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    kind = column.type
    if pa.types.is_boolean(kind) or not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind)):
        return pa.nulls(len(column), pa.string())
    try:
        return column.cast(pa.string())
    except (pa.ArrowException, ValueError):  # half floats, time zones without a database
        values = column.to_pylist()
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _meta(batch: pa.RecordBatch, names: list[str]) -> pa.StringArray:
    here = [name for name in names if name in batch.schema.names]
    if not here:
        return pa.nulls(batch.num_rows, pa.string())
    rows: list[dict[str, Any]] = batch.select(here).to_pylist()
    return pa.array([meta_json(row) for row in rows], pa.string())


def _lost(rule: str, place: str, reason: str, rows: int | None) -> Block:
    """One failure for many rows; its value is how many, where that is known."""
    count = None if rows is None else float(rows)
    return Block(raw_batch([]), [Failed(rule, place, excerpt(reason), None, count)])


def _damage(uri: str) -> str:
    """What is wrong with a file whose footer cannot be read."""
    with storage.open_read(uri) as file:
        begins = file.read(4) == _MAGIC
        file.seek(max(file.size() - 4, 0))
        return "truncated_file" if begins and file.read(4) != _MAGIC else "corrupt_file"
