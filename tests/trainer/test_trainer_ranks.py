"""Two processes train the same model as one, and are killed as safely."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mesh import digest, read_tensors

from trainer.__main__ import train_run
from trainer.checkpoint import checkpoints, read_state


def torchrun(run: Path, processes: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "-m", "trainer", str(run)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, env=environment)


def test_two_processes_give_the_losses_of_one(
    run_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alone = tmp_path_factory.mktemp("alone")
    (alone / "tokens").symlink_to(run_dir / "tokens")
    (alone / "recipe.yaml").write_text((run_dir / "recipe.yaml").read_text())
    summary = train_run(alone)
    result = torchrun(run_dir, 2)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["tokens"] == summary["tokens"]

    def log(run: Path) -> list[dict]:
        text = (run / "checkpoints/metrics.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    one, two = log(alone), log(run_dir)
    assert [line["step"] for line in two] == list(range(13))
    for key in ("loss", "bpb", "grad_norm", "validation_loss", "validation_bpb", "lr", "tokens"):
        expected = [line[key] for line in one if key in line]
        assert expected
        tolerance = 2e-5 if key == "grad_norm" else 2e-6
        assert [line[key] for line in two if key in line] == pytest.approx(expected, rel=tolerance)
    weights = [read_tensors(checkpoints(run / "checkpoints")[-1]) for run in (alone, run_dir)]
    for name, weight in weights[0].items():
        if "query_key_value.bias" in name:  # the softmax cancels a key's bias: its gradient
            continue  # is rounding noise, which Adam blows up, and moves no logit
        assert (weight - weights[1][name]).abs().max() < 1e-4, name


def start(run: Path) -> list[subprocess.Popen[str]]:
    """Two processes without an agent over them, as Slurm starts them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    shared |= {"MASTER_PORT": str(port), "PYTHONPATH": str(Path(__file__).parents[2])}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "trainer", str(run)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank},
        )
        for rank in ("0", "1")
    ]


def wait_for_lines(processes: list[subprocess.Popen[str]], run: Path, count: int) -> None:
    path, deadline = run / "checkpoints" / "metrics.jsonl", time.monotonic() + 120
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert all(process.poll() is None for process in processes), processes[0].communicate()
        assert time.monotonic() < deadline
        time.sleep(0.001)


def end(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors


def outcome(run: Path) -> tuple[list[float], dict[str, str]]:
    lines = (run / "checkpoints/metrics.jsonl").read_text().splitlines()
    last = checkpoints(run / "checkpoints")[-1]
    return [json.loads(line).get("loss") for line in lines], digest(read_tensors(last))


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_a_random_moment_and_terminated_they_go_on_bit_for_bit(
    run_dir: Path, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    recipe = (run_dir / "recipe.yaml").read_text()
    recipe = recipe.replace("steps: 12", "steps: 30").replace("save_every: 4", "save_every: 2")
    whole = tmp_path_factory.mktemp("whole")
    (whole / "tokens").symlink_to(run_dir / "tokens")
    for run in (run_dir, whole):
        (run / "recipe.yaml").write_text(recipe)
    end(start(whole))

    drawn = random.Random(seed)
    killed = start(run_dir)
    wait_for_lines(killed, run_dir, drawn.randrange(2, 12))
    time.sleep(drawn.random() / 5)  # also in the midst of a save
    for process in killed:
        process.kill()
    assert [process.wait(60) for process in killed] == [-signal.SIGKILL] * 2

    told = start(run_dir)
    wait_for_lines(told, run_dir, drawn.randrange(14, 24))
    told[1].terminate()
    end(told)
    assert read_state(checkpoints(run_dir / "checkpoints")[-1]).step < 30
    end(start(run_dir))
    assert outcome(run_dir) == outcome(whole)
