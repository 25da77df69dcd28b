"""One training step of many processes, in one and without memory: what `plan` says, counted.

torch's fake process group answers for the other processes, and fake tensors have shapes but no
numbers. Model, sharding and step are the trainer's own. What it imports of torch is not of its
stable interface.
"""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import distributed as dist
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.fsdp2_mem_tracker import FSDPMemTracker
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode
from torch.testing._internal.distributed.fake_pg import FakeStore

from tokenizer.errors import MalmoiError
from trainer.config import CHUNK_LOGITS, ModelConfig, ParallelConfig, TrainConfig
from trainer.layout import build_parallel
from trainer.model import NeoX
from trainer.optim import make_optimizer, update
from trainer.parallel import AXES, Ranks, local

MESSAGES = {
    "_allgather_base_": "all_gather",
    "_reduce_scatter_base_": "reduce_scatter",
    "allreduce_": "all_reduce",
}


def simulate(
    model: ModelConfig, vocab_rows: int, gpus: int, micro_batch: int, recomputes: bool
) -> dict[str, Any]:
    """Like `plan`: {parameters_on_a_gpu, peak_memory_bytes, collectives_a_step, seconds}.

    Of the first of `gpus` processes, FSDP over all, bf16 products. Takes up to some minutes.
    Raises MalmoiError inside a process group.
    """
    if dist.is_initialized():
        raise MalmoiError("a simulation needs a process that has joined no others; run it alone")
    started = time.perf_counter()
    parallel = ParallelConfig(checkpointing="full" if recomputes else "none")
    settings = TrainConfig(precision="bf16", parallel=parallel)
    with _processes(gpus) as process, _gpu_chunks(), FakeTensorMode(), warnings.catch_warnings():
        # Both that watch make views of what modules return.
        warnings.filterwarnings("ignore", "FSDP2-wrapped module")
        network = build_parallel(model, vocab_rows, settings, process)
        optimizer = make_optimizer(network, settings)
        tokens = torch.zeros(micro_batch, model.context, dtype=torch.int64)
        # Once before it is watched, or what torch remembers of layouts would be counted as memory.
        _step(network, optimizer, process, tokens)
        with CommDebugMode() as messages:
            _step(network, optimizer, process, tokens)
        memory = FSDPMemTracker(network, optimizer)
        memory.track_inputs((tokens,))
        with memory:
            _step(network, optimizer, process, tokens)
        peak = memory.get_tracker_snapshot("peak")
        numbers = sum(local(parameter).numel() for parameter in network.parameters())
    return {
        "parameters_on_a_gpu": numbers,
        "peak_memory_bytes": next(iter(peak.values()))["Total"],
        "collectives_a_step": {
            MESSAGES[kind.__name__]: count for kind, count in messages.get_comm_counts().items()
        },
        "seconds": time.perf_counter() - started,
    }


def _step(
    network: NeoX, optimizer: torch.optim.Optimizer, process: Ranks, tokens: torch.Tensor
) -> None:
    """What `train_step` does on the device."""
    objective, nats = network(tokens, None, None, tokens, 0.0)
    (objective / tokens.numel()).backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    sums = nats.sum(dtype=torch.float64)[None]
    norm = process.gradient_norm(gradients, sums)
    update(optimizer, 1e-3, norm, 1.0, sums[0])


@contextmanager
def _processes(count: int) -> Iterator[Ranks]:
    """The first of so many processes; the others are fake."""
    dist.init_process_group("fake", rank=0, world_size=count, store=FakeStore())
    try:
        mesh = init_device_mesh("cpu", (1, count, 1), mesh_dim_names=AXES)
        yield Ranks(0, count, torch.device("cpu"), mesh)
    finally:
        dist.destroy_process_group()


@contextmanager
def _gpu_chunks() -> Iterator[None]:
    """The loss in a GPU's chunks on the CPU that stands for it."""
    own = CHUNK_LOGITS["cpu"]
    CHUNK_LOGITS["cpu"] = CHUNK_LOGITS["cuda"]
    try:
        yield
    finally:
        CHUNK_LOGITS["cpu"] = own
