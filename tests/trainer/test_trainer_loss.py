"""The loss in chunks is the loss of all logits, and holds them never."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from trainer import loss
from trainer.dataset import IGNORED

ROWS, WIDTH, TOKENS = 300, 16, 42


def given(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states, a weight and targets, a few of which are none."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(2, TOKENS // 2, WIDTH, generator=generator).to(dtype)
    weight = torch.randn(ROWS, WIDTH, generator=generator).to(dtype)
    targets = torch.randint(ROWS, hidden.shape[:2], generator=generator)
    targets[0, 3:6] = targets[1, -1] = IGNORED
    return hidden.requires_grad_(), weight.requires_grad_(), targets


def plain(hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float) -> tuple[Tensor, Tensor]:
    logits = F.linear(hidden, weight).float()
    nats = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    ).view(targets.shape)
    squares = logits.logsumexp(dim=-1)[targets != IGNORED].square()
    return nats.sum() + z_loss * squares.sum(), nats


@pytest.mark.parametrize("z_loss", [0.0, 0.01])
@pytest.mark.parametrize("size", [1, 8, 42, 1000])
def test_chunks_change_neither_value_nor_gradient(
    monkeypatch: pytest.MonkeyPatch, size: int, z_loss: float
) -> None:
    monkeypatch.setitem(loss.CHUNK_LOGITS, "cpu", size * ROWS)
    hidden, weight, targets = given()
    objective, nats = loss.cross_entropy(hidden, weight, targets, z_loss)
    (objective / 7).backward()
    got = hidden.grad, weight.grad
    hidden.grad = weight.grad = None
    expected, each = plain(hidden, weight, targets, z_loss)
    (expected / 7).backward()
    torch.testing.assert_close(nats, each, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(objective, expected, rtol=1e-6, atol=0)
    for ours, theirs in zip(got, (hidden.grad, weight.grad), strict=True):
        assert (ours - theirs).abs().max() <= 1e-6 * max(1.0, theirs.abs().max())
    assert torch.count_nonzero(got[0][targets == IGNORED]) == 0


def test_bf16_products_give_the_loss_in_fp32() -> None:
    hidden, weight, targets = given()
    with torch.autocast("cpu", torch.bfloat16):
        objective, nats = loss.cross_entropy(hidden, weight, targets)
        logits = F.linear(hidden, weight)
    assert logits.dtype == torch.bfloat16
    expected = F.cross_entropy(
        logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    assert torch.equal(nats.flatten(), expected)
    objective.backward()
    assert hidden.grad.dtype == weight.grad.dtype == torch.float32
    exact = given()
    plain(*exact, 0.0)[0].backward()
    for got, wanted in ((hidden.grad, exact[0].grad), (weight.grad, exact[1].grad)):
        assert (got - wanted).norm() <= 0.02 * wanted.norm()


def test_weights_in_bf16_get_gradients_in_bf16() -> None:
    hidden, weight, targets = given(torch.bfloat16)
    objective, nats = loss.cross_entropy(hidden, weight, targets)
    objective.backward()
    assert objective.dtype == nats.dtype == torch.float32
    assert hidden.grad.dtype == weight.grad.dtype == torch.bfloat16


class Watch(TorchDispatchMode):
    """The most numbers of any tensor that is made, and how many matrices are multiplied."""

    numbers = products = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = func(*args, **(kwargs or {}))
        sizes = [part.numel() for part in tree_iter(made) if isinstance(part, Tensor)]
        self.numbers = max([self.numbers, *sizes])
        self.products += func.overloadpacket.__name__ in ("mm", "addmm", "addmm_")
        return made


def test_the_logits_of_all_tokens_are_never_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loss.CHUNK_LOGITS, "cpu", 4 * ROWS)
    hidden, weight, targets = given()
    with Watch() as ours:
        loss.cross_entropy(hidden, weight, targets)[0].backward()
    with Watch() as theirs:
        plain(hidden, weight, targets, 0.0)[0].backward()
    assert theirs.numbers == TOKENS * ROWS
    assert ours.numbers == WIDTH * ROWS  # the weight's gradient


def test_without_gradients_no_gradient_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loss.CHUNK_LOGITS, "cpu", 4 * ROWS)
    hidden, weight, targets = given()
    with torch.no_grad(), Watch() as watch:
        objective, nats = loss.cross_entropy(hidden, weight, targets)
    assert not objective.requires_grad
    assert nats.shape == targets.shape
    assert watch.products == -(-TOKENS // 4)  # the logits alone


def test_it_is_differentiated_once() -> None:
    objective, _ = loss.cross_entropy(*given())
    objective.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        objective.backward()
