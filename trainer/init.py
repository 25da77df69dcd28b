"""Initial weights: each parameter from its own generator, so they depend on (seed, name) alone.

Standard deviations are gpt-neox's `small_init` (Nguyen and Salazar 2019) and, where a block writes
to the residual stream, `wang_init` (megatron/model/init_functions.py).
"""

import hashlib
import math

import torch

from trainer.model import NeoX

RESIDUAL_OUTPUTS = ("attention.dense.weight", "mlp.dense_4h_to_h.weight")


def initialise(network: NeoX, seed: int) -> None:
    """Set every weight of a built model. Touches no global random state."""
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
                parameter.copy_(drawn)


def _source(seed: int, name: str) -> torch.Generator:
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    # On the CPU always: a GPU's generator draws other numbers.
    return torch.Generator("cpu").manual_seed(int.from_bytes(digest, "little") >> 1)
