"""The tokenize job: curated shards to token shards and the dataset's description. Map only."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

from pipeline import storage
from pipeline.counts import Counts
from pipeline.curated import Curated, curated
from pipeline.jobs.session import Session
from pipeline.progress import Files
from pipeline.receipts import Task, read_json, receipt_path
from pipeline.recipe import Recipe
from pipeline.tokenize import Encoding, Pack, encode_shard, pack
from pipeline.workspace import Outcome, Unit, Workspace, digest
from tokenizer.settings import NEOX_SHARDS, data_settings
from tokenizer.shards import token_dtype
from tokenizer.special import END_OF_TEXT_ID

logger = logging.getLogger(__name__)

TOKEN_BYTES = "token_bytes.npy"
SETTINGS = "settings"
"""The unit that writes GPT-NeoX's and Megatron-LM's settings, once all shards are there."""

TOKENS_A_BYTE = 1.5
"""Bytes of tokens for a byte of curated Parquet, roughly: half a byte for a byte of text."""


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the tokenize step. A unit depends on its curated shards, the model and the split."""
    tokenizer = workspace.require("tokenizer")
    model = tokenizer["files"]["tokenizer/malmoi.model"]["sha256"]
    vocab_size = tokenizer["facts"]["tokenizer"]["vocab_size"]
    split = {"validation": recipe.shards.validation, "seed": recipe.seed}
    encoding = Encoding(
        workspace.path("tokenizer", "malmoi.model"),
        vocab_size,
        recipe.shards,
        recipe.seed,
        workspace.path("tokens", "scratch", digest([model, split])[:16]),
    )
    packed = [
        Unit(
            name,
            {"curated": [[shard.name, shard.sha256] for shard in shards], "model": model},
            Pack(tuple(part_name(shard) for shard in shards), shards[0].source, encoding),
        )
        for name, shards in packs(workspace, recipe.shards.bytes)
    ]
    weights = {source.name: source.weight for source in recipe.sources}
    drawn = {"shards": [[unit.name, unit.identity] for unit in packed], "weights": weights}
    units = [*packed, Unit(TOKEN_BYTES, {"model": model}), Unit(SETTINGS, drawn)]

    def work(tasks: list[Task]) -> None:
        """Two passes: curated shards to parts, but those an earlier run left, then the packs."""
        for task in tasks:
            if task.unit == TOKEN_BYTES:
                copy_token_bytes(task)
        left = [task for task in tasks if task.unit not in (TOKEN_BYTES, SETTINGS)]
        wanted = {part for task in left for part in task.payload.names}
        there = {info.uri for info in storage.list_files(encoding.scratch)}
        shards = [
            (part_name(shard), workspace.path("curated", f"{shard.name}.parquet"))
            for shard in curated(workspace)
            if part_name(shard) in wanted and encoding.part(f"{part_name(shard)}.json") not in there
        ]
        sizes = {
            f"{part_name(shard)}.json": shard.size
            for shard in curated(workspace)
            if part_name(shard) in wanted
        }
        made = workspace.require("assemble")["counts"]
        workspace.on_part(Files(encoding.scratch, sizes, made["documents_out"], made["bytes_out"]))
        session.map("encode shards", partial(encode_shard, encoding=encoding), shards)
        workspace.on_part(None)
        session.map("pack", pack, left)
        storage.delete_dir(workspace.path("tokens", "scratch"))
        for task in tasks:
            if task.unit == SETTINGS:
                write_settings(task, [unit.name for unit in packed], recipe)

    return workspace.perform(
        "tokenize",
        settings={"shards": recipe.shards.model_dump(), "seed": recipe.seed},
        units=units,
        work=work,
        describe=lambda facts: {"dataset": describe(facts, recipe, model, vocab_size)},
    )


def part_name(shard: Curated) -> str:
    """The name of a curated shard's part in the scratch folder: another content, another part."""
    return f"{shard.name}-{shard.sha256[:16]}"


def packs(workspace: Workspace, size: int) -> Iterator[tuple[str, list[Curated]]]:
    """(name, curated shards) of each token shard of about `size` bytes: by source, in order."""
    by_source: dict[str, list[Curated]] = {}
    for shard in curated(workspace):
        by_source.setdefault(shard.source, []).append(shard)
    for source, shards in by_source.items():
        numbers, held = count(), list[Curated]()
        for shard in shards:
            held.append(shard)
            if sum(each.size for each in held) * TOKENS_A_BYTE >= size:
                yield f"{source}-{next(numbers):05d}", held
                held = []
        if held:
            yield f"{source}-{next(numbers):05d}", held


def copy_token_bytes(task: Task) -> None:
    """Lay the tokenizer's table of bytes per token beside the shards: bits per byte needs it."""
    data = storage.read_bytes(task.path("tokenizer", TOKEN_BYTES))
    with storage.write_atomic(task.path("tokens", TOKEN_BYTES)) as out:
        out.write(data)
    task.finish({f"tokens/{TOKEN_BYTES}": storage.FileStamp(out.size, out.sha256)}, Counts())


def write_settings(task: Task, packed: Sequence[str], recipe: Recipe) -> None:
    """Lay the settings of other trainers beside the shards, of which all must be there."""
    receipts = (read_json(receipt_path(task.root, task.home, name)) for name in packed)
    splits = entries({receipt["unit"]: receipt["facts"] for receipt in receipts}, recipe)
    if len(splits["train"]) > NEOX_SHARDS:
        logger.warning(
            f"{len(splits['train'])} shards to train on: GPT-NeoX blends {NEOX_SHARDS} at most; "
            "to train with it raise shards.bytes and run `malmoi tokenize` again"
        )
    files = {}
    for name, content in data_settings(splits).items():
        with storage.write_atomic(task.path("tokens", name)) as out:
            out.write(content)
        files[f"tokens/{name}"] = storage.FileStamp(out.size, out.sha256)
    task.finish(files, Counts())


def describe(
    facts: Mapping[str, Any], recipe: Recipe, model: str, vocab_size: int
) -> dict[str, Any]:
    """What a trainer must know about the shards and the format does not say."""
    return {
        "tokenizer_sha256": model,
        "vocab_size": vocab_size,
        "end_of_text": END_OF_TEXT_ID,
        "dtype": token_dtype(vocab_size).name,
        "splits": entries(facts, recipe),
    }


def entries(facts: Mapping[str, Any], recipe: Recipe) -> dict[str, list[dict[str, Any]]]:
    """The shards of each split, from the facts of their units."""
    splits: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
    for name, totals_by_split in facts.items():
        source = name.rsplit("-", 1)[0]
        for split, totals in totals_by_split.items():
            weight = recipe.source(source).weight
            splits[split].append(
                {"path": f"{split}/{name}", "source": source, "weight": weight, **totals}
            )
    return splits
