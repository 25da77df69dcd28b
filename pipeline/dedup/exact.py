"""Exact copies: documents whose canonical forms are equal, by their 128-bit hash."""

import numpy as np
import pyarrow as pa

from pipeline.dedup.records import COPY, KEY, SETTLED, best_first
from pipeline.kernels.id_hashes import hash_strings
from pipeline.kernels.utf8 import buffers


def document_keys(
    signatures: pa.RecordBatch,
    documents: np.ndarray,
    n_chars: np.ndarray,
    ids: pa.StringArray,
    priority: int = 0,
) -> np.ndarray:
    """`KEY` records of signatures; `documents` (uint64), `n_chars` (int32) and `ids` row by row.

    `n_chars` counts the text as it is stored.
    """
    keys = np.empty(len(documents), KEY)
    keys["document"], keys["n_chars"], keys["priority"] = documents, n_chars, priority
    keys["copied"] = False
    for field, column in (
        ("exact_high", "exact_high"),
        ("exact_low", "exact_low"),
        ("letters", "n_chars"),
    ):
        keys[field] = np.asarray(signatures.column(column))
    offsets, data = buffers(ids)
    names = np.empty(len(ids), np.uint64)
    hash_strings(data, offsets, names)
    keys["name"] = names
    return keys


def exact_copies(keys: np.ndarray) -> np.ndarray:
    """`COPY` records of all documents but the best of each group of equal hashes, sorted.

    `keys` (`KEY`), in any order: all of a corpus; or those of a shard, whose best ones are then
    compared with those of other shards. Settled documents are never copies.
    """
    ordered = keys[best_first(keys)]
    ordered = ordered[np.lexsort((ordered["exact_low"], ordered["exact_high"]))]  # stable
    first = np.ones(len(ordered), bool)
    first[1:] = (ordered["exact_high"][1:] != ordered["exact_high"][:-1]) | (
        ordered["exact_low"][1:] != ordered["exact_low"][:-1]
    )
    winners = ordered["document"][np.flatnonzero(first)][np.cumsum(first) - 1]
    goes = ~first & (ordered["priority"] != SETTLED)
    copies = np.empty(np.count_nonzero(goes), COPY)
    copies["document"], copies["winner"] = ordered["document"][goes], winners[goes]
    return copies[np.argsort(copies["document"])]
