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
    counts, which is that of its copies. The order of `edges` and `keys` has no say.
    """
    keys = keys[best_first(keys)]
    _, firsts = np.unique(keys["document"], return_index=True)
    keys = keys[np.sort(firsts)]
    by_document = np.argsort(keys["document"])
    documents = keys["document"][by_document]
    edges = edges[edges["a"] != edges["b"]]
    a, b = (by_document[np.searchsorted(documents, edges[field])] for field in ("a", "b"))

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
