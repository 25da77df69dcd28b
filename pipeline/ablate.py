"""What curation does for a model: the same small one, trained on both sides of a corpus.

The raw side is every document as it was read, extracted and masked; the curated side is what the
recipe makes of it. Both have the curated side's tokenizer and leave out the same documents, and
all models are measured on the curated text of those.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pyarrow as pa

from pipeline import console, storage
from pipeline.curated import curated as shards_of
from pipeline.parquet import read_batches
from pipeline.recipe import Recipe
from pipeline.tokenize import in_validation
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError, RecipeError
from trainer.config import ModelConfig, TrainConfig, resolve_model


@dataclass(frozen=True)
class Plan:
    """The models that are trained on each side: one for each seed."""

    recipe: Recipe
    preset: str
    model: ModelConfig
    settings: TrainConfig
    seeds: int

    @classmethod
    def made(cls, recipe: Recipe, preset: str, seeds: int, tokens: int) -> "Plan":
        """By the default settings of `train`. RecipeError for what cannot be compared."""
        model, default = resolve_model(preset), TrainConfig()
        if not recipe.shards.validation:
            raise RecipeError("shards.validation is 0: nothing is held out to compare on; raise it")
        batch = max(1, default.batch_tokens // model.context) * model.context
        steps = -(-tokens // batch)
        once = {"steps": steps, "eval_every": steps, "eval_batches": 1, "save_every": steps}
        settings = default.model_copy(
            update={**once, "batch_tokens": batch, "keep_last": 1, "sample_prompts": []}
        )
        return cls(recipe, preset, model, settings, seeds)


def raw_side(recipe: Recipe) -> Recipe:
    """The recipe without rules, models, repairs, deduplication and decontamination.

    Personal data is masked on both sides: so ids agree, and no text is measured that holds tokens
    one side never saw.
    """
    off: dict[str, Any] = {"remnants": False, "furniture": False, "models": []}
    return recipe.model_copy(
        update={
            "sources": [source.model_copy(update={"profile": "none"}) for source in recipe.sources],
            "clean": recipe.clean.model_copy(update=off),
            "dedup": recipe.dedup.model_copy(update={"enabled": False}),
            "decontaminate": recipe.decontaminate.model_copy(update={"enabled": False}),
        }
    )


def share_tokenizer(curated: Workspace, raw: Workspace) -> None:
    """Give the raw side the curated side's tokenizer, as if it had made it."""
    curated.require("tokenizer")
    source, target = (storage.local_path(side.path("tokenizer")) for side in (curated, raw))
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def held_out(plan: Plan, curated: Workspace, raw: Workspace) -> dict[str, int]:
    """The documents that both sides leave out of training: {documents, with_copies}.

    The split is by hash of the id. Copies of them that curation removed have other ids, and the
    raw side may train on those: in its favour. MalmoiError where one is not on the raw side under
    its id: there it would be trained on as well.
    """
    copies = _held_out_copies(plan, curated)
    if strange := copies.keys() - _held_out_copies(plan, raw).keys():
        raise MalmoiError(
            f"{len(strange)} held-out documents are not on the raw side, one is {min(strange)}: "
            "the sources changed between the two; run the command again into another --out"
        )
    with_copies = sum(size > 1 for size in copies.values())
    return {"documents": len(copies), "with_copies": with_copies}


def compare(plan: Plan, raw: Workspace, curated: Workspace, out: Path) -> dict[str, Any]:
    """Train and measure all models: bits a byte of the held-out text, by side.

    Models lie in `out/models`; those that are there are not trained again.
    """
    left_out = held_out(plan, curated, raw)
    sides = {
        name: _side(plan, name, side, curated, out)
        for name, side in (("raw", raw), ("curated", curated))
    }
    sizes = [side.pop("bytes") for side in sides.values()]  # the same text, so the same twice
    gains = [
        before - after
        for before, after in zip(sides["raw"]["bpb"], sides["curated"]["bpb"], strict=True)
    ]
    return {
        "model": plan.preset,
        "tokens": plan.settings.steps * plan.settings.batch_tokens,
        "seeds": plan.seeds,
        "held_out": {**left_out, "bytes": sizes[0]},
        "sides": {name: {**side, **_spread(side["bpb"])} for name, side in sides.items()},
        "gain": {"bpb": gains, **_spread(gains)},
    }


def show(figures: Mapping[str, Any]) -> None:
    """Print what `compare` gives."""
    rows = [
        (name, side["documents"], side["train_tokens"], f"{side['epochs']:.2f}", *_told(side))
        for name, side in figures["sides"].items()
    ]
    rows.append(("raw - curated", "", "", "", *_told(figures["gain"])))
    title = f"{figures['model']}, {figures['tokens']:,} tokens, {figures['seeds']} seeds a side"
    header = ("", "documents", "tokens", "epochs", "bits a byte", "spread")
    console.stdout.print(console.table(title, header, rows))
    held = figures["held_out"]
    console.stdout.print(
        f"measured on {held['documents']:,} held-out curated documents, {held['bytes']:,} bytes; "
        f"{held['with_copies']:,} of them have copies among what was read; the spread is the "
        "standard deviation over the seeds"
    )


def _side(plan: Plan, name: str, side: Workspace, curated: Workspace, out: Path) -> dict[str, Any]:
    from trainer.checkpoint import checkpoints
    from trainer.evaluate import evaluate_checkpoint
    from trainer.train import train

    tokens_dir = storage.local_path(side.path("tokens"))
    splits = side.require("tokenize")["dataset"]["splits"]
    available = sum(shard["tokens"] for shard in splits["train"])
    settings, measured = plan.settings, []
    for seed in range(plan.seeds):
        home = out / "models" / f"{plan.preset}-{settings.steps}-steps" / f"{name}-{seed}"
        train(plan.model, settings, tokens_dir, home, plan.recipe.seed + seed)
        tokens = storage.local_path(curated.path("tokens"))
        measured.append(evaluate_checkpoint(checkpoints(home)[-1], tokens))
    return {
        "documents": sum(shard["documents"] for shard in splits["train"]),
        "train_tokens": available,
        "epochs": settings.steps * settings.batch_tokens / available,
        "bpb": [figures["bpb"] for figures in measured],
        "bytes": measured[0]["bytes"],
    }


def _held_out_copies(plan: Plan, side: Workspace) -> dict[str, int]:
    """The ids that a side holds out, and how many near and exact copies of each were read."""
    found = dict[str, int]()
    for shard in shards_of(side):
        where = side.path("curated", f"{shard.name}.parquet")
        for batch in read_batches(where, ["id", "cluster_size"]):
            rows = in_validation(batch["id"], plan.recipe.shards.validation, plan.recipe.seed)
            kept = batch.filter(pa.array(rows))
            found |= zip(kept["id"].to_pylist(), kept["cluster_size"].to_pylist(), strict=True)
    return found


def _spread(values: list[float]) -> dict[str, float | None]:
    return {"mean": mean(values), "spread": stdev(values) if len(values) > 1 else None}


def _told(figures: Mapping[str, Any]) -> tuple[str, str]:
    spread = figures["spread"]
    return f"{figures['mean']:.4f}", "" if spread is None else f"{spread:.4f}"
