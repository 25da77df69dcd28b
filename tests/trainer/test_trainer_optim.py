"""The optimizer against its formulas."""

import math

import pytest
import torch

from trainer.config import ModelConfig, TrainConfig
from trainer.init import initialise
from trainer.model import NeoX, build
from trainer.optim import learning_rate, make_optimizer, update

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


def test_the_first_step_is_adamw_with_decay_on_matrices_alone() -> None:
    network, settings = made(), TrainConfig(weight_decay=0.5)
    before = {name: p.clone() for name, p in network.named_parameters()}
    gradients = gradients_of(network, 1.0)
    signs = {name: p.grad.sign() for name, p in network.named_parameters()}
    update(make_optimizer(network, settings), gradients, 1e-2, math.inf, 1.0)
    for name, after in network.named_parameters():
        decay = 0.0 if name.endswith("bias") or "norm" in name else 0.5
        expected = (
            before[name] * (1 - 1e-2 * decay) - 1e-2 * signs[name]
        )  # Adam's first step: signs
        torch.testing.assert_close(after, expected, atol=1e-5, rtol=0)


def test_the_gradient_is_clipped_to_the_norm() -> None:
    network, settings = made(), TrainConfig()
    gradients = gradients_of(network, 3.0)
    whole = torch.cat([g.flatten() for g in gradients]).norm().item()
    taken = []
    optimizer = make_optimizer(network, settings)
    optimizer.register_step_pre_hook(lambda *_: taken.extend(g.clone() for g in gradients))
    norm, stepped = update(optimizer, gradients, 1e-2, 1.0, 1.0)
    assert stepped
    assert norm == pytest.approx(whole, rel=1e-6)
    assert torch.cat([g.flatten() for g in taken]).norm().item() == pytest.approx(1.0, rel=1e-4)
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["gradient", "loss"])
def test_what_is_not_finite_changes_nothing(value: float, place: str) -> None:
    network, settings = made(), TrainConfig()
    optimizer = make_optimizer(network, settings)
    update(optimizer, gradients_of(network, 1.0), 1e-2, 1.0, 1.0)
    weights = {name: p.clone() for name, p in network.named_parameters()}
    averages = [s["exp_avg"].clone() for s in optimizer.state.values()]
    gradients = gradients_of(network, 1.0)
    if place == "gradient":
        gradients[3].view(-1)[1] = value
    loss = value if place == "loss" else 1.0
    assert update(optimizer, gradients, 1e-2, 1.0, loss)[1] is False
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
