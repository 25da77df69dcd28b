"""Rotary positions and causal attention, on tensors of shape [batch, heads, tokens, head width]."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

Mask = Tensor | BlockMask
"""bool [batch, 1, tokens, tokens] for the CPU's kernel, blocks for FlexAttention's on a GPU."""


def rotary_angles(
    start: int, length: int, dims: int, base: float, device: torch.device
) -> tuple[Tensor, Tensor]:
    """cos and sin, fp32 [length, dims], of the angles of positions start..start+length-1.

    Always fp32: in half precision the angles of far positions are off by whole degrees.
    """
    frequency = base ** -(torch.arange(0, dims, 2, dtype=torch.float32, device=device) / dims)
    position = torch.arange(start, start + length, dtype=torch.float32, device=device)
    angle = torch.outer(position, frequency).repeat(1, 2)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the first dims of each head by its position's angles; the rest pass (Su et al. 2021).

    Dimension i pairs with i + dims/2, GPT-NeoX's layout (GPT-J pairs neighbours).
    """
    turning, passing = x[..., : cos.shape[-1]], x[..., cos.shape[-1] :]
    first, second = turning.chunk(2, dim=-1)
    turned = turning * cos + torch.cat((-second, first), dim=-1) * sin
    return torch.cat((turned.to(x.dtype), passing), dim=-1)


class KeyValueCache:
    """Keys and values of the tokens a model has already read, one pair a layer."""

    def __init__(self, layers: int) -> None:
        self.pairs: list[tuple[Tensor, Tensor] | None] = [None] * layers

    @property
    def length(self) -> int:
        return 0 if self.pairs[0] is None else self.pairs[0][0].shape[2]

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        past = self.pairs[layer]
        if past is not None:
            key, value = torch.cat((past[0], key), dim=2), torch.cat((past[1], value), dim=2)
        self.pairs[layer] = key, value
        return key, value


def document_mask(tokens: Tensor, end: int) -> Mask:
    """Who attends to whom in ids int64 [batch, tokens]: earlier tokens of the own document alone.

    A document begins with the `end` that stands before it, as a prompt does in `generate`.
    """
    document = (tokens == end).cumsum(dim=1)
    length = tokens.shape[1]
    if tokens.device.type == "cuda":

        def visible(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            return (query >= key) & (document[batch, query] == document[batch, key])

        return create_block_mask(visible, len(tokens), None, length, length, tokens.device)
    earlier = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
    return ((document[:, :, None] == document[:, None, :]) & earlier)[:, None]


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Mask | None = None) -> Tensor:
    """Causal scaled dot-product attention; the last query stands at the last key.

    One query sees every key. More than one must be as many as the keys (no cache before them).
    With a mask of `document_mask`, what it lets each query see.
    """
    if query.shape[2] not in (1, key.shape[2]):
        raise ValueError(f"{query.shape[2]} queries over {key.shape[2]} keys")
    if isinstance(mask, BlockMask):
        return _flex()(query, key, value, block_mask=mask)
    if mask is not None:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return F.scaled_dot_product_attention(query, key, value, is_causal=query.shape[2] > 1)


@cache
def _flex() -> Callable[..., Tensor]:
    """FlexAttention's kernel: uncompiled it would hold every score."""
    return torch.compile(flex_attention)
