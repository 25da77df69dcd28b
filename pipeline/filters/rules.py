"""Rules as data: a feature, a comparison, a threshold. The first that fires removes a document.

The shipped thresholds were set by reading documents on both sides of them; they are meant to take
what is certainly no Korean text and to leave the rest to deduplication.
"""

from difflib import get_close_matches
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.kernels.feature_list import FEATURE_NAMES


class Rule(BaseModel):
    """Remove a document when `feature` is `drop_if` `threshold`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str
    drop_if: Literal["<", ">"] = Field(description="remove when the feature is below / above")
    threshold: float = Field(allow_inf_nan=False)

    @field_validator("feature")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in FEATURE_NAMES:
            near = get_close_matches(name, FEATURE_NAMES, n=1, cutoff=0.0)
            raise ValueError(f"there is no feature {name!r}; the nearest name is {near[0]!r}")
        return name


def _below(feature: str, threshold: float) -> Rule:
    return Rule(feature=feature, drop_if="<", threshold=threshold)


def _above(feature: str, threshold: float) -> Rule:
    return Rule(feature=feature, drop_if=">", threshold=threshold)


KOREAN: dict[str, Rule] = {
    "too_short": _below("n_chars", 50),
    "not_korean": _below("hangul_share", 0.07),  # technical pages full of code have 0.1 and less
    "foreign_script": _above("kana_share", 0.15),
    "mostly_hanja": _above("han_share", 0.85),  # mixed script of the 1920s reaches 0.8
    "broken_encoding": _above("replacement_share", 0.005),
    "jamo_noise": _above("jamo_share", 0.2),
    "symbols": _above("symbol_share", 0.5),
    "one_character": _above("longest_run_share", 0.2),
    "repeated_lines": _above("duplicate_line_share", 0.6),
    "repeated_words": _above("top_eojeol_share", 0.25),
    "repeated_phrases": _above("duplicate_ngram_share", 0.7),  # a statute's tables reach 0.5
    "links": _above("url_share", 0.6),
    "spam_density": _above("spam_share", 0.05),
    "menu_page": _above("menu_line_share", 0.95),
    "few_sentences": _below("sentence_share", 0.03),
    "few_particles": _below("particle_share", 0.1),  # keyword lists; prose has 0.5 and more
}
"""For pages and documents: web text, news, blogs, books, law, documentation."""

SHORT: dict[str, Rule] = {
    "too_short": _below("n_chars", 5),
    "not_korean": _below("hangul_share", 0.2),
    "foreign_script": _above("kana_share", 0.15),
    "broken_encoding": _above("replacement_share", 0.005),
    "jamo_noise": _above("jamo_share", 0.5),
    "symbols": _above("symbol_share", 0.6),
    "one_character": _above("longest_run_share", 0.6),
    "repeated_words": _above("top_eojeol_share", 0.5),
    "links": _above("url_share", 0.5),
    "spam_density": _above("spam_share", 0.3),
}
"""For chat lines, reviews and comments, from five characters up."""

SHIPPED: dict[str, dict[str, Rule]] = {"korean": KOREAN, "short": SHORT}


class Verdict(NamedTuple):
    """What `judge` found for n documents."""

    rule_index: npt.NDArray[np.int16]  # [n] of the rule that fired, in the order given; -1: kept
    value: npt.NDArray[np.float64]  # [n] the feature's value; NaN where kept
    threshold: npt.NDArray[np.float64]  # [n] NaN where kept


def judge(features: pa.StructArray, rules: dict[str, Rule]) -> Verdict:
    """Apply `rules` in order to the features of `measure`; the first that fires decides."""
    n = len(features)
    verdict = Verdict(np.full(n, -1, np.int16), np.full(n, np.nan), np.full(n, np.nan))
    for index, rule in enumerate(rules.values()):
        column = features.field(rule.feature).to_numpy(zero_copy_only=False)
        limit = np.float32(rule.threshold)  # the precision of the features
        fires = (column < limit if rule.drop_if == "<" else column > limit) & (
            verdict.rule_index < 0
        )
        verdict.rule_index[fires] = index
        verdict.value[fires] = column[fires]
        verdict.threshold[fires] = rule.threshold
    return verdict
