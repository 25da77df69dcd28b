"""Every mesh starts from the same weights, computes the same losses and reads the others' state."""

from collections.abc import Callable, Iterator
from pathlib import Path

import mesh
import numpy as np
import pytest
import torch
from mesh import Pool, digest, read_tensors

from tokenizer.errors import RecipeError
from trainer.checkpoint import checkpoints, read_state
from trainer.config import ModelConfig, ParallelConfig, TrainConfig
from trainer.model import build
from trainer.train import train as train_alone

ROWS = 300
MODEL = ModelConfig(layers=2, width=64, heads=4, context=32, vocab_rows=ROWS)
SETTINGS = TrainConfig(
    steps=10, batch_tokens=256, micro_batch=8, warmup_steps=3, learning_rate=0.01, eval_every=10,
    save_every=10, sample_tokens=6,
)  # fmt: skip
MESHES = {
    "1": (1, {}),
    "FSDP 2": (2, {}),
    "FSDP 4": (4, {}),
    "TP 2": (2, {"tensor": 2}),
    "TP 4": (4, {"tensor": 4}),
    "FSDP 2 x TP 2": (4, {"tensor": 2}),
    "HSDP 2 x 2": (4, {"replicate": 2}),
    "DDP 2": (2, {"replicate": 2}),
}
ACCUMULATED = {"1, 2 steps": ("1", 4), "1, 4 steps": ("1", 2), "HSDP, 2 steps": ("HSDP 2 x 2", 1)}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    made = Pool(tmp_path_factory.mktemp("pool"))
    yield made
    made.close()


def settings(name: str, **changes: object) -> TrainConfig:
    """The settings on a mesh."""
    parallel = ParallelConfig(**MESHES[name][1], **changes.pop("parallel", {}))
    return SETTINGS.model_copy(update={"parallel": parallel, **changes})


@pytest.fixture
def train(pool: Pool, run_dir: Path, tokenizer_dir: Path) -> Callable[..., list[dict]]:
    """`train(mesh, out, **changes)`: trains into a directory of the run; gives the log."""

    def call(name: str, out: str, damage: object = None, **changes: object) -> list[dict]:
        asked = settings(name, **changes)
        arguments = {"model": MODEL, "settings": asked, "run": run_dir, "damage": damage}
        arguments["tokenizer_dir"] = tokenizer_dir
        return pool(mesh.losses, MESHES[name][0], out=run_dir / out, **arguments)[0]

    return call


def newest(directory: Path) -> dict[str, torch.Tensor]:
    return read_tensors(checkpoints(directory)[-1])


def test_initial_weights_are_the_same_on_every_mesh(pool: Pool) -> None:
    hashes = [
        result
        for name, (world, _) in MESHES.items()
        for result in pool(mesh.initial, world, model=MODEL, rows=ROWS, settings=settings(name))
    ]
    assert len(hashes) == 1 + 2 + 4 + 2 + 4 + 4 + 4 + 2
    assert all(result == hashes[0] for result in hashes)
    drawn = {
        value
        for name, value in hashes[0].items()
        if build(MODEL, ROWS, "meta").get_parameter(name).ndim == 2
    }
    assert len(drawn) == 2 + 4 * MODEL.layers  # each matrix its own


def test_losses_are_the_same_on_every_mesh(train: Callable[..., list[dict]], run_dir: Path) -> None:
    runs = {name: train(name, name) for name in MESHES}
    runs |= {out: train(name, out, micro_batch=m) for out, (name, m) in ACCUMULATED.items()}
    expected = [line["loss"] for line in runs["1"][1:]]
    assert len(expected) == 10
    assert expected[-1] < expected[0] - 0.5
    samples = (run_dir / "1" / "samples.jsonl").read_text()
    assert samples.count("\n") == 2
    weights = newest(run_dir / "1")
    for name, lines in runs.items():
        found = [line["loss"] for line in lines[1:]]
        assert np.abs(np.array(found) - expected).max() <= 2e-6, name
        for key in ("bpb", "grad_norm", "validation_loss", "validation_bpb", "tokens", "samples"):
            values = [line[key] for line in lines if key in line]
            other = [line[key] for line in runs["1"] if key in line]
            assert values == pytest.approx(other, rel=2e-5), (name, key)
        assert (run_dir / name / "samples.jsonl").read_text() == samples, name
        for key, tensor in newest(run_dir / name).items():
            if "query_key_value.bias" not in key:  # the softmax cancels a key's bias: its gradient
                # is rounding noise, which Adam blows up, and moves no logit
                assert (tensor - weights[key]).abs().max() < 1e-4, (name, key)


def test_the_same_mesh_gives_the_same_bits(train: Callable[..., list[dict]], run_dir: Path) -> None:
    first, again = (train("FSDP 2 x TP 2", out, steps=4) for out in ("a", "b"))
    assert [line["loss"] for line in first[1:]] == [line["loss"] for line in again[1:]]
    assert digest(newest(run_dir / "a")) == digest(newest(run_dir / "b"))


def test_a_run_moves_from_mesh_to_mesh(
    train: Callable[..., list[dict]], pool: Pool, run_dir: Path
) -> None:
    unbroken = train("1", "whole", steps=12, schedule="constant")
    way = ["1", "FSDP 2", "FSDP 4", "TP 2", "FSDP 2 x TP 2", "1"]
    for number, name in enumerate(way, start=1):
        if number > 1:
            path = checkpoints(run_dir / "moving")[-1]
            saved = digest(read_tensors(path))
            arguments = {"model": MODEL, "rows": ROWS, "settings": settings(name), "path": path}
            for found in pool(mesh.loaded, MESHES[name][0], **arguments):
                assert found == saved, name
        lines = train(name, "moving", steps=2 * number, save_every=2, schedule="constant")
    moments = [key for key in saved if key.endswith(("exp_avg", "exp_avg_sq"))]
    assert len(moments) == 2 * sum(1 for _ in build(MODEL, ROWS, "meta").parameters())
    expected = [line["loss"] for line in unbroken[1:]]
    found = [line["loss"] for line in lines[1:]]
    assert len(found) == 12
    assert np.abs(np.array(found) - expected).max() <= 2e-6


@pytest.mark.parametrize("name", ["FSDP 2", "FSDP 2 x TP 2"])
def test_terminated_in_one_process_all_save_and_go_on_bit_for_bit(
    train: Callable[..., list[dict]], pool: Pool, run_dir: Path, name: str
) -> None:
    unbroken = train(name, "whole", steps=6)
    world = MESHES[name][0]
    arguments = {"model": MODEL, "settings": settings(name, steps=6), "run": run_dir}
    arguments |= {"out": run_dir / "out", "damage": ("terminate", world - 1, 3)}
    assert pool(mesh.stopped, world, **arguments) == [0] * world
    assert read_state(checkpoints(run_dir / "out")[-1]).step in (3, 4)
    resumed = train(name, "out", steps=6)
    assert [line["loss"] for line in resumed[1:]] == [line["loss"] for line in unbroken[1:]]
    assert digest(newest(run_dir / "out")) == digest(newest(run_dir / "whole"))


def test_what_is_not_finite_in_one_process_is_skipped_by_all(
    train: Callable[..., list[dict]], run_dir: Path
) -> None:
    for name in ("FSDP 2", "FSDP 2 x TP 2"):
        out = f"{name}, damaged"
        damage = ("not finite", 1, 3)
        lines = train(name, out, damage, steps=4, save_every=1, keep_last=9)
        assert [line.get("skipped") for line in lines] == [None, 0, 0, 1, 1]
        saved = [read_tensors(path) for path in checkpoints(run_dir / out)]
        assert digest(saved[1]) == digest(saved[2])  # after steps 2 and 3
        assert digest(saved[2]) != digest(saved[3])
        assert all(tensor.isfinite().all() for tensor in saved[3].values())


@pytest.mark.parametrize("name", [name for name in MESHES if name != "1"])
def test_the_norm_of_the_gradient_is_that_of_one_process(pool: Pool, name: str) -> None:
    network = build(MODEL, ROWS)
    expected = mesh.random_gradients(network)
    for key, weight in network.named_parameters():
        weight.grad = expected[key]
    whole = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0).item()
    arguments = {"model": MODEL, "rows": ROWS, "settings": settings(name)}
    spreads = ["all", "some"] if "TP" in name else ["all"]
    for spread in spreads:
        for found in pool(mesh.norms, MESHES[name][0], spread=spread, **arguments):
            assert found == pytest.approx([whole, 1.0], rel=1e-5), spread


def test_bf16_on_a_mesh_is_near_fp32(train: Callable[..., list[dict]], run_dir: Path) -> None:
    exact = [line["loss"] for line in train("1", "fp32", steps=6)[1:]]
    for name in ("1", "FSDP 2 x TP 2"):
        near = [line["loss"] for line in train(name, name, steps=6, precision="bf16")[1:]]
        assert near != exact
        assert near == pytest.approx(exact, rel=0.02)
        assert {tensor.dtype for tensor in newest(run_dir / name).values()} == {torch.float32}


def test_recomputing_changes_nothing_on_a_mesh(train: Callable[..., list[dict]]) -> None:
    kept = [line["loss"] for line in train("1", "kept", steps=3)[1:]]
    for how in ("selective", "full"):
        asked = {"steps": 3, "parallel": {"checkpointing": how}}
        for name in ("1", "FSDP 2 x TP 2"):
            losses = [line["loss"] for line in train(name, f"{name}, {how}", **asked)[1:]]
            assert np.abs(np.array(losses) - kept).max() <= 1e-6, (name, how)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["1", "FSDP 2", "TP 2", "FSDP 2 x TP 2"])
def test_compiled_blocks_change_nothing(
    train: Callable[..., list[dict]], pool: Pool, run_dir: Path, name: str
) -> None:
    plain = train("1", "plain", steps=3)
    asked = settings(name, steps=3, parallel={"compile": True})
    arguments = {"model": MODEL, "settings": asked, "run": run_dir, "out": run_dir / "out"}
    for lines, frames in pool(mesh.compiled, MESHES[name][0], **arguments):
        assert frames >= 1
        for key in ("loss", "grad_norm"):
            expected = [line[key] for line in plain[1:]]
            assert [line[key] for line in lines[1:]] == pytest.approx(expected, rel=1e-5)


def test_one_process_is_told_what_became_of_a_run_of_many(
    train: Callable[..., list[dict]], run_dir: Path
) -> None:
    train("TP 2", "out", steps=2)
    asked = settings("TP 2", steps=2)
    summary = train_alone(MODEL, asked, run_dir / "tokens", run_dir / "out", 7)
    assert summary["steps"] == 2
    more = asked.model_copy(update={"steps": 4})
    with pytest.raises(RecipeError, match="start as many"):
        train_alone(MODEL, more, run_dir / "tokens", run_dir / "out", 7)


def test_a_batch_is_shared_evenly(run_dir: Path, pool: Pool) -> None:
    arguments = {"model": MODEL, "run": run_dir, "out": run_dir / "out"}
    asked = settings("FSDP 2", batch_tokens=96)
    with pytest.raises(AssertionError, match="batches shared by 2, give a multiple of 64"):
        pool(mesh.losses, 2, settings=asked, **arguments)


@pytest.mark.parametrize("name", ["FSDP 2", "TP 2", "FSDP 2 x TP 2", "HSDP 2 x 2"])
@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [
        ({"mask_documents": True, "z_loss": 1e-3}, 2e-6),
        ({"optimizer": "muon"}, 1e-3),  # its iteration rounds to bf16
    ],
)
def test_what_a_step_may_be_asked_for_is_the_same_on_every_mesh(
    train: Callable[..., list[dict]], name: str, changes: dict[str, object], tolerance: float
) -> None:
    alone = train("1", "alone", **changes)
    spread = train(name, "spread", **changes)
    for key in ("loss", "validation_loss"):
        expected = [line[key] for line in alone if key in line]
        assert len(expected) > 1
        assert [line[key] for line in spread if key in line] == pytest.approx(
            expected, rel=tolerance
        )
