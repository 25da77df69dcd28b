"""What documents with copies cost beside the others, by doing their part of the work on some.

A sample has few copies, so that what they cost there drowns in what everything else does; but what
one costs can be measured on any document.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.records import PAIR
from pipeline.dedup.verify import shingle_sets, verify
from pipeline.parquet import read_batches
from pipeline.settings import Dedup

_TEXT = 4_000_000  # bytes of documents that are tried
_PAIRS = 2_000


@dataclass(frozen=True)
class UnitCosts:
    """Seconds for a byte of text whose shingle sets are made, and bytes of these; seconds to
    compare a pair for each byte of its texts.
    """

    shingle_seconds: float
    shingle_bytes: float
    compare_seconds: float


def unit_costs(shards: list[str], settings: Dedup, seed: int) -> UnitCosts:
    """Measure them on the beginnings of clean shards."""
    texts = _some(shards)
    n_bytes = np.asarray(pc.binary_length(texts), np.int64)
    total = max(int(n_bytes.sum()), 1)
    documents = np.arange(len(texts), dtype=np.uint64)
    shingle_sets(texts.slice(0, 1), documents[:1], settings.shingle)  # compiles what is not yet
    began = time.process_time()
    sets = shingle_sets(texts, documents, settings.shingle)
    shingled = time.process_time() - began
    pairs = np.zeros(_PAIRS if len(texts) > 1 else 0, PAIR)
    rng = np.random.default_rng(seed)
    for field in ("a", "b"):
        pairs[field] = rng.integers(0, max(len(texts), 1), len(pairs))
    verify(pairs[:1], sets, sets, settings)
    began = time.process_time()
    verify(pairs, sets, sets, settings)
    compared = time.process_time() - began
    of_pairs = (
        n_bytes[pairs["a"].astype(np.int64)].sum() + n_bytes[pairs["b"].astype(np.int64)].sum()
    )
    held = 8 * (len(sets.letters.hashes) + len(sets.written.hashes))
    return UnitCosts(shingled / total, held / total, compared / max(int(of_pairs), 1))


def _some(shards: list[str]) -> pa.StringArray:
    """Texts of all shards, about `_TEXT` bytes."""
    chosen = [text for shard in shards for text in _beginning(shard, _TEXT // len(shards))]
    return pa.array(chosen or [""], pa.string())


def _beginning(shard: str, n_bytes: int) -> Iterator[str]:
    left = n_bytes
    for batch in read_batches(shard, ["text"]):
        for text in batch["text"].to_pylist():
            yield text
            left -= len(text.encode())
            if left <= 0:
                return
