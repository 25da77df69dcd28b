"""The training loop."""

import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tokenizer.errors import RecipeError
from trainer import checkpoint
from trainer.checkpoint import State
from trainer.config import ModelConfig, TrainConfig, parameter_count
from trainer.dataset import Dataset
from trainer.evaluate import bits_per_byte, count_bytes, measure, nats_of
from trainer.generate import Sampling, continue_text, load_tokenizer
from trainer.init import initialise
from trainer.metrics import Log, read_steps
from trainer.model import NeoX, build
from trainer.optim import learning_rate, make_optimizer, update
from trainer.order import Order
from trainer.parallel import Ranks, ranks

FREE = {
    "steps",
    "micro_batch",
    "eval_every",
    "eval_batches",
    "save_every",
    "keep_last",
    "log_every",
    "sample_prompts",
    "sample_tokens",
    "seed",  # resolved with the recipe's; the result is compared
}
"""Settings that may change between a run and its continuation."""


@dataclass(frozen=True)
class Run:
    """What stays the same from the first step to the last."""

    settings: TrainConfig
    seed: int
    batch: int  # sequences in a step, over all processes
    data: Dataset
    order: Order
    network: NeoX
    optimizer: torch.optim.AdamW
    process: Ranks


def train(
    model: ModelConfig,
    settings: TrainConfig,
    tokens_dir: Path,
    out_dir: Path,
    seed: int,
    *,
    tokenizer_dir: Path | None = None,
) -> dict[str, Any]:
    """Train `model` on a tokens directory, from the newest checkpoint in `out_dir` if it has one.

    Alone, or in each process that torchrun started. Writes checkpoints, `metrics.jsonl` and
    `tensorboard/` into `out_dir`, and `samples.jsonl` if `tokenizer_dir` is given (it must hold
    `malmoi.model`). A run that was killed goes on as if it had not been, bit for bit; one that is
    complete is not done again. At SIGTERM it saves, and leaves by SystemExit(0).

    Returns the summary of the run, see `summarise`. Raises CorruptFileError for damaged tokens,
    RecipeError for settings that do not fit, ResumeError for checkpoints of another run.
    """
    out_dir = Path(out_dir)
    seed = seed if settings.seed is None else settings.seed
    with ranks() as process:
        batch = _batch(model, settings, process)
        data = Dataset.open(Path(tokens_dir), model.context)
        facts = _facts(model, data)
        identity = _identity(facts, settings, seed)
        found = _newest(out_dir, process)
        state = State(identity=identity, facts={**facts, "validation_bpb": None})
        if found is not None:
            state = checkpoint.read_state(found)
            checkpoint.check_identity(found, state.identity, identity)
            if state.step >= settings.steps:
                return summarise(out_dir, state)
        data.check_ids(process.rank, process.world)
        network = build(model, facts["rows"], process.device)
        optimizer = make_optimizer(network, settings)
        if found is not None:
            checkpoint.load(found, network, optimizer)
        else:
            initialise(network, seed)
        order = Order(data.train.streams, seed)
        run = Run(settings, seed, batch, data, order, network, optimizer, process)
        stopped = _loop(run, state, out_dir, tokenizer_dir)
        process.wait()  # until the first has written everything
        if stopped:
            raise SystemExit(0)
        return summarise(out_dir, state)


def obstacle(
    model: ModelConfig, settings: TrainConfig, tokens_dir: Path, out_dir: Path, seed: int
) -> str | None:
    """Why `train` could not go on from what is in `out_dir`; None where nothing is in its way."""
    seed = seed if settings.seed is None else settings.seed
    saved = checkpoint.checkpoints(Path(out_dir))
    if saved:
        facts = _facts(model, Dataset.open(Path(tokens_dir), model.context))
        state = checkpoint.read_state(saved[-1])
        try:
            checkpoint.check_identity(saved[-1], state.identity, _identity(facts, settings, seed))
        except checkpoint.ResumeError as error:
            return str(error)
    return None


def _loop(run: Run, state: State, out_dir: Path, tokenizer_dir: Path | None) -> bool:
    """Train from `state` to the last step, or to SIGTERM: then True."""
    settings, process = run.settings, run.process
    with ExitStack() as stack:
        terminated = stack.enter_context(_sigterm())
        log = None
        if process.is_first:
            log = stack.enter_context(Log(out_dir, settings, state.step if state.step else None))
        if state.step == 0:
            first = {"step": 0, "samples": 0, "tokens": 0, **validate(run, state)}
            if log is not None:
                log.step(first)
        stop = False
        while state.step < settings.steps and not stop:
            line, stop = train_step(run, state, terminated.is_set())
            last = state.step == settings.steps
            if last or state.step % settings.eval_every == 0:
                line.update(validate(run, state))
                if log is not None and tokenizer_dir is not None:
                    write_samples(run, state.step, log, tokenizer_dir)
            if log is not None:
                log.step(line)
                if last or stop or state.step % settings.save_every == 0:
                    log.sync()
                    checkpoint.save(out_dir, run.network, run.optimizer, state, settings.keep_last)
        return stop and state.step < settings.steps


def train_step(run: Run, state: State, terminated: bool) -> tuple[dict[str, Any], bool]:
    """One optimizer step on the next `run.batch` samples; moves `state` on.

    The loss is the sum over the targets divided by all targets of the step, over all processes, so
    neither their number nor the micro-batch changes it. Returns the line for the log, and whether
    any process was told to terminate.
    """
    settings, process = run.settings, run.process
    started = time.perf_counter()
    source, window = run.order.locate(np.arange(state.samples, state.samples + run.batch))
    targets = run.data.train.targets(source, window)
    source, window = source[process.rank :: process.world], window[process.rank :: process.world]
    nats, n_bytes = 0.0, 0
    for start in range(0, len(source), settings.micro_batch):
        rows = slice(start, start + settings.micro_batch)
        inputs, wanted = run.data.train.batch(source[rows], window[rows])
        loss = nats_of(run.network, inputs, wanted, settings.precision)
        (loss / targets).backward()
        nats += loss.item()
        n_bytes += count_bytes(wanted, run.data.token_bytes)
    gradients = process.sum_gradients(run.network.parameters())
    nats, all_bytes, stops = process.sum([nats, n_bytes, float(terminated)])
    rate = learning_rate(state.step + 1, settings)
    norm, updated = update(run.optimizer, gradients, rate, settings.grad_clip, nats)
    seconds = time.perf_counter() - started
    state.step += 1
    state.samples += run.batch
    state.tokens += targets
    state.seconds += seconds
    state.skipped += not updated
    line = {
        "step": state.step,
        "samples": state.samples,
        "tokens": state.tokens,
        "loss": nats / targets,
        "bpb": bits_per_byte(nats, all_bytes),
        "grad_norm": norm,
        "lr": rate,
        "tokens_per_s": targets / seconds,
        "seconds": state.seconds,
        "memory": peak_memory(process.device),
        "skipped": state.skipped,
    }
    return line, stops > 0


def validate(run: Run, state: State) -> dict[str, Any]:
    """Loss and bits per byte of the validation split, for the log; nothing where it is empty."""
    figures = measure(
        run.network,
        run.data.validation,
        run.data.token_bytes,
        windows=run.settings.eval_batches * run.batch,
        micro_batch=run.settings.micro_batch,
        precision=run.settings.precision,
        process=run.process,
    )
    if figures is None:
        return {}
    state.facts["validation_bpb"] = figures["bpb"]
    return {
        "validation_loss": figures["loss"],
        "validation_bpb": figures["bpb"],
        "validation_sources": {name: part["bpb"] for name, part in figures["sources"].items()},
    }


def write_samples(run: Run, step: int, log: Log, tokenizer_dir: Path) -> None:
    """Continue each of the recipe's prompts; the same step of the same run writes the same text."""
    tokenizer = load_tokenizer(tokenizer_dir)
    for prompt in run.settings.sample_prompts:
        end, count = run.data.description.end_of_text, run.settings.sample_tokens
        how = Sampling(max_tokens=count, seed=run.seed + step)
        text = continue_text(run.network, tokenizer, prompt, end, how)
        log.sample(step, prompt, text)


def summarise(out_dir: Path, state: State) -> dict[str, Any]:
    """What became of a run, from its log: a complete run that is started again gives it again.

    Losses in nats a token; seconds and tokens_per_s without validation and saving; bits per byte
    are None without a validation split.
    """
    lines = read_steps(out_dir, state.step)
    losses = [line["loss"] for line in lines if line.get("loss") is not None] or [None]
    bits = [line["validation_bpb"] for line in lines if "validation_bpb" in line] or [None]
    model = ModelConfig.model_validate(state.facts["model"])
    return {
        "steps": state.step,
        "tokens": state.tokens,
        "parameters": parameter_count(model, state.facts["rows"]),
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "first_validation_bpb": bits[0],
        "last_validation_bpb": bits[-1],
        "skipped_steps": state.skipped,
        "seconds": state.seconds,
        "tokens_per_s": state.tokens / state.seconds,
        "peak_memory_bytes": max((line.get("memory", 0) for line in lines), default=0),
    }


def peak_memory(device: torch.device) -> int:
    """Most bytes held so far: on a GPU what torch allocated, else the process's resident set."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _batch(model: ModelConfig, settings: TrainConfig, process: Ranks) -> int:
    """Sequences in a step. RecipeError where batch_tokens does not give each process one."""
    batch, rest = divmod(settings.batch_tokens, model.context)
    if rest or batch < process.world:
        raise RecipeError(
            f"train.batch_tokens is {settings.batch_tokens}; with a context of {model.context} and "
            f"{process.world} process(es), give a multiple of {model.context} "
            f"from {model.context * process.world}"
        )
    return batch


def _identity(facts: dict[str, Any], settings: TrainConfig, seed: int) -> dict[str, Any]:
    """What must be equal for a run to be gone on with."""
    return {**facts, **settings.model_dump(mode="json", exclude=FREE), "run seed": seed}


def _facts(model: ModelConfig, data: Dataset) -> dict[str, Any]:
    """What is true of the model and its data; part of each checkpoint."""
    return {
        "model": model.model_dump(mode="json"),
        "rows": model.rows(data.description.vocab_size),
        "vocab_size": data.description.vocab_size,
        "end_of_text": data.description.end_of_text,
        "tokenizer_sha256": data.description.tokenizer_sha256,
        "dataset_fingerprint": data.fingerprint,
        "sources": {stream.name: stream.weight for stream in data.train.streams},
    }


def _newest(out_dir: Path, process: Ranks) -> Path | None:
    """The newest complete checkpoint, as the first process sees it after it has tidied up."""
    step = -1
    if process.is_first:
        out_dir.mkdir(parents=True, exist_ok=True)
        checkpoint.clean(out_dir)
        steps = [checkpoint.step_of(path) for path in checkpoint.checkpoints(out_dir)]
        step = max(steps, default=-1)
    step = process.from_first(step)
    return None if step < 0 else checkpoint.directory(out_dir, step)


@contextmanager
def _sigterm() -> Iterator[threading.Event]:
    """An event that SIGTERM sets instead of ending the process."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there can it be caught
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
