"""AdamW or Muon, the learning rate of each step, and the update that skips a bad one."""

import math
from typing import Any

import torch
from torch import Tensor

from trainer.config import TrainConfig
from trainer.model import NeoX
from trainer.parallel import clip

WINDOW = 128
"""Steps that a spike is compared with; none is looked for before half of them are there. The rule
is OLMo-core's SkipStepOptimizer's."""


def make_optimizer(network: NeoX, settings: TrainConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), fused; decay on matrices only, as in gpt-neox.

    With `optimizer: muon` the matrices of the blocks go to Muon instead; see `MuonAndAdamW`.
    """
    named = list(network.named_parameters())
    vectors = [p for _, p in named if p.ndim < 2]
    hidden = [p for name, p in named if p.ndim >= 2 and ".layers." in name]
    embeddings = [p for name, p in named if p.ndim >= 2 and ".layers." not in name]
    decayed = {"weight_decay": settings.weight_decay}
    free = {"params": vectors, "weight_decay": 0.0}
    if settings.optimizer == "adamw":
        matrices = [p for _, p in named if p.ndim >= 2]
        return _adamw([{"params": matrices, **decayed}, free], settings)
    rest = _adamw([{"params": embeddings, **decayed}, free], settings)
    return MuonAndAdamW(_muon([{"params": hidden, **decayed}], settings), rest)


def _adamw(groups: list[dict[str, Any]], settings: TrainConfig) -> torch.optim.AdamW:
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=settings.betas, fused=True)


def _muon(groups: list[dict[str, Any]], settings: TrainConfig) -> torch.optim.Muon:
    return torch.optim.Muon(groups, lr=settings.learning_rate, adjust_lr_fn="match_rms_adamw")


class MuonAndAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for the matrices of the blocks, AdamW for the rest, as one.

    Muon's steps are 0.2 sqrt(larger side) times an orthogonal matrix, which gives them AdamW's
    usual size (Liu et al. 2025, "Muon is Scalable for LLM Training"): one learning rate serves
    both. The fused query-key-value matrix is one matrix to it. Its iteration is in bf16, so meshes
    agree to bf16's rounding only.
    """

    def __init__(self, muon: torch.optim.Muon, adamw: torch.optim.AdamW) -> None:
        self.parts = (muon, adamw)
        super().__init__([*muon.param_groups, *adamw.param_groups], {})
        self._share()

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step of both. Where `found_inf` is set and not 0, none (as in torch's own AdamW)."""
        found_inf = getattr(self, "found_inf", None)
        if found_inf is None or not found_inf.item():  # Muon can be told on the host only
            for part in self.parts:
                part.step()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        """The two work on the state and the groups that stand here, and in checkpoints."""
        muons = len(self.parts[0].param_groups)
        for part, groups in zip(
            self.parts, (self.param_groups[:muons], self.param_groups[muons:]), strict=True
        ):
            part.state, part.param_groups = self.state, groups


def learning_rate(step: int, settings: TrainConfig) -> float:
    """The rate of step 1..steps: linear rise to the peak, then the schedule's way down."""
    if step <= settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    if settings.schedule == "constant":
        return settings.learning_rate
    falling = max(1, settings.steps - settings.warmup_steps)
    if settings.schedule == "wsd":
        falling = min(falling, max(1, round(settings.decay_share * settings.steps)))
    progress = max(0.0, 1 - (settings.steps - step) / falling)
    cosine = settings.schedule == "cosine"
    height = (1 + math.cos(math.pi * progress)) / 2 if cosine else 1 - progress
    return settings.learning_rate * (settings.min_lr_ratio + (1 - settings.min_lr_ratio) * height)


def spike_limits(window: list[list[float]], sigmas: float | None) -> tuple[float, float]:
    """The largest loss and the largest norm of the gradient that the next step may have.

    `window`: those of the last steps, as `remember` keeps them.
    """
    if sigmas is None or len(window) < WINDOW // 2:
        return math.inf, math.inf
    loss, norm = (_limit([pair[i] for pair in window], sigmas) for i in (0, 1))
    return loss, norm


def remember(
    window: list[list[float]], loss: float, norm: float, limits: tuple[float, float]
) -> None:
    """Add a step to the window. A spike counts as its limit: it can neither blind the window to the
    next one, nor can a lasting change be skipped for ever.
    """
    if math.isfinite(loss) and math.isfinite(norm):
        window.append([min(loss, limits[0]), min(norm, limits[1])])
        del window[:-WINDOW]


def update(
    optimizer: torch.optim.Optimizer,
    rate: float,
    norm: Tensor,
    largest_norm: float,
    loss: Tensor,
    limits: tuple[float, float] = (math.inf, math.inf),
) -> Tensor:
    """One step of the optimizer, the gradients of norm `norm` clipped to `largest_norm`.

    Where the loss or the norm is not finite or over its limit, the weights and the optimizer's
    averages stay as they are; that is decided on the device. Both are the same in every process,
    so all skip together. Returns 1.0 where the step was skipped, 0.0 where it was taken: fp32 [].
    """
    finite = norm.isfinite() & loss.isfinite()
    taken = finite & (loss <= limits[0]) & (norm <= limits[1])
    skipped = taken.logical_not().float()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    clip([p.grad for p in parameters if p.grad is not None], norm, largest_norm)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.found_inf = skipped  # type: ignore[attr-defined]
    optimizer.step()
    del optimizer.found_inf  # type: ignore[attr-defined]
    optimizer.zero_grad(set_to_none=True)
    return skipped


def _limit(values: list[float], sigmas: float) -> float:
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean + sigmas * spread
