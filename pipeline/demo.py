"""The demonstration: a corpus with planted mess, its recipe, and what the run made of it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from pipeline import console, screen, storage
from pipeline.parquet import read_batches
from pipeline.recipe import Recipe, load
from pipeline.synthetic import generate_documents, plant, score, write_corpus
from pipeline.text.html import extract
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError

RECIPE = Path(__file__).parent.parent / "recipes" / "demo.yaml"
PROMPT = "문서를 저장하려면"
GENERATED = 4_000
"""Documents that are generated where there are no pages."""


def prepare(out: Path, corpus: Path | None) -> Recipe:
    """Write the corpus into `out/corpus` and return its recipe.

    Every third page is the ground for planted mess, the others are read as they are. Raises
    MalmoiError when `corpus` holds no HTML page.
    """
    folder = out / "corpus"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    if corpus is None:
        screen.say("no --corpus: this demonstration runs on generated text")
        documents = generate_documents(GENERATED, seed=7)
    else:
        pages = sorted(corpus.rglob("*.html"))
        if not pages:
            raise MalmoiError(f"{corpus}: no .html file in it; give a folder of Korean HTML pages")
        documents = [_document(page, corpus) for page in pages[::3]]
        for page in set(pages) - set(pages[::3]):
            copy = folder / "pages" / page.relative_to(corpus)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(page, copy)
    write_corpus(*plant(documents, seed=7), folder)
    os.environ["MALMOI_DEMO"] = str(folder.absolute())
    recipe = load(RECIPE)
    if corpus is None:
        recipe = recipe.model_copy(update={"sources": recipe.sources[1:]})
    return recipe


def _document(page: Path, corpus: Path) -> dict[str, str]:
    text = extract(page.read_text("utf-8", errors="replace"))
    return {"id": str(page.relative_to(corpus)), "text": text}


def figures(workspace: Workspace, recipe: Recipe) -> dict[str, Any]:
    """What was found of what was planted, and how the model learned."""
    truth = orjson.loads(storage.read_bytes(workspace.path("corpus", "truth.json")))
    found = score(
        truth,
        _rows(workspace, "curated"),
        _rows(workspace, "removed"),
        threshold=recipe.dedup.threshold,
    )
    splits = workspace.require("tokenize")["dataset"]["splits"]
    shards = [shard for split in splits.values() for shard in split]
    summary = workspace.require("train")["facts"]["train"]["summary"]
    return {
        "planted": found,
        "bytes_per_token": sum(shard["bytes"] for shard in shards)
        / sum(shard["tokens"] for shard in shards),
        "training": summary,
        "report": workspace.path("report.html"),
    }


def _rows(workspace: Workspace, directory: str) -> Iterator[Mapping[str, Any]]:
    for info in storage.list_files(workspace.path(directory), recursive=False):
        if info.uri.endswith(".parquet"):
            for batch in read_batches(info.uri):
                yield from batch.to_pylist()


def show(figures: Mapping[str, Any]) -> None:
    """Print the figures, the report's place and the sentence."""
    planted = dict(figures["planted"])
    base = planted.pop("base")
    rows = [
        (f"PII {kind}", counts["found"], counts["planted"], "masked")
        for kind, counts in planted.pop("pii").items()
    ]
    for name, counts in planted.items():
        verb = "restored" if "restored" in counts else "removed"
        rows.append((name.replace("_", " "), counts[verb], counts["planted"], verb))
    console.stdout.print(console.table("", ("planted", "found", "planted", "which is"), rows))
    gone = ", ".join(f"{count} {rule}" for rule, count in base["removed"].items())
    console.stdout.print(
        f"of {base['documents']:,} documents left as they were, {base['kept']:,} were kept ({gone})"
    )
    training = figures["training"]
    console.stdout.print(f"bytes per token: {figures['bytes_per_token']:.2f}")
    for name, key in (("loss", "loss"), ("validation bits per byte", "validation_bpb")):
        first, last = training[f"first_{key}"], training[f"last_{key}"]
        console.stdout.print(f"{name}: {first:.3f} at the start, {last:.3f} at the end")
    console.stdout.print(f"report: {figures['report']}")
    console.stdout.print(f"the model goes on: {figures['sentence']}", markup=False)
