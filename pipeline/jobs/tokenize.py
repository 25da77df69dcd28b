"""The tokenize job: curated shards to token shards and the dataset's description. Map only."""

from collections.abc import Mapping
from typing import Any

from pipeline import storage
from pipeline.counts import Counts
from pipeline.jobs.assemble import curated_shards
from pipeline.jobs.session import Session
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.tokenize import TokenizeWork, tokenize_unit
from pipeline.workspace import Outcome, Unit, Workspace
from tokenizer.shards import token_dtype
from tokenizer.special import END_OF_TEXT_ID

TOKEN_BYTES = "token_bytes.npy"


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the tokenize step. A unit depends on its curated shard, the model and the split."""
    tokenizer = workspace.require("tokenizer")
    model = tokenizer["files"]["tokenizer/malmoi.model"]["sha256"]
    vocab_size = tokenizer["facts"]["tokenizer"]["vocab_size"]
    location = workspace.path("tokenizer", "malmoi.model")
    units = [
        Unit(
            name,
            {"curated": [name, sha256], "model": model},
            TokenizeWork(name, source, location, vocab_size, recipe.shards, recipe.seed),
        )
        for name, source, sha256 in curated_shards(workspace)
    ]
    units.append(Unit(TOKEN_BYTES, {"model": model}))

    def work(tasks: list[Task]) -> None:
        for task in tasks:
            if task.unit == TOKEN_BYTES:
                copy_token_bytes(task)
        shards = [task for task in tasks if task.unit != TOKEN_BYTES]
        session.map("tokenize shards", tokenize_unit, shards)

    return workspace.perform(
        "tokenize",
        settings={"shards": recipe.shards.model_dump(), "seed": recipe.seed},
        units=units,
        work=work,
        describe=lambda facts: {"dataset": describe(facts, recipe, model, vocab_size)},
    )


def copy_token_bytes(task: Task) -> None:
    """Lay the tokenizer's table of bytes per token beside the shards: bits per byte needs it."""
    data = storage.read_bytes(task.path("tokenizer", TOKEN_BYTES))
    with storage.write_atomic(task.path("tokens", TOKEN_BYTES)) as out:
        out.write(data)
    task.finish({f"tokens/{TOKEN_BYTES}": storage.FileStamp(out.size, out.sha256)}, Counts())


def describe(
    facts: Mapping[str, Any], recipe: Recipe, model: str, vocab_size: int
) -> dict[str, Any]:
    """What a trainer must know about the shards and the format does not say."""
    splits: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
    for name, totals_by_split in facts.items():
        source = name.rsplit("-", 1)[0]
        for split, totals in totals_by_split.items():
            weight = recipe.source(source).weight
            splits[split].append(
                {"path": f"{split}/{name}", "source": source, "weight": weight, **totals}
            )
    return {
        "tokenizer_sha256": model,
        "vocab_size": vocab_size,
        "end_of_text": END_OF_TEXT_ID,
        "dtype": token_dtype(vocab_size).name,
        "splits": splits,
    }
