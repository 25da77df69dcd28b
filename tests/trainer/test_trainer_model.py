"""The model computes what transformers' GPT-NeoX computes, and nothing of the future."""

import math

import pytest
import torch
from torch.nn import functional as F
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from trainer.attention import KeyValueCache, attend
from trainer.config import ModelConfig
from trainer.export import huggingface_config
from trainer.init import initialise
from trainer.model import NeoX, build

ROWS = 256
FACTS = {"rows": ROWS, "vocab_size": 250, "end_of_text": 2, "tokenizer_sha256": ""}
FACTS["dataset_fingerprint"] = ""

SHAPES = {
    "demo, half of 32": ModelConfig(layers=2, width=64, heads=2, context=64),
    "1.3B, 64 of 128": ModelConfig(layers=2, width=256, heads=2, context=64),
    "5.8B, 64 of 256": ModelConfig(layers=2, width=512, heads=2, context=64),
    "125m, 64 of 64": ModelConfig(layers=2, width=128, heads=2, context=64),
    "16 of 48, tanh, own base": ModelConfig(
        layers=3,
        width=96,
        heads=2,
        context=64,
        rotary_dims=16,
        rotary_base=500.0,
        feed_forward=100,
        activation="gelu_tanh",
        norm_eps=1e-3,
    ),
}


def made(config: ModelConfig, seed: int = 0) -> NeoX:
    """A model whose biases and norms are random too, so that each of them matters."""
    network = build(config, ROWS)
    initialise(network, seed)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return network


def ids(rows: int, length: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(ROWS, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
def test_logits_and_gradients_are_those_of_transformers(shape: str) -> None:
    config = SHAPES[shape]
    ours = made(config)
    settings = GPTNeoXConfig(**huggingface_config(config, FACTS))
    settings._attn_implementation = "eager"
    theirs = GPTNeoXForCausalLM(settings).eval()
    weights = {name.replace("embed_out", "lm_head"): w for name, w in ours.state_dict().items()}
    theirs.load_state_dict(weights)
    tokens = ids(2, 48)
    logits = ours(tokens), theirs(tokens).logits
    assert (logits[0] - logits[1]).abs().max() <= 2e-6
    for output in logits:
        F.cross_entropy(output[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        other = expected[name.replace("embed_out", "lm_head")].grad
        scale = other.abs().max()
        assert scale > 0, name
        assert (parameter.grad - other).abs().max() <= 2e-6 * max(1.0, scale), name
        assert (parameter.grad - other).norm() <= 1e-5 * other.norm(), name


def test_the_past_does_not_see_the_future() -> None:
    network = made(SHAPES["demo, half of 32"])
    tokens = ids(1, 40)
    changed = tokens.clone()
    changed[0, 25] = (changed[0, 25] + 1) % ROWS
    before, after = network(tokens), network(changed)
    assert torch.equal(before[:, :25], after[:, :25])
    assert not torch.equal(before[:, 25], after[:, 25])
    embedded = network.gpt_neox.embed_in.weight
    network(tokens)[0, 10].sum().backward()
    later = [t for t in tokens[0, 11:].tolist() if t not in tokens[0, :11].tolist()]
    assert later
    assert torch.count_nonzero(embedded.grad[later]) == 0


def test_a_cache_changes_nothing() -> None:
    network = made(SHAPES["1.3B, 64 of 128"])
    tokens = ids(2, 30)
    cache = KeyValueCache(network.config.layers)
    with torch.no_grad():
        parts = [network(tokens[:, :20], cache)]
        parts += [network(tokens[:, i : i + 1], cache) for i in range(20, 30)]
        whole = network(tokens)
    assert cache.length == 30
    assert (torch.cat(parts, dim=1) - whole).abs().max() < 1e-5


def test_several_queries_over_a_past_are_refused() -> None:
    with pytest.raises(ValueError, match="3 queries over 5 keys"):
        attend(torch.zeros(1, 1, 3, 4), torch.zeros(1, 1, 5, 4), torch.zeros(1, 1, 5, 4))


def test_initial_weights_depend_on_seed_and_name_alone() -> None:
    config = SHAPES["demo, half of 32"]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = build(config, ROWS), build(config, ROWS), build(config, ROWS)
    deeper = build(config.model_copy(update={"context": 128}), ROWS)
    for network, seed in ((first, 3), (again, 3), (other, 4), (deeper, 3)):
        initialise(network, seed)
    assert torch.equal(torch.get_rng_state(), before)
    weights = [network.state_dict() for network in (first, again, other, deeper)]
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name])
        assert torch.equal(weight, weights[3][name])
        assert torch.equal(weight, weights[2][name]) == (weight.ndim == 1)


def test_initial_weights_have_the_stated_spread() -> None:
    config = ModelConfig(layers=3, width=256, heads=4, context=8)
    network = build(config, 1024)
    initialise(network, 0)
    small, output = math.sqrt(2 / (5 * 256)), 2 / (3 * math.sqrt(256))
    for name, weight in network.state_dict().items():
        if weight.ndim == 1:
            assert torch.all(weight == (1.0 if name.endswith("norm.weight") else 0.0)), name
        else:
            residual = "attention.dense." in name or "4h_to_h" in name
            assert weight.std().item() == pytest.approx(output if residual else small, rel=0.02)
            assert abs(weight.mean().item()) < small / 50
