"""The optimizer against its formulas."""

import copy
import math

import pytest
import torch

from trainer.config import ModelConfig, TrainConfig
from trainer.init import initialise
from trainer.model import NeoX, build
from trainer.optim import (
    WINDOW,
    learning_rate,
    make_optimizer,
    remember,
    spike_limits,
    update,
)

MODEL = ModelConfig(layers=2, width=16, heads=2, context=8)


def made() -> NeoX:
    network = build(MODEL, 32)
    initialise(network, 0)
    return network


def gradients_of(network: NeoX, value: float) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.grad = value * torch.randn(parameter.shape, generator=generator)
    return [parameter.grad for parameter in network.parameters()]


def step(
    optimizer: torch.optim.Optimizer,
    gradients: list[torch.Tensor],
    largest_norm: float = 1.0,
    loss: float = 1.0,
    limits: tuple[float, float] = (math.inf, math.inf),
) -> bool:
    """`update` at a rate of 0.01; whether the step was taken."""
    norm = torch.nn.utils.get_total_norm(gradients)
    return update(optimizer, 1e-2, norm, largest_norm, torch.tensor(loss), limits).item() == 0.0


def test_the_first_step_is_adamw_with_decay_on_matrices_alone() -> None:
    network, settings = made(), TrainConfig(weight_decay=0.5)
    before = {name: p.clone() for name, p in network.named_parameters()}
    gradients = gradients_of(network, 1.0)
    signs = {name: p.grad.sign() for name, p in network.named_parameters()}
    step(make_optimizer(network, settings), gradients, math.inf)
    for name, after in network.named_parameters():
        decay = 0.0 if name.endswith("bias") or "norm" in name else 0.5
        expected = (
            before[name] * (1 - 1e-2 * decay) - 1e-2 * signs[name]
        )  # Adam's first step: signs
        torch.testing.assert_close(after, expected, atol=1e-5, rtol=0)


def test_the_gradient_is_clipped_to_the_norm() -> None:
    network, settings = made(), TrainConfig()
    gradients = gradients_of(network, 3.0)
    taken = []
    optimizer = make_optimizer(network, settings)
    optimizer.register_step_pre_hook(lambda *_: taken.extend(g.clone() for g in gradients))
    assert step(optimizer, gradients, 1.0)
    assert torch.cat([g.flatten() for g in taken]).norm().item() == pytest.approx(1.0, rel=1e-4)
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["gradient", "loss"])
def test_what_is_not_finite_changes_nothing(value: float, place: str) -> None:
    network, settings = made(), TrainConfig()
    optimizer = make_optimizer(network, settings)
    step(optimizer, gradients_of(network, 1.0))
    weights = {name: p.clone() for name, p in network.named_parameters()}
    averages = [s["exp_avg"].clone() for s in optimizer.state.values()]
    gradients = gradients_of(network, 1.0)
    if place == "gradient":
        gradients[3].view(-1)[1] = value
    loss = value if place == "loss" else 1.0
    assert not step(optimizer, gradients, loss=loss)
    assert all(torch.equal(p, weights[name]) for name, p in network.named_parameters())
    states = list(optimizer.state.values())
    assert all(torch.equal(s["exp_avg"], a) for s, a in zip(states, averages, strict=True))
    assert all(s["step"] == 1 for s in states)


def test_the_learning_rate_rises_and_falls_as_written() -> None:
    settings = TrainConfig(steps=110, warmup_steps=10, learning_rate=2.0, min_lr_ratio=0.25)
    assert [learning_rate(step, settings) for step in (1, 5, 10)] == [0.2, 1.0, 2.0]
    assert learning_rate(60, settings) == pytest.approx(2.0 * (0.25 + 0.75 / 2))
    assert learning_rate(110, settings) == pytest.approx(0.5)
    linear = settings.model_copy(update={"schedule": "linear"})
    assert learning_rate(35, linear) == pytest.approx(2.0 * (0.25 + 0.75 * 0.75))
    assert learning_rate(110, linear) == pytest.approx(0.5)
    constant = settings.model_copy(update={"schedule": "constant"})
    assert {learning_rate(step, constant) for step in range(10, 111)} == {2.0}
    falling = [learning_rate(step, settings) for step in range(10, 111)]
    assert falling == sorted(falling, reverse=True)


def test_without_warm_up_the_first_step_is_near_the_peak() -> None:
    settings = TrainConfig(steps=1, warmup_steps=0, learning_rate=1.0, schedule="constant")
    assert learning_rate(1, settings) == 1.0


def test_wsd_stays_at_the_peak_and_falls_at_the_end() -> None:
    settings = TrainConfig(
        steps=100, warmup_steps=10, learning_rate=2.0, min_lr_ratio=0.1, schedule="wsd"
    )
    assert [learning_rate(step, settings) for step in (5, 10, 50, 80)] == [1.0, 2.0, 2.0, 2.0]
    assert learning_rate(90, settings) == pytest.approx(2.0 * (0.1 + 0.9 / 2))
    assert learning_rate(100, settings) == pytest.approx(0.2)
    late = settings.model_copy(update={"warmup_steps": 90, "decay_share": 1.0})
    assert learning_rate(90, late) == 2.0  # the fall never reaches into the warm-up
    assert learning_rate(95, late) == pytest.approx(2.0 * (0.1 + 0.9 / 2))


def test_muon_turns_the_blocks_matrices_and_adamw_the_rest() -> None:
    network, twin = made(), made()
    settings = TrainConfig(optimizer="muon", weight_decay=0.2)
    optimizer = make_optimizer(network, settings)
    named = dict(twin.named_parameters())
    hidden = [p for n, p in named.items() if p.ndim == 2 and "embed" not in n]
    assert len(hidden) == 4 * MODEL.layers
    muon = torch.optim.Muon(hidden, lr=1e-2, weight_decay=0.2, adjust_lr_fn="match_rms_adamw")
    others = [
        {"params": [p for n, p in named.items() if "embed" in n], "weight_decay": 0.2},
        {"params": [p for p in named.values() if p.ndim == 1], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(others, lr=1e-2, betas=settings.betas)
    for _ in range(3):
        step(optimizer, gradients_of(network, 1.0), math.inf)
        gradients_of(twin, 1.0)
        muon.step()
        adamw.step()
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter, named[name], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_an_optimizer_goes_on_from_its_saved_state(name: str) -> None:
    settings = TrainConfig(optimizer=name)
    network, twin = made(), made()
    first, second = make_optimizer(network, settings), make_optimizer(twin, settings)
    step(first, gradients_of(network, 1.0))
    twin.load_state_dict(network.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for other, optimizer in ((network, first), (twin, second)):
        step(optimizer, gradients_of(other, 2.0))
    assert all(
        torch.equal(a, b) for a, b in zip(network.parameters(), twin.parameters(), strict=True)
    )


@pytest.mark.parametrize("name", ["adamw", "muon"])
@pytest.mark.parametrize("limits", [(0.9, math.inf), (math.inf, 0.5)])
def test_a_step_over_a_limit_changes_nothing(name: str, limits: tuple[float, float]) -> None:
    network = made()
    optimizer = make_optimizer(network, TrainConfig(optimizer=name))
    step(optimizer, gradients_of(network, 1.0))
    saved = copy.deepcopy((network.state_dict(), optimizer.state_dict()["state"]))
    assert not step(optimizer, gradients_of(network, 1.0), loss=1.0, limits=limits)
    torch.testing.assert_close(
        (network.state_dict(), optimizer.state_dict()["state"]), saved, atol=0, rtol=0
    )
    assert step(optimizer, gradients_of(network, 1.0), loss=1.0, limits=(1.0, 1e9))


def test_spikes_are_told_by_mean_and_deviation_of_the_window() -> None:
    window = [[2.0 + (i % 2) * 0.2, 1.0 - (i % 2) * 0.5] for i in range(WINDOW // 2)]
    assert spike_limits(window, None) == spike_limits(window[1:], 6.0) == (math.inf, math.inf)
    loss, norm = spike_limits(window, 6.0)
    pairs = torch.tensor(window, dtype=torch.float64)
    expected = (pairs.mean(dim=0) + 6 * pairs.std(dim=0)).tolist()
    assert [loss, norm] == pytest.approx(expected, rel=1e-12)


def test_the_window_forgets_and_no_spike_widens_it_much() -> None:
    window: list[list[float]] = []
    for i in range(3 * WINDOW):
        remember(window, float(i), 1.0, (math.inf, math.inf))
    assert [pair[0] for pair in window] == [float(i) for i in range(2 * WINDOW, 3 * WINDOW)]
    remember(window, 1e9, 1.0, (500.0, 3.0))
    remember(window, math.nan, 1.0, (500.0, 3.0))
    remember(window, 5.0, math.inf, (500.0, 3.0))
    assert window[-1] == [500.0, 1.0]
    assert len(window) == WINDOW


def test_a_lasting_change_is_taken_for_a_spike_only_for_a_while() -> None:
    window = [[2.0 + 0.01 * (i % 3), 1.0] for i in range(WINDOW)]
    skipped = 0
    while spike_limits(window, 6.0)[0] < 3.0:
        remember(window, 3.0, 1.0, spike_limits(window, 6.0))
        skipped += 1
    assert 1 < skipped < WINDOW
