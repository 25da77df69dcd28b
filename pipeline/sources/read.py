"""A work unit's documents in batches: the one entrance for text into the pipeline."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.settings import Clean, Source
from pipeline.sources.changes import vanished
from pipeline.sources.html import read_html
from pipeline.sources.json_files import read_json
from pipeline.sources.jsonl import read_jsonl
from pipeline.sources.parquet import read_parquet
from pipeline.sources.records import BATCH_ROWS, Block, Failed, raw_batch
from pipeline.sources.tables import read_table
from pipeline.sources.text import read_lines, read_text
from pipeline.sources.units import Split, WorkUnit, place
from pipeline.sources.warc import read_warc
from pipeline.storage import FileInfo

Reader = Callable[[str, str, Split | None, Source, Clean], Iterator[Block]]
"""(a file's URI, its place in records, the split of it or None, source, settings) -> its records.

A reader raises nothing but OSError where the file cannot be opened, and RecipeError.
"""

FileReader = Callable[[FileInfo, Split | None, Source, Clean], Iterator[Block]]
"""`read_file`, or what stands for it."""

_READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_table,
    "tsv": read_table,
    "parquet": read_parquet,
    "text": read_text,
    "lines": read_lines,
    "html": read_html,
    "warc": read_warc,
}


class Read(NamedTuple):
    """A batch: every record read is either a row of `documents` or of `failed`."""

    documents: pa.RecordBatch  # documents.RAW
    failed: list[dict[str, Any]]  # rows of documents.REMOVED, their text not yet masked


def read_file(file: FileInfo, split: Split | None, source: Source, clean: Clean) -> Iterator[Block]:
    """The records of a file or of a split of it; one failed row of a file that cannot be opened.

    Raises MalmoiError where there is no such file: it was there when the unit was planned.
    """
    where = place(file.uri, source)
    try:
        yield from _READERS[source.format](file.uri, where, split, source, clean)
    except FileNotFoundError as error:
        raise vanished(file.uri) from error
    except OSError as error:
        failure = Failed("unreadable_file", where, type(error).__name__)
        yield Block(raw_batch([]), [failure])


def read_unit(
    unit: WorkUnit, source: Source, clean: Clean, read_file: FileReader = read_file
) -> Iterator[Read]:
    """The records of a unit's files in order, about `clean.batch_bytes` of UTF-8 text at a time.

    Nothing in the files raises: what is no document comes as a failed row with step `read` and rule
    bad_json, bad_record, empty_text, document_too_large, truncated_file, corrupt_file,
    decompression_bomb or unreadable_file. Failed text is an excerpt as it was read: mask it before
    it is written. Raises MalmoiError for a file that is gone.
    """
    held: list[pa.RecordBatch] = []
    failed: list[dict[str, Any]] = []
    rows = size = 0
    of_files = (read_file(file, unit.split, source, clean) for file in unit.files)
    for block in itertools.chain.from_iterable(of_files):
        for documents in _pieces(block.documents, clean.batch_bytes):
            more = documents.num_rows + len(block.failed)
            if rows and (
                size + _text_bytes(documents) > clean.batch_bytes or rows + more > BATCH_ROWS
            ):
                yield Read(_joined(held), failed)
                held, failed, rows, size = [], [], 0, 0
            if documents.num_rows:  # a block of blank lines has none, and is as large in memory
                held.append(documents)
            rows += documents.num_rows
            size += _text_bytes(documents)
        new = [{"source": source.name, "step": "read", **row._asdict()} for row in block.failed]
        failed += new
        rows += len(new)
        size += sum(3 * len(row.text) for row in block.failed)
    if rows:
        yield Read(_joined(held), failed)


def _pieces(documents: pa.RecordBatch, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """The batch, in slices of at most `batch_bytes` of text where a row has no more than that."""
    if documents.num_rows < 2 or _text_bytes(documents) <= batch_bytes:
        yield documents
        return
    sizes = np.cumsum(np.asarray(pc.binary_length(documents["text"]), np.int64))
    start, before = 0, 0
    while start < documents.num_rows:
        fits = int(np.searchsorted(sizes, before + batch_bytes, side="right"))
        end = max(fits, start + 1)
        yield documents.slice(start, end - start)
        start, before = end, int(sizes[end - 1])


def _text_bytes(documents: pa.RecordBatch) -> int:
    return pc.sum(pc.binary_length(documents["text"])).as_py() or 0


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """The batches as one; they are dropped from the list, so that they are not held beside it."""
    full = [batch for batch in batches if batch.num_rows] or [raw_batch([])]
    batches.clear()
    return full[0] if len(full) == 1 else pa.concat_batches(full)
