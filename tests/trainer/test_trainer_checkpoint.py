"""A checkpoint is the state at the call that saves it, and whole or not there."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from mesh import digest, read_tensors

from trainer import checkpoint
from trainer.__main__ import train_run
from trainer.checkpoint import SaveError, Saver, State, checkpoints, load, read_state
from trainer.config import ModelConfig, TrainConfig
from trainer.init import initialise
from trainer.model import NeoX, build
from trainer.optim import make_optimizer
from trainer.parallel import Ranks

MODEL = ModelConfig(layers=2, width=32, heads=2, context=32)
ALONE = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture
def trained() -> tuple[NeoX, torch.optim.Optimizer]:
    """A model and an optimizer with averages."""
    network = build(MODEL, 128)
    initialise(network, 0)
    optimizer = make_optimizer(network, TrainConfig())
    step(network, optimizer)
    return network, optimizer


def step(network: NeoX, optimizer: torch.optim.Optimizer) -> None:
    network(torch.arange(64).view(2, 32)).logsumexp(-1).sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def held(network: NeoX, optimizer: torch.optim.Optimizer) -> dict[str, str]:
    return digest(checkpoint._tensors(network, optimizer))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The thread that writes waits until it is set."""
    opened, write = threading.Event(), checkpoint.dcp.save

    def wait_and_write(*arguments: Any, **options: Any) -> Any:
        assert opened.wait(60)
        return write(*arguments, **options)

    monkeypatch.setattr(checkpoint.dcp, "save", wait_and_write)
    return opened


def test_what_is_saved_is_what_was_there_at_the_call(
    tmp_path: Path, trained: tuple[NeoX, torch.optim.Optimizer], gate: threading.Event
) -> None:
    saver, state = Saver(tmp_path, ALONE, 2), State(step=5, window=[[1.0, 2.0]])
    before = held(*trained)
    saver.save(*trained, state)
    step(*trained)  # while the thread has not begun to write
    state.step, state.samples = 6, 99
    state.window.append([3.0, 4.0])
    assert held(*trained) != before
    assert checkpoints(tmp_path) == []
    gate.set()
    saver.wait()
    network = build(MODEL, 128)
    optimizer = make_optimizer(network, TrainConfig())
    assert load(checkpoints(tmp_path)[-1], network, optimizer) == State(5, window=[[1.0, 2.0]])
    assert held(network, optimizer) == before
    assert digest(read_tensors(checkpoints(tmp_path)[-1])) == before


def test_the_next_save_waits_for_the_last(
    tmp_path: Path, trained: tuple[NeoX, torch.optim.Optimizer], gate: threading.Event
) -> None:
    saver = Saver(tmp_path, ALONE, 2)
    saver.save(*trained, State(step=1))
    threading.Timer(0.2, gate.set).start()
    saver.save(*trained, State(step=2))
    assert next(path.name for path in checkpoints(tmp_path)) == "step-00000001"
    saver.wait()
    assert [read_state(path).step for path in checkpoints(tmp_path)] == [1, 2]


def test_the_newest_stay_and_every_so_many(
    tmp_path: Path, trained: tuple[NeoX, torch.optim.Optimizer]
) -> None:
    saver = Saver(tmp_path, ALONE, keep_last=2, keep_every=3)
    for number in range(1, 9):
        saver.save(*trained, State(step=number))
    saver.wait()
    assert [checkpoint.step_of(path) for path in checkpoints(tmp_path)] == [3, 6, 7, 8]
    assert len(list(tmp_path.iterdir())) == 4


def test_none_is_deleted_before_the_next_is_there(
    tmp_path: Path, trained: tuple[NeoX, torch.optim.Optimizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    saver = Saver(tmp_path, ALONE, keep_last=1)
    saver.save(*trained, State(step=1))
    saver.wait()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_sync", full)  # the last thing before the commit
    saver.save(*trained, State(step=2))
    with pytest.raises(SaveError, match=r"step-00000002: .*No space left on device.*make room"):
        saver.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]  # nor what was begun


FULL = """
import resource, sys
from pathlib import Path
from trainer.__main__ import train_run
from tokenizer.errors import MalmoiError

run = Path(sys.argv[1])
train_run(run)
recipe = run / "recipe.yaml"
recipe.write_text(recipe.read_text().replace("steps: 12", "steps: 20"))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))  # no file is longer
try:
    train_run(run)
except MalmoiError as error:
    sys.exit(f"error: {error}")
"""


def test_a_full_disk_keeps_the_older_checkpoint_and_is_told(run_dir: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", FULL, str(run_dir)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    out = run_dir / "checkpoints"
    assert done.returncode == 1, done.stderr
    assert "error: " in done.stderr and "step-00000016: cannot be written" in done.stderr
    assert "make room" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in checkpoints(out)] == ["step-00000008", "step-00000012"]
    assert not list(out.glob(".step-*"))
    assert train_run(run_dir)["steps"] == 20  # with room, the same command goes on
    assert read_state(checkpoints(out)[-1]).step == 20
