"""Finding items in texts: one pass over the canonical form, then places in the text itself."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.decontaminate.index import Index
from pipeline.dedup.canonical import CanonicalTexts, canonical_points
from pipeline.dedup.set_files import slices_by_size
from pipeline.kernels.overlap import Memory, memory, scan_grams, scan_pieces, segment_ends
from pipeline.kernels.utf8 import buffers

_BYTES_AT_ONCE = 1_000_000  # buffers of this size are used again and again by the allocator


def _marks() -> np.ndarray:
    marks = np.zeros(256, np.uint8)
    marks[list(b'\n\t".!?|:;()[]{}<>,')] = 1
    marks[0xE2], marks[0xE3] = 2, 3  # “ ” … ① and 。 「 」 begin so
    return marks


MARKS = _marks()
"""Where a whole short text may start and end, by byte: see `kernels.overlap.segment_ends`."""


class Hits(NamedTuple):
    """Probes found, by row, start and probe; one row may hold a probe several times."""

    row: np.ndarray  # int64
    probe: np.ndarray  # int64, in the index
    overlap: np.ndarray  # float64, share of the probe's distinct keys
    start: np.ndarray  # int64, code points of the text
    end: np.ndarray  # int64, behind the last


def find(texts: pa.StringArray, index: Index) -> Hits:
    """Where `texts` hold enough of a probe of `index`; a null is an empty text.

    Keys of a probe count together as long as each starts at most the probe's length (in canonical
    characters) behind the one before; the overlap is the share of the probe's distinct keys among
    them. Linear in the text.
    """
    runs = _runs(texts, index)
    overlap = runs[:, 4] / index.arrays["size"][runs[:, 1]]
    start, end = _places(texts, runs)
    order = np.lexsort((runs[:, 1], start, runs[:, 0]))
    columns = (runs[:, 0], runs[:, 1], overlap, start, end)
    return Hits(*(column[order] for column in columns))


class Segments(NamedTuple):
    """Canonical forms of a batch, cut where a short text may start or end."""

    points: np.ndarray  # uint32, all texts one after the other
    bounds: np.ndarray  # int64[segments + 1], in points; no segment is empty
    rows: np.ndarray  # int64[segments]
    text_bounds: np.ndarray  # int64[texts + 1], in points


def segment(texts: pa.StringArray) -> Segments:
    """The canonical forms of `texts` and their segments (`MARKS`)."""
    offsets, data = buffers(texts)
    ends, rows = segment_ends(data, offsets, MARKS)
    cut = pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(ends), pa.py_buffer(data))
    forms = canonical_points(cut)
    points, lengths = _in_order(forms), forms.lengths
    row_lengths = np.bincount(rows, weights=lengths, minlength=len(texts)).astype(np.int64)
    filled = lengths > 0
    return Segments(points, _bounds(lengths[filled]), rows[filled], _bounds(row_lengths))


def _in_order(forms: CanonicalTexts) -> np.ndarray:
    """The points of all forms one after the other: those that Python folded lie at the end."""
    bounds = _bounds(forms.lengths)
    if np.array_equal(bounds[:-1], forms.starts):
        return forms.points[: bounds[-1]]
    shift = np.repeat(forms.starts - bounds[:-1], forms.lengths)
    return forms.points[np.arange(bounds[-1]) + shift]


def _bounds(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _runs(texts: pa.StringArray, index: Index) -> np.ndarray:
    """int64 (runs, 5): row, probe, start and end in the canonical form, distinct keys."""
    offsets, _ = buffers(texts)
    parts = [np.zeros((0, 5), np.int64)]
    gram_memory = memory(index.grams, index.probes)
    piece_memory = memory(index.pieces, index.probes)
    base = 0
    for rows in slices_by_size(np.diff(offsets), _BYTES_AT_ONCE):
        batch = segment(texts.slice(rows.start, rows.stop - rows.start))
        parts += _scan(batch, rows.start, base, index, gram_memory, piece_memory)
        base += len(batch.points)
    return np.concatenate(parts)


def _scan(
    batch: Segments, first_row: int, base: int, index: Index, grams: Memory, pieces: Memory
) -> Iterator[np.ndarray]:
    probes = index.probes
    if index.n_grams:
        yield scan_grams(
            batch.points,
            batch.text_bounds,
            first_row,
            base,
            index.ngram,
            index.grams,
            probes,
            grams,
        )
    if index.longest:
        starts = batch.text_bounds[batch.rows]
        found = scan_pieces(
            batch.points, batch.bounds, batch.rows, starts, base, index.shortest, index.longest,
            index.pieces, probes, pieces,
        )  # fmt: skip
        found[:, 0] += first_row
        yield found


def _places(texts: pa.StringArray, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of each run in code points of its text."""
    start, end = np.empty(len(runs), np.int64), np.empty(len(runs), np.int64)
    order = np.argsort(runs[:, 0], kind="stable")
    for row, group in groupby(order.tolist(), key=lambda at: runs[at, 0]):
        places = list(group)
        first, last = canonical_places(texts[int(row)].as_py())
        start[places] = first[runs[places, 2]]
        end[places] = last[runs[places, 3] - 1]
    return start, end


def canonical_places(text: str) -> tuple[np.ndarray, np.ndarray]:
    """For each code point of the canonical form, the stretch of `text` it comes from.

    int64 start and end (behind the last) in code points of `text`: one character, or the word
    where characters combine with others.
    """
    lengths = _lengths_alone(text)
    if int(lengths.sum()) == _length(text):
        start = np.repeat(np.arange(len(text)), lengths)
        return start, start + 1
    starts, ends, at = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for word in re.findall(r"\s+|\S+", text):
        lengths = _lengths_alone(word)
        if int(lengths.sum()) == _length(word):
            starts.append(at + np.repeat(np.arange(len(word)), lengths))
            ends.append(starts[-1] + 1)
        else:
            starts.append(np.full(_length(word), at))
            ends.append(np.full(_length(word), at + len(word)))
        at += len(word)
    return np.concatenate(starts), np.concatenate(ends)


def _length(text: str) -> int:
    """Code points of the canonical form."""
    return int(canonical_points(pa.array([text], pa.large_string())).lengths[0])


def _lengths_alone(text: str) -> np.ndarray:
    """Code points of the canonical form of each character on its own."""
    return _form_lengths()[np.frombuffer(text.encode("utf-32-le"), np.uint32)]


@cache
def _form_lengths() -> np.ndarray:
    """uint8[0x110000]: code points of the canonical form of each code point."""
    every = (*range(0xD800), *range(0xE000, 0x110000))  # all but surrogates
    forms = canonical_points(pa.array(map(chr, every), pa.large_string()))
    lengths = np.zeros(0x110000, np.uint8)
    lengths[list(every)] = forms.lengths
    return lengths
