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
    hints: npt.NDArray[np.bool_]  # [PAIRS] whether two code points may lie in a term; see `build`
    pairs: npt.NDArray[np.bool_]  # [PAIRS] whether a term may start with them; by `pair_slot`
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
    """Where `Trie.hints` and `Trie.pairs` speak of two code points."""
    return (first * 31 + second) & (PAIRS - 1)


@lru_cache(maxsize=1)
def spam_trie() -> Trie:
    """The trie of `spam_terms`."""
    return build(spam_terms())


def build(terms: list[str]) -> Trie:
    """A trie of `terms`, each of two characters or more, none of them white space.

    The hint at a Korean term is its second and third character: across the seam of a compound they
    are much rarer than its first part, which is an everyday word (여성 in 여성알바).
    """
    hints, pairs = np.zeros(PAIRS, np.bool_), np.zeros(PAIRS, np.bool_)
    for term in terms:
        at = 0 if len(term) == 2 or term.isascii() else 1
        hints[pair_slot(ord(term[at]), ord(term[at + 1]))] = True
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
        hints,
        pairs,
        first,
        np.array([label for label, _ in edges], np.uint32),
        np.array([node for _, node in edges], np.int32),
        np.array(final, np.bool_),
    )
