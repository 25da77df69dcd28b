"""Morphemes of eojeol, by Kiwi: the boundaries that merges of the vocabulary may not cross.

Kiwi (0.06 ms an eojeol) sees each distinct eojeol once, alone, never the running text: 96.5 % of
words are split as in their sentence, for a third of the time on 60 MB and less on more. Only an
eojeol with a Hangul syllable is analysed; scripts, digits and spaces are bounds for SentencePiece
anyway.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenizer.count import COUNTS, merge_counts
from tokenizer.pool import Pool

HANGUL = re.compile("[가-힣]")
MAX_EOJEOL_CHARS = 64
SECONDS = 60.0
SLICE = 200_000  # eojeol held as Python strings at once

Cuts = tuple[int, ...]


def boundaries(spans: Iterable[tuple[int, int]]) -> Cuts:
    """Where to cut a word, from the (start, end) of its morphemes in characters.

    Contracted morphemes share a syllable (`했` is 하 + 었: spans 0-1 and 0-1; `에선` is 에서 + ㄴ:
    0-2 and 1-2): a place inside any morpheme's span is no boundary.
    """
    spans = list(spans)
    inside = {at for start, end in spans for at in range(start + 1, end)}
    return tuple(sorted({start for start, _ in spans} - inside - {0}))


def load_kiwi() -> Callable[[str], Cuts]:
    """The function from a word to its boundaries; takes seconds and about 550 MB."""
    from kiwipiepy import Kiwi

    # The model by name: the default may change with the version. One thread: processes do the rest.
    kiwi = Kiwi(num_workers=1, model_type="cong")
    return lambda word: boundaries((token.start, token.end) for token in kiwi.tokenize(word))


def split(
    eojeol: Sequence[str],
    workers: int = 1,
    max_chars: int = MAX_EOJEOL_CHARS,
    seconds: float = SECONDS,
) -> list[list[str]]:
    """The morphemes of each eojeol; joined they are the eojeol, its spaces before the first one.

    An eojeol longer than `max_chars` (spaces apart), without Hangul, or on which Kiwi fails or
    hangs (`seconds` a batch) is one morpheme. The result does not depend on `workers`.
    """
    with Pool(load_kiwi, workers, seconds) as pool:
        return _split(eojeol, pool, max_chars)[0]


def morpheme_counts(
    counts: pa.Table,
    workers: int = 1,
    max_chars: int = MAX_EOJEOL_CHARS,
    seconds: float = SECONDS,
) -> tuple[pa.Table, dict[str, int]]:
    """Counts of morpheme strings from counts of eojeol (count.COUNTS; so is the result).

    Also {"analysed": distinct words given to Kiwi, "failed": of those, kept whole,
    "too_long": eojeol over `max_chars`}.
    """
    numbers = {"analysed": 0, "failed": 0, "too_long": 0}

    def tables() -> Iterator[pa.Table]:
        # sorted without the spaces, so that `학교` and ` 학교` meet and are analysed once
        order = pc.sort_indices(pc.utf8_ltrim(counts["eojeol"], " "))
        with Pool(load_kiwi, workers, seconds) as pool:
            for at in range(0, len(order), SLICE):
                part = counts.take(order[at : at + SLICE])
                morphemes, found = _split(part["eojeol"].to_pylist(), pool, max_chars)
                for name, number in found.items():
                    numbers[name] += number
                times = np.repeat(part["count"].to_numpy(), [len(parts) for parts in morphemes])
                flat = [morpheme for parts in morphemes for morpheme in parts]
                yield pa.table([flat, times], schema=COUNTS)

    return merge_counts(tables()), numbers


def _split(
    eojeol: Sequence[str], pool: Pool[Cuts], max_chars: int
) -> tuple[list[list[str]], dict[str, int]]:
    stripped = [text.lstrip(" ") for text in eojeol]
    too_long = sum(len(word) > max_chars for word in stripped)
    words = [
        word for word in dict.fromkeys(stripped) if len(word) <= max_chars and HANGUL.search(word)
    ]
    cuts = dict(zip(words, pool.map(words), strict=True))
    failed = sum(found is None for found in cuts.values())
    morphemes = [
        _parts(text, len(text) - len(word), cuts.get(word) or ())
        for text, word in zip(eojeol, stripped, strict=True)
    ]
    return morphemes, {"analysed": len(words), "failed": failed, "too_long": too_long}


def _parts(eojeol: str, spaces: int, cuts: Cuts) -> list[str]:
    bounds = [0, *(spaces + cut for cut in cuts), len(eojeol)]
    return [eojeol[start:end] for start, end in pairwise(bounds)]
