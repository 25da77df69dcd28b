"""How many documents have which value of a feature: what another threshold would remove.

A view is a rule, or a feature of which no rule speaks. Its bins depend on the kind of the feature
(shares in hundredths, counts and lengths in twenty steps a power of ten) and on the rule's own
threshold, which is always an edge. The edge itself belongs to the documents that the rule keeps, so
that a count of all bins beyond an edge is exact: it is what `rules.judge` would find with that edge
as the threshold, to the last document.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.filters.rules import UNITS, Mask, Rule, column, holds
from pipeline.kernels.feature_list import FEATURE_NAMES
from pipeline.kernels.histogram import count_into, starts

NEAREST = 3
"""So many kept documents on the near side of a threshold are remembered."""

_SHARES = np.arange(101) / 100
_LONGEST = 10_000_000
_COUNTS = np.unique(np.rint(10 ** np.arange(0, np.log10(_LONGEST) + 0.01, 0.05)))

Near = tuple[int, float, float]
"""A row, its value, and how far that is from a threshold."""

DOCUMENTS, ALONE, BYTES = range(3)
"""Of each bin: documents, those that no other rule removes, and UTF-8 bytes of the latter."""


class View(NamedTuple):
    """A rule, or (without a threshold) a feature by itself, named after it."""

    name: str
    feature: str
    drop_if: Literal["<", ">"]
    threshold: float | None
    also: dict[str, Any] | None  # the second condition: only documents that meet it are counted
    rule: Rule | None = None

    def edges(self) -> npt.NDArray[np.float32]:
        """float32[e], ascending: the ends of the bins, at the precision of the features.

        A value on an edge lies in the bin that the rule does not remove with the edge as its
        threshold: bins 0 to i are beyond edge i for `<`, bins i + 1 to e for `>`.
        """
        return _bins(self.is_share, self.threshold)[0]

    @property
    def unit(self) -> str:
        return UNITS[self.feature]

    @property
    def is_share(self) -> bool:
        return self.unit == "share"

    def describe(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._fields if name != "rule"}


def views(rules: Mapping[str, Rule]) -> list[View]:
    """The rules in their order, then the features of which none speaks first."""
    own = [
        View(
            name,
            rule.feature,
            rule.drop_if,
            rule.threshold,
            rule.also.model_dump() if rule.also else None,
            rule,
        )
        for name, rule in rules.items()
    ]
    spoken = {rule.feature for rule in rules.values()}
    rest = [name for name in FEATURE_NAMES if name not in spoken]
    return [*own, *(View(name, name, "<", None, None, None) for name in rest)]


@lru_cache(maxsize=1024)
def _bins(
    is_share: bool, threshold: float | None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]]:
    """The edges of the bins, and their `histogram.starts`."""
    own = [] if threshold is None or threshold < 0 else [threshold]
    base = _SHARES if is_share else _COUNTS
    edges = np.unique(np.concatenate([base, own]).astype(np.float32))
    return edges, starts(edges)


@dataclass
class Histograms:
    """What is counted of some documents that one set of rules judged.

    `counts`: by the place of a view, int64[3, bins]. `near`: by rule, the kept documents nearest to
    its threshold, rows {value, id, text}, the nearest first.
    """

    counts: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    near: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, other: "Histograms") -> None:
        """Add what was counted of the documents that follow."""
        for place, counts in other.counts.items():
            mine = self.counts.get(place)
            self.counts[place] = counts if mine is None else mine + counts
        for rule, rows in other.near.items():
            found = [*self.near.get(rule, ()), *rows]
            found.sort(key=lambda row: row["distance"])  # stable: of equal ones the first
            self.near[rule] = found[:NEAREST]

    def to_json(self) -> dict[str, Any]:
        """As a receipt holds it: counts as strings of numbers, from the first bin that has any."""
        return {
            "views": {str(place): _written(counts) for place, counts in self.counts.items()},
            "near": self.near,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Histograms":
        """From `to_json`. Bins after the last one that has any are missing."""
        counts = {int(place): read_counts(written) for place, written in data["views"].items()}
        return cls(counts, data["near"])


def count(
    features: pa.StructArray,
    n_bytes: npt.NDArray[np.int64],
    judged: Mask,
    rules: Mapping[str, Rule],
) -> Histograms:
    """The histograms of a batch of n documents, without `near`.

    Args:
        features: of `measure`. n_bytes: int64[n] of the text that was measured.
        judged: bool[n], the documents that rules decided on (not those that were gone before).
    """
    fires = {name: holds(features, rule) & judged for name, rule in rules.items()}
    fired = np.sum([*fires.values(), np.zeros(len(features), bool)], axis=0, dtype=np.int16)
    found = Histograms()
    for place, view in enumerate(views(rules)):
        taken = judged
        if view.rule is not None and view.rule.also is not None:
            taken = judged & holds(features, view.rule.also)
        alone = fired == (fires[view.name] if view.rule else 0)
        values, edges, begin = column(features, view.feature), *_bins(view.is_share, view.threshold)
        counts = np.zeros((3, len(edges) + 1), np.int64)
        count_into(values, taken, alone, n_bytes, edges, begin, view.drop_if == "<", counts)
        found.counts[place] = counts
    return found


def nearest(
    features: pa.StructArray, kept: npt.NDArray[np.int64], rules: Mapping[str, Rule]
) -> dict[str, list[Near]]:
    """For each rule the kept rows nearest to its threshold, the nearest first.

    `kept`: int64, ascending. Of equal ones the first; with a second condition only rows that meet
    it count, for no threshold of the rule would remove the others.
    """
    found = {}
    for name, rule in rules.items():
        values = column(features, rule.feature)
        rows = kept
        if rule.also is not None:
            rows = kept[holds(features, rule.also)[kept]]
        distance = np.abs(values[rows] - np.float32(rule.threshold))
        if len(rows) > NEAREST:
            few = np.flatnonzero(distance <= np.partition(distance, NEAREST - 1)[NEAREST - 1])
            rows, distance = rows[few], distance[few]
        order = np.argsort(distance, kind="stable")[:NEAREST]
        found[name] = [
            (int(rows[at]), round(float(values[rows[at]]), 6), float(distance[at])) for at in order
        ]
    return found


def merge(
    units: Iterable[tuple[str, Mapping[str, Any]]], rules: Mapping[str, Mapping[str, Rule]]
) -> dict[str, Any]:
    """The histograms of each source, of those (`to_json`) of its units; for the manifest.

    Args:
        units: (source, histograms) in the order of the units. rules: of each source.

    Returns {source: {"views": [{name, feature, drop_if, threshold, also, first, documents, alone,
    bytes}], "near": {rule: rows}}}.
    """
    total: dict[str, Histograms] = {}
    for source, written in units:
        sized = Histograms.from_json(written)
        for place, view in enumerate(views(rules[source])):
            whole = np.zeros((3, len(view.edges()) + 1), np.int64)
            counts = sized.counts.get(place)
            if counts is not None:
                whole[:, : counts.shape[1]] = counts
            sized.counts[place] = whole
        total.setdefault(source, Histograms()).add(sized)
    return {
        source: {
            "views": [
                {**view.describe(), **_written(found.counts[place])}
                for place, view in enumerate(views(rules[source]))
            ],
            "near": found.near,
        }
        for source, found in sorted(total.items())
    }


def _written(counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    some = np.flatnonzero(counts[DOCUMENTS])
    first, end = (int(some[0]), int(some[-1]) + 1) if len(some) else (0, 0)
    names = ("documents", "alone", "bytes")
    rows = (" ".join(map(str, row[first:end].tolist())) for row in counts)
    return {"first": first, **dict(zip(names, rows, strict=True))}


def read_counts(written: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """int64[3, bins] of what a receipt or manifest holds of a view, up to the last bin with any."""
    rows = [
        [0] * written["first"] + [int(number) for number in written[name].split()]
        for name in ("documents", "alone", "bytes")
    ]
    return np.array(rows, np.int64).reshape(3, -1)


def beyond(counts: npt.NDArray[np.int64], edge: int, drop_if: str) -> Sequence[int]:
    """(documents, alone, bytes) whose value lies beyond edge number `edge`."""
    part = counts[:, : edge + 1] if drop_if == "<" else counts[:, edge + 1 :]
    return part.sum(axis=1).tolist()
