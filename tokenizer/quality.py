"""How well a vocabulary fits text: compression, fertility, morphology, use of its entries.

Figures are ratios of sums over texts (`Tally`), so those of several sources add up. Rényi
efficiency is that of Zouhar et al. 2023 (Tokenization and the Noiseless Channel, arXiv 2306.16842).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from tokenizer.count import count_eojeol
from tokenizer.encode import Encoder
from tokenizer.model import BYTE, pieces
from tokenizer.morphemes import HANGUL
from tokenizer.vocabulary import byte_lengths

ALPHA = 2.5
"""Order of Rényi's entropy, at which the authors found it to agree best with translation."""

Split = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""The morphemes of each eojeol; joined they are the eojeol."""


@dataclass(frozen=True)
class Tally:
    """What is summed over texts. `used`: int64[entries], times each id was used."""

    bytes: int
    characters: int
    used: np.ndarray
    eojeol: int
    tokens_of_eojeol: int
    tokens_of_hangul: int  # of eojeol with a Hangul syllable: the others have no morphemes
    crossing: int  # of those

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: value + vars(other)[name] for name, value in vars(self).items()})

    def figures(self, fragments: np.ndarray) -> dict[str, float]:
        """All figures; `fragments`: bool[entries], those that are no whole characters.

        bytes, tokens; bytes_per_token, characters_per_token; tokens_per_eojeol (fertility);
        crossing, the share of tokens with a morpheme boundary inside; renyi, the efficiency;
        byte_fallback, the share of tokens that are part of a character.
        """
        tokens = int(self.used.sum())
        return {
            "bytes": self.bytes,
            "tokens": tokens,
            "bytes_per_token": _ratio(self.bytes, tokens),
            "characters_per_token": _ratio(self.characters, tokens),
            "tokens_per_eojeol": _ratio(self.tokens_of_eojeol, self.eojeol),
            "crossing": _ratio(self.crossing, self.tokens_of_hangul),
            "renyi": round(renyi_efficiency(self.used), 4),
            "byte_fallback": _ratio(int(self.used[fragments].sum()), tokens),
        }


def quality(
    model: bytes, texts: Mapping[str, Sequence[str]], mask_kinds: Sequence[str], split: Split
) -> dict[str, Any]:
    """{"all": figures of `Tally.figures`, "sources": the same of each source that has texts}.

    `split` is asked once, for the distinct eojeol of all sources.
    """
    encoder, sizes = Encoder(model), byte_lengths(model)
    fragments = byte_fragments(model)
    arrays = {source: pa.array(some, pa.string()) for source, some in texts.items() if some}
    counts = {source: count_eojeol(array, mask_kinds) for source, array in arrays.items()}
    eojeol = sorted({one for table in counts.values() for one in table["eojeol"].to_pylist()})
    morphemes = dict(zip(eojeol, split(eojeol), strict=True))
    tallies = {}
    for source, array in arrays.items():
        table = counts[source]
        ids, lengths = encoder.encode_batch(table["eojeol"].combine_chunks())
        strings, times = table["eojeol"].to_pylist(), table["count"].to_numpy()
        tallies[source] = tally(
            texts[source],
            np.bincount(encoder.encode_batch(array)[0], minlength=encoder.vocab_size),
            [morphemes[one] for one in strings],
            times,
            sizes[ids],
            lengths,
        )
    total = sum(list(tallies.values())[1:], next(iter(tallies.values()))) if tallies else None
    return {
        "all": total.figures(fragments) if total else None,
        "sources": {source: found.figures(fragments) for source, found in tallies.items()},
    }


def tally(
    texts: Sequence[str],
    used: np.ndarray,
    morphemes: Sequence[Sequence[str]],
    times: np.ndarray,
    token_bytes: np.ndarray,
    lengths: np.ndarray,
) -> Tally:
    """The sums of some texts.

    `used`: int64[entries], of the texts. Of their distinct eojeol: `morphemes`, `times` int64[n]
    that each stands there, `token_bytes` int[tokens] back to back, `lengths` int[n] in tokens.
    """
    per_token = np.repeat(times, lengths)
    hangul = np.array([bool(HANGUL.search("".join(parts))) for parts in morphemes], bool)
    weighed = per_token * np.repeat(hangul, lengths)
    flat = [len(part.encode()) for parts in morphemes for part in parts]
    crossed = crossing(token_bytes, np.array(list(accumulate(flat)), np.int64))
    return Tally(
        bytes=sum(len(text.encode()) for text in texts),
        characters=sum(map(len, texts)),
        used=used.astype(np.int64),
        eojeol=int(times.sum()),
        tokens_of_eojeol=int(per_token.sum()),
        tokens_of_hangul=int(weighed.sum()),
        crossing=int(weighed[crossed].sum()),
    )


def crossing(token_bytes: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """bool[tokens]: which tokens, back to back, have a bound strictly inside.

    `token_bytes`: int[tokens], the length of each. `bounds`: int64, ascending, in the same bytes.
    """
    ends = np.cumsum(token_bytes, dtype=np.int64)
    starts = ends - token_bytes
    return np.searchsorted(bounds, ends, "left") > np.searchsorted(bounds, starts, "right")


def renyi_efficiency(used: np.ndarray, alpha: float = ALPHA) -> float:
    """Rényi entropy of the tokens by that of equal use of all entries: 0 to 1, 0 without tokens.

    `used`: int[entries], times each was used; `alpha` is not 1.
    """
    shares = used[used > 0] / max(int(used.sum()), 1)
    if len(shares) < 2:
        return 0.0
    return float(np.log((shares**alpha).sum()) / (1 - alpha) / np.log(len(used)))


def byte_fragments(model: bytes) -> np.ndarray:
    """bool[vocab]: the byte tokens that spell a character with others.

    Bytes of ASCII are whole characters: a newline or a tab is one token by design.
    """
    return np.array([piece.kind == BYTE and piece.text >= "<0x80>" for piece in pieces(model)])


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
