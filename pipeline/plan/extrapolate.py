"""From a sample's documents, words and bytes to those of the whole input."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from pipeline.plan.copies import EXPONENT, Groups, fit
from pipeline.plan.measure import (
    SLICES,
    Documents,
    Measured,
    excerpt_bytes,
    groups_seen,
)
from pipeline.plan.sample import Taken

BY_SIZE = "in proportion to bytes"
BY_COPIES = "copies grow with the corpus"
BY_WORDS = "Heaps' law"

EXPONENTS = (1.5, 4.0)
"""Of the sizes of groups of copies: larger and smaller groups than are taken to be likely."""

_WHOLE = 0.999
"""From this rate on a sample is all of the input."""

SIGMAS = 2.0
"""Standard errors on either side of an estimate that its range spans."""


@dataclass(frozen=True)
class Estimate:
    """A figure of the whole input: the value, the range it is likely in, what it is in the sample
    (counted there), and how it was scaled.
    """

    value: float
    low: float
    high: float
    sample: float
    how: str

    def times(self, factor: float, sample: float, how: str | None = None) -> "Estimate":
        """An estimate that is so many times this one."""
        values = (self.value * factor, self.low * factor, self.high * factor)
        return Estimate(*values, sample, how or self.how)

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.value + other.value,
            self.low + other.low,
            self.high + other.high,
            self.sample + other.sample,
            self.how if other.how in self.how else f"{self.how}; {other.how}",
        )


def total(estimates: Iterable[Estimate]) -> Estimate:
    """The sum of estimates, of which there is at least one; their ranges added up."""
    return reduce(lambda one, other: one + other, estimates)


@dataclass(frozen=True)
class Scale:
    """How the sample stands to the whole: bytes of each source for one that was taken, with the
    sources that were not (or `--input-bytes`) shared out over the others; units of work.
    """

    by_source: np.ndarray  # float64[sources]
    raw: float  # bytes of the whole input, decompressed
    raw_sampled: float
    stored: float
    units: int
    units_sampled: int

    @property
    def whole(self) -> float:
        return self.raw / self.raw_sampled

    @property
    def units_ratio(self) -> float:
        return self.units / max(self.units_sampled, 1)


def scale_of(
    taken: list[Taken], units: int, units_sampled: int, unit_bytes: int, input_bytes: int | None
) -> Scale:
    """The scale of a sample; `units` are those of the input as it is, of `unit_bytes` stored."""
    raw = sum(one.raw for one in taken)
    covered = sum(one.raw for one in taken if one.sampled)
    wanted = float(input_bytes or raw)
    stored = sum(one.stored for one in taken) * wanted / raw
    if input_bytes:
        units = max(len(taken), round(stored / unit_bytes))
    return Scale(
        np.array([one.scale for one in taken]) * (wanted / covered),
        wanted,
        float(sum(one.sampled for one in taken)),
        stored,
        units,
        units_sampled,
    )


@dataclass(frozen=True)
class Corpus:
    """What becomes of the documents of the whole input (float: expected numbers)."""

    documents: float
    clean_documents: float
    clean_bytes: float
    curated_documents: float
    curated_bytes: float
    rejected_bytes: float  # of text that `clean` removes
    groups: Groups  # of copies, by documents
    groups_bytes: Groups

    @property
    def copies_bytes(self) -> float:
        """Bytes of cleaned documents that have a copy."""
        share = self.groups_bytes.with_copies(1.0) / max(self.groups_bytes.total, 1e-9)
        return self.clean_bytes * share


def corpus_of(
    documents: Documents, scales: np.ndarray, more_pairs: float = 0.0, exponent: float = EXPONENT
) -> Corpus:
    """The whole corpus from a sample's documents.

    Args:
        scales: float64[sources], documents of the whole for one here.
        more_pairs: pairs seen more (or fewer) than there were, in standard deviations, to see what
            they weigh.
        exponent: of the sizes of groups of copies where the sample cannot tell, for the same.
    """
    weights = scales[documents.source]
    mean = weights.mean() if len(weights) else 1.0
    clean, stays = documents.cleaned, documents.stays
    clean_documents, clean_bytes = weights[clean].sum(), (weights * documents.n_bytes)[clean].sum()
    rate = min(1.0, clean.sum() / max(clean_documents, 1.0))
    counted = _varied(groups_seen(documents, weights / mean), more_pairs)
    weighed = groups_seen(documents, weights / mean * documents.n_bytes)
    typical = weighed[1] / counted[1] if len(weighed) > 1 and counted[1] else 0.0
    if more_pairs and len(weighed) > 1:
        weighed[1] = typical * counted[1]
    by_number, by_bytes = (fit(seen, rate, exponent) for seen in (counted, weighed))
    left = (weights * documents.n_bytes)[stays].sum()
    lines = (weights * documents.curated)[stays].sum() / max(left, 1.0)
    if rate < _WHOLE:
        left = clean_bytes * by_bytes.left / max(by_bytes.total, 1e-9)
    return Corpus(
        float(weights.sum()),
        float(clean_documents),
        float(clean_bytes),
        float(clean_documents * by_number.left / max(by_number.total, 1e-9)),
        float(left * lines),
        float((weights * documents.n_bytes)[~clean].sum()),
        by_number,
        by_bytes,
    )


def _varied(seen: np.ndarray, sigmas: float) -> np.ndarray:
    """Groups seen, with so many standard deviations (Poisson) more of two documents."""
    if not sigmas:
        return seen
    varied = np.concatenate([seen, np.zeros(max(0, 2 - len(seen)))])
    pairs = varied[1]
    change = sigmas * np.sqrt(pairs + (1.0 if sigmas > 0 else 0.0))
    varied[1] = max(0.0, pairs + change)
    varied[0] = max(0.0, varied[0] - 2 * (varied[1] - pairs))
    return varied


class Ranges:
    """A sample's corpora without one slice each, and with more and fewer copies: for ranges."""

    def __init__(self, measured: Measured, scale: Scale):
        documents = measured.documents
        self.whole = corpus_of(documents, scale.by_source)
        self.sample = measured
        full = scale.whole * _WHOLE <= 1.0
        factor = scale.by_source * SLICES / (SLICES - 1)
        self.without = [
            corpus_of(documents[documents.slice != part], factor)
            for part in range(0 if full else SLICES)
        ]
        self.copies = [
            corpus_of(documents, scale.by_source, sigmas)
            for sigmas in (() if full else (-SIGMAS, SIGMAS))
        ]
        self.copies += [
            corpus_of(documents, scale.by_source, exponent=exponent)
            for exponent in (() if full else EXPONENTS)
        ]

    def estimate(self, of: Callable[[Corpus], float], sample: float, how: str) -> Estimate:
        """An estimate of a figure of the corpus; its range by the jackknife over the slices (Efron
        1982), or by what is not known of copies where that is wider.
        """
        value = of(self.whole)
        others = np.array([of(one) for one in self.without] or [value])
        spread = (SLICES - 1) / SLICES * ((others - others.mean()) ** 2).sum()
        error = SIGMAS * float(np.sqrt(spread))
        bounds = [value - error, value + error, *(of(one) for one in self.copies)]
        return Estimate(value, max(0.0, min(bounds)), max(bounds), sample, how)


def corpus_estimates(ranges: Ranges) -> dict[str, Estimate]:
    """Documents and bytes at each stage."""
    documents = ranges.sample.documents
    clean, stays = documents.cleaned, documents.stays
    figures: dict[str, tuple[Callable[[Corpus], float], float, str]] = {
        "documents": (lambda one: one.documents, len(documents), BY_SIZE),
        "clean_documents": (lambda one: one.clean_documents, clean.sum(), BY_SIZE),
        "clean_bytes": (lambda one: one.clean_bytes, documents.n_bytes[clean].sum(), BY_SIZE),
        "curated_documents": (lambda one: one.curated_documents, stays.sum(), BY_COPIES),
        "curated_bytes": (lambda one: one.curated_bytes, documents.curated.sum(), BY_COPIES),
    }
    return {
        name: ranges.estimate(of, float(sample), how) for name, (of, sample, how) in figures.items()
    }


def word_estimates(
    measured: Measured, curated: Estimate, least_count: Callable[[int], int]
) -> dict[str, Estimate]:
    """Eojeol, different ones, and those that the tokenizer uses."""
    words = measured.vocabulary
    if words is None:
        return {}
    here, distinct = float(words.eojeol[-1]), float(words.distinct[-1])
    eojeol = curated.times(here / max(curated.sample, 1.0), here)
    numbers = (eojeol.value, eojeol.low, eojeol.high)
    found, low, high = (words.at(n, constant=at == 2)[0] for at, n in enumerate(numbers))
    used = [words.used(n, least_count(int(n)), constant=at == 2) for at, n in enumerate(numbers)]
    return {
        "eojeol": eojeol,
        "distinct_eojeol": Estimate(found, low, high, distinct, BY_WORDS),
        "used_eojeol": Estimate(used[0], min(used), max(used), distinct, BY_WORDS),
    }


def removed_estimates(ranges: Ranges, corpus: dict[str, Estimate]) -> dict[str, Estimate]:
    """Bytes of texts that `clean` removes, of copies that `dedup` does, and of both."""
    documents = ranges.sample.documents
    gone = float(documents.n_bytes[~documents.cleaned].sum())
    in_clean = ranges.estimate(lambda one: one.rejected_bytes, gone, BY_SIZE)
    less = corpus["clean_bytes"].sample - corpus["curated_bytes"].sample
    copies = ranges.estimate(lambda one: one.clean_bytes - one.curated_bytes, less, BY_COPIES)
    return {"rejected_bytes": in_clean, "copied_bytes": copies, "removed_bytes": in_clean + copies}


def at_hand(measured: Measured) -> dict[str, float]:
    """What a run of the steps has of each thing that is estimated, by the estimates' names."""
    documents = measured.documents
    clean, stays = documents.cleaned, documents.stays
    clean_bytes = float(documents.n_bytes[clean].sum())
    curated_bytes = float(documents.curated.sum())
    rejected = float(documents.n_bytes[~clean].sum())
    parts = measured.facts.get("count", {}).values()
    used = measured.facts.get("tokenizer", {}).get("tokenizer", {}).get("used_eojeol", 0)
    return {
        "documents": float(len(documents)),
        "clean_documents": float(clean.sum()),
        "clean_bytes": clean_bytes,
        "curated_documents": float(stays.sum()),
        "curated_bytes": curated_bytes,
        "rejected_bytes": rejected,
        "copied_bytes": clean_bytes - curated_bytes,
        "removed_bytes": rejected + clean_bytes - curated_bytes,
        "distinct_eojeol": float(sum(part["distinct"] for part in parts)),
        "used_eojeol": float(used),
        "token_count": float(measured.tokens),
        "excerpt_bytes": excerpt_bytes(documents, np.ones(len(measured.sources))),
    }
