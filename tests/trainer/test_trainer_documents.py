"""With document masks, a document is read as if it stood alone."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.attention import document_mask
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset
from trainer.init import initialise
from trainer.metrics import read_steps
from trainer.model import NeoX, build
from trainer.train import train

END, ROWS = 2, 128
MODEL = ModelConfig(layers=3, width=64, heads=2, context=32)
STARTS = (0, 7, 8, 20)  # of documents: the rest of one, an empty one, and two
LENGTH = 32


@pytest.fixture
def network() -> NeoX:
    made = build(MODEL, ROWS)
    initialise(made, 0)
    return made


def window(seed: int = 0) -> Tensor:
    """ids [1, LENGTH] of several documents, each but the first opened by the end of the last."""
    tokens = torch.randint(4, ROWS, (1, LENGTH), generator=torch.Generator().manual_seed(seed))
    tokens[0, list(STARTS[1:])] = END
    return tokens


def masked(network: NeoX, tokens: Tensor) -> Tensor:
    return network(tokens, None, document_mask(tokens, END))


def test_a_document_among_others_is_as_one_alone(network: NeoX) -> None:
    tokens = window()
    together = masked(network, tokens)
    for start, stop in zip(STARTS, (*STARTS[1:], LENGTH), strict=True):
        alone = network(tokens[:, start:stop])
        largest = max(1.0, alone.abs().max().item())
        assert (together[:, start:stop] - alone).abs().max() <= 1e-6 * largest
    assert (together - network(tokens)).abs().max() > 1e-3


def test_no_gradient_crosses_from_a_document_to_an_earlier_one(network: NeoX) -> None:
    embedded: list[Tensor] = []
    network.gpt_neox.embed_in.register_forward_hook(lambda *given: embedded.append(given[2]))
    logits = masked(network, window())
    (gradient,) = torch.autograd.grad(logits[0, 20:].square().sum(), embedded)
    assert torch.count_nonzero(gradient[0, :20]) == 0
    assert torch.all(gradient[0, 20:].abs().sum(dim=1) > 0)


def test_other_documents_and_later_tokens_change_no_bit(network: NeoX) -> None:
    tokens, other = window(), window(1)
    before = masked(network, tokens)
    changed = torch.cat((other[:, :8], tokens[:, 8:14], other[:, 14:]), dim=1)
    after = masked(network, changed)
    assert torch.equal(before[:, 8:14], after[:, 8:14])
    assert not torch.equal(before[:, 14:20], after[:, 14:20])


def test_training_reads_documents_alone_where_it_is_asked_to(
    run_dir: Path, restamp: Callable[[Path], None]
) -> None:
    tokens_dir = run_dir / "tokens"
    asked = TrainConfig(steps=1, batch_tokens=64, eval_batches=0, mask_documents=True)
    train(MODEL, asked, tokens_dir, run_dir / "masked", 0)
    train(MODEL, asked.model_copy(update={"mask_documents": False}), tokens_dir, run_dir / "not", 0)
    first = read_steps(run_dir / "masked", 0)[0]
    assert first["validation_loss"] != read_steps(run_dir / "not", 0)[0]["validation_loss"]
    network = build(MODEL, ROWS)
    initialise(network, 0)
    nats, count = 0.0, 0
    for stream in Dataset.open(tokens_dir, MODEL.context).validation.streams:
        for index in range(stream.windows):
            ids = torch.from_numpy(stream.window(index))
            edges = [0, *(ids[:-1] == END).nonzero().flatten().tolist(), len(ids) - 1]
            for start, stop in pairwise(edges):
                if stop > start:
                    logits = network(ids[None, start:stop])[0]
                    nats += F.cross_entropy(
                        logits, ids[start + 1 : stop + 1], reduction="sum"
                    ).item()
                    count += stop - start
    assert first["validation_loss"] == pytest.approx(nats / count, rel=1e-6)
