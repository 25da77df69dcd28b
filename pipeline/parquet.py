"""Parquet with fixed settings: equal rows give equal bytes. Reading goes row group by row group."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.storage import ParquetSink, write_parquet
from tokenizer.errors import CorruptFileError

__all__ = ["ParquetSink", "read_batches", "read_table", "write_parquet"]


def read_batches(uri: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in order, a row group (about 16 MB) at a time.

    Raises CorruptFileError naming the file when it is no whole Parquet file.
    """
    try:
        with storage.open_read(uri) as file, pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group, columns=columns, use_threads=False)
                yield from table.combine_chunks().to_batches()
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptFileError(
            f"{uri}: cannot be read as Parquet ({error}); delete it and run the step again"
        ) from error


def read_table(uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole file; for the small ones (removal lists, counts)."""
    try:
        with storage.open_read(uri) as file:
            return pq.read_table(file, columns=columns, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptFileError(
            f"{uri}: cannot be read as Parquet ({error}); delete it and run the step again"
        ) from error
