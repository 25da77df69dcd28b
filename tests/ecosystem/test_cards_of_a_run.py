"""The cards that a run writes: of its own figures, once, and of what is there."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.cards.figures import model_figures
from pipeline.commands import resolved_recipe
from pipeline.report.write import collect, write_report
from pipeline.workspace import Workspace
from tests.pipeline.look_runs import SECRETS


def test_both_cards_tell_the_runs_figures(lab: Path) -> None:
    run = lab / "runs" / "first"
    files = sorted((run / "curated").glob("*.parquet"))
    documents = sum(pq.read_metadata(file).num_rows for file in files)
    dataset, model = ((run / name / "README.md").read_text("utf-8") for name in ("", "export"))
    assert f"\n{documents} documents, " in dataset
    assert f"The corpus looked, {documents} documents, " in model
    manifest = Workspace(run).manifest("assemble")
    assert manifest is not None
    for card in (dataset, model):
        assert f"`{manifest['outputs']}`" in card and "CC-BY-4.0" in card
        assert "second time over" in card and str(lab) not in card
        assert not [secret for secret in SECRETS if secret in card]
    assert "| tel | 4 |" in dataset and "| clean | contaminated | 1 |" in dataset
    assert "6 personal values of 2 kinds were masked" in model


def test_the_card_is_no_stray_and_is_not_written_twice(lab: Path) -> None:
    workspace = Workspace(lab / "runs" / "first")
    card = lab / "runs" / "first" / "README.md"
    before = card.stat().st_mtime_ns
    write_report(workspace, resolved_recipe(workspace))
    assert card.stat().st_mtime_ns == before
    assert workspace.verify()[1] == []
    whole = card.read_bytes()
    card.write_bytes(b"another")
    write_report(workspace, resolved_recipe(workspace))
    assert card.read_bytes() == whole


def test_a_run_whose_corpus_lies_elsewhere(lab: Path, tmp_path: Path) -> None:
    """First its shards are gone, then all of the step: as where a run is brought for training."""
    run = tmp_path / "run"
    shutil.copytree(lab / "runs" / "first", run)
    workspace, recipe = Workspace(run), resolved_recipe(Workspace(run))
    for shard in (run / "curated").glob("*.parquet"):
        shard.unlink()
    write_report(workspace, recipe)
    assert "Not measured on this corpus" in (run / "README.md").read_text("utf-8")
    figures = model_figures(workspace, recipe, collect(workspace, recipe))
    assert figures is not None and figures["look"] is None and figures["samples"]["texts"] > 0
    shutil.rmtree(run / "curated")
    (run / "README.md").unlink()
    write_report(workspace, recipe)
    assert not (run / "README.md").exists()
    assert model_figures(workspace, recipe, collect(workspace, recipe)) is None
