"""The score of a removal of near-duplicates by the exact similarity of all pairs."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.dedup_cases import Cases
from benchmarks.dedup_truth import LEAST, Pairs, Truth

TOLERANCE = 0.02
PART = 100
BINS = (0.65, 0.7, 0.75, 0.8)


def alike_negatives(cases: Cases, truth: Truth) -> dict[str, dict[str, int]]:
    """By form: negatives whose nearest fellow among the negatives is in each of `BINS`."""
    negative = _negative(cases)
    return {form: _binned(pairs.best(negative)[negative]) for form, pairs in truth.items()}


def _negative(cases: Cases) -> np.ndarray:
    negative = np.zeros(len(cases.ids), bool)
    negative[rows_of(cases, [row["id"] for row in cases.planted if "negative" in row])] = True
    return negative


def _binned(values: np.ndarray) -> dict[str, int]:
    counts = np.bincount(np.searchsorted(BINS, values, side="right"), minlength=len(BINS) + 1)
    names = [f"<{BINS[0]}", *(f"{a}-{b}" for a, b in pairwise(BINS))]
    return dict(zip([*names, f">={BINS[-1]}"], counts.tolist(), strict=True))


def rows_of(cases: Cases, ids: Collection[str]) -> np.ndarray:
    place = {name: row for row, name in enumerate(cases.ids)}
    return np.array([place[name] for name in ids], np.int64)


def score(
    cases: Cases,
    truth: Truth,
    removed: Collection[str],
    witness: Mapping[str, str],
    threshold: float,
) -> dict[str, Any]:
    """What a removal found and what it lost.

    Args:
        removed: ids of removed documents; all others are kept.
        witness: removed id to the id it is said to be a copy of, as far as the system says so.
        threshold: a removal is right where the document has a Jaccard similarity to a kept one,
            or a share of its shingles in it, of `threshold - TOLERANCE` or more.

    Returns:
        `recall`: by form, of documents that have a kept one at 0.9 or more and at 0.8 to 0.9, and
        are not the one to keep themselves, [removed, all]; hard negatives, which may be that alike
        too, left out. `recall_all`: with them. `parts`: of documents of `PART` shingles or more
        that have 0.9 of them in a kept one less alike than 0.8, [removed, all]. `precision`:
        [right, removed], by the canonical form and by the greater of both; `witnesses`: [named
        ones that are kept and like enough, named]. `negatives`: removed with nothing kept like
        enough (`wrong`), removed at all (`removed`), all, and those removed by canonical
        similarity to the nearest kept one.
        `lost`: clusters and documents of which nothing at 0.5 is kept. `left`: [pairs of one
        cluster at 0.85 or more that are both kept, all such pairs]. `kinds`: by kind of edit,
        copies removable by Jaccard (0.8), by containment (0.9), and neither, each [resolved, all].
    """
    gone = np.zeros(len(cases.ids), bool)
    gone[rows_of(cases, removed)] = True
    same = {form: pairs.best(~gone) for form, pairs in truth.items()}
    inside = {form: pairs.best(~gone, contained=True) for form, pairs in truth.items()}
    nearest = {form: np.maximum(same[form], inside[form]) for form in truth}
    either = np.maximum(nearest["raw"], nearest["canonical"])
    right = either >= threshold - TOLERANCE
    by_canonical = nearest["canonical"] >= threshold - TOLERANCE
    parts = (inside["canonical"] >= 0.9) & (same["canonical"] < 0.8)
    parts &= truth["canonical"].sizes >= PART
    negative = _negative(cases)
    return {
        "recall": {
            form: _recall(pairs, gone, same[form], ~negative) for form, pairs in truth.items()
        },
        "recall_all": {
            form: _recall(pairs, gone, same[form], np.ones_like(gone))
            for form, pairs in truth.items()
        },
        "parts": _share(gone, parts),
        "precision": {
            "either": _share(right, gone),
            "canonical": _share(by_canonical, gone),
        },
        "witnesses": _witnesses(cases, truth, gone, witness, threshold),
        "negatives": {
            "wrong": int(np.count_nonzero(negative & gone & ~right)),
            "removed": int(np.count_nonzero(negative & gone)),
            "all": int(np.count_nonzero(negative)),
            "by_similarity": _binned(same["canonical"][negative & gone]),
        },
        "lost": {
            "clusters": _lost_clusters(cases, gone, either >= LEAST),
            "documents": int(np.count_nonzero(gone & (either < LEAST))),
        },
        **_planted(cases, truth, gone),
    }


def _share(right: np.ndarray, of: np.ndarray) -> list[int]:
    return [int(np.count_nonzero(right & of)), int(np.count_nonzero(of))]


def _recall(
    pairs: Pairs, gone: np.ndarray, best: np.ndarray, of: np.ndarray
) -> dict[str, list[int]]:
    """Of two kept ones that are alike the one with fewer such fellows is missed, else the later."""
    alike = pairs.jaccard
    both = ~gone[pairs.a] & ~gone[pairs.b] & (alike >= 0.8)
    a, b, alike = pairs.a[both], pairs.b[both], alike[both]
    fellows = np.bincount(np.concatenate([a, b]), minlength=len(gone))
    missed = np.zeros(len(gone))
    np.maximum.at(missed, np.where(fellows[a] <= fellows[b], a, b), alike)
    counts = {}
    for low, high in ((0.9, 1.1), (0.8, 0.9)):
        hits = np.count_nonzero(gone & of & (best >= low) & (best < high))
        misses = np.count_nonzero(of & (missed >= low) & (missed < high))
        counts[f"{low}"] = [int(hits), int(hits + misses)]
    return counts


def _alike(truth: Truth, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Jaccard, share of the smaller one in the other) of pairs of rows, the best of both forms."""
    jaccard, inside = np.zeros(len(one)), np.zeros(len(one))
    for pairs in truth.values():
        common, sizes, others = pairs.between(one, other), pairs.sizes[one], pairs.sizes[other]
        jaccard = np.maximum(jaccard, common / np.maximum(1, sizes + others - common))
        inside = np.maximum(inside, common / np.maximum(1, np.minimum(sizes, others)))
    return jaccard, inside


def _witnesses(
    cases: Cases, truth: Truth, gone: np.ndarray, witness: Mapping[str, str], threshold: float
) -> list[int]:
    one, other = rows_of(cases, witness.keys()), rows_of(cases, witness.values())
    alike, inside = _alike(truth, one, other)
    smaller = np.logical_or.reduce([p.sizes[one] <= p.sizes[other] for p in truth.values()])
    alike = np.where(smaller, np.maximum(alike, inside), alike)
    right = ~gone[other] & (alike >= threshold - TOLERANCE)
    return [int(np.count_nonzero(right)), len(one)]


def _lost_clusters(cases: Cases, gone: np.ndarray, vouched: np.ndarray) -> int:
    """Clusters of which no member is kept, nor anything like one of them."""
    left: defaultdict[int, bool] = defaultdict(bool)
    rows = rows_of(cases, [row["id"] for row in cases.planted])
    for planted, row in zip(cases.planted, rows.tolist(), strict=True):
        if "cluster" in planted:
            left[planted["cluster"]] |= bool(not gone[row] or vouched[row])
    return sum(not any_left for any_left in left.values())


def _planted(cases: Cases, truth: Truth, gone: np.ndarray) -> dict[str, Any]:
    """Pairs of one cluster that are both left, and copies resolved by kind of edit."""
    n, cluster = len(gone), np.full(len(gone), -1, np.int64)
    members = [row for row in cases.planted if "cluster" in row]
    cluster[rows_of(cases, [row["id"] for row in members])] = [row["cluster"] for row in members]
    near = [
        (pairs.a.astype(np.int64) * n + pairs.b)[
            (cluster[pairs.a] >= 0)
            & (cluster[pairs.a] == cluster[pairs.b])
            & (pairs.jaccard >= 0.85)
        ]
        for pairs in truth.values()
    ]
    one, other = np.divmod(np.unique(np.concatenate(near)), n)

    copies = [row for row in members if "of" in row]
    made, source = (rows_of(cases, [row[field] for row in copies]) for field in ("id", "of"))
    jaccard, inside = _alike(truth, made, source)
    grades = np.where(jaccard >= 0.8, 0, np.where(inside >= 0.9, 1, 2))
    kinds: defaultdict[str, list[list[int]]] = defaultdict(lambda: [[0, 0], [0, 0], [0, 0]])
    resolved = (gone[made] | gone[source]).tolist()
    for row, grade, done in zip(copies, grades.tolist(), resolved, strict=True):
        edits = row["edits"]
        cell = kinds[edits[0][0] if len(edits) == 1 else "combined"][grade]
        cell[0] += done
        cell[1] += 1
    return {
        "left": [int(np.count_nonzero(~gone[one] & ~gone[other])), len(one)],
        "kinds": dict(sorted(kinds.items())),
    }
