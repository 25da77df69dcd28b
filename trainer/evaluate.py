"""Loss and bits per byte of a split, in all and by source.

Bits per byte = nats / ln 2 / UTF-8 bytes of the targets: it does not depend on the tokenizer, so
models with different vocabularies compare. End-of-text costs nats like any target, and has 0 bytes.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributed.fsdp import FSDPModule

from tokenizer.errors import MalmoiError
from trainer import checkpoint
from trainer.attention import document_mask
from trainer.batches import count_bytes
from trainer.config import ModelConfig
from trainer.dataset import IGNORED, Dataset, Split
from trainer.export import load_export
from trainer.model import NeoX, build
from trainer.parallel import Ranks


def bits_per_byte(nats: float, n_bytes: float) -> float:
    return nats / math.log(2) / n_bytes if n_bytes else math.nan


@dataclass(frozen=True)
class Reading:
    """How a model reads tokens."""

    precision: str = "fp32"  # of the matrix products
    document_end: int | None = None  # where given, a token sees its own document alone
    z_loss: float = 0.0

    def __call__(self, network: NeoX, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """(objective, nats) of `loss.cross_entropy`: the targets' given the inputs, both int64
        [rows, context]. fp32 whatever the precision of the products.
        """
        device = network.embed_out.weight.device
        inputs, targets = (part.to(device, non_blocking=True) for part in (inputs, targets))
        end = self.document_end
        mask = None if end is None else document_mask(inputs, end)
        casts = self.precision == "bf16" and not isinstance(network, FSDPModule)  # it casts itself
        with torch.autocast(device.type, torch.bfloat16, enabled=casts):
            return network(inputs, None, mask, targets, self.z_loss)


def measure(
    network: NeoX,
    split: Split,
    token_bytes: np.ndarray,
    *,
    windows: int,
    micro_batch: int,
    reading: Reading,
    process: Ranks,
) -> dict[str, Any] | None:
    """{loss (nats a token), bpb, tokens, bytes, sources: {name: the same}}; None of an empty split.

    `windows`: how many, evenly spread and shared among the processes; 0: all.
    """
    source, window = split.spread(windows)
    if not len(source):
        return None
    mine = np.arange(process.data_rank, len(source), process.data_world)
    totals = np.zeros((len(split.streams), 3))  # nats, targets, bytes
    for start in range(0, -(-len(source) // process.data_world), micro_batch):
        rows = mine[start : start + micro_batch]
        read = rows if len(rows) else np.zeros(1, int)  # the others need it to gather weights
        inputs, targets = split.batch(source[read], window[read])
        with torch.no_grad():
            _, each = reading(network, torch.from_numpy(inputs), torch.from_numpy(targets))
        nats = each.double().sum(dim=1).tolist()
        for row, s in enumerate(source[rows]):
            counts = (targets[row] != IGNORED).sum(), count_bytes(targets[row], token_bytes)
            totals[s] += (nats[row], *counts)
    totals = np.array(process.sum(totals.ravel().tolist())).reshape(-1, 3)
    sources = {
        stream.name: _figures(row)
        for stream, row in zip(split.streams, totals, strict=True)
        if row[1]
    }
    return {**_figures(totals.sum(axis=0)), "sources": sources}


def evaluate(
    export_dir: Path, tokens_dir: Path, split: str = "validation", windows: int = 0
) -> dict[str, Any]:
    """`measure` an exported model on `train` or `validation` of a tokens directory.

    The tokens must be of the model's own tokenizer; otherwise MalmoiError.
    """
    if split not in ("train", "validation"):
        raise MalmoiError(f"no split is named '{split}'; give train or validation")
    network, config = load_export(Path(export_dir), _device())
    return _measured(network, config["malmoi"], Path(export_dir), tokens_dir, split, windows)


def evaluate_checkpoint(directory: Path, tokens_dir: Path) -> dict[str, Any]:
    """`measure` a checkpoint, whole and alone, on all of a tokens directory's validation split."""
    facts = checkpoint.read_state(directory).facts
    network = build(ModelConfig.model_validate(facts["model"]), facts["rows"], _device())
    checkpoint.load(directory, network)
    return _measured(network, facts, directory, tokens_dir, "validation", 0)


def _measured(
    network: NeoX, facts: dict[str, Any], model: Path, tokens_dir: Path, split: str, windows: int
) -> dict[str, Any]:
    data = Dataset.open(Path(tokens_dir), network.config.context)
    if facts["tokenizer_sha256"] != data.description.tokenizer_sha256:
        raise MalmoiError(
            f"{model} and {tokens_dir} are of different tokenizers; tokenize with the model's"
        )
    figures = measure(
        network,
        data.train if split == "train" else data.validation,
        data.token_bytes,
        windows=windows,
        micro_batch=8,
        reading=Reading(document_end=facts.get("document_end")),
        process=Ranks(0, 1, network.embed_out.weight.device),
    )
    if figures is None:
        raise MalmoiError(f"{tokens_dir}: its {split} split is empty; raise shards.validation")
    return figures


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _figures(row: np.ndarray) -> dict[str, float]:
    nats, tokens, n_bytes = row.tolist()
    return {
        "loss": nats / tokens,
        "bpb": bits_per_byte(nats, n_bytes),
        "tokens": int(tokens),
        "bytes": int(n_bytes),
    }
