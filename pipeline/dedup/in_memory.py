"""The whole of near-duplicate removal on one batch: the steps of the job, in the job's order."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.buckets import (
    anchor_members,
    band_members,
    candidate_pairs,
    candidates_of_shared,
    shared_anchors,
)
from pipeline.dedup.exact import document_keys, exact_copies
from pipeline.dedup.records import distinct, ranked
from pipeline.dedup.select import select, with_copies
from pipeline.dedup.signatures import band_name, sign
from pipeline.dedup.verify import shingle_sets, verify
from pipeline.settings import Dedup


def deduplicate(
    texts: pa.StringArray, settings: Dedup, priority: np.ndarray | int = 0
) -> np.ndarray:
    """`REMOVAL` records of `texts`, a document's number being its row, sorted by document.

    `priority` (int32): of the source of each text, or `SETTLED` where it is not to be removed.
    """
    signatures = sign(texts, settings)
    documents = np.arange(len(texts), dtype=np.uint64)
    keys = document_keys(signatures, documents, np.asarray(pc.utf8_length(texts)), texts)
    keys["priority"] = priority

    copies = exact_copies(keys)
    keys["copied"][copies["winner"].astype(np.int64)] = True
    winners = ~np.isin(documents, copies["document"])
    left = signatures.filter(pa.array(winners))
    bands = left.select([band_name(i) for i in range(settings.bands)])
    compared = ranked(keys[winners])
    in_bands = band_members(bands, np.asarray(left["n_chars"]), compared)
    anchored = shared_anchors(anchor_members(left["anchors"], compared))
    pairs = distinct(np.concatenate([candidate_pairs(in_bands), candidates_of_shared(anchored)]))
    rows = np.unique(np.concatenate([pairs["a"], pairs["b"]]))
    sets = shingle_sets(texts.take(pa.array(rows)), rows, settings.shingle)
    edges = verify(pairs, sets, sets, settings)
    return with_copies(select(edges, keys, settings), copies)
