"""What a step may be asked for: Muon, z-loss, spikes that are skipped, a log elsewhere."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from mesh import digest, read_tensors

from tokenizer.errors import RecipeError
from trainer.batches import Batches
from trainer.checkpoint import State, checkpoints, read_state
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset
from trainer.evaluate import Reading
from trainer.init import initialise
from trainer.metrics import read_steps
from trainer.model import build
from trainer.optim import WINDOW, make_optimizer, spike_limits
from trainer.order import Order
from trainer.parallel import Ranks
from trainer.train import Run, train, train_step

MODEL = ModelConfig(layers=2, width=32, heads=2, context=32)
SHORT = TrainConfig(
    steps=6, batch_tokens=128, warmup_steps=2, eval_every=9, save_every=3, learning_rate=0.01
)
TIMED = {"tokens_per_s", "seconds", "memory", "data_wait_s", "mfu"}


@pytest.fixture
def first_step(run_dir: Path) -> Callable[[TrainConfig, State], tuple[dict, Run]]:
    """The line of one step from a state, and the run after it."""

    def do(settings: TrainConfig, state: State) -> tuple[dict, Run]:
        data = Dataset.open(run_dir / "tokens", MODEL.context)
        network = build(MODEL, 128)
        initialise(network, 0)
        batches = Batches(data, Order(data.train.streams, 0), 4, 4, 0, 1)
        reading = Reading(z_loss=settings.z_loss)
        alone = Ranks(0, 1, torch.device("cpu"))
        optimizer = make_optimizer(network, settings)
        run = Run(settings, 0, 4, data, batches, reading, network, optimizer, alone)
        line, _ = train_step(run, state, False)
        batches.close()
        return line, run

    return do


def test_a_spike_is_skipped_and_enters_the_window_as_its_limit(
    first_step: Callable[..., tuple[dict, Run]],
) -> None:
    calm = [[2.0 + 0.01 * (i % 2), 1.0 + 0.01 * (i % 2)] for i in range(WINDOW)]
    settings = SHORT.model_copy(update={"spike_sigmas": 6.0})
    state = State(window=[list(pair) for pair in calm])
    line, run = first_step(settings, state)
    assert line["loss"] > spike_limits(calm, 6.0)[0]
    assert (line["skipped"], state.skipped, state.step, state.samples) == (1, 1, 1, 4)
    untouched = build(MODEL, 128)
    initialise(untouched, 0)
    assert digest(dict(run.network.state_dict())) == digest(dict(untouched.state_dict()))
    assert state.window[:-1] == calm[1:]
    assert state.window[-1][0] == spike_limits(calm, 6.0)[0]
    state = State(window=[list(pair) for pair in calm])
    line, run = first_step(SHORT, state)  # nobody asked
    assert line["skipped"] == 0
    assert digest(dict(run.network.state_dict())) != digest(dict(untouched.state_dict()))


def test_z_loss_is_trained_on_and_not_reported(
    first_step: Callable[..., tuple[dict, Run]],
) -> None:
    plain, _ = first_step(SHORT, State())
    squared, _ = first_step(SHORT.model_copy(update={"z_loss": 0.1}), State())
    assert squared["loss"] == plain["loss"]
    assert squared["grad_norm"] != plain["grad_norm"]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_run_that_resumes_is_the_run_that_never_stopped(run_dir: Path, optimizer: str) -> None:
    """Bit for bit, with the window of spikes and a step that is skipped after the pause."""
    changes = {"optimizer": optimizer, "spike_sigmas": 2.0, "steps": WINDOW // 2 + 20}
    changes |= {"save_every": WINDOW // 2 + 5, "keep_last": 3, "schedule": "constant"}
    asked = SHORT.model_copy(update=changes)
    out = {}
    for name, stops in (("whole", []), ("paused", [WINDOW // 2 - 1, WINDOW // 2 + 5])):
        out[name] = run_dir / name
        for steps in (*stops, asked.steps):
            part = asked.model_copy(update={"steps": steps})
            summary = train(MODEL, part, run_dir / "tokens", out[name], 0)
    assert summary["skipped_steps"] > 0
    lines = [
        [
            {key: value for key, value in line.items() if key not in TIMED}
            for line in read_steps(out[name], asked.steps)
            if "validation_bpb" not in line
        ]
        for name in ("whole", "paused")
    ]
    assert lines[1] == [line for line in lines[0] if line["step"] in {x["step"] for x in lines[1]}]
    last = [checkpoints(out[name])[-1] for name in ("whole", "paused")]
    assert digest(read_tensors(last[0])) == digest(read_tensors(last[1]))
    assert read_state(last[0]).window == read_state(last[1]).window
    assert len(read_state(last[0]).window) == asked.steps
    assert all(
        line["mfu"] is None and line["data_wait_s"] >= 0 for line in read_steps(out["whole"], 9)[1:]
    )


def test_muon_learns(run_dir: Path) -> None:
    asked = SHORT.model_copy(update={"steps": 40, "optimizer": "muon"})
    summary = train(MODEL, asked, run_dir / "tokens", run_dir / "out", 0)
    assert summary["last_loss"] < 0.8 * summary["first_loss"]


@pytest.mark.skipif(find_spec("wandb") is not None, reason="wandb is installed")
def test_wandb_that_is_not_there_is_named_before_anything_starts(run_dir: Path) -> None:
    asked = SHORT.model_copy(update={"wandb": "malmoi"})
    with pytest.raises(RecipeError, match="not installed; `pip install wandb`"):
        train(MODEL, asked, run_dir / "tokens", run_dir / "out", 0)
    assert not (run_dir / "out").exists()


@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")
def test_wandb_gets_the_figures_of_the_log(run_dir: Path) -> None:
    """In a process of its own, offline: what it sends lies in its directory."""
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(
        recipe.read_text().replace("train: {", "train: {wandb: malmoi, log_every: 1, ")
    )
    environment = os.environ | {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path[1:]])}
    command = [sys.executable, "-m", "trainer", str(run_dir)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stderr
    out = run_dir / "checkpoints"
    (folder,) = (out / "wandb").glob("offline-run-*")
    assert folder.name.endswith((out / "wandb-id").read_text())
    (sent,) = folder.glob("run-*.wandb")
    last = read_steps(out, 12)[-1]
    for key in ("loss", "grad_norm", "validation_bpb"):
        assert json.dumps(last[key]).encode() in sent.read_bytes()
