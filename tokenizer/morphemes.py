"""Morphemes of eojeol, by Kiwi: the boundaries that merges of the vocabulary may not cross.

Kiwi (0.06 ms an eojeol) sees each distinct eojeol once, alone, never the running text: 96.5 % of
words are split as in their sentence, for a third of the time on 60 MB and less on more. Only an
eojeol with a Hangul syllable is analysed; scripts, digits and spaces are bounds for SentencePiece
anyway.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenizer.analyses import Analyses, Cuts
from tokenizer.config import Boundaries
from tokenizer.count import COUNTS, merge_counts
from tokenizer.pool import Pool

HANGUL = re.compile("[가-힣]")
MAX_EOJEOL_CHARS = 64
SECONDS = 60.0
SLICE = 200_000  # eojeol held as Python strings at once

AFTER_GRAMMAR, BEFORE_GRAMMAR = 1, 2
"""Flags of a cut: a particle, ending or copula ends there; one begins there."""
_GRAMMAR = ("J", "E", "VCP")  # Sejong tags: particles, endings, the positive copula

Morpheme = tuple[int, int, str]
"""(start, end, tag) of a morpheme in its word, in characters."""


def boundaries(morphemes: Iterable[Morpheme]) -> Cuts:
    """Where a word can be cut: little-endian uint32s, 4 x offset in characters + flags.

    Contracted morphemes share a syllable (`했` is 하 + 었: spans 0-1 and 0-1; `에선` is 에서 + ㄴ:
    0-2 and 1-2): a place inside any morpheme's span is no boundary.
    """
    found = list(morphemes)
    inside = {at for start, end, _ in found for at in range(start + 1, end)}
    grammar = [(start, end) for start, end, tag in found if tag.startswith(_GRAMMAR)]
    before, after = {start for start, _ in grammar}, {end for _, end in grammar}
    return array(
        "I",
        [
            at << 2 | (at in after) * AFTER_GRAMMAR | (at in before) * BEFORE_GRAMMAR
            for at in sorted({start for start, _, _ in found} - inside - {0})
        ],
    ).tobytes()


def places(cuts: Cuts, which: Boundaries = "all") -> list[int]:
    """The offsets of those cuts that a set of boundaries asks for."""
    found = array("I", cuts)
    if which == "grammar":
        return [cut >> 2 for cut in found if cut & BEFORE_GRAMMAR]
    if which == "runs":
        both = AFTER_GRAMMAR | BEFORE_GRAMMAR
        return [cut >> 2 for cut in found if cut & both != both]
    return [cut >> 2 for cut in found]


def load_kiwi() -> Callable[[str], Cuts]:
    """The function from a word to its cuts; takes seconds and about 550 MB."""
    from kiwipiepy import Kiwi

    # The model by name: the default may change with the version. One thread: processes do the rest.
    kiwi = Kiwi(num_workers=1, model_type="cong")
    return lambda word: boundaries(
        (token.start, token.end, token.tag) for token in kiwi.tokenize(word)
    )


def split(
    eojeol: Sequence[str],
    workers: int = 1,
    max_chars: int = MAX_EOJEOL_CHARS,
    seconds: float = SECONDS,
    which: Boundaries = "all",
    analyses: Analyses | None = None,
) -> list[list[str]]:
    """The morphemes of each eojeol; joined they are the eojeol, its spaces before the first one.

    An eojeol longer than `max_chars` (spaces apart), without Hangul, or on which Kiwi fails or
    hangs (`seconds` a batch) is one morpheme. The result does not depend on `workers`, nor on what
    `analyses` holds, which saves work and learns the words it lacks.
    """
    analyses = Analyses() if analyses is None else analyses
    words = [text.lstrip(" ") for text in eojeol]
    known = analyses.find(pa.chunked_array([words], pa.string())).to_pylist()
    with Pool(load_kiwi, workers, seconds) as pool:
        cuts = _analysed(words, known, pool, max_chars, analyses)[0]
    return [
        _parts(text, len(text) - len(word), cuts.get(word) or b"", which)
        for text, word in zip(eojeol, words, strict=True)
    ]


def morpheme_counts(
    counts: pa.Table,
    workers: int = 1,
    max_chars: int = MAX_EOJEOL_CHARS,
    seconds: float = SECONDS,
    which: Boundaries = "all",
    analyses: Analyses | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[pa.Table, dict[str, int]]:
    """Counts of morpheme strings from counts of eojeol (count.COUNTS; so is the result).

    Words that `analyses` holds are not analysed again; it learns the others. Also {"analysed":
    distinct words with boundaries of Kiwi's, "remembered": those of them that `analyses` held,
    "failed": words kept whole, "too_long": eojeol over `max_chars`}. `told` gets how many eojeol of
    how many are done, from time to time.
    """
    analyses = Analyses() if analyses is None else analyses
    numbers = {"analysed": 0, "remembered": 0, "failed": 0, "too_long": 0}

    def tables() -> Iterator[pa.Table]:
        # sorted without the spaces, so that `학교` and ` 학교` meet and are analysed once
        order = pc.sort_indices(pc.utf8_ltrim(counts["eojeol"], " "))
        ordered = counts.take(order)
        words = pc.utf8_ltrim(ordered["eojeol"], " ")
        known = analyses.find(words)
        with Pool(load_kiwi, workers, seconds) as pool:
            for at in range(0, len(order), SLICE):
                told(at, len(order))
                part = ordered.slice(at, SLICE)
                stripped = words.slice(at, SLICE).to_pylist()
                cuts, found = _analysed(
                    stripped, known.slice(at, SLICE).to_pylist(), pool, max_chars, analyses
                )
                for name, number in found.items():
                    numbers[name] += number
                morphemes = [
                    _parts(text, len(text) - len(word), cuts.get(word) or b"", which)
                    for text, word in zip(part["eojeol"].to_pylist(), stripped, strict=True)
                ]
                times = np.repeat(part["count"].to_numpy(), [len(parts) for parts in morphemes])
                flat = [morpheme for parts in morphemes for morpheme in parts]
                yield pa.table([flat, times], schema=COUNTS)

    return merge_counts(tables()), numbers


def _analysed(
    words: Sequence[str],
    known: Sequence[Cuts | None],
    pool: Pool[Cuts],
    max_chars: int,
    analyses: Analyses | None = None,
) -> tuple[dict[str, Cuts | None], dict[str, int]]:
    """The cuts of words (None: Kiwi failed), and how many they were."""
    cuts: dict[str, Cuts | None] = {
        word: found
        for word, found in zip(words, known, strict=True)
        if len(word) <= max_chars and HANGUL.search(word)
    }
    new = [word for word, found in cuts.items() if found is None]
    made = pool.map(new)
    cuts.update(zip(new, made, strict=True))
    if analyses is not None:
        analyses.add(new, made)
    return cuts, {
        "analysed": len(cuts),
        "remembered": len(cuts) - len(new),
        "failed": sum(found is None for found in made),
        "too_long": sum(len(word) > max_chars for word in words),
    }


def _parts(eojeol: str, spaces: int, cuts: Cuts, which: Boundaries) -> list[str]:
    bounds = [0, *(spaces + cut for cut in places(cuts, which)), len(eojeol)]
    return [eojeol[start:end] for start, end in pairwise(bounds)]
