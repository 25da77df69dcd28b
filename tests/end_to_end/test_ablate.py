"""`malmoi ablate` trains alike on both sides, and on neither what it measures; figures add up."""

import json
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import ablate
from pipeline.recipe import load
from pipeline.tokenize import split_of
from pipeline.workspace import Workspace
from tokenizer.encode import Encoder
from tokenizer.errors import MalmoiError, RecipeError
from tokenizer.shards import read_index


def documents(tokens: Path, split: str) -> list[tuple[int, ...]]:
    """The token ids of each document of a split."""
    made = []
    for path in sorted((tokens / split).glob("*.idx")):
        _, lengths = read_index(path.read_bytes(), str(path))
        ids = np.fromfile(path.with_suffix(".bin"), "<u2")
        made += [tuple(part.tolist()) for part in np.split(ids, np.cumsum(lengths)[:-1])]
    return made


def rows_of(run: Path) -> list[dict]:
    files = sorted((run / "curated").glob("*.parquet"))
    return pa.concat_tables([pq.read_table(path) for path in files]).to_pylist()


@pytest.mark.slow
def test_both_sides_train_alike_and_neither_on_what_is_measured(
    malmoi, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "ablation"
    arguments = ("ablate", corpus / "recipe.yaml", "--out", out, "--seeds", 2, "--tokens", 4_000)
    figures = json.loads(malmoi(*arguments, "--workers", 1, "--json").stdout)
    recipe = load(corpus / "recipe.yaml")
    raw, curated = rows_of(out / "raw"), rows_of(out / "curated")
    assert len(raw) == 6 * 52 + 60 > len(curated)  # all that was read, but the bad lines
    held_out = {row["id"] for row in curated if split_of(row["id"], 0.1, 5) == "validation"}
    copied = sum(row["cluster_size"] > 1 for row in curated if row["id"] in held_out)
    told = figures["held_out"]
    assert (told["documents"], told["with_copies"]) == (len(held_out), copied)
    assert len(held_out) > 10 and copied
    check_splits(out, raw, held_out)
    check_figures(figures, out)
    again = malmoi(*arguments, "--workers", 1).stdout
    assert "raw - curated" in again and f"{figures['gain']['mean']:.4f}" in again
    plan = ablate.Plan.made(recipe, "demo", 2, 4_000)
    sides = Workspace(out / "raw"), Workspace(out / "curated")
    assert ablate.held_out(plan, sides[1], sides[0])["documents"] == len(held_out)
    with pytest.raises(MalmoiError, match="held-out documents are not on the raw side"):
        ablate.held_out(plan, *sides)


def check_splits(out: Path, raw: list[dict], held_out: set[str]) -> None:
    """Raw training has each raw document but the held-out ones, in the curated side's tokens."""
    model = (out / "curated/tokenizer/malmoi.model").read_bytes()
    assert (out / "raw/tokenizer/malmoi.model").read_bytes() == model
    encoder = Encoder(model)
    assert held_out <= {row["id"] for row in raw}
    left = [row["text"] for row in raw if split_of(row["id"], 0.1, 5) == "train"]
    ids, lengths = encoder.encode_batch(pa.array(left))
    ends = np.cumsum(lengths)
    expected = [(*part.tolist(), 2) for part in np.split(ids, ends[:-1])]
    assert sorted(documents(out / "raw/tokens", "train")) == sorted(expected)


def check_figures(figures: dict, out: Path) -> None:
    assert figures["tokens"] == 4 * 1_024
    sides = figures["sides"]
    for name, side in sides.items():
        last = [
            json.loads((home / "metrics.jsonl").read_text().splitlines()[-1])
            for home in sorted((out / "models" / "demo-4-steps").glob(f"{name}-*"))
        ]
        # The last window of an epoch is shorter than the context.
        assert all(4_096 - 256 < line["tokens"] <= 4_096 for line in last)
        assert last[0]["loss"] != last[1]["loss"]  # another seed
        assert (side["mean"], side["spread"]) == (mean(side["bpb"]), stdev(side["bpb"]))
        assert all(1 < bpb < 10 for bpb in side["bpb"])
        assert side["epochs"] == pytest.approx(4_096 / side["train_tokens"])
    assert sides["raw"]["train_tokens"] > sides["curated"]["train_tokens"]
    gains = np.subtract(sides["raw"]["bpb"], sides["curated"]["bpb"])
    assert figures["gain"]["bpb"] == pytest.approx(gains.tolist())
    assert figures["gain"]["mean"] == pytest.approx(gains.mean())


def test_a_recipe_that_holds_nothing_out_is_refused(corpus: Path) -> None:
    recipe = load(corpus / "recipe.yaml")
    nothing = recipe.model_copy(
        update={"shards": recipe.shards.model_copy(update={"validation": 0})}
    )
    with pytest.raises(RecipeError, match=r"shards\.validation is 0"):
        ablate.Plan.made(nothing, "demo", 3, 1_000)
    with pytest.raises(RecipeError, match="no preset is named 'dmo'; did you mean 'demo'"):
        ablate.Plan.made(recipe, "dmo", 3, 1_000)


def test_the_raw_side_is_all_but_masking_switched_off(corpus: Path) -> None:
    recipe = load(corpus / "recipe.yaml")
    raw = ablate.raw_side(recipe)
    assert {source.profile for source in raw.sources} == {"none"}
    assert not raw.clean.rules("none") and not raw.clean.remnants and not raw.clean.furniture
    assert not raw.dedup.enabled and not raw.decontaminate.enabled
    assert raw.pii == recipe.pii and raw.shards == recipe.shards and raw.seed == recipe.seed
