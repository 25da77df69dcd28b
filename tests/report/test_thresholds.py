"""The section on thresholds: nothing is lost in what the script of the page is given."""

import json

import numpy as np
import pyarrow as pa
import pytest

from pipeline.filters import histograms
from pipeline.filters.rules import SHIPPED, Rule
from pipeline.kernels.feature_list import FEATURES
from pipeline.kernels.features import FEATURE_TYPE
from pipeline.recipe import parse
from pipeline.report.thresholds import MOST_SOURCES, collect_thresholds, show_thresholds

RULES = {name: SHIPPED["korean"][name] for name in ("too_short", "links")}


def manifest(sizes: dict[str, int], rules: dict[str, Rule] = RULES) -> dict[str, object]:
    """Of a clean step with so many documents of each source."""
    rng = np.random.default_rng(7)
    units = []
    for source, n in sizes.items():
        rows = [
            {
                f.name: rng.random() if f.unit == "share" else float(rng.integers(1, 10**6))
                for f in FEATURES
            }
            for _ in range(n)
        ]
        features = pa.array(rows, FEATURE_TYPE)
        found = histograms.count(features, np.full(n, 10), np.ones(n, bool), rules)
        units.append((source, found.to_json()))
    return {"histograms": histograms.merge(units, dict.fromkeys(sizes, rules))}


def test_small_sources_are_added_up() -> None:
    names = [f"s{n:02d}" for n in range(MOST_SOURCES + 10)]
    sizes = {name: 1 + at for at, name in enumerate(names)}
    recipe = parse(f"sources: {[{'name': name, 'paths': ['x']} for name in names]}")
    rows = collect_thresholds(manifest(sizes), recipe)
    shown = show_thresholds(rows)
    assert shown is not None
    (group,) = shown["groups"]
    assert group["sources"] == [*sorted(names, reverse=True)[:MOST_SOURCES], "10 smaller sources"]
    assert group["judged"] == sum(sizes.values())
    (data,) = json.loads(shown["data"])["groups"]
    assert data["judged"][-1] == sum(range(1, 11))
    for view in data["views"]:
        counts = np.array(view["counts"])
        assert counts[:, 0].sum(axis=1).tolist() == data["judged"]
        assert view["edges"] == sorted(set(view["edges"]))
        if view["at"] >= 0:
            assert view["edges"][view["at"]] in (10, 0.6)


def test_sources_of_other_rules_are_apart() -> None:
    text = "sources: [{name: a, paths: [x]}, {name: b, paths: [x], profile: law}]"
    recipe = parse(text)
    rows = collect_thresholds(manifest({"a": 3}), recipe)
    rows += collect_thresholds(manifest({"b": 4}, {"links": RULES["links"]}), recipe)
    shown = show_thresholds(rows)
    assert shown is not None
    assert [(group["profile"], group["sources"]) for group in shown["groups"]] == [
        ("korean", ["a"]),
        ("law", ["b"]),
    ]
    # a source that the recipe does not know any more
    (row,) = collect_thresholds(manifest({"gone": 2}), recipe)
    assert row["profile"] is None and show_thresholds([row])


@pytest.mark.parametrize("clean", [None, {}, {"histograms": {}}])
def test_a_run_without_histograms_has_no_such_section(clean: dict | None) -> None:
    assert (
        show_thresholds(collect_thresholds(clean, parse("sources: [{name: a, paths: [x]}]")))
        is None
    )


def test_sources_without_documents_give_nothing() -> None:
    recipe = parse("sources: [{name: a, paths: [x]}]")
    assert show_thresholds(collect_thresholds(manifest({"a": 0}), recipe)) is None
