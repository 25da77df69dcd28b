"""AdamW, the learning rate as a function of the step, and the update that never takes a NaN."""

import math

import torch
from torch import Tensor

from trainer.config import TrainConfig
from trainer.model import NeoX


def make_optimizer(network: NeoX, settings: TrainConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019), fused; decay on matrices only, as in gpt-neox."""
    matrices = [p for p in network.parameters() if p.ndim >= 2]
    vectors = [p for p in network.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=settings.betas, fused=True)


def learning_rate(step: int, settings: TrainConfig) -> float:
    """The rate of step 1..steps: linear rise to the peak, then the schedule's way down."""
    if step <= settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    if settings.schedule == "constant":
        return settings.learning_rate
    progress = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    height = (
        1 - progress if settings.schedule == "linear" else (1 + math.cos(math.pi * progress)) / 2
    )
    return settings.learning_rate * (settings.min_lr_ratio + (1 - settings.min_lr_ratio) * height)


def update(
    optimizer: torch.optim.AdamW,
    gradients: list[Tensor],
    rate: float,
    largest_norm: float,
    loss: float,
) -> tuple[float, bool]:
    """One step of the optimizer, the gradient clipped to `largest_norm`.

    Where the loss or the gradient's norm is not finite, the weights and the optimizer's averages
    stay as they are. Both are the same in every process, so all skip together.
    Returns the norm before clipping, and whether the step was taken.
    """
    norm = torch.nn.utils.get_total_norm(gradients)
    size = norm.item()
    finite = math.isfinite(size) and math.isfinite(loss)
    if finite:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grads_with_norm_(parameters, largest_norm, norm)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return size, finite
