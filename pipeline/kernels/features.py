"""The features of documents, measured over the UTF-8 bytes of a batch in one numba call."""

import numpy as np
import pyarrow as pa

from pipeline.kernels.feature_list import FEATURE_NAMES, FEATURES, Feature
from pipeline.kernels.feature_scan import measure_all
from pipeline.kernels.feature_tables import tables
from pipeline.kernels.lexicon import spam_trie
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
    measure_all(data, offsets, out, tables(), spam_trie())
    return pa.StructArray.from_arrays(
        [pa.array(column) for column in out], fields=list(FEATURE_TYPE)
    )
