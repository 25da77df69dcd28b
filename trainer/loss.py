"""Cross-entropy of hidden states against targets, without the logits of a whole batch.

Logits are made for a few hundred tokens at a time, and their gradient with them, in the forward
pass: 2,048 tokens of 30,080 rows would hold 246 MB of logits, as much again of log-probabilities
and as much again of gradient. Computing the gradient at once also needs the weight only while the
module's forward runs, which is when FSDP has gathered it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, Partial
from torch.nn import functional as F

from trainer.config import CHUNK_LOGITS
from trainer.dataset import IGNORED


def cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float = 0.0
) -> tuple[Tensor, Tensor]:
    """(objective, nats) of targets int64 [...] given hidden [..., width] and weight [rows, width].

    `nats`: of each target, fp32 [...], 0 where it is `IGNORED`. `objective`: their sum plus
    `z_loss` times the squares of the logarithms of the softmax's denominators, which keeps logits
    from drifting (Chowdhery et al. 2022, section 5); it alone can be differentiated, and once.
    Products are computed in autocast's precision where it is on, all else in fp32.

    A weight whose rows are spread over processes is gathered; each of them has tokens of its own.
    """
    if isinstance(weight, DTensor):
        weight = weight.full_tensor(grad_placements=[Partial()] * weight.device_mesh.ndim)
    training = torch.is_grad_enabled()
    return _CrossEntropy.apply(hidden.flatten(0, -2), weight, targets, z_loss, training)


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float, training: bool
    ) -> tuple[Tensor, Tensor]:
        h, w = _cast(hidden, weight)
        grad_weight = torch.zeros(w.shape, device=w.device) if training else None
        size = max(1, CHUNK_LOGITS[h.device.type] // len(w))
        parts = [
            _chunk(part, w, wanted, z_loss, grad_weight)
            for part, wanted in zip(h.split(size), targets.flatten().split(size), strict=True)
        ]
        nats, squares, grad_hidden = zip(*parts, strict=True)
        each = torch.empty(targets.shape, device=h.device)
        torch.cat(nats, out=each.view(-1))  # no view is given away: FSDP warns of those
        if grad_weight is not None:
            slopes = torch.cat(grad_hidden).to(hidden.dtype), grad_weight.to(weight.dtype)
            ctx.save_for_backward(*slopes)
        ctx.mark_non_differentiable(each)
        return each.sum() + z_loss * torch.stack(squares).sum(), each

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: Any) -> tuple[Tensor, Tensor, None, None, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        # In place: a second backward pass over it is refused by torch, and not silently wrong.
        return grad_hidden.mul_(slope), grad_weight.mul_(slope), None, None, None


def _chunk(
    hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float, grad_weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """(nats, squares, gradient of hidden) of a few tokens; adds to the weight's, if it is given."""
    counts = (targets != IGNORED)[:, None]
    targets = targets.clamp(min=0)[:, None]
    logits = F.linear(hidden, weight).float()
    logs = logits.log_softmax(dim=1)
    log_chance = logs.gather(1, targets)
    log_denominator = (logits.gather(1, targets) - log_chance) * counts
    nats, squares = -log_chance[:, 0] * counts[:, 0], log_denominator.square().sum()
    if grad_weight is None:
        return nats, squares, None
    del logits
    # By each logit: softmax (1 + 2 z_loss log_denominator) - one-hot, made in place.
    slope = logs.exp_()
    if z_loss:
        slope.mul_(1 + 2 * z_loss * log_denominator)
    slope.scatter_(1, targets, slope.gather(1, targets) - 1)
    slope = slope.to(weight.dtype)
    _add_product(grad_weight, slope.T, hidden * counts)
    return nats, squares, (slope @ weight).mul_(counts)


def _cast(hidden: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    return hidden.to(dtype), weight.to(dtype)


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """total += a @ b, with a total of fp32 whatever the factors are."""
    if a.dtype == torch.float32:
        total.addmm_(a, b)
    else:
        total += a @ b
