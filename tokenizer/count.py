"""Counts of eojeol: what a vocabulary is trained on, whatever the size of the corpus.

An eojeol is `" *[^ \\n]+"`: a word of the text with the spaces before it, so that the first word of
a line stands without one. Tables are (eojeol string, count int64), sorted by the eojeol's bytes;
the same texts give the same bytes in any order and any split over workers.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenizer.errors import MalmoiError
from tokenizer.special import PII_KINDS, mask_pieces
from tokenizer.words import NEWLINE, SPACE, WordTable, stable_hashes

COUNTS = pa.schema([("eojeol", pa.string()), ("count", pa.int64())])
MERGE_AT_ROWS = 4_000_000  # tables are summed when so many new rows have come together


def count_eojeol(texts: pa.StringArray, mask_kinds: Sequence[str] = PII_KINDS) -> pa.Table:
    """The eojeol of the texts with their counts.

    Mask tokens (`<|tel|>`) are bounds, like a newline, and are not counted themselves.
    Raises MalmoiError for nulls or another type than string.
    """
    for mask in mask_pieces(mask_kinds):
        texts = pc.replace_substring(texts, mask, "\n")
    table = WordTable()
    words, _ = table.index(texts)
    counts = np.bincount(words, minlength=len(table))
    last = table.bytes[table.bounds[1 : len(table) + 1] - 1]
    eojeol = np.flatnonzero((last != SPACE) & (last != NEWLINE))
    strings = table.strings().take(pa.array(eojeol))
    return _sorted(pa.table([strings, pa.array(counts[eojeol])], schema=COUNTS))


def merge_counts(tables: Iterable[pa.Table]) -> pa.Table:
    """One table of counts from many: equal eojeol are one row, with the sum."""
    merged: list[pa.Table] = [COUNTS.empty_table()]
    rows = 0
    for table in tables:
        if table.schema.names != COUNTS.names:
            raise MalmoiError(f"a table of {table.schema.names}; counts are {COUNTS.names}")
        merged.append(table.cast(COUNTS))
        rows += table.num_rows
        if rows > max(MERGE_AT_ROWS, merged[0].num_rows):
            merged, rows = [_summed(merged)], 0
    return _sorted(_summed(merged))


def partition(table: pa.Table, n: int) -> list[pa.Table]:
    """`n` tables, each eojeol in the one its bytes' hash names; every machine names the same."""
    part = stable_hashes(_one_chunk(table["eojeol"])) % np.uint64(n)
    order = np.argsort(part, kind="stable")
    ordered = table.take(pa.array(order)).combine_chunks()
    bounds = np.searchsorted(part[order], np.arange(n + 1, dtype=np.uint64)).tolist()
    return [ordered.slice(start, end - start) for start, end in pairwise(bounds)]


def _summed(tables: list[pa.Table]) -> pa.Table:
    sums = pa.concat_tables(tables).group_by("eojeol").aggregate([("count", "sum")])
    return pa.table([sums["eojeol"], sums["count_sum"]], schema=COUNTS)


def _sorted(table: pa.Table) -> pa.Table:
    """By the bytes of the eojeol (Arrow compares strings as bytes)."""
    return table.take(pc.sort_indices(table["eojeol"])).combine_chunks()


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    chunk = column.combine_chunks()
    return pa.concat_arrays(chunk.chunks) if isinstance(chunk, pa.ChunkedArray) else chunk
