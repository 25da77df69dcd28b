"""Signatures: the exact hash and the band hashes of a document, all that a shuffle ever sees.

MinHash after Broder (1997); banding after Indyk and Motwani (1998) as in Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, section 3.4.
"""

import hashlib
from functools import cache

import numpy as np
import pyarrow as pa

from pipeline.dedup.canonical import CanonicalTexts, canonical_points
from pipeline.kernels import minhash as kernels
from pipeline.kernels.utf8 import buffers
from pipeline.settings import Dedup

_BYTES_AT_ONCE = 1_000_000  # buffers of this size are used again and again by the allocator


def signature_schema(settings: Dedup) -> pa.Schema:
    """One row a document. `n_chars` counts code points of the canonical form; where it is 0 the
    text has nothing but symbols, its exact hash is of the raw text and its bands are zeros.
    """
    return pa.schema(
        [
            ("exact_high", pa.uint64()),
            ("exact_low", pa.uint64()),
            ("n_chars", pa.int32()),
            ("bands", pa.list_(pa.field("item", pa.uint64(), nullable=False), settings.bands)),
        ]
    )


def sign(texts: pa.StringArray, settings: Dedup) -> pa.RecordBatch:
    """Signatures of `texts`, row by row, as `signature_schema(settings)`.

    Depends on each text and the settings (shingle, bands, rows, seed) alone.
    """
    n = len(texts)
    exact = np.empty((n, 2), np.uint64)
    n_chars = np.empty(n, np.int32)
    bands = np.zeros((n, settings.bands), np.uint64)
    for start, end in _slices(texts):
        part = texts.slice(start, end - start)
        forms = canonical_points(part)
        exact[start:end] = _exact_hashes(part, forms)
        n_chars[start:end] = forms.lengths
        minima = _minima(forms, settings)
        kernels.hash_bands(minima, settings.bands, settings.rows, bands[start:end])
    bands[n_chars == 0] = 0
    schema = signature_schema(settings)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(bands.reshape(-1)), type=schema[3].type)
    high, low = (pa.array(np.ascontiguousarray(exact[:, i])) for i in (0, 1))
    return pa.RecordBatch.from_arrays([high, low, pa.array(n_chars), lists], schema=schema)


def minhash(texts: pa.StringArray, settings: Dedup) -> np.ndarray:
    """MinHash values, uint32 (n, bands * rows); the share of equal ones estimates the Jaccard
    similarity of two texts' shingle sets with standard error sqrt(J (1 - J) / (bands * rows)).
    """
    count = settings.bands * settings.rows
    return _minima(canonical_points(texts), settings)[:, :count]


def detection_curve(bands: int, rows: int, similarity: np.ndarray | None = None) -> np.ndarray:
    """Probability (float64) that two documents of a similarity s share a bucket: 1 - (1 - s^r)^b.

    For each s of `similarity`; without it, of 0, 0.01, ..., 1.
    """
    if similarity is None:
        similarity = np.linspace(0, 1, 101)
    return 1 - (1 - np.asarray(similarity, np.float64) ** rows) ** bands


def _slices(texts: pa.StringArray) -> list[tuple[int, int]]:
    """Row ranges of about `_BYTES_AT_ONCE` each; a longer text is a range of its own."""
    offsets, _ = buffers(texts)
    ranges, start = [], 0
    while start < len(texts):
        full = offsets[start] + _BYTES_AT_ONCE
        end = max(start + 1, int(np.searchsorted(offsets, full, side="right")) - 1)
        ranges.append((start, end))
        start = end
    return ranges


def _exact_hashes(texts: pa.StringArray, forms: CanonicalTexts) -> np.ndarray:
    """uint64 (n, 2), high and low: BLAKE2b of 128 bits of the canonical form in UTF-32-LE.

    Where that form is empty, of the raw UTF-8 under another personalisation.
    """
    points = forms.points.view(np.uint8).data
    digests = [
        hashlib.blake2b(points[4 * start : 4 * (start + length)], digest_size=16).digest()
        for start, length in zip(forms.starts.tolist(), forms.lengths.tolist(), strict=True)
    ]
    for row in np.flatnonzero(forms.lengths == 0):
        raw = (texts[row].as_py() or "").encode()
        digests[row] = hashlib.blake2b(raw, digest_size=16, person=b"raw text").digest()
    return np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2)


def _minima(forms: CanonicalTexts, settings: Dedup) -> np.ndarray:
    a, b = _permutations(settings.bands * settings.rows, settings.seed)
    minima = np.empty((len(forms), len(a)), np.uint32)
    kernels.minhash(forms.points, forms.starts, forms.lengths, settings.shingle, a, b, minima)
    return minima


@cache
def _permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers (odd) and increments, uint32, padded to a multiple of the kernel's lanes.

    From NumPy's SeedSequence, whose output is the same in every version (NEP 19). A permutation
    does not depend on how many there are.
    """
    padded = -(-count // kernels.LANES) * kernels.LANES
    state = np.random.SeedSequence(seed).generate_state(2 * padded, np.uint32).reshape(padded, 2)
    a, b = np.ascontiguousarray(state.T)
    return a | np.uint32(1), b
