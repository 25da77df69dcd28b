"""Training tokens a second: the trainer's step beside transformers' GPT-NeoX with torch's AdamW.

    python benchmarks/trainer_throughput.py [--preset demo] [--seconds 30] [--json]

Same shape, same initial weights, same batches, fp32, one process, all its cores. Steps of the two
alternate in one run, so that other load on the machine falls on both alike; what is reported is
each one's median step. The losses are printed as well: the two train the same model.
"""

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from tokenizer.shards import ShardWriter
from tokenizer.special import END_OF_TEXT_ID
from trainer.checkpoint import State
from trainer.config import PRESETS, ModelConfig, TrainConfig, parameter_count
from trainer.dataset import IGNORED, Dataset
from trainer.export import huggingface_config
from trainer.init import initialise
from trainer.model import NeoX, build
from trainer.optim import learning_rate, make_optimizer
from trainer.order import Order
from trainer.parallel import Ranks, ranks
from trainer.train import Run, train_step

VOCABULARY = 8_000
WARM_UP = 2  # steps of each, not counted

Step = Callable[[], float]  # one training step; returns its loss


def write_tokens(root: Path, count: int) -> None:
    """A tokens directory of random ids, one shard of documents of 500."""
    drawn = np.random.default_rng(0).integers(4, VOCABULARY, count).astype(np.uint16)
    (root / "train").mkdir(parents=True)
    with ShardWriter(root / "train" / "random", np.dtype("<u2")) as shard:
        for start in range(0, count, 500):
            drawn[min(start + 499, count - 1)] = END_OF_TEXT_ID
            shard.add(drawn[start : start + 500])
    np.save(root / "token_bytes.npy", np.full(VOCABULARY, 3, dtype=np.uint16))
    files = {}
    for suffix in ("bin", "idx"):
        data = (root / f"train/random.{suffix}").read_bytes()
        stamp = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        files[f"tokens/train/random.{suffix}"] = stamp
    entry = {"path": "train/random", "source": "random", "weight": 1.0, "tokens": count}
    entry["documents"] = -(-count // 500)
    dataset = {"tokenizer_sha256": "", "vocab_size": VOCABULARY, "end_of_text": END_OF_TEXT_ID}
    dataset |= {"dtype": "uint16", "splits": {"train": [entry]}}
    (root / "manifest.json").write_text(json.dumps({"dataset": dataset, "files": files}))


def our_step(run: Run) -> Step:
    state = State()
    return lambda: train_step(run, state, False)[0]["loss"]


def their_step(network: NeoX, run: Run, settings: TrainConfig) -> Step:
    """The loop a user of transformers writes, on the same samples."""
    rows = network.embed_out.weight.shape[0]
    facts: dict[str, Any] = {"rows": rows, "vocab_size": VOCABULARY, "end_of_text": END_OF_TEXT_ID}
    facts |= {"tokenizer_sha256": "", "dataset_fingerprint": ""}
    theirs = GPTNeoXForCausalLM(GPTNeoXConfig(**huggingface_config(network.config, facts)))
    weights = network.state_dict()
    weights["lm_head.weight"] = weights.pop("embed_out.weight")
    theirs.load_state_dict(weights)
    matrices = [p for p in theirs.parameters() if p.ndim >= 2]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=settings.betas, weight_decay=settings.weight_decay)
    done = 0

    def step() -> float:
        nonlocal done
        samples = np.arange(done * run.batch, (done + 1) * run.batch)
        inputs, targets = run.data.train.batch(*run.order.locate(samples))
        done += 1
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done, settings)
        logits = theirs(torch.from_numpy(inputs), use_cache=False).logits
        wanted = torch.from_numpy(targets).flatten()
        loss = F.cross_entropy(logits.flatten(0, 1), wanted, ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), settings.grad_clip)
        optimizer.step()
        return loss.item()

    return step


def measure(model: ModelConfig, seconds: float, root: Path, process: Ranks) -> dict[str, Any]:
    """Alternate the two until `seconds` are over, at least five steps of each."""
    batch = max(1, 2_048 // model.context)
    settings = TrainConfig(batch_tokens=batch * model.context, micro_batch=batch, steps=1_000_000)
    write_tokens(root, 400 * batch * model.context)
    data = Dataset.open(root, model.context)
    network = build(model, model.rows(VOCABULARY))
    initialise(network, 0)
    order = Order(data.train.streams, 0)
    optimizer = make_optimizer(network, settings)
    run = Run(settings, 0, batch, data, order, network, optimizer, process)
    steps = {"trainer": our_step(run), "transformers": their_step(network, run, settings)}
    times: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, list[float]] = {name: [] for name in steps}
    finish = time.perf_counter() + seconds
    while time.perf_counter() < finish or len(losses["trainer"]) < WARM_UP + 5:
        for name, step in steps.items():
            started = time.perf_counter()
            losses[name].append(step())
            times[name].append(time.perf_counter() - started)
    speed = {
        name: settings.batch_tokens / statistics.median(taken[WARM_UP:])
        for name, taken in times.items()
    }
    return {
        "parameters": parameter_count(model, model.rows(VOCABULARY)),
        "batch_tokens": settings.batch_tokens,
        "context": model.context,
        "threads": torch.get_num_threads(),
        "steps": len(losses["trainer"]),
        "tokens_per_s": {name: round(value, 1) for name, value in speed.items()},
        "ratio": round(speed["trainer"] / speed["transformers"], 3),
        "last_loss": {name: values[-1] for name, values in losses.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=list(PRESETS), default="demo")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    model = PRESETS[given.preset]
    with tempfile.TemporaryDirectory() as folder, ranks() as process:
        cpu = Ranks(process.rank, process.world, torch.device("cpu"))
        figures = measure(model, given.seconds, Path(folder) / "tokens", cpu)
    if given.json:
        print(json.dumps({"preset": given.preset, **figures}))
        return
    print(
        f"{given.preset}: {figures['parameters']:,} parameters, {figures['batch_tokens']} tokens a "
        f"step, fp32, {figures['threads']} threads, {figures['steps']} steps of each"
    )
    print(f"{'':14}{'tokens/s':>10}{'last loss':>12}")
    for name, value in figures["tokens_per_s"].items():
        print(f"{name:14}{value:>10,.0f}{figures['last_loss'][name]:>12.5f}")
    print(f"ratio {figures['ratio']}")


if __name__ == "__main__":
    main()
