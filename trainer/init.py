"""Initial weights: each parameter from its own generator, so they depend on (seed, name) alone.

Standard deviations are gpt-neox's `small_init` (Nguyen and Salazar 2019) and, where a block writes
to the residual stream, `wang_init` (megatron/model/init_functions.py).
"""

import hashlib
import math

import torch

from trainer.layout import set_full
from trainer.model import NeoX

RESIDUAL_OUTPUTS = ("attention.dense.weight", "mlp.dense_4h_to_h.weight")


def initialise(network: NeoX, seed: int) -> None:
    """Set every weight of a built model, or this process's shards of it.

    Each process draws all of a matrix and keeps its own part, so the weights are the same on every
    mesh. (A DTensor's own `normal_` gives every shard the same numbers on CPUs.) Touches no global
    random state.
    """
    config = network.config
    small = config.init_std or math.sqrt(2 / (5 * config.width))
    output = config.init_std or 2 / (config.layers * math.sqrt(config.width))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.ndim == 1:  # a norm's scale
                parameter.fill_(1.0)
            else:
                std = output if name.endswith(RESIDUAL_OUTPUTS) else small
                drawn = torch.empty(parameter.shape).normal_(0, std, generator=_source(seed, name))
                set_full(parameter, drawn)


def _source(seed: int, name: str) -> torch.Generator:
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    # On the CPU always: a GPU's generator draws other numbers.
    return torch.Generator("cpu").manual_seed(int.from_bytes(digest, "little") >> 1)
