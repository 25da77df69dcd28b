"""Morphemes of Universal Dependencies treebanks, and how a tokenizer's bounds agree with them.

A treebank's word counts where its morphemes, put together, spell it: a contracted form has no bound
between them. CoNLL-U (universaldependencies.org/format.html): column 2 is the word, column 3 its
lemma, which the Korean treebanks write as morphemes with `+` between them.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple


class Word(NamedTuple):
    """A word, and its morpheme bounds as offsets in bytes of UTF-8."""

    form: str
    bounds: frozenset[int]


class Agreement(NamedTuple):
    """Of token bounds inside words with morpheme bounds."""

    precision: float
    recall: float
    f1: float
    exact: float  # share of words split just so


def read_gold(paths: Iterable[Path]) -> list[Word]:
    """The words of treebanks whose morphemes spell them."""
    found = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            columns = line.split("\t")
            if len(columns) != 10 or not columns[0].isdigit():
                continue
            form, morphemes = columns[1], [part for part in columns[2].split("+") if part]
            if "".join(morphemes) == form:
                found.append(Word(form, frozenset(inner_bounds(morphemes))))
    return found


def inner_bounds(parts: Sequence[str]) -> list[int]:
    """Where parts of a word meet, in bytes."""
    return list(accumulate(len(part.encode()) for part in parts))[:-1]


def agreement(words: Sequence[Word], bounds_of: Callable[[str], Sequence[int]]) -> Agreement:
    """`bounds_of` gives the token bounds inside a word, in bytes, when a space stands before it."""
    hits = told = true = exact = 0
    cache: dict[str, frozenset[int]] = {}
    for word in words:
        if word.form not in cache:
            cache[word.form] = frozenset(bounds_of(word.form))
        got = cache[word.form]
        hits += len(got & word.bounds)
        told += len(got)
        true += len(word.bounds)
        exact += got == word.bounds
    precision, recall = hits / max(told, 1), hits / max(true, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return Agreement(precision, recall, f1, exact / max(len(words), 1))


def parts(text: str, bounds: Sequence[int]) -> list[str]:
    """A text cut at bounds in bytes, to be shown."""
    data = text.encode()
    return [data[a:b].decode(errors="replace") for a, b in pairwise([0, *bounds, len(data)])]
