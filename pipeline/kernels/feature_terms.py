"""Web addresses and spam terms in one eojeol."""

import numba as nb
import numpy as np
import numpy.typing as npt

from pipeline.kernels.feature_layout import ADDRESS, ADDRESSES, SPAM, TERMS, Bytes, Counts, Tables
from pipeline.kernels.lexicon import Trie, pair_slot
from pipeline.kernels.utf8 import code_point

SHORTEST = 8  # bytes of an address


@nb.njit(cache=True, nogil=True)
def _url_end(data: Bytes, at: int, stop: int, url: npt.NDArray[np.bool_]) -> int:
    """Where the address that starts at byte `at` ends, or `at` if none starts.

    There must be `SHORTEST` bytes before `stop`.
    """
    h, t, p, s, w, colon, slash, dot = 104, 116, 112, 115, 119, 58, 47, 46
    if data[at] == h and data[at + 1] == t and data[at + 2] == t and data[at + 3] == p:
        scheme = at + 4 + (data[at + 4] == s)
        if not (data[scheme] == colon and data[scheme + 1] == slash and data[scheme + 2] == slash):
            return at
    elif not (data[at] == w and data[at + 1] == w and data[at + 2] == w and data[at + 3] == dot):
        return at
    while at < stop and url[data[at]]:
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def _term_end(data: Bytes, at: int, stop: int, trie: Trie) -> tuple[int, int]:
    """(end, characters) of the longest spam term that starts at byte `at`; (at, 0) if none does."""
    best, best_chars, chars, node = at, 0, 0, 0
    while at < stop:
        code, width = code_point(data, at)
        following = 0
        for edge in range(trie.first[node], trie.first[node + 1]):
            if trie.label[edge] == code:
                following = trie.child[edge]
                break
        if following == 0:
            break
        node = following
        at += width
        chars += 1
        if trie.final[node]:
            best, best_chars = at, chars
    return best, best_chars


@nb.njit(cache=True, nogil=True)
def count_terms(data: Bytes, spans: Counts, tables: Tables, trie: Trie, tally: Counts) -> None:
    """Add the characters of addresses and of spam terms in the eojeol at `spans`, int64[m, 2].

    From left to right, none within another. The first spam term of a document counts nothing.
    """
    classes, pairs, url = tables.classes, trie.pairs, tables.url
    for i in range(len(spans)):
        at, stop = spans[i, 0], spans[i, 1]
        last, last_at = 0, at
        while at < stop:
            code, width = code_point(data, at)
            if code < 0x80 and classes[code] & ADDRESS and at + SHORTEST <= stop:
                second = data[at + 1]
                if second == 116 or second == 119:  # http, www
                    after = _url_end(data, at, stop, url)
                    if after > at:
                        tally[ADDRESSES] += after - at
                        last, at = 0, after
                        continue
            if last and pairs[pair_slot(last, code)]:
                after, chars = _term_end(data, last_at, stop, trie)
                if chars:
                    tally[TERMS] += 1
                    tally[SPAM] += chars if tally[TERMS] > 1 else 0
                    last, at = 0, after
                    continue
            last, last_at = code, at
            at += width
