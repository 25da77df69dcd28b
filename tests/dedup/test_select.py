"""Exact copies, components and selection: the promises of a removal, over random graphs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.components import forest, roots_of
from pipeline.dedup.exact import exact_copies
from pipeline.dedup.records import EDGE, KEY, best_first, distinct
from pipeline.dedup.select import cluster_sizes, select, with_copies

THRESHOLD = 0.8


@st.composite
def graphs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Edges among at most 12 documents, some under the threshold, and keys with many ties."""
    count = draw(st.integers(2, 12))
    numbers = draw(st.lists(st.integers(0, 2**64 - 1), min_size=count, max_size=count, unique=True))
    pairs = draw(
        st.lists(
            st.tuples(
                st.integers(0, count - 1),
                st.integers(0, count - 1),
                st.sampled_from([0.5, 0.79, 0.8, 0.85, 0.9, 1.0]),
            ).filter(lambda pair: pair[0] < pair[1]),
            unique_by=lambda pair: pair[:2],
            max_size=30,
        )
    )
    numbers.sort()
    edges = np.array([(numbers[a], numbers[b], s) for a, b, s in pairs], EDGE)
    keys = np.zeros(count, KEY)
    keys["document"] = numbers
    for field in ("priority", "n_chars", "exact_high"):
        keys[field] = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    return edges, keys


def by_hand(edges: np.ndarray, keys: np.ndarray) -> dict[int, tuple[int, float]]:
    """document -> (witness, similarity), as the rule is written."""
    order = [int(document) for document in keys["document"][best_first(keys)]]
    near: dict[int, dict[int, float]] = {document: {} for document in order}
    for a, b, similarity in edges.tolist():
        if similarity >= THRESHOLD:
            near[a][b] = near[b][a] = similarity
    kept: list[int] = []
    for document in order:
        if not any(other in near[document] for other in kept):
            kept.append(document)
    return {
        document: max(
            ((other, near[document][other]) for other in kept if other in near[document]),
            key=lambda found: (found[1], -order.index(found[0])),
        )
        for document in order
        if document not in kept
    }


def as_dict(removals: np.ndarray) -> dict[int, tuple[int, float]]:
    return {
        int(r["document"]): (int(r["witness"]), round(float(r["similarity"]), 6)) for r in removals
    }


@settings(deadline=None)
@given(graphs())
def test_selection_is_the_rule(graph) -> None:
    edges, keys = graph
    assert as_dict(select(edges, keys, THRESHOLD)) == by_hand(edges, keys)


@settings(deadline=None)
@given(graphs(), st.randoms())
def test_every_removal_has_a_kept_witness_and_no_component_is_lost(graph, random) -> None:
    edges, keys = graph
    removals = select(edges, keys, THRESHOLD)
    gone = set(removals["document"].tolist())
    assert not gone & set(removals["witness"].tolist())
    similarity = {(a, b): s for a, b, s in edges.tolist()}
    for removal in removals:
        pair = sorted([int(removal["document"]), int(removal["witness"])])
        assert similarity[tuple(pair)] >= THRESHOLD
    for a, b, s in edges.tolist():  # of two that are alike, never both stay
        assert s < THRESHOLD or a in gone or b in gone
    stars = forest(edges)
    for root in set(stars["a"].tolist()):
        assert set(stars["b"][stars["a"] == root].tolist()) - gone
    shuffled = edges[random.sample(range(len(edges)), len(edges))]
    turned = shuffled.copy()
    turned["a"], turned["b"] = shuffled["b"], shuffled["a"]
    repeated = np.concatenate([turned, edges[: len(edges) // 2]])
    again = select(repeated, keys[random.sample(range(len(keys)), len(keys))], THRESHOLD)
    assert np.array_equal(again, removals)


@settings(deadline=None)
@given(graphs())
def test_components_do_not_change_the_selection(graph) -> None:
    """Selecting in each component by itself gives what selecting in the whole gives."""
    edges, keys = graph
    stars = forest(edges)
    parts = []
    for root in np.unique(stars["a"]):
        inside = edges[roots_of(edges["a"], stars)[1] == root]
        documents = stars["b"][stars["a"] == root]
        parts.append(select(inside, keys[np.isin(keys["document"], documents)], THRESHOLD))
    together = distinct(np.concatenate(parts)) if parts else np.zeros(0)
    assert as_dict(together) == as_dict(select(edges, keys, THRESHOLD))


@settings(deadline=None)
@given(graphs(), st.integers(0, 30))
def test_forests_merge_in_any_grouping(graph, cut) -> None:
    edges, keys = graph
    whole = forest(edges)
    halves = np.concatenate([forest(edges[:cut]), forest(edges[cut:])])
    assert np.array_equal(forest(halves), whole)
    reached: dict[int, set[int]] = {int(document): {int(document)} for document in keys["document"]}
    for a, b, _ in edges.tolist():
        joined = reached[a] | reached[b]
        for document in joined:
            reached[document] = joined
    inside, roots = roots_of(keys["document"], whole)
    for document, member, root in zip(
        keys["document"].tolist(), inside, roots.tolist(), strict=True
    ):
        assert member == (len(reached[document]) > 1)
        assert not member or root == min(reached[document])


def test_the_ends_of_a_chain_stay() -> None:
    edges = np.array([(1, 2, 0.8), (2, 3, 0.9), (3, 4, 0.85)], EDGE)
    keys = np.zeros(4, KEY)
    keys["document"], keys["n_chars"] = [1, 2, 3, 4], [40, 30, 20, 10]
    assert as_dict(select(edges, keys, THRESHOLD)) == {2: (3, 0.9), 4: (3, 0.85)}


@st.composite
def document_groups(draw: st.DrawFn) -> np.ndarray:
    count = draw(st.integers(0, 20))
    keys = np.zeros(count, KEY)
    keys["document"] = np.arange(count) * 7
    for field, top in (("exact_high", 2), ("exact_low", 2), ("n_chars", 3), ("priority", 1)):
        keys[field] = draw(st.lists(st.integers(0, top), min_size=count, max_size=count))
    return keys[draw(st.permutations(range(count)))] if count else keys


@settings(deadline=None)
@given(document_groups())
def test_of_exact_copies_the_best_one_is_kept(keys: np.ndarray) -> None:
    copies = exact_copies(keys)
    winner_of = dict(copies.tolist())
    groups: dict[tuple, list] = {}
    for key in keys.tolist():
        document, high, low, n_chars, priority = key
        groups.setdefault((high, low), []).append((-priority, -n_chars, document))
    for group in groups.values():
        best = min(group)[2]
        for *_, document in group:
            assert winner_of.get(document, document) == best
    assert len(copies) == len(keys) - len(groups)


def test_a_copy_of_a_removed_winner_points_to_its_witness() -> None:
    edges = np.array([(1, 2, 0.9)], EDGE)
    keys = np.zeros(2, KEY)
    keys["document"], keys["n_chars"], keys["exact_high"] = [1, 2], [50, 40], [1, 2]
    removals = select(edges, keys, THRESHOLD)
    copies = np.array([(5, 1), (6, 2), (7, 3)], [("document", "<u8"), ("winner", "<u8")])
    found = with_copies(removals, copies)
    assert as_dict(found) == {2: (1, 0.9), 5: (1, 1.0), 6: (1, 0.9), 7: (3, 1.0)}
    assert found["exact"].tolist() == [False, True, False, True]
    assert cluster_sizes(found["witness"]).tolist() == [(1, 4), (3, 2)]
    assert as_dict(with_copies(removals[:0], copies)) == {5: (1, 1.0), 6: (2, 1.0), 7: (3, 1.0)}


@settings(deadline=None)
@given(graphs(), document_groups())
def test_sizes_add_up_to_the_documents(graph, _) -> None:
    edges, keys = graph
    removals = select(edges, keys, THRESHOLD)
    sizes = cluster_sizes(removals["witness"])
    kept = set(keys["document"].tolist()) - set(removals["document"].tolist())
    assert set(sizes["document"].tolist()) <= kept
    alone = len(kept) - len(sizes)
    assert alone + int(sizes["size"].sum()) == len(keys)
