"""Connected components by union-find, and the greedy choice of what is kept in them."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]  # path halving
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def components(a: np.ndarray, b: np.ndarray, nodes: int) -> np.ndarray:
    """int64 (nodes,): the smallest node of each node's component, edges being (a[i], b[i])."""
    parent = np.arange(nodes)
    for i in range(len(a)):
        x, y = _root(parent, a[i]), _root(parent, b[i])
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y
    for node in range(nodes):
        parent[node] = _root(parent, node)
    return parent


@njit(cache=True, nogil=True)
def keep_greedily(better: np.ndarray, worse: np.ndarray, nodes: int) -> np.ndarray:
    """bool (nodes,): node 0 is kept, and each next one unless it has an edge to a kept one before.

    Edge i says that `worse[i]` can go if `better[i] < worse[i]` stays; edges are sorted by `worse`,
    so that what comes before a node is decided when the node is.
    """
    kept = np.ones(nodes, np.bool_)
    for i in range(len(better)):
        if kept[better[i]]:
            kept[worse[i]] = False
    return kept
