"""What can be chosen about a tokenizer. The descriptions are the user's documentation."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SMALLEST = 512  # entries: 4 special, 256 bytes, a few characters and merges

Boundaries = Literal["all", "grammar", "runs"]
"""Which boundaries between morphemes count: all, those before a particle, an ending or a copula,
or all but those inside a run of such."""


class TokenizerConfig(BaseModel):
    """Typed, unchangeable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocab_size: int = Field(
        30_003,
        ge=SMALLEST,
        le=1_000_000,
        description="entries in all: special tokens, 256 bytes, characters, merges, mask tokens; "
        "30,003 is Polyglot-Ko's. From 65,500 a token takes 4 bytes on disk instead of 2",
    )
    morphemes: bool = Field(
        True,
        description="merges never cross a morpheme boundary (Kiwi, on distinct eojeol); "
        "false: plain BPE, 11 to 12 % fewer tokens, half the agreement with morphemes",
    )
    boundaries: Boundaries = Field(
        "all",
        description="with morphemes: all; grammar: only before a particle, an ending or a copula; "
        "runs: particles and endings that follow each other stay together",
    )
    unsplit_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="with morphemes: share of the counts that whole eojeol have beside the "
        "morphemes; more gives fewer tokens, which cross more boundaries",
    )
    split_digits: bool = Field(
        True, description="each digit is a token of its own; false: runs of digits may merge"
    )
    minimum_count: int = Field(1, ge=1, description="an eojeol seen less often is left out")
    maximum_count: int | None = Field(
        None, ge=1, description="an eojeol seen more often counts no more than this; null: no cap"
    )
    weights: dict[str, Annotated[int, Field(ge=0)]] = Field(
        {},
        description="times an eojeol of a source is counted, by the source's name; 1 where it is "
        "not named, 0 leaves the source out",
    )
    minimum_share: float = Field(
        1e-8,
        ge=0,
        lt=1,
        description="an eojeol that is a smaller share of all eojeol is left out; "
        "it bounds the work for Kiwi on large corpora and does nothing under 100 million eojeol",
    )
    character_coverage: float = Field(
        0.9995,
        gt=0,
        le=1,
        description="characters that make up this share of the text get an entry of their own "
        "(at most two fifths of the vocabulary); the rest is spelled in bytes",
    )
    max_eojeol_chars: int = Field(
        64,
        ge=1,
        le=255,
        description="a longer eojeol (a URL, a run without spaces) is not analysed",
    )
    kiwi_seconds: float = Field(
        60.0,
        gt=0,
        description="time for Kiwi on a batch of 256 eojeol, usually 0.02; "
        "the eojeol that hangs it is kept whole and counted",
    )

    def least_count(self, total: int) -> int:
        """The count from which an eojeol is used, in a corpus of `total` eojeol."""
        return max(self.minimum_count, math.ceil(total * self.minimum_share))
