"""What a run is, and whether what lies in a directory can be gone on with by it."""

from pathlib import Path
from typing import Any

from trainer import checkpoint
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset
from trainer.weights import weights_sha256

FREE = {
    "steps",
    "micro_batch",
    "parallel",
    "eval_every",
    "eval_batches",
    "save_every",
    "keep_last",
    "keep_every",
    "mirror",
    "log_every",
    "sample_prompts",
    "sample_tokens",
    "wandb",
    "start_from",  # its hash is compared
    "seed",  # resolved with the recipe's; the result is compared
}
"""Settings that may change between a run and its continuation."""


def facts_of(model: ModelConfig, settings: TrainConfig, data: Dataset) -> dict[str, Any]:
    """What is true of the model and its data; part of each checkpoint."""
    end = data.description.end_of_text
    return {
        "model": model.model_dump(mode="json"),
        "rows": model.rows(data.description.vocab_size),
        "vocab_size": data.description.vocab_size,
        "end_of_text": end,
        "document_end": end if settings.mask_documents else None,
        "tokenizer_sha256": data.description.tokenizer_sha256,
        "dataset_fingerprint": data.fingerprint,
        "sources": {stream.name: stream.weight for stream in data.train.streams},
        "start_from": weights_sha256(settings.start_from),
    }


def identity_of(facts: dict[str, Any], settings: TrainConfig, seed: int) -> dict[str, Any]:
    """What must be equal for a run to be gone on with."""
    return {**facts, **settings.model_dump(mode="json", exclude=FREE), "run seed": seed}


def obstacle(
    model: ModelConfig, settings: TrainConfig, tokens_dir: Path, out_dir: Path, seed: int
) -> str | None:
    """Why `train` could not go on from what is in `out_dir`; None where nothing is in its way."""
    seed = seed if settings.seed is None else settings.seed
    saved = checkpoint.checkpoints(Path(out_dir))
    if saved:
        facts = facts_of(model, settings, Dataset.open(Path(tokens_dir), model.context))
        state = checkpoint.read_state(saved[-1])
        try:
            asked = identity_of(facts, settings, seed)
            checkpoint.check_identity(saved[-1], state.identity, asked)
        except checkpoint.ResumeError as error:
            return str(error)
    return None
