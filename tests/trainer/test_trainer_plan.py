"""What a plan says is what is counted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from trainer.config import CHUNK_LOGITS, PRESETS, ModelConfig, parameter_count
from trainer.model import build
from trainer.plan import (
    GPUS,
    collectives,
    flops_per_token,
    peak_flops,
    peak_memory,
    plan,
    shard_numbers,
)
from trainer.simulate import simulate

ROWS = 30_080
BIG = PRESETS["polyglot-ko-12.8b"]
SMALL = ModelConfig(layers=4, width=256, heads=4, context=256)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("preset", ["polyglot-ko-1.3b", "polyglot-ko-5.8b", "polyglot-ko-12.8b"])
def test_flops_are_those_that_torch_counts(preset: str) -> None:
    model = PRESETS[preset]
    network = build(model, ROWS, "meta")
    tokens = torch.zeros(1, model.context, dtype=torch.int64, device="meta")
    with FlopCounterMode(display=False) as counter:
        F.cross_entropy(network(tokens).flatten(0, 1), tokens.flatten()).backward()
    counted = counter.get_total_flops() / tokens.numel()
    assert flops_per_token(model, ROWS) == pytest.approx(counted, rel=1e-3)


def test_gpus_are_told_by_their_names() -> None:
    assert peak_flops("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_flops("NVIDIA H100 80GB HBM3") == peak_flops("NVIDIA H200") == 989e12
    assert peak_flops("NVIDIA H100 PCIe") == 756e12
    assert peak_flops("NVIDIA GeForce RTX 3090") is None


@pytest.mark.parametrize("preset", PRESETS)
def test_one_gpu_holds_all_parameters_and_several_hold_them_together(preset: str) -> None:
    model = PRESETS[preset]
    count = parameter_count(model, ROWS)
    assert shard_numbers(model, ROWS, 1) == count
    assert count <= 8 * shard_numbers(model, ROWS, 8) <= 1.01 * count


def test_polyglots_plan() -> None:
    figures = plan(BIG, ROWS, 256, 4, True, GPUS["a100-80g"], 213_000_000_000, 0.5)
    assert figures["parameters"] == 12_893_603_840
    assert figures["parameters_on_a_gpu"] == 50_370_760
    assert figures["collectives_a_step"] == {
        "all_gather": 81,
        "reduce_scatter": 41,
        "all_reduce": 1,
    }
    assert figures["batch_tokens"] == 256 * 4 * 2048
    seconds = figures["flops_per_token"] * 213e9 / (256 * 312e12 * 0.5)
    assert figures["days"] == pytest.approx(seconds / 86_400)
    assert figures["flops_per_token"] == pytest.approx(8.1455e10, rel=2e-4)
    assert figures["memory_share"] == figures["peak_memory_bytes"] / 2**30 / 80
    assert plan(BIG, ROWS, 256, 4, True, GPUS["a100-80g"], 0, 0.5)["tokens"] == 20 * 12_893_603_840


def check(model: ModelConfig, gpus: int, micro_batch: int, recomputes: bool) -> int:
    """That the simulation says what the arithmetic does; the peak that it counted."""
    counted = simulate(model, ROWS, gpus, micro_batch, recomputes)
    assert counted["parameters_on_a_gpu"] == shard_numbers(model, ROWS, gpus)
    assert counted["collectives_a_step"] == collectives(model)
    stated = peak_memory(model, ROWS, gpus, micro_batch, recomputes)
    assert stated == pytest.approx(counted["peak_memory_bytes"], rel=0.1)
    return counted["peak_memory_bytes"]


@pytest.mark.parametrize("recomputes", [False, True])
def test_eight_simulated_processes_do_what_the_plan_says(recomputes: bool) -> None:
    chunks = dict(CHUNK_LOGITS)
    check(SMALL, 8, 16, recomputes)
    assert chunks == CHUNK_LOGITS
    assert not dist.is_initialized()


def test_recomputing_holds_less() -> None:
    deep = ModelConfig(layers=8, width=512, heads=8, context=1024)
    assert check(deep, 8, 8, True) < 0.6 * check(deep, 8, 8, False)


@pytest.mark.slow
@pytest.mark.parametrize(("recomputes", "low", "high"), [(True, 8.3, 9.3), (False, 57.0, 63.0)])
def test_256_simulated_processes_train_the_largest(
    recomputes: bool, low: float, high: float
) -> None:
    assert low < check(BIG, 256, 4, recomputes) / 2**30 < high


@pytest.mark.slow
@pytest.mark.parametrize("gpus", [4, 64])
@pytest.mark.parametrize("preset", ["350m", "polyglot-ko-1.3b", "polyglot-ko-5.8b"])
@pytest.mark.parametrize("recomputes", [False, True])
def test_other_layouts_are_as_planned(preset: str, gpus: int, recomputes: bool) -> None:
    check(PRESETS[preset], gpus, 4, recomputes)


def malmoi(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "beam_runner", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, cwd=ROOT)


def test_the_command_prints_the_plan() -> None:
    asked = ["plan-train", "polyglot-ko-12.8b", "--gpus", "256", "--gpu", "a100-80g"]
    figures = json.loads(malmoi(*asked, "--json").stdout)
    expected = plan(BIG, ROWS, 256, 4, True, GPUS["a100-80g"], 0, 0.4)
    assert {key: figures[key] for key in expected} == expected
    text = malmoi(*asked).stdout
    assert "12,893,603,840" in text and "81 all_gather, 41 reduce_scatter, 1 all_reduce" in text


def test_the_command_simulates() -> None:
    result = malmoi("plan-train", "demo", "--gpus", "4", "--simulate", "--json")
    figures = json.loads(result.stdout)
    assert figures["simulated"]["collectives_a_step"] == figures["collectives_a_step"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["polyglot-12.8b"], "did you mean 'polyglot-ko-12.8b'"),
        (["demo", "--gpu", "tpu"], "'tpu' is none of a100-40g"),
        (["demo", "--checkpointing", "some"], "'some' is none of none, full"),
    ],
)
def test_a_wrong_word_is_named(arguments: list[str], words: str) -> None:
    result = malmoi("plan-train", *arguments)
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())
