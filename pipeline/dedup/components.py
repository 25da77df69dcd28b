"""Components of the graph of verified pairs, in forests small enough for one worker.

Selection needs a component whole. Each worker reduces its own edges to a forest of stars, one edge
for each document but one of a component; forests are merged by the same function.
"""

import numpy as np

from pipeline.dedup.records import PAIR
from pipeline.kernels.components import components


def forest(edges: np.ndarray) -> np.ndarray:
    """`PAIR` records (root, document) for every document in `edges` (fields a, b), sorted by b.

    The root is the smallest document of its component, itself included. Works on edges, on forests
    and on several of either together; the result depends on the components alone.
    """
    documents = np.unique(np.concatenate([edges["a"], edges["b"]]))
    a, b = (np.searchsorted(documents, edges[field]) for field in ("a", "b"))
    stars = np.empty(len(documents), PAIR)
    stars["a"], stars["b"] = documents[components(a, b, len(documents))], documents
    return stars


def roots_of(documents: np.ndarray, stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of `documents` are in the forest `stars` (bool), and the roots of those (uint64)."""
    if len(stars) == 0:
        return np.zeros(len(documents), bool), documents
    places = np.minimum(np.searchsorted(stars["b"], documents), len(stars) - 1)
    return stars["b"][places] == documents, stars["a"][places]
