"""Parquet with fixed settings: equal rows give equal bytes. Reading goes row group by row group."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.storage import FileStamp, write_atomic
from tokenizer.errors import CorruptFileError, MalmoiError

ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 16_000_000
"""A row group ends with the row that fills either; how rows came in batches has no say."""
BETWEEN, FINAL = 1, 3
"""Levels of zstd: of files between two steps (quick), and of what stays (small)."""
_REPEATED = ("source", "step", "rule")  # a dictionary of other columns is as large as they are


class ParquetSink:
    """A Parquet file written batch by batch, inside `with`; it is there once the block has ended.

    The file depends on the rows and the schema alone, not on how the rows were cut into batches.
    `stamp` describes it afterwards; after an exception there is no file. Holds one row group
    (about `ROW_GROUP_BYTES`) in memory. `level` is zstd's.
    """

    stamp: FileStamp

    def __init__(self, uri: str, schema: pa.Schema, level: int = FINAL):
        self.uri, self.schema, self.level = uri, schema.remove_metadata(), level
        self._held: list[pa.RecordBatch] = []
        self._held_rows = self._held_bytes = self._rows = 0

    def __enter__(self) -> "ParquetSink":
        self._context = write_atomic(self.uri)
        self._file = self._context.__enter__()
        self._writer = pq.ParquetWriter(
            self._file,
            self.schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=self.level,
            use_dictionary=[name for name in _REPEATED if name in self.schema.names] or False,
            write_statistics=False,  # of text they repeat the text, of hashes they say nothing
            write_page_index=False,
            write_page_checksum=True,  # a flipped bit of what is compressed can pass for a text
            store_schema=True,  # fixed-size lists and binaries come back as they went in
        )
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. MalmoiError where the batch has other columns or types than the file."""
        if not batch.schema.equals(self.schema):
            raise MalmoiError(
                f"{self.uri}: a batch is not of the file's schema; this is a defect of malmoi.\n"
                f"batch: {batch.schema}\nfile: {self.schema}"
            )
        weights = np.cumsum(_row_bytes(batch))
        start, before = 0, 0
        while start < batch.num_rows:
            # the first row with which the group is full, counted from what is held already
            by_bytes = int(np.searchsorted(weights, ROW_GROUP_BYTES - self._held_bytes + before))
            end = min(by_bytes + 1, start + ROW_GROUP_ROWS - self._held_rows)
            full = end <= batch.num_rows
            end = min(end, batch.num_rows)
            self._held.append(batch.slice(start, end - start))
            self._held_rows += end - start
            self._held_bytes += int(weights[end - 1]) - before
            start, before = end, int(weights[end - 1])
            if full:
                self._flush()

    def _flush(self) -> None:
        if self._held_rows:
            # One chunk a column: the writer also ends pages at the ends of chunks.
            table = pa.Table.from_batches(self._held, self.schema).combine_chunks()
            self._writer.write_table(table, row_group_size=self._held_rows)
            self._rows += self._held_rows
        self._held, self._held_rows, self._held_bytes = [], 0, 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._flush()
            self._writer.close()
        except BaseException as failure:
            if error is None:
                self._context.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._context.__exit__(kind, error, trace)
        self.stamp = FileStamp(self._file.size, self._file.sha256, self._rows)


def write_parquet(uri: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> FileStamp:
    """Write a whole Parquet file; equal rows give equal bytes, however they are batched."""
    with ParquetSink(uri, schema) as sink:
        for batch in batches:
            sink.write(batch)
    return sink.stamp


def _row_bytes(batch: pa.RecordBatch) -> np.ndarray:
    """int64 (rows,): about the bytes each row takes; depends on the row alone."""
    total = np.full(batch.num_rows, 8 * batch.num_columns, np.int64)
    for column in batch.columns:
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind):
            total += np.asarray(pc.fill_null(pc.binary_length(column), 0))
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            total += 8 * np.asarray(pc.fill_null(pc.list_value_length(column), 0))
        elif pa.types.is_fixed_size_binary(kind):
            total += kind.byte_width
        elif pa.types.is_fixed_size_list(kind):
            total += 8 * kind.list_size
    return total


def read_batches(uri: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in order, a row group (about 16 MB) at a time.

    Raises CorruptFileError naming the file when it is no whole Parquet file, or not as written:
    pages bear a checksum.
    """
    with _opened(uri, columns) as parquet:
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, columns=columns, use_threads=False)
            yield from table.combine_chunks().to_batches()


def read_table(uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole file; for the small ones (removal lists, counts). Raises as `read_batches` does."""
    with _opened(uri, columns) as parquet:
        return parquet.read(columns=columns, use_threads=False)


def read_row(uri: str, row: int, columns: Sequence[str] | None = None) -> dict[str, Any]:
    """One row of a file, from the row group that has it; IndexError where the file has fewer."""
    return dict(read_rows(uri, [row], columns).to_pylist()[0])


def read_rows(uri: str, rows: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
    """Some rows of a file, ascending and each once; reads the row groups that they lie in.

    Raises as `read_batches` does, and IndexError where the file has fewer rows.
    """
    wanted = np.asarray(rows, np.int64)
    parts = []
    with _opened(uri, columns) as parquet:
        groups = [parquet.metadata.row_group(at).num_rows for at in range(parquet.num_row_groups)]
        ends = np.cumsum(groups, dtype=np.int64)
        for group in np.unique(np.searchsorted(ends, wanted, "right")).tolist():
            first = int(ends[group]) - groups[group]
            inside = wanted[(wanted >= first) & (wanted < ends[group])] - first
            table = parquet.read_row_group(group, columns=columns, use_threads=False)
            parts.append(table.take(pa.array(inside)))
    return pa.concat_tables(parts)


@contextmanager
def _opened(uri: str, columns: Sequence[str] | None) -> Iterator[pq.ParquetFile]:
    try:
        with (
            storage.open_read(uri) as file,
            pq.ParquetFile(file, page_checksum_verification=True) as parquet,
        ):
            if missing := set(columns or ()) - set(parquet.schema_arrow.names):
                raise pa.ArrowInvalid(f"no column {', '.join(sorted(missing))}")
            yield parquet
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise CorruptFileError(
            f"{uri}: cannot be read as Parquet ({error}); delete it and run the step again"
        ) from error
