"""Exact copies, components and selection: the promises of a removal, over random graphs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.components import forest, roots_of
from pipeline.dedup.exact import exact_copies
from pipeline.dedup.records import (
    CONTAINED,
    COPY,
    EDGE,
    EXACT,
    KEY,
    NEAR,
    REMOVAL,
    SETTLED,
    WITNESS,
    best_first,
    distinct,
)
from pipeline.dedup.select import select, summed, with_copies
from pipeline.settings import Dedup

PLAN = Dedup(threshold=0.8, containment=0.9)
SIMILARITIES = st.sampled_from([0.5, 0.79, 0.8, 0.85, 0.9, 1.0])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Edges among at most 12 documents, some too weak, and keys with many ties; some settled."""
    count = draw(st.integers(2, 12))
    numbers = draw(st.lists(st.integers(0, 2**64 - 1), min_size=count, max_size=count, unique=True))
    places = st.integers(0, count - 1)
    pairs = draw(
        st.lists(
            st.tuples(places, places, *[SIMILARITIES] * 4).filter(lambda pair: pair[0] < pair[1]),
            unique_by=lambda pair: pair[:2],
            max_size=30,
        )
    )
    numbers.sort()
    edges = np.array([(numbers[a], numbers[b], *how) for a, b, *how in pairs], EDGE)
    keys = np.zeros(count, KEY)
    keys["document"] = numbers
    for field in ("letters", "n_chars", "exact_high", "name"):
        keys[field] = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    priorities = st.sampled_from([0, 0, 1, 2, SETTLED])
    keys["priority"] = draw(st.lists(priorities, min_size=count, max_size=count))
    keys["copied"] = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return edges, keys


def reasons(edges: np.ndarray, keys: np.ndarray) -> dict[int, dict[int, tuple[int, float]]]:
    """document -> other -> (rule, similarity): for which others it could go, and why."""
    found: dict[int, dict[int, tuple[int, float]]] = {}
    copied = set(keys["document"][keys["copied"]].tolist())
    for a, b, letters, written, a_in_b, b_in_a in edges.tolist():
        for document, other, share in ((a, b, a_in_b), (b, a, b_in_a)):
            jaccard = letters if document in copied else max(letters, written)
            if jaccard >= np.float32(0.8):
                found.setdefault(document, {})[other] = (NEAR, jaccard)
            elif share >= np.float32(0.9):
                found.setdefault(document, {})[other] = (CONTAINED, share)
    return found


def by_hand(edges: np.ndarray, keys: np.ndarray) -> dict[int, tuple[int, float, int]]:
    """document -> (witness, similarity, rule), as the rule is written."""
    order = [int(document) for document in keys["document"][best_first(keys)]]
    settled = set(keys["document"][keys["priority"] == SETTLED].tolist())
    why = reasons(edges, keys)
    kept: list[int] = []
    for document in order:
        if document in settled or not any(other in why.get(document, {}) for other in kept):
            kept.append(document)
    priority = dict(zip(keys["document"].tolist(), keys["priority"].tolist(), strict=True))
    for document in [d for d in reversed(order) if d in kept and d not in settled]:
        can_go = any(
            why[document][other][0] == NEAR and priority[document] <= priority[other]
            for other in kept
            if other in why.get(document, {})
        )
        needed = any(
            [w for w in kept if w in why.get(other, {})] == [document]
            for other in order
            if other not in kept
        )
        if can_go and not needed:
            kept.remove(document)
    found = {}
    for document in set(order) - set(kept):
        witnesses = [other for other in kept if other in why[document]]
        best = min(
            witnesses,
            key=lambda w: (why[document][w][0], -why[document][w][1], order.index(w)),
        )
        rule, similarity = why[document][best]
        found[document] = (best, round(similarity, 6), rule)
    return found


def as_dict(removals: np.ndarray) -> dict[int, tuple[int, float, int]]:
    return {
        int(r["document"]): (int(r["witness"]), round(float(r["similarity"]), 6), int(r["rule"]))
        for r in removals
    }


@settings(deadline=None)
@given(graphs())
def test_selection_is_the_rule(graph) -> None:
    edges, keys = graph
    assert as_dict(select(edges, keys, PLAN)) == by_hand(edges, keys)


@settings(deadline=None)
@given(graphs(), st.randoms())
def test_every_removal_has_a_kept_witness_and_no_component_is_lost(graph, random) -> None:
    edges, keys = graph
    removals = select(edges, keys, PLAN)
    gone = set(removals["document"].tolist())
    assert not gone & set(removals["witness"].tolist())
    settled = set(keys["document"][keys["priority"] == SETTLED].tolist())
    assert not gone & settled
    why = reasons(edges, keys)
    for removal in removals:
        rule, similarity = why[int(removal["document"])][int(removal["witness"])]
        assert (rule, np.float32(similarity)) == (removal["rule"], removal["similarity"])
    for a, b, letters, *_ in edges.tolist():  # of two that are alike, never both stay
        assert letters < np.float32(0.8) or {a, b} & gone or {a, b} <= settled
    stars = forest(edges)
    for root in set(stars["a"].tolist()):
        assert set(stars["b"][stars["a"] == root].tolist()) - gone
    shuffled = edges[random.sample(range(len(edges)), len(edges))]
    turned = shuffled.copy()
    turned["a"], turned["b"] = shuffled["b"], shuffled["a"]
    turned["a_in_b"], turned["b_in_a"] = shuffled["b_in_a"], shuffled["a_in_b"]
    repeated = np.concatenate([turned, edges[: len(edges) // 2]])
    again = select(repeated, keys[random.sample(range(len(keys)), len(keys))], PLAN)
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
        parts.append(select(inside, keys[np.isin(keys["document"], documents)], PLAN))
    together = distinct(np.concatenate(parts)) if parts else np.zeros(0)
    assert as_dict(together) == as_dict(select(edges, keys, PLAN))


@settings(deadline=None)
@given(graphs(), st.integers(0, 30))
def test_forests_merge_in_any_grouping(graph, cut) -> None:
    edges, keys = graph
    whole = forest(edges)
    halves = np.concatenate([forest(edges[:cut]), forest(edges[cut:])])
    assert np.array_equal(forest(halves), whole)
    reached: dict[int, set[int]] = {int(document): {int(document)} for document in keys["document"]}
    for a, b, *_ in edges.tolist():
        joined = reached[a] | reached[b]
        for document in joined:
            reached[document] = joined
    inside, roots = roots_of(keys["document"], whole)
    for document, member, root in zip(
        keys["document"].tolist(), inside, roots.tolist(), strict=True
    ):
        assert member == (len(reached[document]) > 1)
        assert not member or root == min(reached[document])


def edge(a: int, b: int, letters: float, a_in_b: float = 0, b_in_a: float = 0) -> tuple:
    return (a, b, letters, 0, a_in_b, b_in_a)


def keys_of(*n_chars: int) -> np.ndarray:
    """Documents 1, 2, ... of these lengths."""
    keys = np.zeros(len(n_chars), KEY)
    keys["document"], keys["n_chars"] = np.arange(1, len(n_chars) + 1), n_chars
    return keys


def test_the_ends_of_a_chain_stay() -> None:
    edges = np.array([edge(1, 2, 0.8), edge(2, 3, 0.9), edge(3, 4, 0.85)], EDGE)
    found = select(edges, keys_of(40, 30, 20, 10), PLAN)
    assert as_dict(found) == {2: (3, 0.9, NEAR), 4: (3, 0.85, NEAR)}


def test_a_page_within_another_goes_and_the_other_never() -> None:
    edges = np.array([edge(1, 2, 0.4, a_in_b=0.95, b_in_a=0.41)], EDGE)
    assert as_dict(select(edges, keys_of(300, 700), PLAN)) == {1: (2, 0.95, CONTAINED)}
    keys = keys_of(300, 700)
    keys["priority"] = [1, 0]  # the part is from the better source: both stay
    assert as_dict(select(edges, keys, PLAN)) == {}


def test_what_stands_for_copies_goes_for_its_letters_alone() -> None:
    """Its copies have the same letters, and other spaces."""
    edges = np.array([(1, 2, 0.75, 0.82, 0, 0)], EDGE)
    keys = keys_of(300, 290)
    assert as_dict(select(edges, keys, PLAN)) == {2: (1, 0.82, NEAR)}
    keys["copied"] = True
    assert as_dict(select(edges, keys, PLAN)) == {}
    keys["copied"] = [False, True]  # the better one has no copies, and gives way
    assert as_dict(select(edges, keys, PLAN)) == {1: (2, 0.82, NEAR)}
    more = np.array([(1, 2, 0.75, 0.82, 0, 0), (1, 3, 0.9, 0, 0, 0)], EDGE)
    keys = keys_of(300, 290, 280)
    keys["copied"] = [False, True, False]  # but not where another needs it
    assert as_dict(select(more, keys, PLAN)) == {3: (1, 0.9, NEAR)}


def test_settled_documents_stay_however_alike() -> None:
    edges = np.array([edge(1, 2, 0.9), edge(2, 3, 0.95), edge(1, 3, 0.9)], EDGE)
    keys = keys_of(900, 20, 10)
    keys["priority"] = [0, SETTLED, SETTLED]
    assert as_dict(select(edges, keys, PLAN)) == {1: (2, 0.9, NEAR)}


@st.composite
def document_groups(draw: st.DrawFn) -> np.ndarray:
    count = draw(st.integers(0, 20))
    keys = np.zeros(count, KEY)
    keys["document"] = np.arange(count) * 7
    for field, top in (
        ("exact_high", 2),
        ("exact_low", 2),
        ("letters", 1),
        ("n_chars", 3),
        ("name", 3),
    ):
        keys[field] = draw(st.lists(st.integers(0, top), min_size=count, max_size=count))
    priorities = st.sampled_from([0, 0, 1, SETTLED])
    keys["priority"] = draw(st.lists(priorities, min_size=count, max_size=count))
    return keys[draw(st.permutations(range(count)))] if count else keys


@settings(deadline=None)
@given(document_groups())
def test_of_exact_copies_the_best_one_is_kept(keys: np.ndarray) -> None:
    copies = exact_copies(keys)
    winner_of = dict(copies.tolist())
    groups: dict[tuple, list] = {}
    for document, high, low, name, letters, n_chars, priority, _ in keys.tolist():
        best = (-priority, -letters, -n_chars, name, document)
        groups.setdefault((high, low), []).append(best)
    for group in groups.values():
        best = min(group)[-1]
        for priority, *_, document in group:
            goes = document != best and -priority != SETTLED
            assert winner_of.get(document, document) == (best if goes else document)
    assert len(copies) == sum(
        sum(priority != -SETTLED for priority, *_ in group) - (min(group)[0] != -SETTLED)
        for group in groups.values()
    )


@settings(deadline=None)
@given(document_groups(), st.integers(1, 4))
def test_copies_of_shards_and_then_of_their_best_are_the_copies_of_all(keys, shards) -> None:
    keys = keys[keys["priority"] != SETTLED]  # an earlier run has no copies of its own
    shard = keys["document"] // 7 % shards
    local = [exact_copies(keys[shard == number]) for number in range(shards)]
    left = keys[~np.isin(keys["document"], np.concatenate(local)["document"])]
    removals = with_copies(np.zeros(0, REMOVAL), exact_copies(left))
    found = {}
    for copies in local:
        found |= {d: w for d, (w, *_) in as_dict(with_copies(removals, copies)).items()}
    assert found == dict(exact_copies(keys).tolist())


def test_a_copy_of_a_removed_winner_points_to_its_witness() -> None:
    removals = select(np.array([edge(1, 2, 0.9)], EDGE), keys_of(50, 40), PLAN)
    copies = np.array([(5, 1), (6, 2), (7, 3)], COPY)
    found = with_copies(removals, copies)
    assert as_dict(found) == {
        2: (1, 0.9, NEAR),
        5: (1, 1.0, EXACT),
        6: (1, 0.9, NEAR),
        7: (3, 1.0, EXACT),
    }
    alone = {d: w for d, (w, *_) in as_dict(with_copies(removals[:0], copies)).items()}
    assert alone == {5: 1, 6: 2, 7: 3}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=20))
def test_witnesses_add_up(counts: list[tuple[int, int]]) -> None:
    expected: dict[int, int] = {}
    for document, count in counts:
        expected[document] = expected.get(document, 0) + count
    assert summed(np.array(counts, WITNESS)).tolist() == sorted(expected.items())
