"""The report's section on thresholds: how features are spread, and what another threshold takes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from pipeline.filters.histograms import ALONE, BYTES, DOCUMENTS, View, beyond, read_counts
from pipeline.recipe import Recipe
from pipeline.report import vega

Rows = list[dict[str, Any]]
Counts = npt.NDArray[np.int64]
"""int64[3, bins] of a view; see `histograms`."""

_ROOM = 5  # edges on both sides of the recipe's threshold, though no document may lie there

MOST_SOURCES = 30
"""So many sources of a profile have figures of their own; the smaller ones are added up."""


def collect_thresholds(clean: Mapping[str, Any] | None, recipe: Recipe) -> Rows:
    """Rows {source, profile, views, near}, from the manifest of the clean step."""
    profiles = {source.name: source.profile for source in recipe.sources}
    found = (clean or {}).get("histograms", {})
    return [{"source": name, "profile": profiles.get(name), **told} for name, told in found.items()]


def show_thresholds(rows: Rows) -> dict[str, Any] | None:
    """What the template takes: groups of sources that the same rules judge; None without rows.

    `data` is for the script of the page: the specifications, and of each view its edges and the
    counts of each source. Bins outside the edges that are kept are added to the outermost.
    """
    groups = list(_groups(rows))
    if not groups:
        return None
    data = {
        "specs": {kind: json.loads(vega.histogram(kind == "log")) for kind in ("log", "linear")},
        "groups": [group.pop("data") for group in groups],
    }
    # `<` could end the script element
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return {"groups": groups, "data": Markup(text), "library": Markup(vega.library())}


def _groups(rows: Rows) -> Iterator[dict[str, Any]]:
    alike: dict[str, Rows] = {}
    for row in rows:
        rules = [[view[name] for name in ("name", *_RULE)] for view in row["views"]]
        alike.setdefault(json.dumps([row["profile"], rules]), []).append(row)
    for some in alike.values():
        counts = {row["source"]: [read_counts(view) for view in row["views"]] for row in some}
        judged = {source: _judged(views) for source, views in counts.items()}
        if not any(judged.values()):
            continue
        ordered = sorted(counts, key=lambda source: (-judged[source], source))
        views = [
            _view(described, [counts[source][place] for source in ordered])
            for place, described in enumerate(some[0]["views"])
        ]
        names = ordered[:MOST_SOURCES]
        if rest := ordered[MOST_SOURCES:]:
            names.append(f"{len(rest)} smaller sources")
        totals = [judged[source] for source in ordered]
        yield {
            "profile": some[0]["profile"] or "none",
            "sources": names,
            "judged": sum(totals),
            "views": [shown for shown, _ in views],
            "data": {"judged": _few(totals), "views": [kept for _, kept in views]},
        }


_RULE = ("feature", "drop_if", "threshold", "also")


def _judged(views: Sequence[Counts]) -> int:
    """Documents that rules decided on: those of a view that no second condition narrows."""
    return max(int(counts[DOCUMENTS].sum()) for counts in views)


def _few(rows: Sequence[Any]) -> list[Any]:
    """The first ones, and the sum of the others."""
    rest = rows[MOST_SOURCES:]
    return [*rows[:MOST_SOURCES], *([sum(rest[1:], rest[0])] if rest else [])]


def _view(described: Mapping[str, Any], counts: Sequence[Counts]) -> tuple[dict, dict]:
    """A view for the template, and for the script."""
    view = View(described["name"], *(described[name] for name in _RULE))
    edges = view.edges()
    own = -1 if view.threshold is None else int(np.searchsorted(edges, np.float32(view.threshold)))
    whole = [_padded(each, len(edges) + 1) for each in counts]
    total = np.sum(whole, axis=0)
    some = np.flatnonzero(total[DOCUMENTS])
    first, last = (int(some[0]), int(some[-1])) if len(some) else (0, 0)
    start, end = max(first - 1, 0), min(last, len(edges) - 1)
    if own >= 0:
        start, end = min(start, own - _ROOM), max(end, own + _ROOM)
        start, end = max(start, 0), min(end, len(edges) - 1)
    at = own if own >= 0 else start
    found = beyond(total, at, view.drop_if)
    shown = {
        "name": view.name,
        "is_rule": view.threshold is not None,
        "feature": view.feature,
        "drop_if": view.drop_if,
        "threshold": view.threshold,
        "also": described["also"],
        "unit": "of 1" if view.is_share else view.unit,
        "at": at - start,
        "stops": end - start,
        "edge": round(float(edges[at]), 6),
        "counted": int(total[DOCUMENTS].sum()),
        "documents": found[DOCUMENTS],
        "alone": found[ALONE],
        "bytes": found[BYTES],
    }
    kept = {
        "edges": [round(float(edge), 6) for edge in edges[start : end + 1]],
        "at": own - start if own >= 0 else -1,
        "below": view.drop_if == "<",
        "scale": "linear" if view.is_share else "log",
        "counts": [_inside(each, start, end + 1).tolist() for each in _few(whole)],
    }
    return shown, kept


def _padded(counts: Counts, size: int) -> Counts:
    whole = np.zeros((3, size), np.int64)
    whole[:, : counts.shape[1]] = counts
    return whole


def _inside(counts: Counts, first: int, last: int) -> Counts:
    """Bins `first` to `last`, the outer ones added to those two."""
    inside = counts[:, first : last + 1].copy()
    inside[:, 0] += counts[:, :first].sum(axis=1)
    inside[:, -1] += counts[:, last + 1 :].sum(axis=1)
    return inside
