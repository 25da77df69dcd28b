"""Which tokenizer lets a small model learn most: bits per byte at equal compute and at equal text.

    python -m benchmarks.tokenizer_bits --train FILE.jsonl.gz ... --models FILE.model ...
        [--seeds 0 1 2] [--parallel 1] [--mb-a-kind 6] [--json]

Each model (`benchmarks/tokenizer_frontier.py --out` writes them) encodes the same documents, of
each file the first `--mb-a-kind`, but one in 20, which is held out. The bundled trainer trains a
GPT-NeoX of 6 layers and width 512 for one epoch of each, bf16, at a constant learning rate, and
validates at two points: after as many tokens as the shortest epoch has (equal compute, for all) and
at the end of its own epoch (equal text). Bits per byte compare whatever the tokens are.

On a GPU where there is one; `--parallel` runs stand side by side on it. Without one it takes hours.
"""

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece

from benchmarks.tokenizer_text import Texts, read_texts
from tokenizer.shards import ShardWriter, token_dtype
from tokenizer.special import END_OF_TEXT_ID
from tokenizer.vocabulary import byte_lengths
from trainer.config import ModelConfig, TrainConfig
from trainer.train import train

MODEL = ModelConfig(layers=6, width=512, heads=8, context=512)
BATCH_TOKENS = 16_384


def main() -> None:
    arguments = parsed()
    if arguments.one:
        print(json.dumps(one_run(Path(arguments.one[0]), *map(int, arguments.one[1:]))))
        return
    texts = read_texts(arguments.train, [], arguments.mb_a_kind)
    with tempfile.TemporaryDirectory() as folder:
        steps = {}
        for path in arguments.models:
            steps[path.stem] = write_tokens(path, texts, Path(folder, path.stem)) // BATCH_TOKENS
        common = min(steps.values())
        calls = [
            [Path(folder, name), seed, steps[name], common]
            for seed in arguments.seeds
            for name in steps
        ]
        with ThreadPoolExecutor(arguments.parallel) as pool:
            runs = list(pool.map(in_a_process, calls))
    rows = [compared(name, [run for run in runs if run["name"] == name]) for name in steps]
    if arguments.json:
        print(json.dumps({"texts": texts.sizes(), "runs": runs, "rows": rows}, indent=1))
        return
    print(f"{'':<28}{'steps':>7}{'equal compute':>16}{'spread':>9}{'equal text':>13}{'spread':>9}")
    for row in rows:
        print(
            f"{row['name']:<28}{row['steps']:>7}{row['equal_compute']:>16.4f}"
            f"{row['compute_spread']:>9.4f}{row['equal_text']:>13.4f}{row['text_spread']:>9.4f}"
        )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, nargs="+", default=[])
    parser.add_argument("--models", type=Path, nargs="+", default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--mb-a-kind", type=float, default=6)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def write_tokens(path: Path, texts: Texts, root: Path) -> int:
    """A tokens directory of the texts in one vocabulary; returns the tokens to train on."""
    model = path.read_bytes()
    processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
    dtype = token_dtype(processor.get_piece_size())
    shuffled = random.Random(0).sample(texts.train, len(texts.train))
    splits: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
    parts = [("train", "all", shuffled)]
    parts += [("validation", kind, held) for kind, held in texts.held_out.items() if held]
    for split, name, documents in parts:
        (root / split).mkdir(parents=True, exist_ok=True)
        with ShardWriter(root / split / name, dtype) as shard:
            for document in documents:
                shard.add(np.array([*processor.encode(document), END_OF_TEXT_ID], dtype))
        entry = {"path": f"{split}/{name}", "source": name, "weight": 1.0, "tokens": shard.tokens}
        entry |= {"documents": len(documents), "bytes": sum(map(len, map(str.encode, documents)))}
        splits[split].append(entry)
    np.save(root / "token_bytes.npy", byte_lengths(model))
    dataset = {
        "tokenizer_sha256": "",
        "vocab_size": processor.get_piece_size(),
        "end_of_text": END_OF_TEXT_ID,
        "dtype": dtype.name,
        "splits": splits,
    }
    (root / "manifest.json").write_text(json.dumps({"dataset": dataset, "files": stamps(root)}))
    return splits["train"][0]["tokens"]


def stamps(root: Path) -> dict[str, Any]:
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {
        f"tokens/{path.relative_to(root)}": {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    }


def in_a_process(call: Sequence[Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.tokenizer_bits", "--one", *map(str, call)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ})
    return json.loads(done.stdout.splitlines()[-1])


def one_run(tokens: Path, seed: int, steps: int, common: int) -> dict[str, Any]:
    """Bits per byte at both points of one run."""
    settings = TrainConfig(
        steps=steps,
        batch_tokens=BATCH_TOKENS,
        micro_batch=BATCH_TOKENS // MODEL.context,
        learning_rate=1e-3,
        warmup_steps=60,
        schedule="constant",
        precision="bf16",
        eval_every=common,
        eval_batches=0,
        save_every=10**6,
        keep_last=1,
        sample_prompts=[],
    )
    out = tokens.with_name(f"{tokens.name}-{seed}")
    summary = train(MODEL, settings, tokens, out, seed)
    lines = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    bits = {line["step"]: line["validation_bpb"] for line in lines if "validation_bpb" in line}
    found = {"name": tokens.name, "seed": seed, "steps": steps, "parameters": summary["parameters"]}
    return {**found, "equal_compute": bits[common], "equal_text": bits[steps]}


def compared(name: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds, and the standard deviation of one run."""
    row: dict[str, Any] = {"name": name, "steps": runs[0]["steps"]}
    for point in ("equal_compute", "equal_text"):
        values = [run[point] for run in runs]
        row[point] = statistics.mean(values)
        row[f"{point[6:]}_spread"] = statistics.stdev(values) if len(values) > 1 else 0.0
    return row


if __name__ == "__main__":
    main()
