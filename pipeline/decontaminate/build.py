"""Building the index: which texts of an item are looked for, and how.

Long texts are looked for by their character n-grams, short ones whole. n-grams over letters and
digits rather than words: spacing in Korean is free, and so short are its sentences that a 13-word
n-gram, as of GPT-3 (Brown et al. 2020, appendix C), does not fit into most items.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.decontaminate.index import Index
from pipeline.decontaminate.items import PARTS, Items
from pipeline.dedup.canonical import canonical_points
from pipeline.kernels.minhash import hash_shingles
from pipeline.kernels.overlap import hash_whole
from pipeline.settings import Decontaminate

MIN_GRAMS = 8
"""Of a text with fewer n-grams all must be found: of so few a share says nothing."""
MIN_WHOLE = 10
"""Canonical characters of the shortest text, shorter than an n-gram, that is looked for alone."""
MIN_PIECE = 6
"""The same, of one that counts together with others of its item."""
MAX_PIECE = 100
"""Canonical characters of the longest text that is looked for whole: what a segment may cost."""
MIN_TOGETHER = 20
"""Canonical characters of such pieces of an item together."""
BETWEEN = 100
"""Canonical characters that may lie between such pieces beyond their own: numbering, labels."""
MAX_POSTINGS = 32
"""An n-gram in more texts than this is the benchmarks' own phrase and no evidence for one item."""
_NONE = np.zeros(0, np.uint64)


@dataclass
class _Probe:
    """A probe while the index is built: its keys and the items that it stands for."""

    part: int
    keys: np.ndarray  # uint64, distinct
    length: int  # canonical characters
    items: list[int] = field(default_factory=list)


@dataclass
class _Build:
    """Probes by (part, keys' kind, what they are made of), in order of their first item."""

    grams: dict[tuple[int, bytes], _Probe] = field(default_factory=dict)
    pieces: dict[tuple[int, bytes], _Probe] = field(default_factory=dict)
    piece_lengths: set[int] = field(default_factory=set)


def build_index(items: Items, settings: Decontaminate) -> Index:
    """Index the texts of `items`, judged by the thresholds of `settings`.

    For each part of an item: a text is a probe of its distinct n-grams, all of them needed where
    they are fewer than `MIN_GRAMS`. One shorter than an n-gram is looked for whole, between ends of
    lines or sentences, if it has `MIN_WHOLE` canonical characters; such texts of `MIN_PIECE` or
    more are looked for together, where an item has several that come to `MIN_TOGETHER`. An item
    none of whose texts can be looked for is counted as too short. n-grams of more than
    `MAX_POSTINGS` texts are left out, and a text of nothing else is looked for whole.
    """
    build = _Build()
    totals: list[dict[str, Any]] = []
    index_of = {name: number for number, name in enumerate(items.benchmarks)}
    for part, part_name in enumerate(PARTS):
        texts = _Texts(items, part_name, settings.ngram)
        counts = np.zeros((len(items.benchmarks), 2), np.int64)
        for number, item in enumerate(items):
            if not item.texts(part_name):
                continue
            found = _add(build, texts, number, part)
            counts[index_of[item.benchmark]] += (1, not found)
        totals += [
            {"benchmark": name, "part": part_name, "items": int(n), "too_short": int(short)}
            for name, (n, short) in zip(items.benchmarks, counts, strict=True)
            if n
        ]
    totals.sort(key=lambda row: index_of[row["benchmark"]])
    return _assembled(build, items, settings, totals)


class _Texts:
    """Canonical forms and n-grams of the texts of one part, and which are whose."""

    def __init__(self, items: Items, part: str, size: int):
        texts = [text for item in items for text in item.texts(part)]
        self.forms = canonical_points(pa.array(texts, pa.large_string()))
        counts = [len(item.texts(part)) for item in items]
        self._bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
        distinct = {self.forms[row].tobytes(): row for row in range(len(self.forms))}
        grams = {form: _grams(self.forms[row], size) for form, row in distinct.items()}
        keys, uses = np.unique(np.concatenate([_NONE, *grams.values()]), return_counts=True)
        stock = keys[uses > MAX_POSTINGS]
        if len(stock):
            grams = {form: keys[~np.isin(keys, stock)] for form, keys in grams.items()}
        self._grams = grams

    def of(self, item: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(canonical form, distinct n-grams that are evidence) of each text of an item."""
        for row in range(self._bounds[item], self._bounds[item + 1]):
            yield self.forms[row], self._grams[self.forms[row].tobytes()]


def _grams(form: np.ndarray, size: int) -> np.ndarray:
    """The distinct n-grams of a text; none of one shorter than an n-gram."""
    if len(form) < size:
        return _NONE
    hashes = np.empty(len(form), np.uint64)
    return np.unique(hashes[: hash_shingles(form, size, hashes)])


def _add(build: _Build, texts: _Texts, item: int, part: int) -> bool:
    """Add the probes of one part of an item; whether there are any."""
    found, short = False, {}
    for form, grams in texts.of(item):
        if len(grams):
            _join(build.grams, part, grams, len(form), item)
            found = True
        elif MIN_PIECE <= len(form) <= MAX_PIECE:
            short[_whole(form)] = len(form)
    for key, length in short.items():
        if length >= MIN_WHOLE:
            _join(build.pieces, part, np.array([key], np.uint64), length, item)
            build.piece_lengths.add(length)
            found = True
    together = sum(short.values())
    if len(short) > 1 and min(short.values()) < MIN_WHOLE and together >= MIN_TOGETHER:
        _join(build.pieces, part, np.unique(np.array(list(short), np.uint64)), together, item)
        build.piece_lengths.update(short.values())
        found = True
    return found


def _whole(form: np.ndarray) -> int:
    return int(hash_whole(form, np.zeros(1, np.int64), np.array([len(form)]))[0])


def _join(
    probes: dict[tuple[int, bytes], _Probe], part: int, keys: np.ndarray, length: int, item: int
) -> None:
    probe = probes.setdefault((part, keys.tobytes()), _Probe(part, keys, length))
    if item not in probe.items[-1:]:
        probe.items.append(item)


def _assembled(
    build: _Build, items: Items, settings: Decontaminate, totals: list[dict[str, Any]]
) -> Index:
    thresholds = {"question": settings.question_overlap, "passage": settings.passage_overlap}
    grams, pieces = list(build.grams.values()), list(build.pieces.values())
    probes = grams + pieces
    sizes = np.array([len(probe.keys) for probe in probes], np.int32)
    shares = np.array([thresholds[PARTS[probe.part]] for probe in probes], np.float64)
    shares[: len(grams)][sizes[: len(grams)] < MIN_GRAMS] = 1
    needed = np.ceil(sizes * shares - 1e-9).astype(np.int32)
    bounds = np.cumsum([0] + [len(probe.items) for probe in probes], dtype=np.int64)
    index_of = {name: number for number, name in enumerate(items.benchmarks)}
    lengths = [probe.length for probe in probes]
    arrays = {
        "needed": np.maximum(needed, 1),
        "size": sizes,
        "reach": np.array(lengths, np.int64) + np.repeat([0, BETWEEN], [len(grams), len(pieces)]),
        "whole": (np.arange(len(probes)) >= len(grams)).astype(np.uint8),
        "part": np.array([probe.part for probe in probes], np.uint8),
        "probe_bounds": bounds,
        "probe_items": np.array([item for probe in probes for item in probe.items], np.int32),
        "item_benchmark": np.array([index_of[item.benchmark] for item in items], np.int32),
        **_postings("gram", grams, 0),
        **_postings("piece", pieces, len(grams)),
    }
    return Index(
        settings.ngram,
        thresholds,
        min(build.piece_lengths, default=0),
        max(build.piece_lengths, default=0),
        items.benchmarks,
        totals,
        [item.name for item in items],
        arrays,
    )


def _postings(kind: str, probes: list[_Probe], first: int) -> dict[str, np.ndarray]:
    """Keys ascending, and for each the probes that hold it, counted from `first`."""
    keys = np.concatenate([_NONE, *(probe.keys for probe in probes)])
    owners = np.repeat(np.arange(first, first + len(probes)), [len(p.keys) for p in probes])
    order = np.argsort(keys, kind="stable")
    distinct, starts = np.unique(keys[order], return_index=True)
    return {
        f"{kind}_keys": distinct,
        f"{kind}_bounds": np.append(starts, len(keys)).astype(np.int64),
        f"{kind}_postings": owners[order].astype(np.int32),
    }
