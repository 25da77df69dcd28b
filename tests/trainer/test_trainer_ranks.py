"""Two processes under torchrun train the same model as one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from trainer.__main__ import train_run
from trainer.checkpoint import checkpoints


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
    weights = [
        load_file(checkpoints(run / "checkpoints")[-1] / "model.safetensors")
        for run in (alone, run_dir)
    ]
    for name, weight in weights[0].items():
        if name.endswith("query_key_value.bias"):  # the softmax cancels a key's bias: its gradient
            continue  # is rounding noise, which Adam blows up, and moves no logit
        assert (weight - weights[1][name]).abs().max() < 1e-4, name
