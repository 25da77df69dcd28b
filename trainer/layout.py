"""Which part of the model each process holds and computes; `model.py` knows none of this.

A plain model without weights goes in, and what is done to it is done in an order that matters:
tensor parallelism, recomputing, compiling, sharding; only then are there weights.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_module
from torch.distributed.tensor import distribute_tensor as distribute
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    ParallelStyle,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)
from torch.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts

from tokenizer.errors import RecipeError
from trainer.config import ModelConfig, TrainConfig
from trainer.model import NeoX, build
from trainer.parallel import Ranks

# The nats of `loss.cross_entropy`: a view, which nobody changes.
warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor")

KEPT = [
    torch.ops.aten.mm.default,
    torch.ops.aten.addmm.default,
    torch.ops.aten._scaled_dot_product_flash_attention.default,
    torch.ops.aten._scaled_dot_product_cudnn_attention.default,
    torch.ops.aten._scaled_dot_product_efficient_attention.default,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default,
    torch.ops._c10d_functional.reduce_scatter_tensor.default,
]
"""What selective checkpointing does not compute a second time: products, attention, sums over
processes. Norms, GELU, rotations and gathers are."""


def check_fit(model: ModelConfig, rows: int, settings: TrainConfig, world: int) -> None:
    """Raises RecipeError where `train.parallel` cannot split this model, or not on `world`."""
    parallel = settings.parallel
    groups = parallel.replicate * parallel.tensor
    if world % groups or (parallel.shard or world // groups) * groups != world:
        raise RecipeError(
            f"train.parallel: replicate {parallel.replicate} x shard {parallel.shard or 'the rest'}"
            f" x tensor {parallel.tensor} is not the {world} process(es) there are; "
            "start as many, or leave shard out"
        )
    parts = {"heads": model.heads, "feed_forward": model.feed_forward, "context": model.context}
    for name, size in {**parts, "vocab_rows": rows}.items():
        if size % parallel.tensor:
            raise RecipeError(
                f"train.parallel.tensor is {parallel.tensor}, which does not divide model.{name}, "
                f"{size}; give a divisor of it"
            )


def build_parallel(config: ModelConfig, rows: int, settings: TrainConfig, process: Ranks) -> NeoX:
    """This process's part of a model, allocated but not set; alone, the whole of it."""
    parallel = settings.parallel
    network = build(config, rows, "meta")
    if process.mesh is not None and parallel.tensor > 1:
        _split_tensors(network, process.mesh["tensor"])
    if parallel.checkpointing != "none":
        for block in network.gpt_neox.layers:
            _recompute(block, parallel.checkpointing == "selective")
    if parallel.compile:
        for block in network.gpt_neox.layers:
            # A whole block that holds tensor-parallel layers does not compile backwards.
            for part in [""] if parallel.tensor == 1 else ["attention", "mlp"]:
                block.get_submodule(part).compile()
    if process.mesh is not None:
        _shard(network, process.mesh, settings)
    return network.to_empty(device=process.device)


def set_full(parameter: Tensor, value: Tensor) -> None:
    """Set a parameter, or this process's shard of it, to a full value that all processes have."""
    if isinstance(parameter, DTensor):
        mesh, placements = parameter.device_mesh, parameter.placements
        value = value.to(parameter.device)
        value = distribute(value, mesh, placements, src_data_rank=None)  # sends nothing
    parameter.copy_(value)


def sync_replicas(network: nn.Module, wanted: bool) -> None:
    """Whether the next backward pass sums gradients over replicas, or leaves it to a later one."""
    if isinstance(network, FSDPModule):
        network.set_requires_all_reduce(wanted)


def _split_tensors(network: NeoX, mesh: DeviceMesh) -> None:
    """Matrices split by heads, by hidden units and by rows of the vocabulary (Shoeybi et al. 2019);
    between them, activations by tokens (Korthikanti et al. 2022).
    """
    plan: dict[str, ParallelStyle] = {
        "gpt_neox.embed_in": RowwiseParallel(input_layouts=Replicate(), output_layouts=Shard(1)),
        "gpt_neox.final_layer_norm": SequenceParallel(),
        "embed_out": HeadParallel(),
    }
    for layer in range(len(network.gpt_neox.layers)):
        block = f"gpt_neox.layers.{layer}"
        plan |= {
            f"{block}.input_layernorm": SequenceParallel(),
            f"{block}.post_attention_layernorm": SequenceParallel(),
            f"{block}.attention.query_key_value": ColwiseParallel(input_layouts=Shard(1)),
            f"{block}.attention.dense": RowwiseParallel(output_layouts=Shard(1)),
            f"{block}.mlp.dense_h_to_4h": ColwiseParallel(input_layouts=Shard(1)),
            f"{block}.mlp.dense_4h_to_h": RowwiseParallel(output_layouts=Shard(1)),
        }
    parallelize_module(network, mesh, plan)


class HeadParallel(ParallelStyle):
    """The output embedding, its rows split; each process takes the loss of its own tokens.

    With targets, (objective, nats) come back summed and gathered, so that all processes of the
    group have what one alone would; without, all the logits do.
    """

    def _apply(self, module: nn.Module, device_mesh: DeviceMesh) -> nn.Module:
        def split_rows(name: str, part: nn.Module, mesh: DeviceMesh) -> None:
            weight = distribute(part.get_parameter("weight"), mesh, [Shard(0)], src_data_rank=None)
            part.register_parameter("weight", nn.Parameter(weight))

        def own_tokens(part: nn.Module, inputs: Any, mesh: DeviceMesh) -> Any:
            hidden, *rest = inputs
            if not rest or rest[0] is None:
                return hidden.redistribute(placements=[Replicate()]), *rest
            targets = rest[0].chunk(mesh.size(), dim=1)[mesh.get_local_rank()]
            return hidden.to_local(), targets, *rest[1:]

        def whole(part: nn.Module, outputs: Any, mesh: DeviceMesh) -> Any:
            if isinstance(outputs, DTensor):
                return outputs.full_tensor()
            objective, nats = outputs
            objective = DTensor.from_local(objective, mesh, [Partial()], run_check=False)
            nats = DTensor.from_local(nats, mesh, [Shard(1)], run_check=False)
            return objective.full_tensor(), nats.full_tensor()

        return distribute_module(module, device_mesh, split_rows, own_tokens, whole)


def _recompute(block: nn.Module, selective: bool) -> None:
    """Let a block drop activations, and compute them again when their gradient comes by."""
    options: dict[str, Callable[[], Any]] = {}
    if selective:
        options["context_fn"] = partial(create_selective_checkpoint_contexts, KEPT)
    # Not by torch's wrapper module, which would add itself to the names of the parameters.
    block.forward = partial(
        checkpoint, block.forward, use_reentrant=False, preserve_rng_state=False, **options
    )


def _shard(network: NeoX, mesh: DeviceMesh, settings: TrainConfig) -> None:
    """Spread weights, gradients and averages (ZeRO-3, Rajbhandari et al. 2020) block by block."""
    axes = mesh["replicate", "shard"] if mesh["replicate"].size() > 1 else mesh["shard"]
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if settings.precision == "bf16" else None,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,  # or the angles of far positions lose their last bits
    )
    for module in (*network.gpt_neox.layers, network):
        fully_shard(module, mesh=axes, mp_policy=policy)
    for module in network.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)  # the loss is over all targets as it is
            module.set_force_sum_reduction_for_comms(True)  # gloo has no other
