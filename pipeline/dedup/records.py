"""The packed records that cross a shuffle: hashes, document numbers and counts, never text.

Each is a little-endian structured dtype without padding: `records.tobytes()` is a blob, and
`unpack(blobs, dtype)` puts blobs together again.
"""

from collections.abc import Iterable, Iterator

import numpy as np

KEY = np.dtype(
    [
        ("document", "<u8"),
        ("exact_high", "<u8"),
        ("exact_low", "<u8"),
        ("name", "<u8"),
        ("letters", "<i4"),
        ("n_chars", "<i4"),
        ("priority", "<i4"),
        ("copied", "?"),
    ]
)
"""A document and what decides which of two copies is kept (see `best_first`): `letters` counts the
code points of the canonical form, `n_chars` those of the text as stored, `name` hashes the id.
`copied`: it stands for exact copies, so it can go only for what holds of them too."""

SETTLED = 2**31 - 1
"""The priority of documents of an earlier run: they come first, and are never removed."""

COPY = np.dtype([("document", "<u8"), ("winner", "<u8")])
"""An exact copy and the one of its group that is kept for it."""

RANKED = np.dtype([("document", "<u8"), ("rank", "<u8")])
"""A document that is compared, and its `ranks`."""

MEMBER = np.dtype([("bucket", "<u8"), ("rank", "<u8"), ("document", "<u8")])
"""A document in a bucket; of two members the one of higher rank is the better by its key."""

ANCHOR = np.dtype([*MEMBER.descr, ("anchors", "<i4")])
"""A member of the bucket of an anchor, and how many anchors it has in all."""

PAIR = np.dtype([("a", "<u8"), ("b", "<u8")])
"""Two documents, a < b."""

SHARED = np.dtype([*PAIR.descr, ("shared", "<i4"), ("needed", "<i4")])
"""Two documents, a < b, in how many buckets of anchors they met, and from how many on the pair is
a candidate."""

EDGE = np.dtype(
    [*PAIR.descr, ("letters", "<f4"), ("written", "<f4"), ("a_in_b", "<f4"), ("b_in_a", "<f4")]
)
"""A pair with the Jaccard similarity of the shingle sets of its letters and digits, that of the
texts as they stand, and the share of each set of letters that is in the other (0 for a set too
small to be called a part)."""

REMOVAL = np.dtype([("document", "<u8"), ("witness", "<u8"), ("similarity", "<f4"), ("rule", "u1")])
"""A removed document, its kept witness, and why: the place of the rule in `RULES`. Similarity is
Jaccard's, for `contained` the share of the document's shingles that the witness has."""

RULES = ("exact_duplicate", "near_duplicate", "contained")
EXACT, NEAR, CONTAINED = range(3)

WITNESS = np.dtype([("document", "<u8"), ("count", "<i8")])
"""A kept document and a number of removed ones that it stands for."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def document_numbers(shard: int, rows: np.ndarray) -> np.ndarray:
    """uint64 numbers of rows of a clean shard: shard << 32 | row."""
    return np.uint64(shard) << np.uint64(32) | rows.astype(np.uint64)


def shards_of(documents: np.ndarray) -> np.ndarray:
    """int32 shard of each document number."""
    return (documents >> np.uint64(32)).astype(np.int32)


def rows_of(documents: np.ndarray) -> np.ndarray:
    """int32 row, in its clean shard, of each document number."""
    return (documents & np.uint64(0xFFFFFFFF)).astype(np.int32)


def best_first(keys: np.ndarray) -> np.ndarray:
    """Order (int64 indices) of `KEY` records, the one to keep first.

    Higher priority, then more letters and digits (so that what holds another comes before it), then
    more characters (of copies with equal letters the one that still has its spaces), then the
    smaller hash of the canonical form, then of the id; only documents equal in all of these stay in
    the order of the input.
    """
    return np.lexsort(
        (
            keys["document"],
            keys["name"],
            keys["exact_low"],
            keys["exact_high"],
            -keys["n_chars"].astype(np.int64),
            -keys["letters"].astype(np.int64),
            -keys["priority"].astype(np.int64),
        )
    )


def ranked(keys: np.ndarray) -> np.ndarray:
    """`RANKED` records of `KEY` records, in their order."""
    found = np.empty(len(keys), RANKED)
    found["document"], found["rank"] = keys["document"], ranks(keys)
    return found


def ranks(keys: np.ndarray) -> np.ndarray:
    """The key in a uint64, greater is better: 8 bits of priority, 26 of length, 30 of hash.

    Priorities beyond -127 to 126 count as those; a settled document is above all.
    """
    priority = np.clip(keys["priority"].astype(np.int64), -127, 126) + 127
    priority[keys["priority"] == SETTLED] = 255
    length = np.minimum(keys["letters"], (1 << 26) - 1).astype(np.uint64)
    content = ~keys["exact_high"] >> np.uint64(34)
    return priority.astype(np.uint64) << np.uint64(56) | length << np.uint64(30) | content


def in_order(records: np.ndarray) -> np.ndarray:
    """Records sorted by their first field, then the next, and so on."""
    names = records.dtype.names or ()
    return records[np.lexsort([records[name] for name in reversed(names)])]


def distinct(records: np.ndarray) -> np.ndarray:
    """Sorted records without repetition."""
    ordered = in_order(records)
    new = np.ones(len(ordered), bool)
    new[1:] = np.logical_or.reduce(
        [ordered[name][1:] != ordered[name][:-1] for name in records.dtype.names or ()]
    )
    return ordered[new]


def unpack(blobs: Iterable[bytes], dtype: np.dtype) -> np.ndarray:
    """The records of several blobs, one after the other."""
    return np.frombuffer(b"".join(blobs), dtype)


def part_count(records: int, per_part: int) -> int:
    """Parts (a power of two) for `records` in all, so that one holds about `per_part` at most."""
    return 1 << (max(1, -(-records // per_part)) - 1).bit_length()


def hash_parts(values: np.ndarray, parts: int) -> np.ndarray:
    """int64 part of each uint64 value: the range its hash falls into. `parts` is a power of two."""
    if parts == 1:
        return np.zeros(len(values), np.int64)
    return ((values * _GOLDEN) >> np.uint64(65 - parts.bit_length())).astype(np.int64)


def split(records: np.ndarray, part: np.ndarray) -> Iterator[tuple[int, bytes]]:
    """(number, blob) for each number in `part`, the part of each record; their order is kept."""
    order = np.argsort(part, kind="stable")
    numbers, starts = np.unique(part[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    for number, start, end in zip(numbers.tolist(), starts, ends[: len(starts)], strict=True):
        yield number, records[order[start:end]].tobytes()
