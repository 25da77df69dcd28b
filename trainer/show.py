"""What a run reads at a step, from the arithmetic of the order alone: no model, no checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece

from tokenizer.errors import MalmoiError
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset, Piece
from trainer.order import Order


def step_samples(
    model: ModelConfig,
    settings: TrainConfig,
    tokens_dir: Path,
    tokenizer_dir: Path,
    seed: int,
    step: int,
    characters: int = 60,
) -> list[dict[str, Any]]:
    """The samples of a step from 1 on, in order: {sample, epoch, source, window, documents}.

    Each of a sample's documents: {shard, document (its number in the shard, from 0), first (its
    first token that the window holds), tokens (how many it holds), text (how they begin)}. A
    window's last token is the first of the next one, where it is read as an input.
    Raises CorruptFileError for damaged tokens, MalmoiError where there is no tokenizer.
    """
    data = Dataset.open(tokens_dir, model.context)
    path = tokenizer_dir / "malmoi.model"
    if not path.is_file():
        raise MalmoiError(f"{path}: no tokenizer to decode with; run `malmoi tokenizer`")
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(path))
    order = Order(data.train.streams, seed if settings.seed is None else settings.seed)
    batch = settings.batch_tokens // model.context
    samples = np.arange((step - 1) * batch, step * batch)
    described = []
    source, windows = (part.tolist() for part in order.locate(samples))
    for sample, s, window in zip(samples.tolist(), source, windows, strict=True):
        stream = data.train.streams[s]
        described.append(
            {
                "sample": sample,
                "epoch": sample // order.epoch_samples,
                "source": stream.name,
                "window": window,
                "documents": [
                    _describe(piece, data.root, tokenizer, characters)
                    for piece in stream.pieces(window)
                ],
            }
        )
    return described


def _describe(
    piece: Piece, root: Path, tokenizer: sentencepiece.SentencePieceProcessor, characters: int
) -> dict[str, Any]:
    text = tokenizer.decode(piece.tokens.tolist())
    return {
        "shard": str(piece.shard.relative_to(root)),
        "document": piece.document,
        "first": piece.first,
        "tokens": len(piece.tokens),
        "text": text[:characters],
    }
