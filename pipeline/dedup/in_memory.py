"""The whole of near-duplicate removal on one batch: the steps of the job, in the job's order."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.buckets import bucket_members, candidate_pairs
from pipeline.dedup.exact import document_keys, exact_copies
from pipeline.dedup.select import select, with_copies
from pipeline.dedup.signatures import sign
from pipeline.dedup.verify import shingle_sets, verify
from pipeline.settings import Dedup


def deduplicate(
    texts: pa.StringArray, settings: Dedup, priority: np.ndarray | int = 0
) -> np.ndarray:
    """`REMOVAL` records of `texts`, a document's number being its row, sorted by document.

    `priority` (int32): of the source of each text.
    """
    signatures = sign(texts, settings)
    documents = np.arange(len(texts), dtype=np.uint64)
    n_chars = np.asarray(pc.utf8_length(texts))
    keys = document_keys(signatures, documents, n_chars)
    keys["priority"] = priority

    copies = exact_copies(keys)
    winners = np.flatnonzero(~np.isin(documents, copies["document"]))
    pairs = candidate_pairs(bucket_members(signatures.take(pa.array(winners)), keys[winners]))
    rows = np.unique(np.concatenate([pairs["a"], pairs["b"]]))
    sets = shingle_sets(texts.take(pa.array(rows)), rows, settings.shingle)
    edges = verify(pairs, sets, sets, settings.threshold)
    return with_copies(select(edges, keys, settings.threshold), copies)
