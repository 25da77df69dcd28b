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
        size = max(1, CHUNK_LOGITS[h.device.type] // len(w))
        nats, squares, grads_hidden = [], [], []
        grad_weight = None
        for part, wanted in zip(h.split(size), targets.flatten().split(size), strict=True):
            counts = (wanted != IGNORED)[:, None]
            logs, log_chance, log_denominator = _chances(part, w, wanted, counts)
            nats.append(-log_chance)
            squares.append(log_denominator.square().sum())
            if training:
                slope = _slope(logs, wanted, log_denominator, z_loss).to(w.dtype)
                del logs
                grads_hidden.append((slope @ w).mul_(counts))
                grad_weight = _add_product(grad_weight, slope.T, part * counts)
                del slope  # before the next chunk's logits are made
        each = torch.empty(targets.shape, device=h.device)
        torch.cat(nats, out=each.view(-1))  # no view is given away: FSDP warns of those
        if grad_weight is not None:
            slopes = torch.cat(grads_hidden).to(hidden.dtype), grad_weight.to(weight.dtype)
            ctx.save_for_backward(*slopes)
        ctx.mark_non_differentiable(each)
        return each.sum() + z_loss * torch.stack(squares).sum(), each

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: Any) -> tuple[Tensor, Tensor, None, None, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        # In place: a second backward pass over it is refused by torch, and not silently wrong.
        return grad_hidden.mul_(slope), grad_weight.mul_(slope), None, None, None


def _chances(
    hidden: Tensor, weight: Tensor, targets: Tensor, counts: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Logarithms of a few tokens' softmax [n, rows], of their targets' share of it [n], and of its
    denominator [n, 1]; the last two are 0 where nothing counts.
    """
    targets = targets.clamp(min=0)[:, None]
    logits = F.linear(hidden, weight).float()
    logs = logits.log_softmax(dim=1)
    log_chance = logs.gather(1, targets)
    log_denominator = (logits.gather(1, targets) - log_chance) * counts
    return logs, (log_chance * counts)[:, 0], log_denominator


def _slope(logs: Tensor, targets: Tensor, log_denominator: Tensor, z_loss: float) -> Tensor:
    """Of the objective by each logit: softmax (1 + 2 z_loss log_denominator) - one-hot; in the
    place of `logs`.
    """
    slope = logs.exp_()
    if z_loss:
        slope.mul_(1 + 2 * z_loss * log_denominator)
    targets = targets.clamp(min=0)[:, None]
    return slope.scatter_(1, targets, slope.gather(1, targets) - 1)


def _cast(hidden: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    return hidden.to(dtype), weight.to(dtype)


def _add_product(total: Tensor | None, a: Tensor, b: Tensor) -> Tensor:
    """total + a @ b, in the place of a total; fp32, whatever the factors are."""
    if total is None:
        return (a @ b).float()
    if a.dtype == torch.float32:
        return total.addmm_(a, b)
    return total.add_(a @ b)
