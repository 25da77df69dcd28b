"""The spam lexicon as a trie of code points in flat arrays, walkable from numba."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

SPAM_TERMS = Path(__file__).parent.parent / "filters" / "spam.txt"


PAIRS = 0x10000


class Trie(NamedTuple):
    pairs: npt.NDArray[
        np.bool_
    ]  # [PAIRS] whether a term may start with two code points, by `pair_slot`
    first: npt.NDArray[np.int32]  # [nodes + 1] where the edges of a node begin; node 0 is the root
    label: npt.NDArray[np.uint32]  # [edges] code point of an edge
    child: npt.NDArray[np.int32]  # [edges] node it leads to
    final: npt.NDArray[np.bool_]  # [nodes] whether a term ends here


def spam_terms() -> list[str]:
    """The terms of spam.txt, sorted."""
    lines = SPAM_TERMS.read_text(encoding="utf-8").splitlines()
    return sorted({line.strip() for line in lines if line.strip() and not line.startswith("#")})


@nb.njit(inline="always")
def pair_slot(first: int, second: int) -> int:
    """Where `Trie.pairs` says whether a term may start with these code points."""
    return (first * 31 + second) & (PAIRS - 1)


@lru_cache(maxsize=1)
def spam_trie() -> Trie:
    """The trie of `spam_terms`."""
    return build(spam_terms())


def build(terms: list[str]) -> Trie:
    """A trie of `terms`, each of two characters or more."""
    pairs = np.zeros(PAIRS, np.bool_)
    pairs[[pair_slot(ord(term[0]), ord(term[1])) for term in terms]] = True
    nodes: list[dict[str, int]] = [{}]
    final = [False]
    for term in terms:
        node = 0
        for char in term:
            if char not in nodes[node]:
                nodes[node][char] = len(nodes)
                nodes.append({})
                final.append(False)
            node = nodes[node][char]
        final[node] = True
    first = np.cumsum([0, *(len(edges) for edges in nodes)], dtype=np.int32)
    edges = [(ord(char), node) for node_edges in nodes for char, node in node_edges.items()]
    return Trie(
        pairs,
        first,
        np.array([label for label, _ in edges], np.uint32),
        np.array([node for _, node in edges], np.int32),
        np.array(final, np.bool_),
    )
