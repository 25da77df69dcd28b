"""The steps that need torch, wired to a run directory: train, export, evaluate.

The trainer knows token shards and directories only; what a run is, it does not know.
"""

import importlib.util
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import storage
from pipeline.progress import Steps
from pipeline.recipe import Recipe
from pipeline.steps import run_alone
from pipeline.workspace import Outcome, Workspace
from tokenizer.errors import MalmoiError

logger = logging.getLogger(__name__)


def train(workspace: Workspace, recipe: Recipe, processes: int = 1) -> Outcome:
    """Train, or go on from the newest checkpoint; raise `train.steps` to go further.

    Checkpoints that cannot be gone on with (another corpus, another model) are set aside.
    """
    tokens = workspace.require("tokenize")
    need_torch()
    from trainer.weights import weights_sha256

    start = weights_sha256(recipe.train.start_from)

    def make(directory: Path) -> Mapping[str, Any]:
        from trainer.resume import obstacle
        from trainer.train import train as fit

        tokens_dir, tokenizer_dir = (
            storage.local_path(workspace.path(name)) for name in ("tokens", "tokenizer")
        )
        arguments = (recipe.model, recipe.train, tokens_dir, directory, recipe.seed)
        if reason := obstacle(*arguments):
            logger.warning("%s; kept as %s; training afresh", reason, _set_aside(directory))
        workspace.on_part(Steps(directory / "metrics.jsonl", recipe.train.steps))
        if processes > 1:
            _torchrun(workspace.root, processes)  # afterwards `fit` finds the run complete
        return {"summary": fit(*arguments, tokenizer_dir=tokenizer_dir)}

    return run_alone(
        workspace,
        "train",
        settings={
            "model": recipe.model.model_dump(mode="json"),
            "train": recipe.train.model_dump(mode="json"),
            "seed": recipe.seed,
        },
        inputs=[tokens["outputs"], start] if start else tokens["outputs"],
        make=make,
        resumable=True,
    )


def export(workspace: Workspace, recipe: Recipe) -> Outcome:
    """Write the newest checkpoint for transformers, with the tokenizer's files and a card."""
    from pipeline.cards.figures import model_figures
    from pipeline.report.write import collect

    trained = workspace.require("train")
    tokenizer = workspace.require("tokenizer")
    need_torch()
    data = model_figures(workspace, recipe, collect(workspace, recipe))

    def make(directory: Path) -> Mapping[str, Any]:
        from trainer.export import export as write

        checkpoints = storage.local_path(workspace.path("checkpoints"))
        tokenizer_dir = storage.local_path(workspace.path("tokenizer"))
        return write(checkpoints, tokenizer_dir, directory, data)

    return run_alone(
        workspace,
        "export",
        settings={"card": data},
        inputs=[trained["outputs"], tokenizer["outputs"]],
        make=make,
    )


def evaluate(workspace: Workspace) -> dict[str, Any]:
    """Loss and bits per byte of the exported model on the held-out documents, by source."""
    workspace.require("export")
    need_torch()
    from trainer.evaluate import evaluate as measure

    return measure(
        storage.local_path(workspace.path("export")), storage.local_path(workspace.path("tokens"))
    )


def kobest(
    workspace: Workspace, folder: str, shots: list[int], limit: int | None
) -> dict[str, dict[str, Any]]:
    """The exported model's figures on KoBEST, by shots and task; see `trainer.kobest`."""
    workspace.require("export")
    need_torch()
    from trainer.kobest import kobest as measure

    export_dir = storage.local_path(workspace.path("export"))
    return measure(export_dir, Path(folder), shots, limit)


def _set_aside(directory: Path) -> Path:
    """Move checkpoints of another run beside the directory: they may have cost days."""
    number = 1
    while (kept := directory.with_name(f"{directory.name}-{number}")).exists():
        number += 1
    directory.rename(kept)
    directory.mkdir()
    return kept


def need_torch() -> None:
    """Raises MalmoiError, with the cure, where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise MalmoiError("training needs torch; install it with `pip install 'malmoi[train]'`")


def _torchrun(root: str, processes: int) -> None:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc-per-node={processes}",
    ]
    result = subprocess.run([*command, "-m", "trainer", root], stdout=sys.stderr, check=False)
    if result.returncode:
        raise MalmoiError(f"torchrun ended with {result.returncode}; its messages stand above")
