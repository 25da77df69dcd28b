"""The Arrow schemas of a document on its way, and its id.

Strings are UTF-8 in normal form C. Internally a document is (shard, row): the number of its work
unit and its row in that unit's clean shard.
"""

import hashlib

import pyarrow as pa

RAW = pa.schema(
    [
        ("id", pa.string()),  # null: derived from source and text
        ("text", pa.string()),
        ("url", pa.string()),
        ("date", pa.string()),
        ("meta", pa.string()),  # a JSON object, or null
        ("place", pa.string()),  # where it was read: "file.jsonl.gz:17", "page.html"
    ]
)
"""What a reader yields: text as it lies in the source, before any edit."""

DOCUMENT = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("text", pa.string()),
        ("url", pa.string()),
        ("date", pa.string()),
        ("meta", pa.string()),
        ("n_chars", pa.int32()),  # code points
        ("n_bytes", pa.int32()),  # UTF-8 bytes
    ]
)

CURATED = DOCUMENT.append(pa.field("cluster_size", pa.int32()))
"""`cluster_size`: near and exact copies in the raw input, this document included."""

REMOVED = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("step", pa.string()),  # read | clean | dedup
        ("rule", pa.string()),  # stable reason code
        ("value", pa.float64()),  # the feature's value, where the rule has one
        ("threshold", pa.float64()),
        ("duplicate_of", pa.string()),  # id of the kept witness
        ("similarity", pa.float32()),  # Jaccard of shingle sets with the witness
        ("place", pa.string()),
        ("text", pa.string()),  # masked like kept text
    ]
)


def derived_id(source: str, text: str) -> str:
    """The id of a document that brings none: 128-bit BLAKE2b of (source, raw text), 32 hex digits.

    It does not depend on the file, the line or the number of shards.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(source.encode())
    digest.update(b"\0")
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def removed_batch(rows: list[dict[str, object]]) -> pa.RecordBatch:
    """Rows of `REMOVED`; a missing key is null."""
    return pa.RecordBatch.from_pylist(rows, schema=REMOVED)
