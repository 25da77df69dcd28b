"""GPT-NeoX (Black et al. 2022) as Polyglot-Ko used it: equations, no randomness, no processes.

Attribute names are those of the tensors in a Hugging Face checkpoint, so that an export is a copy.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.attention import KeyValueCache, Mask, attend, rotary_angles, rotate
from trainer.config import ModelConfig
from trainer.loss import cross_entropy

Angles = tuple[Tensor, Tensor]


class Attention(nn.Module):
    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.head_width, self.layer = config.head_width, layer
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.dense = nn.Linear(config.width, config.width)

    def forward(
        self, x: Tensor, angles: Angles, cache: KeyValueCache | None, mask: Mask | None
    ) -> Tensor:
        batch, length, _ = x.shape
        # Rows of the fused matrix are [heads, 3, head width]: a split by heads is a plain slice.
        fused = self.query_key_value(x).view(batch, length, -1, 3 * self.head_width).transpose(1, 2)
        query, key, value = fused.chunk(3, dim=-1)
        query, key = rotate(query, *angles), rotate(key, *angles)
        if cache is not None:
            key, value = cache.extend(self.layer, key, value)
        mixed = attend(query, key, value, mask)
        return self.dense(mixed.transpose(1, 2).reshape(batch, length, -1))


class Mlp(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.approximate = "tanh" if config.activation == "gelu_tanh" else "none"
        self.dense_h_to_4h = nn.Linear(config.width, config.feed_forward)
        self.dense_4h_to_h = nn.Linear(config.feed_forward, config.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense_4h_to_h(F.gelu(self.dense_h_to_4h(x), approximate=self.approximate))


class Block(nn.Module):
    """x + attention(norm(x)) + mlp(other norm(x)): both branches read the same x."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.post_attention_layernorm = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.attention = Attention(config, layer)
        self.mlp = Mlp(config)

    def forward(
        self, x: Tensor, angles: Angles, cache: KeyValueCache | None, mask: Mask | None
    ) -> Tensor:
        attended = self.attention(self.input_layernorm(x), angles, cache, mask)
        return x + attended + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    """Token ids to hidden states."""

    def __init__(self, config: ModelConfig, rows: int) -> None:
        super().__init__()
        self.config = config
        self.embed_in = nn.Embedding(rows, config.width)
        self.layers = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.final_layer_norm = nn.LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, tokens: Tensor, cache: KeyValueCache | None, mask: Mask | None) -> Tensor:
        start = cache.length if cache is not None else 0
        dims, base = self.config.rotary_dims, self.config.rotary_base
        angles = rotary_angles(start, tokens.shape[1], dims, base, tokens.device)
        x = self.embed_in(tokens)
        for layer in self.layers:
            x = layer(x, angles, cache, mask)
        return self.final_layer_norm(x)


class Head(nn.Linear):
    """Hidden states to logits; with targets, to their cross-entropy."""

    def forward(  # type: ignore[override]
        self, x: Tensor, targets: Tensor | None = None, z_loss: float = 0.0
    ) -> Tensor | tuple[Tensor, Tensor]:
        if targets is None:
            return F.linear(x, self.weight)
        return cross_entropy(x, self.weight, targets, z_loss)


class NeoX(nn.Module):
    """The language model. Made by `build`: the constructor alone would draw random weights."""

    def __init__(self, config: ModelConfig, rows: int) -> None:
        super().__init__()
        self.config = config
        self.gpt_neox = Body(config, rows)
        self.embed_out = Head(config.width, rows, bias=False)

    def forward(
        self,
        tokens: Tensor,
        cache: KeyValueCache | None = None,
        mask: Mask | None = None,
        targets: Tensor | None = None,
        z_loss: float = 0.0,
    ) -> Any:
        """Logits [batch, tokens, rows] of the next token, from ids int64 [batch, tokens].

        With a cache, `tokens` follow those it has read, and join them. With a mask
        (`attention.document_mask`), each sees its own document alone. With targets, int64
        [batch, tokens], no logits but (objective, nats) of `loss.cross_entropy`.
        """
        return self.embed_out(self.gpt_neox(tokens, cache, mask), targets, z_loss)


def build(config: ModelConfig, rows: int, device: torch.device | str = "cpu") -> NeoX:
    """A model whose weights are allocated but not set: `init.initialise` or a checkpoint sets them.

    On device `meta` nothing is allocated at all; shapes and counts are there.
    """
    with torch.device("meta"):
        network = NeoX(config, rows)
    return network if str(device) == "meta" else network.to_empty(device=device)
