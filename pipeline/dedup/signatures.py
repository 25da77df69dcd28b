"""Signatures: exact hash, band hashes and anchors of a document, all that a shuffle ever sees.

Bands find documents that are alike: MinHash after Broder (1997), banding after Indyk and Motwani
(1998) as in Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4. Anchors find a
document that is a part of a much larger one, with which it has few bands in common: Manber, Finding
similar files in a large file system (USENIX 1994).
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

    A column a band, so that who compares a few bands reads no others. `anchors` are hashes of
    passages of `kernels.minhash.ANCHOR_CHARS` code points, drawn by content at one position in
    `ANCHOR_EVERY`; ascending, distinct. A document has all the anchors of any passage in it.
    """
    return pa.schema(
        [
            ("exact_high", pa.uint64()),
            ("exact_low", pa.uint64()),
            ("n_chars", pa.int32()),
            *((band_name(i), pa.uint64()) for i in range(settings.bands)),
            ("anchors", pa.list_(pa.field("item", pa.uint64(), nullable=False))),
        ]
    )


def band_name(i: int) -> str:
    """Name of the column of band `i`: "band_00", "band_01", ... in the order of the schema."""
    return f"band_{i:02}"


def sign(texts: pa.StringArray, settings: Dedup) -> pa.RecordBatch:
    """Signatures of `texts`, row by row, as `signature_schema(settings)`.

    Depends on each text and the settings (shingle, bands, rows, seed) alone.
    """
    n = len(texts)
    exact = np.empty((2, n), np.uint64)
    n_chars = np.empty(n, np.int32)
    bands = np.empty((settings.bands, n), np.uint64)
    anchors, counts = [np.zeros(0, np.uint64)], np.zeros(n + 1, np.int32)
    for start, end in _slices(texts):
        rows = slice(start, end)
        part = texts.slice(start, end - start)
        forms = canonical_points(part)
        exact[:, rows] = _exact_hashes(part, forms)
        n_chars[rows] = forms.lengths
        minima, found, counts[1:][rows] = _sketch(forms, settings)
        kernels.hash_bands(minima, settings.bands, settings.rows, bands[:, rows])
        anchors.append(found)
    bands[:, n_chars == 0] = 0
    schema = signature_schema(settings)
    lists = pa.ListArray.from_arrays(
        pa.array(np.cumsum(counts, dtype=np.int32)),
        pa.array(np.concatenate(anchors)),
        type=schema.field("anchors").type,
    )
    arrays = [pa.array(column) for column in (*exact, n_chars, *bands)]
    return pa.RecordBatch.from_arrays([*arrays, lists], schema=schema)


def minhash(texts: pa.StringArray, settings: Dedup) -> np.ndarray:
    """MinHash values, uint32 (n, bands * rows); the share of equal ones estimates the Jaccard
    similarity of two texts' shingle sets with standard error sqrt(J (1 - J) / (bands * rows)).
    """
    minima, _, _ = _sketch(canonical_points(texts), settings)
    return minima[:, : settings.bands * settings.rows]


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
    """uint64 (2, n), high and low: BLAKE2b of 128 bits of the canonical form in UTF-32-LE.

    Where that form is empty, of the raw UTF-8 under another personalisation.
    """
    points = forms.points.view(np.uint8).data
    starts, ends = (4 * forms.starts).tolist(), (4 * (forms.starts + forms.lengths)).tolist()
    digests = [
        hashlib.blake2b(points[start:end], digest_size=16).digest()
        for start, end in zip(starts, ends, strict=True)
    ]
    for row in np.flatnonzero(forms.lengths == 0):
        raw = (texts[row].as_py() or "").encode()
        digests[row] = hashlib.blake2b(raw, digest_size=16, person=b"raw text").digest()
    return np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2).T


def _sketch(forms: CanonicalTexts, settings: Dedup) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """MinHash values, uint32 (n, padded); all anchors, uint64; how many a text, int32 (n,)."""
    a, b = _permutations(settings.bands * settings.rows, settings.seed)
    minima = np.empty((len(forms), len(a)), np.uint32)
    anchors, counts = np.empty(len(forms.points), np.uint64), np.empty(len(forms), np.int32)
    end = kernels.minhash(
        forms.points,
        forms.starts,
        forms.lengths,
        settings.shingle,
        a,
        b,
        minima,
        anchors,
        counts,
    )
    return minima, anchors[:end].copy(), counts


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
