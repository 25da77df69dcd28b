"""The dedup step against earlier runs."""

import random
from pathlib import Path

import numpy as np
import pytest

from pipeline.parquet import read_table
from pipeline.workspace import Outcome, Workspace
from tests.dedup.job_runs import (
    SHARD_ROWS,
    make_workspace,
    removals_on_disk,
    run_job,
    sentence,
    with_settings,
)
from tokenizer.errors import MalmoiError


def against(tmp_path: Path, texts: list[str], *earlier: Path) -> tuple[Workspace, Outcome]:
    workspace = make_workspace(tmp_path, texts)
    return workspace, run_job(workspace, with_settings(against=[str(run) for run in earlier]))


def test_documents_of_earlier_runs_stay_and_are_witnesses(tmp_path: Path, texts: list[str]) -> None:
    first = make_workspace(tmp_path / "first", texts)
    run_job(first)
    before = {path: path.read_bytes() for path in (tmp_path / "first").rglob("*.parquet")}
    rng = random.Random(5)
    new = [sentence(rng, 100) for _ in texts]
    for row in range(0, len(texts), 5):
        new[row] = texts[row].replace(" ", "\n", 7)  # equal, or both without letters
    new[1] = new[2] + " 더"
    workspace, outcome = against(tmp_path / "second", new, tmp_path / "first")
    assert {path: path.read_bytes() for path in before} == before
    found = [
        drop
        for number in range(len(SHARD_ROWS))
        for drop in read_table(workspace.path("drops", f"part-{number:05d}.parquet")).to_pylist()
    ]
    assert len(found) == len(range(0, len(texts), 5)) + 1
    inside = [drop for drop in found if drop["witness_run"] is None]
    assert len(inside) == 1 and outcome.manifest["counts"]["documents_out"] == len(new) - len(found)
    kept = set()
    starts = np.cumsum((0, *SHARD_ROWS))
    dropped = {row for row, *_ in removals_on_disk(first)}
    for drop in found:
        if drop["witness_run"] == 0:
            witness = int(starts[drop["witness_shard"]]) + drop["witness_row"]
            assert witness not in dropped and drop["duplicate_of"] == f"doc-{witness}"
            kept.add(witness)
    third, outcome = against(tmp_path / "third", new, tmp_path / "first", tmp_path / "second")
    assert outcome.manifest["counts"]["documents_out"] == 0
    runs = [
        drop["witness_run"]
        for number in range(len(SHARD_ROWS))
        for drop in read_table(third.path("drops", f"part-{number:05d}.parquet")).to_pylist()
    ]
    assert (
        set(runs) == {0, 1}
        and run_job(
            third, with_settings(against=[str(tmp_path / "first"), str(tmp_path / "second")])
        ).skipped
    )


def test_an_earlier_run_that_cannot_be_compared_is_refused(
    tmp_path: Path, texts: list[str]
) -> None:
    first = make_workspace(tmp_path / "first", texts)
    with pytest.raises(MalmoiError, match="step 'dedup' is not done here"):
        against(tmp_path / "second", texts, tmp_path / "first")
    run_job(first)
    manifest = Path(first.path("clean", "manifest.json"))
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"seed": 1', '"seed": 2'))
    with pytest.raises(MalmoiError, match=r"signatures are of other settings \(seed 2, not 1\)"):
        against(tmp_path / "second", texts, tmp_path / "first")
    manifest.write_text(whole)
    Path(first.path("drops", "part-00001.parquet")).unlink()
    with pytest.raises(MalmoiError, match=r"drops/part-00001.parquet of step 'dedup' is missing"):
        against(tmp_path / "second", texts, tmp_path / "first")
