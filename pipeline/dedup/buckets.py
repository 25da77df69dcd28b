"""Locality-sensitive hashing: band hashes to buckets, buckets to few candidate pairs."""

import numpy as np
import pyarrow as pa

from pipeline.dedup.records import MEMBER, PAIR, distinct, ranks


def bucket_members(
    signatures: pa.RecordBatch, keys: np.ndarray, bands: slice = slice(None)
) -> np.ndarray:
    """`MEMBER` records of some `bands` of signatures, whose documents are those of `keys` (`KEY`).

    A document without shingles (`n_chars` 0 in its signature) is in no bucket.
    """
    column = signatures.column("bands")
    hashes = np.asarray(column.flatten()).reshape(-1, column.type.list_size)[:, bands]
    rows = np.flatnonzero(np.asarray(signatures.column("n_chars")) > 0)
    members = np.empty(hashes[rows].shape, MEMBER)
    members["bucket"] = hashes[rows]
    members["rank"] = ranks(keys[rows])[:, None]
    members["document"] = keys["document"][rows, None]
    return members.reshape(-1)


def candidate_pairs(members: np.ndarray) -> np.ndarray:
    """Distinct `PAIR` records from whole buckets (`MEMBER`, in any order).

    Every member meets the best of its bucket, which is the one likely to be kept, and the next
    better one, whose length is the nearest: at most two pairs a member, so a bucket of a million
    copies costs as much as a million buckets of two.
    """
    ordered = members[np.lexsort((members["document"], ~members["rank"], members["bucket"]))]
    new = np.ones(len(ordered), bool)
    new[1:] = ordered["bucket"][1:] != ordered["bucket"][:-1]
    best = np.maximum.accumulate(np.where(new, np.arange(len(ordered)), 0))
    rows = np.flatnonzero(~new)
    star = rows[best[rows] != rows - 1]
    documents = ordered["document"]
    left = np.concatenate([documents[rows - 1], documents[best[star]]])
    right = np.concatenate([documents[rows], documents[star]])
    pairs = np.empty(len(left), PAIR)
    pairs["a"], pairs["b"] = np.minimum(left, right), np.maximum(left, right)
    return distinct(pairs[left != right])
