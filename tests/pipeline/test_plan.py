"""What `malmoi plan` predicts from a sample, against the whole corpus that it was taken of."""

import gzip
import json
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.jobs import measured
from pipeline.plan.copies import fit
from pipeline.plan.extrapolate import (
    Estimate,
    Ranges,
    at_hand,
    corpus_estimates,
    corpus_of,
    scale_of,
)
from pipeline.plan.measure import Measured, measure
from pipeline.plan.prices import Prices, load_prices
from pipeline.plan.sample import Taken, sampled_recipe, take_sample
from pipeline.plan.scaling import Line
from pipeline.plan.sizes import parse_bytes, show_bytes
from pipeline.plan.words import Vocabulary, vocabulary
from pipeline.recipe import load
from pipeline.synthetic import Shares, generate_documents, plant
from tests.conftest import Malmoi
from tokenizer.errors import RecipeError

TIMES = 20


class Whole(NamedTuple):
    """What was made of a corpus, counted, and the bytes that went through its shuffles."""

    made: Measured
    facts: dict[str, float]
    shuffled: int


def write(path: Path, rows: list[dict[str, Any]]) -> int:
    """Write JSON lines, compressed where the name says so; returns their bytes before that."""
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return len(data)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A recipe of two sources, one with copies, and the bytes of its input decompressed."""
    folder = tmp_path_factory.mktemp("planned")
    planted, _ = plant(generate_documents(2_400, seed=2), 3, Shares(near=0.1, exact=0.1))
    rows = [{"id": row["id"], "text": row["text"]} for row in planted if row["form"] == "json"]
    size = write(folder / "web.jsonl.gz", rows)
    size += write(folder / "talk.jsonl", generate_documents(1_200, seed=9))
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        f"""\
sources:
  - {{name: web, paths: ["{folder}/web.jsonl.gz"]}}
  - {{name: talk, paths: ["{folder}/talk.jsonl"]}}
tokenizer: {{vocab_size: 700, morphemes: false}}
""",
        "utf-8",
    )
    return recipe, size


@pytest.fixture(scope="module")
def whole(corpus: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What becomes of the whole corpus."""
    root = str(tmp_path_factory.mktemp("whole"))
    used = measured.do(load(corpus[0]), root)
    made = measure(root, ["web", "talk"], 0, words=False)
    sent = {use.step: sum(graph.bytes for graph in use.graphs) for use in used}
    return Whole(made, at_hand(made), sent["dedup"])


CORPUS = (
    "documents",
    "clean_documents",
    "clean_bytes",
    "curated_documents",
    "curated_bytes",
    "token_count",
)


def test_a_sample_tells_what_becomes_of_twenty_times_as_much(
    corpus: tuple[Path, int], whole: Whole, tmp_path: Path
) -> None:
    recipe, size = load(corpus[0]), corpus[1]
    taken = take_sample(recipe, size // TIMES, str(tmp_path / "sample"))
    assert sum(one.raw for one in taken) == pytest.approx(size, rel=0.02)
    measured.do(sampled_recipe(recipe, str(tmp_path / "sample"), TIMES), str(tmp_path / "run"))
    made = measure(str(tmp_path / "run"), ["web", "talk"], recipe.seed)
    scale = scale_of(taken, 2, made.units, recipe.clean.unit_bytes, None)
    assert 15 < scale.whole < 27
    found = corpus_estimates(Ranges(made, scale))
    tokens = found["curated_bytes"].value * made.tokens / made.documents.curated.sum()
    for name in CORPUS:
        predicted = tokens if name == "token_count" else found[name].value
        assert predicted == pytest.approx(whole.facts[name], rel=0.2), name
    assert all(one.low <= one.value <= one.high for one in found.values())
    # copies are far fewer in the sample than in the whole
    curated, clean = found["curated_documents"], found["clean_documents"]
    left = whole.facts["curated_documents"] / whole.facts["clean_documents"]
    assert curated.sample / clean.sample > left + 0.05


@pytest.mark.slow
def test_the_command_predicts_and_shows(
    corpus: tuple[Path, int], whole: Whole, malmoi: Malmoi, tmp_path: Path
) -> None:
    recipe, size = corpus
    told = json.loads(malmoi("plan", recipe, "--sample", size // TIMES, "--json").stdout)
    for name in CORPUS:
        assert told["corpus"][name]["value"] == pytest.approx(whole.facts[name], rel=0.2), name
    for name in ("clean", "signatures", "curated", "tokens"):
        found = told["outputs"][name]["value"]
        assert found == pytest.approx(whole.made.bytes[name], rel=0.2), name
    assert told["shuffled"]["blob_bytes"]["value"] == pytest.approx(whole.shuffled, rel=0.2)
    assert {"clean", "dedup", "tokenizer"} <= set(told["seconds"])
    out = tmp_path / "kept"
    arguments = ("plan", recipe, "--sample", size // 10, "--price", "machines=7")
    text = malmoi(*arguments, "--input-bytes", "1.2TB", "--out", out).stdout
    for part in ("Core-hours", "1.2 TB", "Dataflow", "Flink", "polyglot-ko-12.8b"):
        assert part in text
    assert (out / "run" / "tokens" / "manifest.json").exists()
    large = recipe.with_name("large.yaml")
    large.write_text(recipe.read_text("utf-8").replace("700", "30003"), "utf-8")
    assert "give a larger --sample" in malmoi("plan", large, "--sample", "100kB", code=1).stderr


def test_what_cannot_be_planned_is_refused_first(
    corpus: tuple[Path, int], malmoi: Malmoi, tmp_path: Path
) -> None:
    recipe, _ = corpus
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    assert "not empty" in malmoi("plan", recipe, "--out", tmp_path / "used", code=2).stderr
    assert "200MB" in malmoi("plan", recipe, "--sample", "much", code=2).stderr
    assert "machine_hour" in malmoi("plan", recipe, "--price", "machine_hours=1", code=2).stderr


def test_of_all_documents_the_corpus_is_as_counted(whole: Whole) -> None:
    found = corpus_of(whole.made.documents, np.ones(2))
    for name in ("documents", "clean_bytes", "curated_documents", "curated_bytes"):
        assert getattr(found, name) == pytest.approx(whole.facts[name]), name
    assert found.copies_bytes > whole.facts["copied_bytes"]


def test_sources_that_were_not_taken_count_as_the_others_do() -> None:
    taken = [Taken("a", 1, 500, 1_000.0, 400, 100, 3), Taken("b", 1, 100, 100.0, 100, 0, 0)]
    scale = scale_of(taken, 7, 2, 10**6, None)
    assert scale.by_source.tolist() == pytest.approx([11.0, 0.0])
    assert (scale.raw, scale.units, scale.whole) == (1_100.0, 7, 11.0)
    larger = scale_of(taken, 7, 2, 10**6, 1_100_000_000)
    assert larger.by_source[0] == pytest.approx(11_000_000.0)
    assert larger.units == 600


@settings(max_examples=25, deadline=None)
@given(
    alone=st.integers(50_000, 100_000),
    pairs=st.integers(0, 10_000),
    large=st.integers(0, 3),
    rate=st.sampled_from([0.05, 0.2, 1.0]),
    seed=st.integers(0, 1 << 30),
)
def test_groups_are_judged_by_what_a_sample_sees(
    alone: int, pairs: int, large: int, rate: float, seed: int
) -> None:
    sizes = np.concatenate([np.ones(alone), np.full(pairs, 2), np.full(large, 3_000)]).astype(int)
    seen = np.random.default_rng(seed).binomial(sizes, rate)
    groups = fit(np.bincount(seen[seen > 0])[1:].astype(float), rate)
    left = groups.left / groups.total
    assert left == pytest.approx(len(sizes) / sizes.sum(), abs=0.06)
    assert groups.total == pytest.approx(sizes.sum(), rel=0.1)


def test_words_grow_by_heaps_law() -> None:
    numbers = 1_000_000.0 * 2.0 ** np.arange(4)
    words = Vocabulary(numbers, 10 * numbers**0.7)
    assert words.at(160_000_000)[0] == pytest.approx(10 * 160_000_000**0.7, rel=0.01)
    assert words.at(3_000_000)[0] == pytest.approx(10 * 3_000_000**0.7, rel=0.01)
    assert words.at(1_000)[0] == pytest.approx(10 * 1_000**0.7, rel=0.01)
    # of a power law's words those that occur k times or more are k ** -0.7 of all, for large k
    ratio = words.used(160_000_000, 1_000) / words.used(160_000_000, 100)
    assert ratio == pytest.approx(10**-0.7, rel=0.02)
    ended = Vocabulary(numbers, 50_000 * (1 - np.exp(-numbers / 1e6)))
    assert ended.at(1e12)[0] < 51_000


def test_words_of_some_parts_are_those_of_every_choice_of_them() -> None:
    rng = np.random.default_rng(4)
    parts = [set(rng.zipf(1.4, 500).tolist()) for _ in range(8)]
    found_in = np.bincount([sum(w in part for part in parts) for w in set.union(*parts)])
    words = vocabulary(4_000, np.append(found_in, np.zeros(9 - len(found_in))))
    assert words.eojeol.tolist() == [500, 1_000, 2_000, 4_000]
    for some, expected in zip((1, 2, 4, 8), words.distinct, strict=True):
        choices = [len(set.union(*chosen)) for chosen in combinations(parts, some)]
        assert np.mean(choices) == pytest.approx(expected)


def test_a_line_leaves_what_is_fixed_out_of_the_slope() -> None:
    line = Line.through((10.0, 7.0), (80.0, 21.0))
    driver = Estimate(1_600.0, 1_500.0, 1_700.0, 80.0, "")
    found = line.at(driver, 3.0, 21.0, "")
    assert found.value == pytest.approx(3 * 5.0 + 0.2 * 1_600)
    assert found.low < found.value < found.high
    assert Line.through((10.0, 9.0), (80.0, 8.0)).slope == pytest.approx(0.1)


def test_sizes_and_prices_as_people_write_them(tmp_path: Path) -> None:
    assert [parse_bytes(text) for text in ("200MB", "1.2 TB", "64MiB", "7")] == [
        200_000_000,
        1_200_000_000_000,
        64 << 20,
        7,
    ]
    assert show_bytes(parse_bytes("1.2TB")) == "1.2 TB"
    for text in ("much", "-3MB", "3 XB", ""):
        with pytest.raises(ValueError, match="write it as"):
            parse_bytes(text)
    (tmp_path / "prices.yaml").write_text("machine_hour: 0.25\nmachines: 3\n", "utf-8")
    prices = load_prices(tmp_path / "prices.yaml", ["machines=4"])
    assert prices == Prices(machine_hour=0.25, machines=4)
    with pytest.raises(RecipeError, match="did you mean 'machine_hour'"):
        load_prices(None, ["machine_hours=1"])
    with pytest.raises(RecipeError, match="utilisation"):
        load_prices(None, ["utilisation=2"])
