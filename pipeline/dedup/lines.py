"""Boilerplate lines: page furniture that very many kept documents of one source share.

Lines go, documents stay. Lines are compared by their canonical form. How often a line recurs does
not tell furniture from content: "이 법은 공포한 날부터 시행한다." stands in a fifth of all acts.
Where it stands does: furniture lies at the head and foot of pages, formulas and headings inside.
"""

import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.canonical import CanonicalTexts, canonical_points
from pipeline.dedup.set_files import slices_by_size
from pipeline.kernels import line_hashes as kernels
from pipeline.kernels.utf8 import buffers
from pipeline.settings import Lines

LINE = np.dtype([("line", "<u8"), ("documents", "<i4"), ("at_end", "<i4")])
"""A line's hash (bit 0 clear), in how many kept documents it stands, and in how many of these at an
end (`kernels.line_hashes.REACH`)."""

BOILERPLATE = np.dtype([("line", "<u8"), ("documents", "<i4"), ("kind", "u1"), ("common", "?")])
"""A line that recurs, its kind (`kernels.line_hashes`: RECURRING, TITLE, ENDS), and whether it is
so common that it goes wherever it stands."""

LINE_HASHES = pa.schema([("lines", pa.list_(pa.uint64()))])
"""Row for row beside a clean shard: `line_hashes` of its texts."""

DROPPED_LINES = pa.schema(
    [
        ("id", pa.string()),  # of the document, which stays
        ("source", pa.string()),
        ("line", pa.int32()),  # number of the line in the text before, from 0
        ("documents", pa.int32()),  # kept documents of the source that hold it
        ("text", pa.string()),  # the line
    ]
)

AT_END = 0.8
"""Of a line's documents so many have it at an end, or it is no furniture of the ends. Furniture had
0.87 and more in development data, dispositions of judgments 0.6, clauses of acts 0.57 and less."""

TITLE_SHARE = 0.05
"""A line alone at the head is a title unless this share of documents holds it: 4.9 % of judgments
are titled 요양불승인처분취소."""

_BYTES_AT_ONCE = 1_000_000  # buffers of this size are used again and again by the allocator
_BIT = np.uint64(1)


class _Lines(NamedTuple):
    """The lines of a batch, as `kernels.line_hashes` has them."""

    ends: np.ndarray  # int64[n + 1], bytes
    bounds: np.ndarray  # int64[texts + 1]
    forms: CanonicalTexts
    hashes: np.ndarray  # uint64[n], bit 0: at an end; 0: code, or too short


def line_hashes(texts: pa.StringArray, min_chars: int) -> pa.ListArray:
    """list<uint64>: of each text the sorted distinct hashes of its lines; a null is an empty text.

    Lines of fenced code, and those with fewer than `min_chars` code points in their canonical form,
    have none. Bit 0 says whether the line stands at an end of the text. Depends on each text and
    `min_chars` alone.
    """
    offsets, _ = buffers(texts)
    counts, values = [np.zeros(1, np.int32)], [np.zeros(0, np.uint64)]
    for rows in slices_by_size(np.diff(offsets), _BYTES_AT_ONCE):
        lines = _lines(texts.slice(rows.start, rows.stop - rows.start), min_chars)
        found = np.empty(len(lines.hashes), np.uint64)
        counts.append(kernels.distinct_lines(lines.hashes, lines.bounds, found))
        values.append(found[: counts[-1].sum()].copy())
    starts = np.cumsum(np.concatenate(counts), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(starts), pa.array(np.concatenate(values)))


def line_of(hashes: np.ndarray) -> np.ndarray:
    """The lines (uint64) of `line_hashes`, wherever they stand."""
    return hashes & ~_BIT


def count_lines(hashes: pa.ListArray, keep: np.ndarray) -> np.ndarray:
    """`LINE` records, sorted, of `line_hashes`; only the documents of `keep` (bool) count."""
    values = np.asarray(hashes.flatten())[np.repeat(keep, np.asarray(hashes.value_lengths()))]
    records = np.empty(len(values), LINE)
    records["line"], records["documents"] = values & ~_BIT, 1
    records["at_end"] = values & _BIT
    return merge_counts(records)


def merge_counts(records: np.ndarray) -> np.ndarray:
    """`LINE` records of equal lines summed, sorted by line; associative."""
    records = records[np.argsort(records["line"], kind="stable")]
    new = np.ones(len(records), bool)
    new[1:] = records["line"][1:] != records["line"][:-1]
    first = np.flatnonzero(new)
    merged = records[first]
    if len(first):
        for field in ("documents", "at_end"):
            merged[field] = np.add.reduceat(records[field], first)
    return merged


def least_documents(settings: Lines, kept: int) -> int:
    """In how many of a source's `kept` documents a line must stand to be boilerplate."""
    return max(settings.documents, math.ceil(settings.share * kept))


def boilerplate(counts: np.ndarray, settings: Lines, kept: int) -> np.ndarray:
    """`BOILERPLATE` records, sorted by line, of all `counts` (`LINE`) of a source.

    `kept`: documents of the source that are kept. Lines of `settings.exempt` are never among them.
    """
    exempt = line_hashes(pa.array(settings.exempt, pa.string()), 1).flatten()
    counts = counts[counts["documents"] >= least_documents(settings, kept)]
    counts = counts[~np.isin(counts["line"], np.asarray(exempt) & ~_BIT)]
    documents = counts["documents"]
    records = np.empty(len(counts), BOILERPLATE)
    records["line"], records["documents"] = counts["line"], documents
    of_ends = np.where(documents >= TITLE_SHARE * kept, kernels.ENDS, kernels.TITLE)
    at_end = counts["at_end"] >= AT_END * documents
    records["kind"] = np.where(at_end, of_ends, kernels.RECURRING)
    records["common"] = documents >= settings.anywhere * kept
    return records


def drop_lines(
    batch: pa.RecordBatch, hashes: pa.ListArray, records: np.ndarray, settings: Lines
) -> tuple[pa.StringArray, pa.RecordBatch]:
    """The texts of `batch` without boilerplate, and the lines dropped (`DROPPED_LINES`).

    A line goes where it stands at an end of the text and is one of those that recur there, or is
    part of the block of recurring lines behind such a one; a Korean line that half of all documents
    hold (`Lines.anywhere`) goes from inside too. A first line that would go alone is a title and
    stays, unless it is very common. Code stays, and a text of which nothing but short lines would
    be left stays whole. Other lines keep their bytes.

    Args:
        batch: columns id, source and text, of one source; the texts in normal form, and so left.
        hashes: `line_hashes` of its texts, with `settings.min_chars`.
        records: `BOILERPLATE` of the source.
    """
    texts = batch["text"]
    rows = _holders(hashes, records)
    if not len(rows):
        return texts, pa.RecordBatch.from_pylist([], schema=DROPPED_LINES)
    touched = texts.take(pa.array(rows))
    lines = _lines(touched, settings.min_chars)
    kinds, places = _kinds(lines, records, settings.min_chars)
    at_end = (lines.hashes & _BIT).astype(bool)
    goes = kernels.choose_lines(kinds, at_end, lines.bounds)
    _, data = buffers(touched)
    out = np.empty(lines.ends[-1] - lines.ends[0], np.uint8)
    offsets = np.empty(len(rows) + 1, np.int32)
    kernels.without_lines(data, lines.ends, lines.bounds, goes, out, offsets)
    rewritten = pa.StringArray.from_buffers(
        len(rows), pa.py_buffer(offsets), pa.py_buffer(out[: offsets[-1]])
    )
    mask = np.zeros(len(texts), bool)
    mask[rows] = True
    gone = np.flatnonzero(goes)
    dropped = _dropped(batch, rows, lines, data, gone, records["documents"][places[gone]])
    return pc.replace_with_mask(texts, pa.array(mask), rewritten), dropped


def _lines(texts: pa.StringArray, min_chars: int) -> _Lines:
    offsets, data = buffers(texts)
    newlines = np.flatnonzero(data[offsets[0] : offsets[-1]] == 0x0A) + offsets[0]
    ends, bounds, fenced = kernels.split_lines(data, offsets, newlines)
    n = len(fenced)
    cut = pa.LargeStringArray.from_buffers(n, pa.py_buffer(ends), pa.py_buffer(data))
    forms = canonical_points(cut)
    hashes = np.empty(n, np.uint64)
    kernels.hash_lines(forms.points, forms.starts, forms.lengths, bounds, fenced, min_chars, hashes)
    return _Lines(ends, bounds, forms, hashes)


def _holders(hashes: pa.ListArray, records: np.ndarray) -> np.ndarray:
    """Rows (int64, ascending) whose text holds a line of `records`."""
    held = np.isin(np.asarray(hashes.flatten()) & ~_BIT, records["line"])
    rows = np.repeat(np.arange(len(hashes)), np.asarray(hashes.value_lengths()))
    return np.unique(rows[held])


def _kinds(lines: _Lines, records: np.ndarray, min_chars: int) -> tuple[np.ndarray, np.ndarray]:
    """The kind (uint8) of every line, and its place (int64) in `records` where it has one."""
    line = lines.hashes & ~_BIT
    places = np.minimum(np.searchsorted(records["line"], line), len(records) - 1)
    known = records["line"][places] == line
    forms = lines.forms
    others = np.where(forms.lengths < min_chars, kernels.PASSED, kernels.STAYS)
    kinds = np.where(known, records["kind"][places], others).astype(np.uint8)
    common = np.flatnonzero(known & records["common"][places])
    korean = kernels.korean_lines(forms.points, forms.starts[common], forms.lengths[common])
    kinds[common[korean]] = kernels.EVERYWHERE
    return kinds, places


def _dropped(
    batch: pa.RecordBatch,
    rows: np.ndarray,
    lines: _Lines,
    data: np.ndarray,
    gone: np.ndarray,
    documents: np.ndarray,
) -> pa.RecordBatch:
    texts = np.searchsorted(lines.bounds, gone, side="right") - 1
    cut = pa.LargeStringArray.from_buffers(
        len(lines.ends) - 1, pa.py_buffer(lines.ends), pa.py_buffer(data)
    )
    columns = [
        batch["id"].take(pa.array(rows[texts])),
        batch["source"].take(pa.array(rows[texts])),
        pa.array((gone - lines.bounds[texts]).astype(np.int32)),
        pa.array(documents),
        pc.utf8_rtrim(cut.take(pa.array(gone)), "\n").cast(pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=DROPPED_LINES)
