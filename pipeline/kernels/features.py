"""The features of documents, measured over the UTF-8 bytes of a batch in one numba call."""

import numba as nb
import numpy as np
import pyarrow as pa

from pipeline.kernels.feature_list import FEATURE_NAMES, FEATURES, Feature
from pipeline.kernels.feature_passes import (
    Bytes,
    Column,
    Seen,
    count_characters,
    scan_eojeol,
    scan_lines,
    scan_terms,
    table_size,
)
from pipeline.kernels.feature_tables import TABLES, Tables
from pipeline.kernels.lexicon import Trie, spam_trie
from pipeline.kernels.utf8 import buffers

__all__ = ["FEATURES", "FEATURE_NAMES", "FEATURE_TYPE", "Feature", "measure"]

FEATURE_TYPE = pa.struct([(name, pa.float32()) for name in FEATURE_NAMES])
"""The type of `measure`'s result: one float32 field a feature, in the order of FEATURES."""


def measure(texts: pa.Array) -> pa.StructArray:
    """Every feature of every text: `FEATURE_TYPE`, one row a text; a null counts as empty.

    `texts` is a string or large_string array; anything else raises TypeError. A text without
    characters has 0 everywhere. Lines, eojeol and n-grams are compared by 64-bit hashes.
    """
    offsets, data = buffers(texts)
    out = np.zeros((len(FEATURE_NAMES), len(texts)), np.float32)
    _measure(data, offsets, out, TABLES, spam_trie())
    return pa.StructArray.from_arrays(
        [pa.array(column) for column in out], fields=list(FEATURE_TYPE)
    )


@nb.njit(cache=True, nogil=True)
def _measure(data: Bytes, offsets: Column, out: Column, tables: Tables, trie: Trie) -> None:
    n = len(offsets) - 1
    counts = np.zeros((n, 2), np.int64)  # characters and eojeol of each text
    most = 0
    for row in range(n):
        count_characters(
            data, offsets[row], offsets[row + 1], tables.kinds, out[:, row], counts[row]
        )
        most = max(most, counts[row, 1])
    size = table_size(most)
    seen = Seen(np.zeros(size, np.uint64), np.zeros(size, np.int64), np.zeros(size, np.int64))
    for row in range(n):
        if counts[row, 0]:
            start, end, column = offsets[row], offsets[row + 1], out[:, row]
            scan_lines(data, start, end, tables, column, counts[row], seen, 3 * row + 1)
            scan_eojeol(data, start, end, tables, column, counts[row], seen, 3 * row + 2)
            scan_terms(data, start, end, tables, trie, column, counts[row])
