"""What the trainer's model learns from a run's tokens, beside Kneser-Ney models of the same tokens.

    python -m benchmarks.learning RUN [--tokens 614400,20000000] [--preset demo]
        [--batch-tokens 1024,8192] [--learning-rate 3e-3,3e-3] [--precision fp32] [--json]

RUN is a run directory with `tokens/`, or another folder that holds one. For each budget of tokens
the model is trained with the recipe's defaults but for what is given here, and interpolated bigrams
and trigrams (`kneser_ney`) are counted over the windows that training reads, each once. All are
measured on the same windows of the validation split, in bits per byte: each sees what stands before
a token in its window and no more. On a GPU where there is one.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kneser_ney import KneserNey
from trainer.batches import count_bytes
from trainer.config import PRESETS, ModelConfig, TrainConfig
from trainer.dataset import IGNORED, Dataset, Split
from trainer.evaluate import bits_per_byte
from trainer.order import Order
from trainer.train import train

SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--tokens", type=_numbers, default=[614_400, 20_000_000])
    parser.add_argument("--preset", choices=PRESETS, default="demo")
    parser.add_argument("--batch-tokens", type=_numbers, default=[1_024, 8_192])
    parser.add_argument("--learning-rate", type=_numbers, default=[3e-3])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for at, tokens in enumerate(given.tokens):
        batch = int(given.batch_tokens[min(at, len(given.batch_tokens) - 1)])
        settings = TrainConfig(
            steps=int(tokens) // batch,
            batch_tokens=batch,
            micro_batch=32,
            learning_rate=given.learning_rate[min(at, len(given.learning_rate) - 1)],
            precision=given.precision,
            eval_every=max(1, int(tokens) // batch // 10),
            eval_batches=0,
            save_every=int(tokens) // batch,
            sample_prompts=[],
        )
        rows.append(learned(given.run / "tokens", PRESETS[given.preset], settings))
        if not given.json:
            show(rows[-1])
    if given.json:
        print(json.dumps(rows, indent=1))


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def learned(tokens: Path, model: ModelConfig, settings: TrainConfig) -> dict[str, Any]:
    """Bits per byte on validation: of the model by step, and of the n-grams."""
    data = Dataset.open(tokens, model.context)
    with tempfile.TemporaryDirectory() as folder:
        train(model, settings, tokens, Path(folder), SEED)
        lines = (Path(folder) / "metrics.jsonl").read_text().splitlines()
    curve = {
        row["step"]: row["validation_bpb"]
        for row in map(json.loads, lines)
        if row.get("validation_bpb") is not None
    }
    samples = settings.steps * settings.batch_tokens // model.context
    order = Order(data.train.streams, SEED)
    seen = windows(data.train, *order.locate(np.arange(min(samples, order.epoch_samples))))
    held_out = windows(data.validation, *data.validation.spread(0))
    n_bytes = count_bytes(held_out[:, 1:], np.append(data.token_bytes, 0))
    vocabulary = data.description.vocab_size
    grams = {
        name: bits_per_byte(KneserNey(seen, n, vocabulary).nats(held_out), n_bytes)
        for name, n in (("bigram", 2), ("trigram", 3))
    }
    return {
        "tokens": int((seen[:, 1:] >= 0).sum()),
        "epochs": samples / order.epoch_samples,
        "steps": settings.steps,
        "validation_bytes": n_bytes,
        "curve": curve,
        **grams,
    }


def windows(split: Split, source: np.ndarray, window: np.ndarray) -> np.ndarray:
    """int64[n, context + 1]: the ids of each window, -1 past its end."""
    inputs, targets = split.batch(source, window)
    ids = np.concatenate([inputs[:, :1], targets], axis=1)
    return np.where(ids == IGNORED, -1, ids)


def show(row: dict[str, Any]) -> None:
    last = list(row["curve"].values())[-1]
    print(
        f"{row['tokens']:,} tokens ({row['epochs']:.2f} epochs), {row['steps']:,} steps; "
        f"bits per byte of {row['validation_bytes']:,} bytes held out:"
    )
    for name in ("bigram", "trigram"):
        print(f"  Kneser-Ney {name:8} {row[name]:.4f}")
    print(f"  model              {last:.4f}")
    print("  by step: " + ", ".join(f"{step}: {bpb:.3f}" for step, bpb in row["curve"].items()))


if __name__ == "__main__":
    main()
