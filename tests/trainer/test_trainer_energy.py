"""Energy stands in checkpoints and summary, goes on over stops, and changes nothing else."""

import shutil
from pathlib import Path

import mesh
import pytest
import torch
from mesh import Pool, read_tensors

from trainer.__main__ import train_run
from trainer.checkpoint import checkpoints, read_state
from trainer.energy import COUNTRY


@pytest.fixture
def other(run_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two equal runs, `run_dir` and this one, of which one can go on from the other's steps."""
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("{steps", "{schedule: constant, steps"))
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(run_dir, folder, dirs_exist_ok=True)
    return folder


def test_a_measured_run_that_was_stopped_is_the_same_run(
    run_dir: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(COUNTRY, raising=False)
    assert "energy" not in train_run(run_dir)
    assert read_state(checkpoints(run_dir / "checkpoints")[-1]).energy == {}

    monkeypatch.setenv(COUNTRY, "KOR")
    whole = (other / "recipe.yaml").read_text()
    (other / "recipe.yaml").write_text(whole.replace("steps: 12", "steps: 8"))
    first = train_run(other)["energy"]
    (other / "recipe.yaml").write_text(whole)
    second = train_run(other)["energy"]
    assert (first["steps"], second["steps"]) == (8, 12)
    assert 0 < first["kwh"] < second["kwh"]
    assert train_run(other)["energy"] == second  # complete: nothing is added

    plain, measured = (
        read_tensors(checkpoints(run / "checkpoints")[-1]) for run in (run_dir, other)
    )
    assert plain.keys() == measured.keys()
    assert all(torch.equal(plain[name], measured[name]) for name in plain)
    names = [sorted(p.name for p in (run / "checkpoints").iterdir()) for run in (run_dir, other)]
    assert names[0] == names[1]  # no file of its own


def test_steps_that_were_not_measured_are_not_counted(
    other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(COUNTRY, raising=False)
    whole = (other / "recipe.yaml").read_text()
    (other / "recipe.yaml").write_text(whole.replace("steps: 12", "steps: 8"))
    train_run(other)
    monkeypatch.setenv(COUNTRY, "KOR")
    (other / "recipe.yaml").write_text(whole)
    assert train_run(other)["energy"]["steps"] == 4


@pytest.mark.slow
@pytest.mark.parametrize("tensor", [1, 2])
def test_processes_of_a_machine_read_it_once(tmp_path: Path, tensor: int) -> None:
    pool = Pool(tmp_path)
    try:
        told = pool(mesh.metered, 2, tensor=tensor)
    finally:
        pool.close()
    assert told[0] == told[1] and told[0]["machines"] == 1
    assert told[0]["kwh"] > 0 and told[0]["steps"] == 3
