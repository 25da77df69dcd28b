"""Locality-sensitive hashing: band hashes and anchors to buckets, buckets to candidate pairs."""

import numpy as np
import pyarrow as pa

from pipeline.dedup.records import ANCHOR, MEMBER, PAIR, SHARED, distinct
from pipeline.kernels.buckets import count_pairs, pair_members


def band_members(bands: pa.RecordBatch, n_chars: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """`MEMBER` records of some bands' hashes (uint64 columns) of the `ranked` documents (`RANKED`).

    A document without shingles (`n_chars` 0 in its signature) is in no bucket.
    """
    rows = np.flatnonzero(n_chars > 0)
    members = np.empty((bands.num_columns, len(rows)), MEMBER)
    for band, column in enumerate(bands.columns):
        members["bucket"][band] = np.asarray(column)[rows]
    for field in ("rank", "document"):
        members[field] = ranked[field][rows]
    return members.reshape(-1)


def anchor_members(anchors: pa.ListArray, ranked: np.ndarray) -> np.ndarray:
    """`ANCHOR` records of the anchors (list<uint64>) of the `ranked` documents (`RANKED`)."""
    counts = np.asarray(anchors.value_lengths())
    rows = np.repeat(np.arange(len(ranked)), counts)
    members = np.empty(len(rows), ANCHOR)
    members["bucket"] = np.asarray(anchors.flatten())
    for field in ("rank", "document"):
        members[field] = ranked[field][rows]
    members["anchors"] = counts[rows]
    return members


def candidate_pairs(members: np.ndarray) -> np.ndarray:
    """Distinct `PAIR` records from whole buckets of bands (`MEMBER`, in any order).

    In a bucket of up to 16 everybody meets everybody. In a larger one a member meets some of the
    best, which are likely to be kept, and some of the next better ones, whose length is the
    nearest; fewer of both the larger it is, down to one of each. So a bucket of a million copies
    costs as much as a million buckets of two.
    """
    better, worse = _meetings(members)
    return distinct(_paired(better, worse, PAIR))


def shared_anchors(members: np.ndarray) -> np.ndarray:
    """`SHARED` records from whole buckets of anchors (`ANCHOR`, in any order), a pair once.

    Pairs meet as in `candidate_pairs`. A phrase of a form or a foot of a page makes many meet, so
    a pair is to share a quarter of the anchors of the one that has fewer (`candidates_of_shared`).
    """
    better, worse = _meetings(members)
    pairs = _paired(better, worse, SHARED)
    pairs["shared"] = 1
    pairs["needed"] = -(-np.minimum(better["anchors"], worse["anchors"]) // 4)
    return _summed(pairs)


def candidates_of_shared(shared: np.ndarray) -> np.ndarray:
    """Distinct `PAIR` records of those that share enough; `shared` has all records of a pair."""
    shared = _summed(shared)
    shared = shared[shared["shared"] >= shared["needed"]]
    pairs = np.empty(len(shared), PAIR)
    pairs["a"], pairs["b"] = shared["a"], shared["b"]
    return pairs


def _meetings(members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The members of pairs that meet, the better and the worse one of each."""
    members = members[_not_alone(members["bucket"])]
    ordered = members[np.lexsort((members["document"], ~members["rank"], members["bucket"]))]
    new = np.ones(len(ordered) + 1, bool)
    new[1:-1] = ordered["bucket"][1:] != ordered["bucket"][:-1]
    starts = np.flatnonzero(new)
    count = count_pairs(starts)
    better, worse = np.empty(count, np.int64), np.empty(count, np.int64)
    pair_members(starts, better, worse)
    other = ordered["document"][better] != ordered["document"][worse]
    return ordered[better[other]], ordered[worse[other]]


def _paired(one: np.ndarray, other: np.ndarray, dtype: np.dtype) -> np.ndarray:
    pairs = np.empty(len(one), dtype)
    pairs["a"] = np.minimum(one["document"], other["document"])
    pairs["b"] = np.maximum(one["document"], other["document"])
    return pairs


def _summed(shared: np.ndarray) -> np.ndarray:
    """Records of equal pairs made one, sorted by pair."""
    shared = shared[np.lexsort((shared["b"], shared["a"]))]
    new = np.ones(len(shared), bool)
    for field in ("a", "b"):
        new[1:] &= shared[field][1:] == shared[field][:-1]
    new[1:] = ~new[1:]
    first = np.flatnonzero(new)
    sums = shared[first]
    if len(first):
        sums["shared"] = np.add.reduceat(shared["shared"], first)
    return sums


def _not_alone(buckets: np.ndarray) -> np.ndarray:
    """Places (int64) of the members that are not alone in their bucket, as most are."""
    order = np.argsort(buckets)
    ordered = buckets[order]
    same = ordered[1:] == ordered[:-1]
    beside = np.zeros(len(order), bool)
    beside[1:] |= same
    beside[:-1] |= same
    return order[beside]
