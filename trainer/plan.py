"""What training a model costs: arithmetic on its shape, before anything is bought."""

import math
from dataclasses import dataclass
from typing import Any

from trainer.config import CHUNK_LOGITS, ModelConfig, parameter_count


@dataclass(frozen=True)
class Gpu:
    """`name`: a part of what CUDA reports; `memory`: GiB; `flops`: dense bf16 a second."""

    name: str
    memory: int
    flops: float


GPUS = {
    "a100-40g": Gpu("A100", 40, 312e12),
    "a100-80g": Gpu("A100", 80, 312e12),
    "h100-80g": Gpu("H100", 80, 989e12),
    "h100-pcie-80g": Gpu("H100 PCIe", 80, 756e12),
    "h200-141g": Gpu("H200", 141, 989e12),
}
"""NVIDIA's data sheets of the A100 (2021), the H100 (2023) and the H200 (2024). Those of the last
two state FLOPs with sparsity, twice as many."""


def peak_flops(device_name: str) -> float | None:
    """The most bf16 FLOPs a second of a GPU, from its name; None of one not in the table."""
    known = sorted(GPUS.values(), key=lambda gpu: -len(gpu.name))
    return next((gpu.flops for gpu in known if gpu.name in device_name), None)


def flops_per_token(model: ModelConfig, vocab_rows: int) -> int:
    """FLOPs of training on one token, forward and backward: 6 (N - E) + 12 layers width context.

    N: parameters; E: those of the input embedding, which is looked up and not multiplied. The
    second term is attention over the whole context, as it is usually counted, though a causal
    kernel does half of it (Chowdhery et al. 2022, appendix B). Recomputing is not counted.
    """
    multiplied = parameter_count(model, vocab_rows) - vocab_rows * model.width
    return 6 * multiplied + 12 * model.layers * model.width * model.context


def shard_numbers(model: ModelConfig, vocab_rows: int, gpus: int) -> int:
    """Parameters that FSDP gives the first of `gpus` processes: of each, a share of its rows."""
    d, f = model.width, model.feed_forward
    block = [(3 * d, d), (3 * d, 1), (d, d), (d, 1), (f, d), (f, 1), (d, f), (d, 1), *4 * [(d, 1)]]
    root = [(vocab_rows, d), (vocab_rows, d), (d, 1), (d, 1)]
    return sum(
        math.ceil(rows / gpus) * columns * times
        for shapes, times in ((block, model.layers), (root, 1))
        for rows, columns in shapes
    )


def peak_memory(
    model: ModelConfig, vocab_rows: int, gpus: int, micro_batch: int, recomputes: bool
) -> int:
    """Bytes at the fullest moment of a step on each of `gpus` GPUs, FSDP over all, bf16 products.

    One micro-batch a step; `recomputes`: activation checkpointing `full`. The moment is one of
    three: the end of the loss, the first blocks' backward pass or the last one's. What CUDA, NCCL
    and the allocator's gaps take comes on top.
    """
    d, f, layers = model.width, model.feed_forward, model.layers
    tokens = micro_batch * model.context
    held = 12 * shard_numbers(model, vocab_rows, gpus)  # weights and two averages, fp32
    block = parameter_count(model, 0) // layers  # the last norm, a few thousand, among them
    head = vocab_rows * d
    chunk = min(CHUNK_LOGITS["cuda"], tokens * vocab_rows)
    # Of a block for its gradient, bf16: input, two norms, query and key before and after turning
    # and value (5), attention twice (it is laid out anew), the MLP's two; and fp32 of the softmax.
    kept = (20 * d + 4 * f + 4 * model.heads) * tokens
    stored = (2 * d * tokens if recomputes else kept) * layers
    loss = (
        held
        + 2 * (2 * head + block)  # gathered: the embeddings, the last block's buffer
        + stored
        + 6 * d * tokens  # the last norm's input and output, and its output's gradient
        # Logits and their logarithms, with the weight's gradient; then one of them in bf16 too,
        # with a product that is added to it.
        + max(8 * chunk + 4 * head, 6 * chunk + 6 * head)
    )
    # Gathered: the embeddings, a block and the next; the block's gradient, and the head's.
    working = held + 2 * (2 * head + 2 * block) + 2 * block + 2 * head
    reduced = 4 * block  # the gradient of the block before, on its way, fp32
    if recomputes:
        working += kept - 2 * d * tokens + reduced
        first = working + stored - 2 * d * tokens
    else:
        first = working + stored
    last = working + 4 * shard_numbers(model, 0, gpus)
    last += 4 * d * tokens if recomputes else kept + reduced
    return max(loss, first, last)


def collectives(model: ModelConfig) -> dict[str, int]:
    """Messages of a step of one micro-batch: blocks are gathered twice, their gradients scattered;
    embeddings and last norm once; the gradient's norm and the figures of the log go together.
    """
    return {
        "all_gather": 2 * model.layers + 1,
        "reduce_scatter": model.layers + 1,
        "all_reduce": 1,
    }


def plan(
    model: ModelConfig,
    vocab_rows: int,
    gpus: int,
    micro_batch: int,
    recomputes: bool,
    gpu: Gpu,
    tokens: int,
    mfu: float,
) -> dict[str, Any]:
    """What training `model` takes; see `peak_memory` for the layout.

    `tokens`: to train on; 0: 20 a parameter (Hoffmann et al. 2022). `mfu`: the share of the GPUs'
    bf16 FLOPs that training reaches, an assumption; what is recomputed does not count.
    """
    parameters = parameter_count(model, vocab_rows)
    tokens = tokens or 20 * parameters
    memory = peak_memory(model, vocab_rows, gpus, micro_batch, recomputes)
    flops = flops_per_token(model, vocab_rows)
    return {
        "parameters": parameters,
        "vocab_rows": vocab_rows,
        "parameters_on_a_gpu": shard_numbers(model, vocab_rows, gpus),
        "batch_tokens": gpus * micro_batch * model.context,
        "peak_memory_bytes": memory,
        "memory_share": memory / (gpu.memory << 30),
        "collectives_a_step": collectives(model),
        "flops_per_token": flops,
        "tokens": tokens,
        "flops": flops * tokens,
        "mfu": mfu,
        "days": flops * tokens / (gpus * gpu.flops * mfu) / 86_400,
    }
