"""Stored histograms say what another threshold would remove, to the last document."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.filters import histograms
from pipeline.filters.histograms import Histograms, View, beyond, read_counts, views
from pipeline.filters.rules import SHIPPED, Rule, judge
from pipeline.kernels.feature_list import FEATURES
from pipeline.kernels.features import FEATURE_TYPE

RULES = {
    **{name: SHIPPED["korean"][name] for name in ("too_short", "fragment", "links", "menu_page")},
    "odd": Rule(feature="symbol_share", drop_if=">", threshold=0.123456789),
    "few_words": Rule(feature="n_eojeol", drop_if="<", threshold=7.5),
}

ODD = float(np.float32(0.123456789))


def rows_of(seed: int, n: int) -> list[dict[str, float]]:
    """Documents with values on edges, between them and far out."""
    rng = np.random.default_rng(seed)
    shares = np.concatenate([rng.random(20), rng.integers(0, 101, 20) / 100, [0, 0, 1, ODD, ODD]])
    counts = np.concatenate([rng.integers(1, 60, 20), rng.integers(1, 3 * 10**7, 5), [7.5, 10]])
    return [
        {
            feature.name: float(
                np.float32(rng.choice(shares if feature.unit == "share" else counts))
            )
            for feature in FEATURES
        }
        for _ in range(n)
    ]


ROWS = st.builds(rows_of, st.integers(0, 2**32 - 1), st.integers(0, 25))


def features_of(rows: list[dict[str, float]]) -> pa.StructArray:
    return pa.array(rows, FEATURE_TYPE)


def counted(rows: list[dict[str, float]], gone: bool = False) -> Histograms:
    """Of rows of which, with `gone`, every third was removed before the rules."""
    judged = np.arange(len(rows)) % 3 != 2 if gone else np.ones(len(rows), bool)
    return histograms.count(features_of(rows), np.arange(len(rows)) + 100, judged, RULES)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.data())
def test_any_edge_as_the_threshold(rows: list[dict[str, float]], data: Any) -> None:
    """What lies beyond an edge is what the rule takes there; what is alone moves the total."""
    place, view = data.draw(st.sampled_from(list(enumerate(views(RULES)))))
    edges, features, counts = view.edges(), features_of(rows), counted(rows).counts[place]
    at = data.draw(st.integers(0, len(edges) - 1))
    documents, alone, n_bytes = beyond(counts, at, view.drop_if)
    now = judge(features, RULES).rule_index < 0
    if view.rule is None:
        below = np.array([row[view.feature] < edges[at] for row in rows], bool)
        assert (documents, alone) == (below.sum(), (below & now).sum())
        return
    moved = view.rule.model_copy(update={"threshold": float(edges[at])})
    fires = judge(features, {view.name: moved}).rule_index == 0
    others = {name: rule for name, rule in RULES.items() if name != view.name}
    only = fires & (judge(features, others).rule_index < 0)
    assert (documents, alone) == (fires.sum(), only.sum())
    assert n_bytes == (np.arange(len(rows)) + 100)[only].sum()
    own = int(np.searchsorted(edges, np.float32(view.threshold)))
    then = judge(features, {**RULES, view.name: moved}).rule_index < 0
    assert then.sum() - now.sum() == beyond(counts, own, view.drop_if)[1] - alone


@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_documents_that_were_gone_before_are_not_counted(rows: list[dict[str, float]]) -> None:
    left = [row for at, row in enumerate(rows) if at % 3 != 2]
    mine, theirs = counted(rows, gone=True), counted(left)
    for place in mine.counts:
        assert (mine.counts[place][:2] == theirs.counts[place][:2]).all()


@settings(max_examples=15, deadline=None)
@given(ROWS, st.integers(0, 12))
def test_batches_and_units_add_up(rows: list[dict[str, float]], at: int) -> None:
    whole, parts = counted(rows), [counted(rows[:at]), counted(rows[at:])]
    both = Histograms()
    for part in parts:
        both.add(part)
    n_documents = [counts[:2].tolist() for counts in whole.counts.values()]
    assert [counts[:2].tolist() for counts in both.counts.values()] == n_documents
    # through JSON, as receipts are; a unit without documents says nothing
    written = [json.loads(json.dumps(part.to_json())) for part in [*parts, Histograms()]]
    merged = histograms.merge([("blog", part) for part in written], {"blog": RULES})["blog"]
    for view, (documents, alone) in zip(merged["views"], n_documents, strict=True):
        read = read_counts(view)
        size = read.shape[1]
        assert (read[0].tolist(), read[1].tolist()) == (documents[:size], alone[:size])
        assert not any(documents[size:])


def test_every_threshold_of_the_shipped_profiles_is_an_edge() -> None:
    for rules in SHIPPED.values():
        for view in views(rules):
            edges = view.edges()
            assert (np.diff(edges) > 0).all() and edges[0] >= 0
            assert view.rule is None or np.float32(view.rule.threshold) in edges


def test_every_feature_is_seen_once_at_least() -> None:
    assert {view.feature for view in views(RULES)} == {feature.name for feature in FEATURES}
    assert [view.name for view in views(RULES)][: len(RULES)] == list(RULES)
    assert [view.drop_if for view in views({})] == ["<"] * len(FEATURES)


def test_a_threshold_below_zero_has_no_edge() -> None:
    view = View("never", "n_chars", "<", -1.0, None)
    assert view.edges()[0] == 1


@settings(max_examples=20, deadline=None)
@given(ROWS, st.integers(0, 12))
def test_the_nearest_kept_documents(rows: list[dict[str, float]], at: int) -> None:
    """The same however rows come in batches; those its second condition spares are left out."""
    features = features_of(rows)
    stays = np.flatnonzero(judge(features, RULES).rule_index < 0)
    found = histograms.nearest(features, stays, RULES)
    for name, rule in RULES.items():
        limit = np.float32(rule.threshold)
        rest = [n for n in stays.tolist() if rule.also is None or _meets(rows[n], rule.also)]
        values = {n: float(abs(np.float32(rows[n][rule.feature]) - limit)) for n in rest}
        best = sorted(values, key=lambda n: (values[n], n))[: histograms.NEAREST]
        assert [row for row, _, _ in found[name]] == best
    parts = Histograms()
    for start, part in ((0, rows[:at]), (at, rows[at:])):
        own = features_of(part)
        left = np.flatnonzero(judge(own, RULES).rule_index < 0)
        near = histograms.nearest(own, left, RULES)
        as_rows = {
            name: [{"row": start + n, "distance": distance} for n, _, distance in some]
            for name, some in near.items()
        }
        parts.add(Histograms(near=as_rows))
    assert {name: [one["row"] for one in some] for name, some in parts.near.items()} == {
        name: [row for row, _, _ in some] for name, some in found.items()
    }


def _meets(row: dict[str, float], condition: Any) -> bool:
    value, limit = np.float32(row[condition.feature]), np.float32(condition.threshold)
    return bool(value < limit if condition.drop_if == "<" else value > limit)


@pytest.mark.parametrize("profile", sorted(SHIPPED))
def test_the_counts_of_a_receipt_are_small(profile: str) -> None:
    rng = np.random.default_rng(3)
    rows = [
        {
            f.name: float(rng.random() if f.unit == "share" else rng.integers(1, 9999))
            for f in FEATURES
        }
        for _ in range(300)
    ]
    n_bytes, judged = np.full(300, 10**6), np.ones(300, bool)
    found = histograms.count(features_of(rows), n_bytes, judged, SHIPPED[profile])
    assert len(json.dumps(found.to_json())) < 100_000
