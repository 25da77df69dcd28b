"""A work unit's documents in batches: the one entrance for text into the pipeline."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.documents import RAW
from pipeline.settings import Clean, Source
from pipeline.sources.html import read_html
from pipeline.sources.jsonl import read_jsonl
from pipeline.sources.records import Failed, Raw
from pipeline.sources.text import read_text
from pipeline.sources.units import WorkUnit, place

BATCH_ROWS = 50_000
"""A batch of very short texts ends here, so that its Python rows stay small."""

_READERS = {"jsonl": read_jsonl, "text": read_text, "html": read_html}


class Read(NamedTuple):
    """A batch: every record read is either a row of `documents` or of `failed`."""

    documents: pa.RecordBatch  # documents.RAW
    failed: list[dict[str, Any]]  # rows of documents.REMOVED, their text not yet masked


def read_unit(unit: WorkUnit, source: Source, clean: Clean) -> Iterator[Read]:
    """The records of a unit's files in order, about `clean.batch_bytes` of UTF-8 text at a time.

    Nothing in the files raises: what is no document comes as a failed row with step `read` and rule
    bad_json, bad_record, empty_text, document_too_large, truncated_file, corrupt_file or
    unreadable_file. Failed text is an excerpt as it was read: mask it before it is written.
    """
    documents: list[Raw] = []
    failed: list[dict[str, Any]] = []
    size = 0
    for record in _records(unit, source, clean):
        if isinstance(record, Failed):
            failed.append({"source": source.name, "step": "read", **record._asdict()})
        else:
            documents.append(record)
        size += 3 * len(record.text)
        if size >= clean.batch_bytes or len(documents) + len(failed) >= BATCH_ROWS:
            yield Read(_batch(documents), failed)
            documents, failed, size = [], [], 0
    if documents or failed:
        yield Read(_batch(documents), failed)


def _records(unit: WorkUnit, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    read = _READERS[source.format]
    for file in unit.files:
        where = place(file.uri, source)
        try:
            yield from read(file.uri, where, source, clean)
        except OSError as error:
            yield Failed("unreadable_file", where, type(error).__name__)


def _batch(documents: list[Raw]) -> pa.RecordBatch:
    columns = zip(*documents, strict=True) if documents else [()] * len(RAW)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, pa.string()) for column in columns], schema=RAW
    )
