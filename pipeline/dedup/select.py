"""Selection: which copies are kept, and the kept witness of every one that is not."""

import numpy as np

from pipeline.dedup.records import CLUSTER, REMOVAL, best_first
from pipeline.kernels.components import keep_greedily


def select(edges: np.ndarray, keys: np.ndarray, threshold: float) -> np.ndarray:
    """`REMOVAL` records, sorted by document, for whole components of verified `edges` (`EDGE`).

    Documents are asked best first (`best_first` of `keys`, `KEY`, one or more for each document of
    `edges`); one goes only if a kept one is at `threshold` or above, so the ends of a chain stay
    and no component loses all. The witness is the most similar kept document, the better by key of
    two. The order of `edges` and `keys` has no say.
    """
    keys = keys[best_first(keys)]
    _, firsts = np.unique(keys["document"], return_index=True)
    keys = keys[np.sort(firsts)]
    by_document = np.argsort(keys["document"])
    documents = keys["document"][by_document]
    edges = edges[(edges["similarity"] >= threshold) & (edges["a"] != edges["b"])]
    a, b = (by_document[np.searchsorted(documents, edges[field])] for field in ("a", "b"))
    better, worse = np.minimum(a, b), np.maximum(a, b)
    order = np.argsort(worse, kind="stable")
    kept = keep_greedily(better[order], worse[order], len(keys))

    from_, to = np.concatenate([a, b]), np.concatenate([b, a])
    similarity = np.concatenate([edges["similarity"], edges["similarity"]])
    vouches = ~kept[from_] & kept[to]
    from_, to, similarity = from_[vouches], to[vouches], similarity[vouches]
    order = np.lexsort((to, -similarity, from_))
    _, nearest = np.unique(from_[order], return_index=True)
    chosen = order[nearest]
    removals = np.zeros(len(chosen), REMOVAL)
    removals["document"] = keys["document"][from_[chosen]]
    removals["witness"] = keys["document"][to[chosen]]
    removals["similarity"] = similarity[chosen]
    return removals[np.argsort(removals["document"])]


def with_copies(removals: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """`removals` and those of the exact `copies` (`COPY`), sorted by document.

    A copy whose winner is kept is an exact removal of similarity 1; where the winner was removed
    itself, its witness and their similarity are the copy's too. `removals` are sorted by document
    and hold every removed winner of `copies`.
    """
    losers = np.zeros(len(copies), REMOVAL)
    losers["document"], losers["witness"] = copies["document"], copies["winner"]
    losers["similarity"], losers["exact"] = 1, True
    if len(removals):
        places = np.minimum(
            np.searchsorted(removals["document"], copies["winner"]), len(removals) - 1
        )
        gone = removals["document"][places] == copies["winner"]
        for field in ("witness", "similarity", "exact"):
            losers[field][gone] = removals[field][places[gone]]
    both = np.concatenate([removals, losers])
    return both[np.argsort(both["document"])]


def cluster_sizes(witnesses: np.ndarray) -> np.ndarray:
    """`CLUSTER` records, sorted, from the witness (uint64) of every removal: 1 + its removals."""
    witnesses, counts = np.unique(witnesses, return_counts=True)
    clusters = np.empty(len(witnesses), CLUSTER)
    clusters["document"], clusters["size"] = witnesses, counts + 1
    return clusters
