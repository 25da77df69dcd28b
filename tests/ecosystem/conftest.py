"""A whole run of a small corpus, which other programs read."""

from pathlib import Path

import pytest

from pipeline.commands import resolved_recipe
from pipeline.report.write import write_report
from pipeline.workspace import Workspace
from tests.pipeline.look_runs import RECIPE, make_run, write_corpus

TRAINED = """\
model: {layers: 2, width: 32, heads: 2, context: 64}
train: {steps: 2, batch_tokens: 512, micro_batch: 4, eval_every: 2, eval_batches: 1}
"""
CURATE = ("benchmarks", "clean", "dedup", "assemble")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `runs/first` is a run with all steps done, and its report written."""
    folder = tmp_path_factory.mktemp("lab")
    write_corpus(folder)
    recipe = RECIPE.replace("priority: 1}", "priority: 1, licence: CC-BY-4.0}")
    (folder / "recipe.yaml").write_text(recipe + TRAINED, "utf-8")
    steps = ("count", "tokenizer", "tokenize", "train", "export")
    (folder / "runs").mkdir()
    make_run(folder / "recipe.yaml", folder / "runs" / "first", *CURATE, *steps)
    workspace = Workspace(folder / "runs" / "first")
    write_report(workspace, resolved_recipe(workspace))
    return folder
