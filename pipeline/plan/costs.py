"""Core-hours, memory, shuffled bytes and scratch space of the whole input, step by step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.dedup.plan import BYTES_AN_ANCHOR, shuffles
from pipeline.dedup.records import ANCHOR, MEMBER, PAIR
from pipeline.kernels.buckets import count_pairs
from pipeline.plan.calibrate import UnitCosts
from pipeline.plan.extrapolate import BY_COPIES, BY_WORDS, Corpus, Estimate, Scale, total
from pipeline.plan.scaling import BY_SLOPE, Line
from pipeline.plan.use import Graph, StepUse
from pipeline.plan.words import Vocabulary

GROWS_WITH = {
    "clean": "raw_bytes",
    "dedup": "clean_bytes",
    "assemble": "clean_bytes",
    "count": "curated_bytes",
    "add up and write": "distinct_eojeol",
    "tokenize": "curated_bytes",
}
"""What processor time grows with: by step, or by the label of a graph."""

SHINGLES = "write shingle sets"
"""The graph of `dedup` from which on the shingle sets of copies lie in the scratch folder."""

PLACE_BYTES = 100
"""Of a blob's key and place on its way through an engine; the blob itself lies in a file."""

_ROUND = "members by bucket"
"""The graph of `dedup` that is done once for some of the bands, or of the anchors."""

_COPIES_HELD = 4
"""Of bucket members at a time: as they are made, sorted, packed, and as they are told apart."""

_HELD = "with what is held at once"

_BATCH_TEXT = 16_000_000
"""Text that steps hold at once: a batch of `clean`, a row group of the others."""


@dataclass(frozen=True)
class Runs:
    """What the steps took on the sample and on an eighth of it, and what these runs have of each
    driver.
    """

    used: Mapping[str, StepUse]
    used_small: Mapping[str, StepUse]
    small: Mapping[str, float]
    drivers: Mapping[str, Estimate]
    scale: Scale
    morphemes: bool  # whether the tokenizer analyses all eojeol that it uses, in other processes
    bands: int  # of MinHash
    training: tuple[float, float]  # seconds in which it trains, in both runs

    def before(self, step: str) -> StepUse:
        """What a step took on the eighth; nothing of one that could not be done on so little."""
        return self.used_small.get(step, StepUse(step, 0.0, 0, 0))

    def line(self, name: str, much: float, little: float, how: str) -> Estimate:
        """A quantity of the whole that grows with driver `name`."""
        driver = self.drivers[name]
        line = Line.through((self.small[name], little), (driver.sample, much), how == BY_SLOPE)
        return line.at(driver, self.scale.units_ratio, much, how)


def core_seconds(runs: Runs, corpus: Corpus, costs: UnitCosts | None) -> dict[str, Estimate]:
    """Processor seconds of one core, by step; of `tokenizer` those of all its processes."""
    found = {}
    for step, use in runs.used.items():
        if step == "benchmarks":
            spent = use.cpu_seconds
            found[step] = Estimate(spent, spent, spent, spent, "the same for any input")
            continue
        if step == "tokenizer":
            found[step] = _of_tokenizer(runs)
            continue
        before = {at: little for at, (_, little) in enumerate(_by_graph(step, runs.before(step)))}
        found[step] = total(
            runs.line(name, much, before.get(at, 0.0), BY_SLOPE)
            for at, (name, much) in enumerate(_by_graph(step, use))
        )
    if costs is not None:
        found["dedup"] = found["dedup"] + _of_copies(runs, corpus, costs)
    return found


def _by_graph(step: str, use: StepUse) -> Iterator[tuple[str, float]]:
    """What each graph grows with, and its seconds; what is outside the graphs comes first."""
    yield GROWS_WITH[step], use.cpu_seconds - sum(graph.cpu_seconds for graph in use.graphs)
    for graph in use.graphs:
        yield GROWS_WITH.get(graph.label, GROWS_WITH[step]), graph.cpu_seconds


def _of_tokenizer(runs: Runs) -> Estimate:
    """Seconds: the analysis of morphemes and the training grow with the eojeol used, the check and
    its quality with the texts that these are measured on.
    """
    parts = []
    uses = (runs.used["tokenizer"], runs.before("tokenizer"))
    for use, training in zip(uses, runs.training, strict=True):
        analysed = use.children if runs.morphemes else 0.0
        trained = min(training, use.cpu_seconds - use.children)
        parts.append((analysed + trained, use.cpu_seconds - analysed - trained))
    (much, checked), (little, checked_before) = parts
    return runs.line("used_eojeol", much, little, BY_SLOPE) + runs.line(
        "excerpt_bytes", checked, checked_before, BY_SLOPE
    )


def _of_copies(runs: Runs, corpus: Corpus, costs: UnitCosts) -> Estimate:
    """Seconds for the shingle sets of documents with copies and for comparing them."""
    share = corpus.copies_bytes / max(corpus.clean_bytes, 1.0)
    pairs = np.array([count_pairs(np.array([0, size])) for size in corpus.groups_bytes.sizes])
    of_total = corpus.clean_bytes / max(corpus.groups_bytes.total, 1e-9)
    compared = 2 * float(corpus.groups_bytes.weights @ pairs) * of_total
    seconds = costs.shingle_seconds * corpus.copies_bytes + costs.compare_seconds * compared
    seen = share * runs.drivers["clean_bytes"].sample / runs.scale.whole
    return Estimate(seconds, 0.0, 2 * seconds, costs.shingle_seconds * seen, "costs of a copy")


def memory(
    runs: Runs, largest: float, largest_small: float, unit_bytes: float, corpus: Corpus
) -> dict[str, Estimate]:
    """Bytes that a worker holds at most, by step.

    Args:
        largest, largest_small: bytes of text of the largest unit of the sample, and of its eighth.
        unit_bytes: of text of a unit of the whole.
    """
    found = {}
    for step, use in runs.used.items():
        if step == "benchmarks":
            continue
        before = runs.before(step)
        held, held_before = use.memory - use.base, before.memory - before.base
        if step == "dedup":
            found[step] = _memory_of_dedup(runs, use.memory, unit_bytes, corpus)
            continue
        if step == "tokenizer":
            here, here_before = runs.drivers["used_eojeol"].sample, runs.small["used_eojeol"]
            reached = runs.drivers["used_eojeol"].value
        else:
            here, here_before = largest, largest_small
            reached = min(unit_bytes, max(_BATCH_TEXT, largest))
        slope = max(0.0, (held - held_before) / max(here - here_before, 1.0))
        more = slope * max(0.0, reached - here)
        least = float(use.memory)
        found[step] = Estimate(least + more, least, least + 2 * more, least, _HELD)
    return found


def _memory_of_dedup(runs: Runs, here: int, unit_bytes: float, corpus: Corpus) -> Estimate:
    """Bytes: the bucket members of a shard or of a hash range, whichever are more, some times over;
    and the forest of near copies, which a worker has whole (`outcome.component_blobs`).
    """
    made, units = _shuffles(runs), runs.scale.units
    documents = runs.drivers["clean_documents"].value
    of_shard = max(documents / units * made["bands_at_once"], unit_bytes / BYTES_AN_ANCHOR)
    of_range = max(documents * made["bands_at_once"], 1.0) / made["parts"]
    members = _COPIES_HELD * ANCHOR.itemsize * max(of_shard, of_range)
    share = corpus.groups.with_copies(1.0) / max(corpus.groups.total, 1e-9)
    forest = PAIR.itemsize * share * documents
    least = float(here)
    return Estimate(least + members + forest, least, least + 2 * (members + forest), least, _HELD)


def _shuffles(runs: Runs) -> dict[str, int]:
    """How `dedup` will share out the whole."""
    documents, units = runs.drivers["clean_documents"].value, runs.scale.units
    return shuffles(
        round(documents),
        round(documents / max(units, 1)),
        round(runs.drivers["clean_bytes"].value),
        units,
        runs.bands,
    )


def graphs(runs: Runs) -> int:
    """Graphs that the steps of the whole are: as many as of the sample, and further rounds."""
    sample = sum(len(use.graphs) for use in runs.used.values())
    if "dedup" not in runs.used:
        return sample
    before = sum(graph.label == _ROUND for graph in runs.used["dedup"].graphs)
    return sample - before + _rounds(runs)


def _rounds(runs: Runs) -> int:
    made = _shuffles(runs)
    return -(-runs.bands // made["bands_at_once"]) + made["anchor_rounds"]


def shuffled(runs: Runs) -> dict[str, Estimate]:
    """Blob bytes that workers of `dedup` send each other by files, and what an engine carries."""
    much, little = (
        float(sum(graph.bytes for graph in use.graphs))
        for use in (runs.used["dedup"], runs.before("dedup"))
    )
    sent = runs.line("clean_bytes", much, little, "with clean bytes")
    # each shard sends a blob to each range, and each range one or two back to each shard
    blobs = 3.0 * (_rounds(runs) + 3) * runs.scale.units * _shuffles(runs)["parts"]
    most = min(blobs, sent.value / MEMBER.itemsize)
    sample = float(sum(graph.blobs for graph in runs.used["dedup"].graphs))
    places = Estimate(most, 0.0, blobs, sample, "shards times hash ranges")
    return {"blob_bytes": sent, "engine_bytes": places.times(PLACE_BYTES, sample * PLACE_BYTES)}


def scratch(
    runs: Runs, corpus: Corpus, costs: UnitCosts | None, words: Vocabulary | None
) -> dict[str, Estimate]:
    """The most bytes of scratch files at once, by step."""
    much, little = (_most(use.graphs) for use in (runs.used["tokenize"], runs.before("tokenize")))
    found = {"tokenize": runs.line("token_count", much, little, "with tokens")}
    if words is not None:
        found["count"] = _scratch_of_count(runs, words)
    if "dedup" in runs.used and costs is not None:
        found["dedup"] = _scratch_of_dedup(runs, corpus, costs)
    return found


def _scratch_of_count(runs: Runs, words: Vocabulary) -> Estimate:
    """The counts of every shard, which has each of its different eojeol once."""
    scale, eojeol = runs.scale, runs.drivers["eojeol"]
    here = scale.units_sampled * words.at(eojeol.sample / scale.units_sampled)[0]
    sample = float(_most(runs.used["count"].graphs))
    value, low, high = (
        sample * scale.units * words.at(number / scale.units)[0] / here
        for number in (eojeol.value, eojeol.low, eojeol.high)
    )
    return Estimate(value, low, high, sample, BY_WORDS)


def _scratch_of_dedup(runs: Runs, corpus: Corpus, costs: UnitCosts) -> Estimate:
    """Linear but for the shingle sets, which documents with copies have alone."""
    plain = []
    for use in (runs.used["dedup"], runs.before("dedup")):
        sets = _sets(use.graphs)
        plain.append(
            [max(0, graph.scratch - (sets if at else 0)) for graph, at in _after(use.graphs)]
        )
    lines = [
        runs.line("clean_bytes", float(much), float(little), "with clean bytes")
        for much, little in zip(*plain, strict=False)
    ]
    held = costs.shingle_bytes * corpus.copies_bytes
    copies = Estimate(held, 0.0, 2 * held, float(_sets(runs.used["dedup"].graphs)), BY_COPIES)
    after = [at for _, at in _after(runs.used["dedup"].graphs)]
    sums = [line + copies if late else line for line, late in zip(lines, after, strict=False)]
    return max(sums, key=lambda one: one.value)


def _after(graphs: Sequence[Graph]) -> list[tuple[Graph, bool]]:
    """Graphs, and whether shingle sets lie in the scratch folder when one ends."""
    labels = [graph.label for graph in graphs]
    first = labels.index(SHINGLES) if SHINGLES in labels else len(labels)
    return [(graph, at >= first) for at, graph in enumerate(graphs)]


def _sets(graphs: Sequence[Graph]) -> int:
    """Bytes that the shingle sets take: what the scratch folder grew by when they were written."""
    for before, graph in pairwise(graphs):
        if graph.label == SHINGLES:
            return max(0, graph.scratch - before.scratch)
    return 0


def _most(graphs: Sequence[Graph]) -> int:
    return max((graph.scratch for graph in graphs), default=0)
