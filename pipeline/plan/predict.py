"""The prediction: all figures of the whole input from what a sample and its eighth have left."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.plan import costs
from pipeline.plan.calibrate import UnitCosts
from pipeline.plan.cluster import Cluster, clusters, gpu_days
from pipeline.plan.extrapolate import (
    BY_COPIES,
    BY_SIZE,
    Estimate,
    Ranges,
    Scale,
    at_hand,
    corpus_estimates,
    removed_estimates,
    word_estimates,
)
from pipeline.plan.measure import Measured, excerpt_bytes
from pipeline.plan.outputs import output_bytes
from pipeline.plan.prices import SOURCES, Prices
from pipeline.plan.sample import Taken
from pipeline.plan.use import StepUse
from pipeline.recipe import Recipe

MFU = 0.4
"""Share of a GPU's FLOPs that training reaches: an assumption, as `malmoi plan-train` has it."""


@dataclass(frozen=True)
class Done:
    """What the steps left and took on the sample, and on an eighth of it."""

    measured: Measured
    eighth: Measured
    used: Sequence[StepUse]
    used_eighth: Sequence[StepUse]
    costs: UnitCosts | None


@dataclass(frozen=True)
class Prediction:
    """Figures of the whole input. Seconds are of one core; bytes of memory those of a worker."""

    taken: Sequence[Taken]
    scale: Scale
    corpus: Mapping[str, Estimate]
    seconds: Mapping[str, Estimate]
    memory: Mapping[str, Estimate]
    shuffled: Mapping[str, Estimate]
    scratch: Mapping[str, Estimate]
    outputs: Mapping[str, Estimate]
    clusters: Sequence[Cluster]
    gpu_days: Sequence[Mapping[str, Any]]
    prices: Prices

    def to_json(self) -> dict[str, Any]:
        """One JSON object: each figure with value, low, high, that of the sample, and how."""
        figures = ("corpus", "seconds", "memory", "shuffled", "scratch", "outputs")
        return {
            "input": {
                "stored_bytes": self.scale.stored,
                "bytes": self.scale.raw,
                "units": self.scale.units,
                "times_the_sample": self.scale.whole,
                "sources": [asdict(one) for one in self.taken],
            },
            **{
                name: {key: asdict(one) for key, one in getattr(self, name).items()}
                for name in figures
            },
            "clusters": [asdict(one) for one in self.clusters],
            "gpu_days": list(self.gpu_days),
            "mfu": MFU,
            "prices": {**self.prices.model_dump(), "sources": SOURCES},
        }


def predict(
    recipe: Recipe, taken: Sequence[Taken], scale: Scale, done: Done, prices: Prices
) -> Prediction:
    """All figures of the input that the sample was taken of."""
    measured = done.measured
    ranges = Ranges(measured, scale)
    corpus = corpus_estimates(ranges)
    corpus["raw_bytes"] = Estimate(scale.raw, scale.raw, scale.raw, scale.raw_sampled, BY_SIZE)
    corpus |= removed_estimates(ranges, corpus)
    curated = corpus["curated_bytes"]
    corpus |= word_estimates(measured, curated, recipe.tokenizer.least_count)
    corpus["token_count"] = curated.times(
        measured.tokens / max(curated.sample, 1.0), float(measured.tokens), BY_COPIES
    )
    texts = excerpt_bytes(measured.documents, scale.by_source)
    here = excerpt_bytes(measured.documents, np.ones(len(measured.sources)))
    corpus["excerpt_bytes"] = Estimate(texts, texts, texts, here, BY_SIZE)
    small = at_hand(done.eighth)
    small["raw_bytes"] = scale.raw_sampled * small["documents"] / max(len(measured.documents), 1)
    runs = costs.Runs(
        {use.step: use for use in done.used},
        {use.step: use for use in done.used_eighth},
        small,
        corpus,
        scale,
        recipe.tokenizer.morphemes,
        recipe.dedup.bands,
        (_training(measured), _training(done.eighth)),
    )
    seconds = costs.core_seconds(runs, ranges.whole, done.costs)
    shuffled = costs.shuffled(runs) if recipe.dedup.enabled else {}
    largest, largest_eighth = (_largest(one) for one in (measured, done.eighth))
    unit_bytes = corpus["clean_bytes"].value / scale.units
    return Prediction(
        taken,
        scale,
        corpus,
        seconds,
        costs.memory(runs, largest, largest_eighth, unit_bytes, ranges.whole),
        shuffled,
        costs.scratch(runs, ranges.whole, done.costs, measured.vocabulary),
        output_bytes(measured, done.eighth.bytes, small, corpus, scale.units_ratio),
        clusters(
            seconds,
            costs.graphs(runs),
            scale.units,
            shuffled.get("engine_bytes"),
            runs.used["tokenizer"].children / max(runs.used["tokenizer"].cpu_seconds, 1e-9),
            prices,
        ),
        gpu_days(corpus["token_count"], recipe.tokenizer.vocab_size, recipe.model, MFU),
        prices,
    )


def _largest(measured: Measured) -> float:
    """Bytes of cleaned text of the largest unit."""
    units = measured.documents.unit
    return float(np.bincount(units, measured.documents.n_bytes).max()) if len(units) else 0.0


def _training(measured: Measured) -> float:
    """Seconds in which the tokenizer was trained, and neither analysed nor checked."""
    told = measured.facts.get("tokenizer", {}).get("tokenizer", {})
    return told.get("seconds", {}).get("train", 0.0)
