"""Batches of a Parquet row group whose memory is bounded, whatever the file says of itself.

A dictionary is a bomb that no size in the footer tells: a text stands in the file once, and every
row that names it gets a copy. So its size is read where the dictionary lies.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BUFFER = 1 << 20  # bytes of a column, so that a column is never read whole
_BATCH_BYTES = 1 << 22
_MAX_ROWS = 512
_LARGE_DICTIONARY = 1 << 22  # bytes, four times what writers make: it is not written out whole
_WRITTEN_OUT = 1 << 27  # bytes that a batch may have if each row names the longest value


def group_bytes(facts: pq.RowGroupMetaData, columns: list[str]) -> tuple[int, int]:
    """(bytes stored, bytes unpacked) of the columns of a row group, as the footer tells them."""
    chunks = _chunks(facts, columns)
    return (
        sum(chunk.total_compressed_size for chunk in chunks),
        sum(chunk.total_uncompressed_size for chunk in chunks),
    )


def batches(
    file: pa.NativeFile, parquet: pq.ParquetFile, group: int, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """The rows of a group in order, about 4 MB of them at a time.

    A column with a large dictionary comes as dictionary arrays. Raises what Arrow raises of a file
    that is damaged.
    """
    facts = parquet.metadata.row_group(group)
    rows = max(facts.num_rows, 1)
    mean = group_bytes(facts, columns)[1] // rows + 1
    sizes = {
        chunk.path_in_schema: _dictionary_bytes(file, chunk) for chunk in _chunks(facts, columns)
    }
    large = [name for name, size in sizes.items() if size > _LARGE_DICTIONARY]
    written_out = sum(size for name, size in sizes.items() if name not in large) + 1
    at_a_time = max(1, min(_MAX_ROWS, _BATCH_BYTES // mean, _WRITTEN_OUT // written_out))
    if large:
        parquet = pq.ParquetFile(
            file,
            metadata=parquet.metadata,
            read_dictionary=large,
            buffer_size=BUFFER,
            pre_buffer=False,
        )
    for batch in parquet.iter_batches(
        at_a_time, row_groups=[group], columns=columns, use_threads=False
    ):
        yield from _pieces(batch) if large else [batch]


def _chunks(facts: pq.RowGroupMetaData, columns: list[str]) -> list[pq.ColumnChunkMetaData]:
    chunks = [facts.column(number) for number in range(facts.num_columns)]
    return [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] in columns]


def _dictionary_bytes(file: pa.NativeFile, chunk: pq.ColumnChunkMetaData) -> int:
    """Bytes of a chunk's dictionary, unpacked, or more; 0 where it has none.

    The header of the chunk's first page says it, in Thrift's compact form: the page's type, then
    its size unpacked, each a byte 0x15 and a zigzag varint (apache/parquet-format, PageHeader;
    a dictionary is type 2). What looks otherwise is taken for the largest dictionary possible.
    """
    whole = chunk.total_uncompressed_size
    if whole <= _LARGE_DICTIONARY:
        return whole if chunk.has_dictionary_page else 0
    start = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    file.seek(start)
    head = file.read(12)
    if head[:1] != b"\x15" or head[2:3] != b"\x15":
        return whole
    if head[1] != 2 << 1:
        return 0
    value = 0
    for at, byte in enumerate(head[3:]):
        value |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            return value >> 1
    return whole


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in slices of at most `_BATCH_BYTES` when written out, or of one row."""
    weights = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            lengths = pc.binary_length(column.dictionary).take(column.indices)
            weights += np.asarray(pc.fill_null(lengths, 0))
    ends = np.cumsum(weights)
    start, before = 0, 0
    while start < batch.num_rows:
        fits = int(np.searchsorted(ends, before + _BATCH_BYTES, side="right"))
        end = max(fits, start + 1)
        yield batch.slice(start, end - start)
        start, before = end, int(ends[end - 1])
