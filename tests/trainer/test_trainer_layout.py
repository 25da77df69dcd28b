"""What recomputing saves and changes, and which meshes do not fit."""

import pytest
import torch
from torch.distributed._tools.mem_tracker import MemTracker

from tokenizer.errors import RecipeError
from trainer.config import PRESETS, ModelConfig, ParallelConfig, TrainConfig
from trainer.init import initialise
from trainer.layout import build_parallel, check_fit
from trainer.model import NeoX
from trainer.parallel import Ranks

ROWS = 128
MODEL = ModelConfig(layers=4, width=64, heads=4, context=128)
ALONE = Ranks(0, 1, torch.device("cpu"))
BATCH = 4


def settings(**parallel: object) -> TrainConfig:
    return TrainConfig(parallel=ParallelConfig(**parallel))


def made(**parallel: object) -> NeoX:
    network = build_parallel(MODEL, ROWS, settings(**parallel), ALONE)
    initialise(network, 0)
    return network


def pass_over(network: NeoX) -> torch.Tensor:
    """The objective of a batch, not yet differentiated."""
    ids = torch.randint(ROWS, (BATCH, 129), generator=torch.Generator().manual_seed(0))
    objective, _ = network(ids[:, :-1], targets=ids[:, 1:])
    return objective


def kept(network: NeoX) -> float:
    """Bytes that stay after the forward pass, for the backward one, as multiples of the hidden
    states of one layer.
    """
    tracker = MemTracker()
    tracker.track_external(network)
    with tracker:
        before = tracker.get_tracker_snapshot()[torch.device("cpu")]["Total"]
        objective = pass_over(network)
        after = tracker.get_tracker_snapshot()[torch.device("cpu")]["Total"]
        objective.backward()
    return (after - before) / (BATCH * 128 * MODEL.width * 4)


def test_recomputing_changes_nothing() -> None:
    plain = made()
    loss = pass_over(plain)
    loss.backward()
    for how in ("selective", "full"):
        network = made(checkpointing=how)
        assert [*network.state_dict()] == [*plain.state_dict()]
        other = pass_over(network)
        other.backward()
        assert other.item() == pytest.approx(loss.item(), rel=1e-6)
        for name, weight in plain.named_parameters():
            difference = (weight.grad - network.get_parameter(name).grad).abs().max()
            assert difference <= 1e-6 * weight.grad.abs().max(), (how, name)


def test_recomputing_holds_less() -> None:
    ways = ("none", "selective", "full")
    nothing, selective, full = (kept(made(checkpointing=how)) for how in ways)
    assert full < 2 * MODEL.layers < selective < 0.8 * nothing


@pytest.mark.parametrize(
    ("parallel", "world", "words"),
    [
        ({"tensor": 3}, 3, r"tensor is 3, which does not divide model.heads, 4"),
        ({"tensor": 2}, 3, r"replicate 1 x shard the rest x tensor 2 is not the 3 process"),
        ({"shard": 2}, 1, r"shard 2 x tensor 1 is not the 1 process"),
        ({"replicate": 2, "shard": 4}, 4, r"leave shard out"),
    ],
)
def test_a_mesh_that_does_not_fit_is_named(parallel: dict, world: int, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        check_fit(MODEL, ROWS, settings(**parallel), world)


def test_rows_that_do_not_divide_are_named() -> None:
    with pytest.raises(RecipeError, match=r"does not divide model\.vocab_rows, 30082"):
        check_fit(MODEL, 30_082, settings(tensor=4), 4)


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("polyglot")])
def test_polyglot_splits_by_eight_without_more_rows(name: str) -> None:
    check_fit(PRESETS[name], PRESETS[name].rows(30_003), settings(tensor=8), 256)
    assert PRESETS[name].rows(30_003) == 30_080
