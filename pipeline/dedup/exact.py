"""Exact copies: documents whose canonical forms are equal, by their 128-bit hash."""

import numpy as np
import pyarrow as pa

from pipeline.dedup.records import COPY, KEY, best_first


def document_keys(
    signatures: pa.RecordBatch, documents: np.ndarray, n_chars: np.ndarray, priority: int = 0
) -> np.ndarray:
    """`KEY` records of signatures; `documents` (uint64) and `n_chars` (int32) row by row.

    `n_chars` counts the text as it is stored: of two texts of one canonical form, the longer is the
    one that still has its spaces.
    """
    keys = np.empty(len(documents), KEY)
    keys["document"], keys["n_chars"], keys["priority"] = documents, n_chars, priority
    for field in ("exact_high", "exact_low"):
        keys[field] = np.asarray(signatures.column(field))
    return keys


def exact_copies(keys: np.ndarray) -> np.ndarray:
    """`COPY` records of all documents but the best of each group of equal hashes, sorted.

    `keys` (`KEY`) must hold whole groups, in any order.
    """
    ordered = keys[best_first(keys)]
    ordered = ordered[np.lexsort((ordered["exact_low"], ordered["exact_high"]))]  # stable
    first = np.ones(len(ordered), bool)
    first[1:] = (ordered["exact_high"][1:] != ordered["exact_high"][:-1]) | (
        ordered["exact_low"][1:] != ordered["exact_low"][:-1]
    )
    winners = ordered["document"][np.flatnonzero(first)][np.cumsum(first) - 1]
    copies = np.empty(len(ordered) - np.count_nonzero(first), COPY)
    copies["document"] = ordered["document"][~first]
    copies["winner"] = winners[~first]
    return copies[np.argsort(copies["document"])]
