"""Removing documents that hold benchmark items, or cutting the items out, and counting both."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa

from pipeline.decontaminate.cut import cut_lines, stretches
from pipeline.decontaminate.find import Hits, find
from pipeline.decontaminate.index import Index
from pipeline.settings import Decontaminate
from tokenizer.errors import MalmoiError

Counted = dict[str, dict[str, Any]]
"""By `benchmark/part`: `items` and `too_short` of the index, `documents` with a hit, and `hit`, the
numbers of the items found, ascending. JSON as it is; never larger than the items of the index."""


class Decontaminated(NamedTuple):
    """What became of a batch. Row i of the lists belongs to document `rows[i]`."""

    texts: pa.StringArray  # as given, but for the documents in `cut`
    rows: np.ndarray  # int64: documents to remove, ascending
    benchmark: list[str]
    item: list[str]
    part: list[str]  # question or passage
    overlap: np.ndarray  # float64, of the item that overlaps most
    threshold: np.ndarray  # float64
    cut: np.ndarray  # int64: documents kept whose text was cut, ascending
    cut_chars: np.ndarray  # int64: code points cut out of each
    counts: Counted

    def witnesses(self) -> list[str]:
        """`benchmark:item` of each removed document."""
        return [f"{b}:{i}" for b, i in zip(self.benchmark, self.item, strict=True)]


def decontaminate(texts: pa.StringArray, index: Index, settings: Decontaminate) -> Decontaminated:
    """Find the index's items in `texts` and do as `settings.action` says.

    `remove` names every document with a hit. `cut` takes the lines that overlap out of it (see
    `cut_lines`) and names only the documents of which nothing is left; their text stays as it was.

    Raises MalmoiError for an index that was built with other settings.
    """
    _check(index, settings)
    hits = find(texts, index)
    rows = np.unique(hits.row)
    cut, cut_chars = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if settings.action == "cut" and len(rows):
        after = {row: _cut(texts[row].as_py(), hits, row, index) for row in rows.tolist()}
        cut = np.array([row for row in after if after[row]], np.int64)
        cut_chars = np.array(
            [len(texts[row].as_py()) - len(after[row]) for row in cut.tolist()], np.int64
        )
        texts = _replaced(texts, {row: after[row] for row in cut.tolist()})
        rows = np.setdiff1d(rows, cut)
    best = _best(hits, index)
    chosen = [best[row] for row in rows.tolist()]
    probes = hits.probe[chosen] if chosen else np.zeros(0, np.int64)
    items = [int(index.items_of(probe)[0]) for probe in probes.tolist()]
    parts = [index.part_of(probe) for probe in probes.tolist()]
    return Decontaminated(
        texts,
        rows,
        [index.benchmark_of(item) for item in items],
        [index.item_names[item] for item in items],
        parts,
        hits.overlap[chosen] if chosen else np.zeros(0, np.float64),
        np.array([index.thresholds[part] for part in parts], np.float64),
        cut,
        cut_chars,
        count(hits, index),
    )


def count(hits: Hits, index: Index) -> Counted:
    """What was found of each benchmark's parts; parts without a hit are there too."""
    counts: Counted = {
        f"{total['benchmark']}/{total['part']}": {
            "items": total["items"],
            "too_short": total["too_short"],
            "documents": 0,
            "hit": set(),
        }
        for total in index.totals
    }
    pairs = zip(hits.row.tolist(), hits.probe.tolist(), strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        seen = set()
        for probe in {probe for _, probe in group}:
            for item in index.items_of(probe).tolist():
                name = f"{index.benchmark_of(item)}/{index.part_of(probe)}"
                counts[name]["hit"].add(item)
                seen.add(name)
        for name in seen:
            counts[name]["documents"] += 1
    return {name: {**found, "hit": sorted(found["hit"])} for name, found in counts.items()}


def merge(counts: Iterable[Counted]) -> Counted:
    """The counts of several batches or units as one: documents add up, items are a union."""
    merged: Counted = {}
    for one in counts:
        for name, found in one.items():
            so_far = merged.setdefault(name, {**found, "documents": 0, "hit": []})
            so_far["documents"] += found["documents"]
            so_far["hit"] = sorted({*so_far["hit"], *found["hit"]})
    return merged


def summarise(counts: Counted | Iterable[Counted]) -> list[dict[str, Any]]:
    """A table of `benchmark`, `part`, `items`, `items_hit`, `documents` and `too_short`.

    `items` have texts of that part, `too_short` of them none that can be looked for, `items_hit`
    were found in `documents` documents. A document counts in every row of which it holds an item.
    """
    merged = merge([cast(Counted, counts)] if isinstance(counts, Mapping) else counts)
    return [
        {
            "benchmark": name.rpartition("/")[0],
            "part": name.rpartition("/")[2],
            "items": found["items"],
            "items_hit": len(found["hit"]),
            "documents": found["documents"],
            "too_short": found["too_short"],
        }
        for name, found in merged.items()
    ]


def _check(index: Index, settings: Decontaminate) -> None:
    asked = {"question": settings.question_overlap, "passage": settings.passage_overlap}
    if index.ngram != settings.ngram or index.thresholds != asked:
        raise MalmoiError(
            f"the index is of {index.ngram}-grams and thresholds {index.thresholds}, the recipe "
            f"asks for {settings.ngram} and {asked}; build it again"
        )


def _best(hits: Hits, index: Index) -> dict[int, int]:
    """For each row, the place in `hits` that speaks loudest: most overlap, question before passage,
    the earlier item."""
    part = index.arrays["part"][hits.probe]
    order = np.lexsort((hits.probe, part, -hits.overlap, hits.row))
    first = np.unique(hits.row[order], return_index=True)[1]
    return {int(hits.row[place]): int(place) for place in order[first]}


def _cut(text: str, hits: Hits, row: int, index: Index) -> str:
    first, last = np.searchsorted(hits.row, [row, row + 1])
    return cut_lines(text, stretches(text, Hits(*(column[first:last] for column in hits)), index))


def _replaced(texts: pa.StringArray, after: dict[int, str]) -> pa.StringArray:
    """`texts` with the rows of `after` (ascending) replaced."""
    pieces, at = [], 0
    for row, text in after.items():
        pieces += [texts.slice(at, row - at), pa.array([text], texts.type)]
        at = row + 1
    return pa.concat_arrays([*pieces, texts.slice(at)])
