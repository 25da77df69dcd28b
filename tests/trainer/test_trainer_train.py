"""The loop: it learns, it counts right, and it knows when it is done or asked for another run."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mesh import read_tensors

from tokenizer.errors import RecipeError
from trainer.__main__ import train_run
from trainer.checkpoint import ResumeError, checkpoints, load, read_state
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset
from trainer.evaluate import Reading, measure
from trainer.generate import Sampling, sample
from trainer.init import initialise
from trainer.model import build
from trainer.order import Order
from trainer.parallel import Ranks
from trainer.train import train

MODEL = ModelConfig(layers=2, width=32, heads=2, context=32)
SHORT = TrainConfig(
    steps=6, batch_tokens=128, warmup_steps=2, eval_every=3, save_every=3, learning_rate=0.01
)
ALONE = Ranks(0, 1, torch.device("cpu"))


def lines_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def settings(**changes: object) -> TrainConfig:
    return SHORT.model_copy(update=changes)


def test_a_few_documents_are_learnt_by_heart(
    tmp_path: Path, write_tokens: Callable[..., Path]
) -> None:
    drawn = np.random.default_rng(0)
    known = [[10 + i, *drawn.integers(20, 64, 14).tolist(), 2] for i in range(8)]
    tokens = write_tokens(tmp_path, {"blog": known})
    model = ModelConfig(layers=2, width=64, heads=2, context=16)  # a window is a document
    asked = TrainConfig(steps=120, batch_tokens=128, warmup_steps=10, learning_rate=0.01)
    trained = train(model, asked, tokens, tmp_path / "out", 0)
    losses = [line["loss"] for line in lines_of(tmp_path / "out") if "loss" in line]
    assert trained["last_loss"] == losses[-1] < 0.05
    assert trained["first_loss"] == losses[0] > 3
    assert trained["last_validation_bpb"] is None
    network = build(model, 128)
    load(checkpoints(tmp_path / "out")[-1], network)
    nothing = torch.zeros(128, dtype=torch.bool)
    for document in known:
        greedy = Sampling(temperature=0.0, max_tokens=15)
        new = sample(network, document[:1], greedy, end=2, forbidden=nothing)
        assert document[:1] + new == document[:-1]


def test_the_split_into_micro_batches_changes_nothing(run_dir: Path) -> None:
    losses = []
    for micro_batch in (4, 3, 1):
        out = run_dir / f"out-{micro_batch}"
        train(MODEL, settings(micro_batch=micro_batch), run_dir / "tokens", out, 0)
        losses.append([line["loss"] for line in lines_of(out)[1:]])
    assert len(losses[0]) == 6
    assert losses[1] == pytest.approx(losses[0], rel=2e-6)
    assert losses[2] == pytest.approx(losses[0], rel=2e-6)


def test_the_first_loss_is_that_of_the_samples_the_order_names(run_dir: Path) -> None:
    """The logged loss and bits per byte, computed here token by token."""
    train(MODEL, settings(steps=1), run_dir / "tokens", run_dir / "out", 5)
    line = lines_of(run_dir / "out")[1]
    data = Dataset.open(run_dir / "tokens", 32)
    network = build(MODEL, 128)
    initialise(network, 5)
    nats, n_bytes, count = 0.0, 0, 0
    for source, window in zip(*Order(data.train.streams, 5).locate(np.arange(4)), strict=True):
        ids = torch.from_numpy(data.train.streams[source].window(window))
        with torch.no_grad():
            chances = network(ids[None, :-1])[0].softmax(dim=-1)
        for position, target in enumerate(ids[1:].tolist()):
            nats -= math.log(chances[position, target].item())
            n_bytes += 0 if target < 4 else 1 + target % 5
            count += 1
    assert line["tokens"] == count
    assert line["loss"] == pytest.approx(nats / count, rel=1e-5)
    assert line["bpb"] == pytest.approx(nats / math.log(2) / n_bytes, rel=1e-5)


def test_bits_per_byte_of_a_model_that_knows_nothing(run_dir: Path) -> None:
    data = Dataset.open(run_dir / "tokens", 32)
    network = build(MODEL, 128)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    how = {"windows": 0, "micro_batch": 3, "reading": Reading(), "process": ALONE}
    figures = measure(network, data.validation, data.token_bytes, **how)
    assert figures is not None
    assert figures["loss"] == pytest.approx(math.log(128))
    for part, entry in ((figures["sources"][s.name], s) for s in data.validation.streams):
        targets = entry.read(1, entry.tokens)
        n_bytes = sum(1 + t % 5 for t in targets.tolist() if t >= 4)
        assert (part["tokens"], part["bytes"]) == (len(targets), n_bytes)
        assert part["bpb"] == pytest.approx(7 * len(targets) / n_bytes)
    assert figures["tokens"] == sum(part["tokens"] for part in figures["sources"].values())
    assert figures["bpb"] == pytest.approx(7 * figures["tokens"] / figures["bytes"])


def test_a_run_leaves_one_line_a_step_and_the_newest_checkpoints(run_dir: Path) -> None:
    out = run_dir / "checkpoints"
    summary = train_run(run_dir)
    lines = lines_of(out)
    assert [line["step"] for line in lines] == list(range(13))
    assert [line["samples"] for line in lines] == [4 * step for step in range(13)]
    validated = [line["step"] for line in lines if "validation_bpb" in line]
    assert validated == [0, 5, 10, 12]
    assert set(lines[5]["validation_sources"]) == {"blog", "news"}
    assert [path.name for path in checkpoints(out)] == ["step-00000008", "step-00000012"]
    files = sorted(path.name for path in checkpoints(out)[-1].iterdir())
    assert files == [".metadata", "__0_0.distcp", "state.json"]
    assert list((out / "tensorboard").glob("events.*"))
    state = read_state(checkpoints(out)[-1])
    assert (state.step, state.samples, state.skipped) == (12, 48, 0)
    assert state.facts["dataset_fingerprint"] == Dataset.open(run_dir / "tokens", 32).fingerprint
    assert state.identity["run seed"] == 7
    assert summary["tokens"] == state.tokens == lines[-1]["tokens"]
    assert summary["last_validation_bpb"] < summary["first_validation_bpb"]
    assert summary["last_loss"] < summary["first_loss"]
    assert summary["peak_memory_bytes"] > 10_000_000


def test_a_complete_run_is_not_done_again(run_dir: Path) -> None:
    first = train_run(run_dir)
    out = run_dir / "checkpoints"
    files = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert train_run(run_dir) == first
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == files


def test_more_steps_train_a_complete_run_further(run_dir: Path) -> None:
    train(MODEL, SHORT, run_dir / "tokens", run_dir / "out", 0)
    summary = train(MODEL, settings(steps=8, log_every=1), run_dir / "tokens", run_dir / "out", 0)
    assert summary["steps"] == 8
    assert [line["step"] for line in lines_of(run_dir / "out")] == list(range(9))


@pytest.mark.parametrize("what", ["data", "seed", "model", "learning_rate", "weight"])
def test_checkpoints_of_another_run_are_refused(
    run_dir: Path, restamp: Callable[[Path], None], what: str
) -> None:
    train(MODEL, settings(steps=1), run_dir / "tokens", run_dir / "out", 0)
    model, asked, seed = MODEL, settings(steps=2), 0
    if what == "data":
        path = run_dir / "tokens/train/news-00000.bin"
        path.write_bytes(b"\x09\0" + path.read_bytes()[2:])
        restamp(run_dir / "tokens")
        what = "dataset_fingerprint"
    elif what == "weight":
        path = run_dir / "tokens/manifest.json"
        path.write_text(path.read_text().replace('"weight": 1.0', '"weight": 2.0'))
        what = "sources"
    elif what == "seed":
        seed, what = 1, "run seed was 0, now 1"
    elif what == "model":
        model = MODEL.model_copy(update={"norm_eps": 1e-3})
    else:
        asked = settings(steps=2, learning_rate=0.5)
    with pytest.raises(ResumeError, match=what):
        train(model, asked, run_dir / "tokens", run_dir / "out", seed)
    assert len(lines_of(run_dir / "out")) == 2


def test_the_settings_seed_goes_before_the_recipes(run_dir: Path) -> None:
    train(MODEL, settings(steps=1, seed=3), run_dir / "tokens", run_dir / "a", 0)
    train(MODEL, settings(steps=1), run_dir / "tokens", run_dir / "b", 3)
    assert lines_of(run_dir / "a")[1]["loss"] == lines_of(run_dir / "b")[1]["loss"]


def test_a_step_that_is_not_finite_is_skipped_and_counted(run_dir: Path) -> None:
    wild = settings(
        steps=3, learning_rate=1e30, warmup_steps=0, save_every=1, keep_last=3, grad_clip=1e9
    )
    summary = train(MODEL, wild, run_dir / "tokens", run_dir / "out", 0)
    after = [read_tensors(path) for path in checkpoints(run_dir / "out")]
    assert len(after) == 3
    assert summary["skipped_steps"] == 2
    assert [line.get("skipped") for line in lines_of(run_dir / "out")] == [None, 0, 1, 2]
    assert lines_of(run_dir / "out")[2]["loss"] is None
    assert all(torch.equal(after[0][name], after[2][name]) for name in after[0])
    assert all(weight.isfinite().all() for weight in after[2].values())


def test_bf16_is_near_fp32(run_dir: Path) -> None:
    train(MODEL, SHORT, run_dir / "tokens", run_dir / "a", 0)
    train(MODEL, settings(precision="bf16"), run_dir / "tokens", run_dir / "b", 0)
    exact, near = ([line["loss"] for line in lines_of(run_dir / n)[1:]] for n in ("a", "b"))
    assert near != exact
    assert near == pytest.approx(exact, rel=0.02)
    weights = read_tensors(checkpoints(run_dir / "b")[-1])
    assert {weight.dtype for weight in weights.values()} == {torch.float32}


@pytest.mark.parametrize("batch_tokens", [100, 0, 31])
def test_a_batch_that_is_no_multiple_of_the_context_is_refused(
    run_dir: Path, batch_tokens: int
) -> None:
    with pytest.raises(RecipeError, match="give a multiple of 32"):
        asked = settings(batch_tokens=batch_tokens)
        train(MODEL, asked, run_dir / "tokens", run_dir / "out", 0)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("train: {stepz: 3}", "stepz"),
        ("model: dmeo", "did you mean 'demo'"),
        ("- a list", "recipe.yaml"),
        ("train: [", "recipe.yaml"),
        (None, "give a run directory"),
    ],
)
def test_a_recipe_that_cannot_be_run_is_named(
    run_dir: Path, recipe: str | None, words: str
) -> None:
    path = run_dir / "recipe.yaml"
    path.unlink() if recipe is None else path.write_text(recipe)
    with pytest.raises(RecipeError, match=words):
        train_run(run_dir)
