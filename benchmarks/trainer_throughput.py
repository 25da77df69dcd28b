"""Training tokens a second and memory: the trainer's step beside transformers' GPT-NeoX.

    python benchmarks/trainer_throughput.py [--preset demo] [--vocabulary 8000] [--seconds 60]
        [--compile] [--json]

Theirs with torch's AdamW. Same shape, same initial weights, same batches, one process, all its
cores; in fp32 and, where the CPU multiplies in bf16, in that too (theirs by autocast). Steps of all
alternate in one run, so that other load on the machine falls on them alike; what is reported is
each one's median step. Memory is the growth of the resident set over three steps of one alone in a
process of its own, from before its model was built. The losses are printed as well: all train the
same model.

At the end a step of each is profiled: milliseconds in torch's kernels for products of matrices and
for attention, which both sides call, and in everything else. No trainer on these kernels can be
faster than transformers by more than its step over those two.
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
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
from trainer.batches import Batches
from trainer.checkpoint import State
from trainer.config import PRESETS, ModelConfig, ParallelConfig, TrainConfig, parameter_count
from trainer.dataset import IGNORED, Dataset
from trainer.evaluate import Reading
from trainer.export import huggingface_config
from trainer.init import initialise
from trainer.layout import build_parallel
from trainer.model import build
from trainer.optim import learning_rate, make_optimizer
from trainer.order import Order
from trainer.parallel import Ranks, ranks
from trainer.train import Run, train_step

WARM_UP = 2  # steps of each, not counted

PRODUCTS = {"mm", "addmm", "addmm_", "bmm", "_linear_pointwise", "_mkl_linear"}
ATTENTION = "_scaled_dot_product"

Step = Callable[[], float]  # one training step; returns its loss


def write_tokens(root: Path, count: int, vocabulary: int) -> None:
    """A tokens directory of random ids, one shard of documents of 500."""
    drawn = np.random.default_rng(0).integers(4, vocabulary, count).astype(np.uint16)
    (root / "train").mkdir(parents=True)
    with ShardWriter(root / "train" / "random", np.dtype("<u2")) as shard:
        for start in range(0, count, 500):
            drawn[min(start + 499, count - 1)] = END_OF_TEXT_ID
            shard.add(drawn[start : start + 500])
    np.save(root / "token_bytes.npy", np.full(vocabulary, 3, dtype=np.uint16))
    files = {}
    for suffix in ("bin", "idx"):
        data = (root / f"train/random.{suffix}").read_bytes()
        stamp = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        files[f"tokens/train/random.{suffix}"] = stamp
    entry = {"path": "train/random", "source": "random", "weight": 1.0, "tokens": count}
    entry["documents"] = -(-count // 500)
    dataset = {"tokenizer_sha256": "", "vocab_size": vocabulary, "end_of_text": END_OF_TEXT_ID}
    dataset |= {"dtype": "uint16", "splits": {"train": [entry]}}
    (root / "manifest.json").write_text(json.dumps({"dataset": dataset, "files": files}))


def given(model: ModelConfig, vocabulary: int, root: Path) -> tuple[TrainConfig, Dataset]:
    """About 2,048 tokens a step, and 400 steps of tokens under `root`."""
    batch = max(1, 2_048 // model.context)
    settings = TrainConfig(batch_tokens=batch * model.context, micro_batch=batch, steps=1_000_000)
    if not root.exists():
        write_tokens(root, 400 * batch * model.context, vocabulary)
    return settings, Dataset.open(root, model.context)


def our_step(model: ModelConfig, settings: TrainConfig, data: Dataset, process: Ranks) -> Step:
    network = build_parallel(model, model.rows(data.description.vocab_size), settings, process)
    initialise(network, 0)
    batch = settings.batch_tokens // model.context
    batches = Batches(data, Order(data.train.streams, 0), batch, settings.micro_batch, 0, 1)
    optimizer = make_optimizer(network, settings)
    reading = Reading(settings.precision)
    run = Run(settings, 0, batch, data, batches, reading, network, optimizer, process)
    state = State()
    return lambda: train_step(run, state, False)[0]["loss"]


def their_step(model: ModelConfig, settings: TrainConfig, data: Dataset, process: Ranks) -> Step:
    """The loop a user of transformers writes, on the same samples."""
    rows = model.rows(data.description.vocab_size)
    facts: dict[str, Any] = {
        "rows": rows,
        "vocab_size": data.description.vocab_size,
        "end_of_text": END_OF_TEXT_ID,
    }
    theirs = GPTNeoXForCausalLM(GPTNeoXConfig(**huggingface_config(model, facts)))
    initial = build(model, rows)
    initialise(initial, 0)
    weights = initial.state_dict()
    weights["lm_head.weight"] = weights.pop("embed_out.weight")
    theirs.load_state_dict(weights)
    matrices = [p for p in theirs.parameters() if p.ndim >= 2]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    groups: list[dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=settings.betas, weight_decay=settings.weight_decay)
    order, batch, done = Order(data.train.streams, 0), settings.batch_tokens // model.context, 0

    def step() -> float:
        nonlocal done
        inputs, targets = data.train.batch(*order.locate(np.arange(batch) + done * batch))
        done += 1
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done, settings)
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.precision == "bf16"):
            logits = theirs(torch.from_numpy(inputs), use_cache=False).logits
            wanted = torch.from_numpy(targets).flatten()
            loss = F.cross_entropy(logits.flatten(0, 1), wanted, ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), settings.grad_clip)
        optimizer.step()
        return loss.item()

    return step


STEPS = {"trainer": our_step, "transformers": their_step}


def measure(
    model: ModelConfig, settings: TrainConfig, data: Dataset, asked: argparse.Namespace
) -> dict[str, Any]:
    """Alternate all of them until `asked.seconds` are over, at least five steps of each."""
    alone = Ranks(0, 1, torch.device("cpu"))
    steps = {}
    for name, make in STEPS.items():
        for precision in asked.precisions:
            parallel = ParallelConfig(compile=asked.compile)
            own = settings.model_copy(update={"precision": precision, "parallel": parallel})
            steps[name, precision] = make(model, own, data, alone)
    times: dict[tuple[str, str], list[float]] = {key: [] for key in steps}
    losses: dict[tuple[str, str], float] = {}
    finish = time.perf_counter() + asked.seconds
    while time.perf_counter() < finish or len(times["trainer", "fp32"]) < WARM_UP + 5:
        for key, step in steps.items():
            started = time.perf_counter()
            losses[key] = step()
            times[key].append(time.perf_counter() - started)
    rows = [
        {
            "of": name,
            "precision": precision,
            "tokens_per_s": round(settings.batch_tokens / statistics.median(taken[WARM_UP:]), 1),
            "last_loss": losses[name, precision],
            **kernels(steps[name, precision]),
        }
        for (name, precision), taken in times.items()
    ]
    return {
        "parameters": parameter_count(model, model.rows(data.description.vocab_size)),
        "batch_tokens": settings.batch_tokens,
        "context": model.context,
        "threads": torch.get_num_threads(),
        "steps": len(times["trainer", "fp32"]),
        "rows": rows,
    }


def kernels(step: Step) -> dict[str, float]:
    """Milliseconds of a step: of the products of matrices, of attention, of all else."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiled:
        step()
    found = {"products_ms": 0.0, "attention_ms": 0.0, "else_ms": 0.0}
    for event in profiled.key_averages():
        name = event.key.removeprefix("aten::").removeprefix("mkldnn::")
        is_product = name in PRODUCTS
        kind = "products" if is_product else "attention" if ATTENTION in name else "else"
        found[f"{kind}_ms"] += event.self_cpu_time_total / 1e3
    return found


def growth(
    model: ModelConfig, settings: TrainConfig, data: Dataset, asked: argparse.Namespace
) -> int:
    """Bytes by which the resident set grows over three steps of `asked.only`, at its largest."""
    before = resident("VmRSS")
    own = settings.model_copy(update={"precision": asked.only_precision})
    step = STEPS[asked.only](model, own, data, Ranks(0, 1, torch.device("cpu")))
    for _ in range(3):
        step()
    return resident("VmHWM") - before


def resident(field: str) -> int:
    """Bytes of the resident set: VmRSS now, VmHWM the most (getrusage's has the parent's)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def add_memory(rows: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    """`growth` of each, in a process of its own."""
    same = ["--preset", asked.preset, "--vocabulary", str(asked.vocabulary)]
    for row in rows:
        only = ["--only", row["of"], "--only-precision", row["precision"]]
        command = [sys.executable, __file__, *same, *only]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        row["memory_bytes"] = int(printed)


def add_ratios(rows: list[dict[str, Any]]) -> None:
    """Of each of ours to transformers' in the same precision, and to it in fp32."""
    theirs = {row["precision"]: row for row in rows if row["of"] == "transformers"}
    for row in rows:
        for key, other in (("", theirs[row["precision"]]), ("_fp32", theirs["fp32"])):
            row[f"speed_ratio{key}"] = round(row["tokens_per_s"] / other["tokens_per_s"], 3)
            row[f"memory_ratio{key}"] = round(row["memory_bytes"] / other["memory_bytes"], 3)


def main() -> None:
    parser = argparse.ArgumentParser(description="Training speed and memory beside transformers.")
    parser.add_argument("--preset", choices=list(PRESETS), default="demo")
    parser.add_argument("--vocabulary", type=int, default=8_000, help="entries; the demo's 8,000")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--compile", action="store_true", help="train.parallel.compile of ours")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--only", choices=list(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--only-precision", default="fp32", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    model = PRESETS[asked.preset]
    has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    asked.precisions = ["fp32", "bf16"] if has_bf16 else ["fp32"]
    with tempfile.TemporaryDirectory() as folder, ranks():  # for its threads and allocator
        settings, data = given(model, asked.vocabulary, Path(folder) / "tokens")
        if asked.only:
            print(growth(model, settings, data, asked))
            return
        figures = measure(model, settings, data, asked)
    add_memory(figures["rows"], asked)
    add_ratios(figures["rows"])
    if asked.json:
        print(json.dumps({"preset": asked.preset, "compile": asked.compile, **figures}))
        return
    print(
        f"{asked.preset}: {figures['parameters']:,} parameters, {figures['batch_tokens']} tokens a "
        f"step, {figures['threads']} threads, {figures['steps']} steps of each"
    )
    print(
        f"{'':20}{'tokens/s':>10}{'ratio':>8}{'to fp32':>9}{'MB':>7}{'ratio':>8}{'loss':>10}"
        f"{'products':>10}{'attention':>11}{'else, ms':>10}"
    )
    for row in figures["rows"]:
        print(
            f"{row['of'] + ' ' + row['precision']:20}{row['tokens_per_s']:>10,.0f}"
            f"{row['speed_ratio']:>8.3f}{row['speed_ratio_fp32']:>9.3f}"
            f"{row['memory_bytes'] / 1e6:>7,.0f}{row['memory_ratio']:>8.3f}"
            f"{row['last_loss']:>10.5f}{row['products_ms']:>10.0f}{row['attention_ms']:>11.0f}"
            f"{row['else_ms']:>10.0f}"
        )


if __name__ == "__main__":
    main()
