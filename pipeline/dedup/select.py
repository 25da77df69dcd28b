"""Selection: which copies are kept, and the kept witness of every one that is not."""

import numpy as np

from pipeline.dedup.records import (
    CONTAINED,
    EXACT,
    NEAR,
    REMOVAL,
    SETTLED,
    WITNESS,
    best_first,
)
from pipeline.kernels.components import keep_greedily
from pipeline.settings import Dedup


def select(edges: np.ndarray, keys: np.ndarray, settings: Dedup) -> np.ndarray:
    """`REMOVAL` records, sorted by document, for whole components of verified `edges` (`EDGE`).

    Documents are asked best first (`best_first` of `keys`, `KEY`, one or more for each document of
    `edges`); one goes only if a kept one before it is at `settings.threshold` or holds
    `settings.containment` of it, so the ends of a chain stay and no component loses all. The
    witness is the most similar kept document, the better by key of two; one that merely holds it
    counts after those that are like it. Of a `copied` document the likeness of its letters alone
    counts, which is that of its copies; where it stays for that, the one before it gives way if no
    removed document needs it. The order of `edges` and `keys` has no say.
    """
    keys = keys[best_first(keys)]
    _, firsts = np.unique(keys["document"], return_index=True)
    keys = keys[np.sort(firsts)]
    by_document = np.argsort(keys["document"])
    documents = keys["document"][by_document]
    edges = edges[edges["a"] != edges["b"]]
    a, b = (by_document[np.searchsorted(documents, edges[field])] for field in ("a", "b"))

    _, once = np.unique(np.minimum(a, b) * len(keys) + np.maximum(a, b), return_index=True)
    edges, a, b = edges[once], a[once], b[once]

    # Every edge both ways: `goes` could go for `stays`.
    goes, stays = np.concatenate([a, b]), np.concatenate([b, a])
    letters, written = np.tile(edges["letters"], 2), np.tile(edges["written"], 2)
    jaccard = np.where(keys["copied"][goes], letters, np.maximum(letters, written))
    share = np.concatenate([edges["a_in_b"], edges["b_in_a"]])
    near = jaccard >= settings.threshold
    valid = near | (share >= settings.containment)
    valid &= keys["priority"][goes] != SETTLED
    goes, stays, near = goes[valid], stays[valid], near[valid]
    similarity = np.where(near, jaccard[valid], share[valid])

    before = np.flatnonzero(stays < goes)
    before = before[np.argsort(goes[before], kind="stable")]
    kept = keep_greedily(stays[before], goes[before], len(keys))
    _give_way(kept, goes, stays, near & (keys["priority"][goes] <= keys["priority"][stays]))

    vouches = ~kept[goes] & kept[stays]
    goes, stays, near, similarity = (array[vouches] for array in (goes, stays, near, similarity))
    order = np.lexsort((stays, -similarity, ~near, goes))
    _, nearest = np.unique(goes[order], return_index=True)
    chosen = order[nearest]
    removals = np.zeros(len(chosen), REMOVAL)
    removals["document"] = keys["document"][goes[chosen]]
    removals["witness"] = keys["document"][stays[chosen]]
    removals["similarity"] = similarity[chosen]
    removals["rule"] = np.where(near[chosen], NEAR, CONTAINED)
    return removals[np.argsort(removals["document"])]


def _give_way(kept: np.ndarray, goes: np.ndarray, stays: np.ndarray, near: np.ndarray) -> None:
    """Take from `kept` what could go (edges `near`) for a kept one after it, the worst first.

    None goes that is the only kept one for which a removed document could go.
    """
    vouchers = np.bincount(goes[kept[stays]], minlength=len(kept))
    by_stays, by_goes = np.argsort(stays, kind="stable"), np.argsort(goes, kind="stable")

    def edges_of(node: int, ends: np.ndarray, order: np.ndarray) -> np.ndarray:
        first, last = np.searchsorted(ends, [node, node + 1], sorter=order)
        return order[first:last]

    for node in np.unique(goes[near & kept[goes] & kept[stays]])[::-1].tolist():
        own = edges_of(node, goes, by_goes)
        others = goes[edges_of(node, stays, by_stays)]
        needed = (vouchers[others] == 1) & ~kept[others]
        if (near[own] & kept[stays[own]]).any() and not needed.any():
            kept[node] = False
            vouchers[others] -= 1


def with_copies(removals: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """`removals` and those of the exact `copies` (`COPY`), sorted by document.

    A copy whose winner is kept is an exact removal of similarity 1; where the winner was removed
    itself, its witness, their similarity and the rule are the copy's too. `removals` are sorted by
    document and hold every removed winner of `copies`.
    """
    losers = np.zeros(len(copies), REMOVAL)
    losers["document"], losers["witness"] = copies["document"], copies["winner"]
    losers["similarity"], losers["rule"] = 1, EXACT
    if len(removals):
        places = np.minimum(
            np.searchsorted(removals["document"], copies["winner"]), len(removals) - 1
        )
        gone = removals["document"][places] == copies["winner"]
        for field in ("witness", "similarity", "rule"):
            losers[field][gone] = removals[field][places[gone]]
    both = np.concatenate([removals, losers])
    return both[np.argsort(both["document"])]


def summed(witnesses: np.ndarray) -> np.ndarray:
    """`WITNESS` records, one a document, sorted: their counts added up."""
    documents, inverse = np.unique(witnesses["document"], return_inverse=True)
    sums = np.zeros(len(documents), WITNESS)
    sums["document"] = documents
    np.add.at(sums["count"], inverse, witnesses["count"])
    return sums
