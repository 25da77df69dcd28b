"""The training loop."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tokenizer.errors import RecipeError
from trainer import checkpoint
from trainer.batches import Batches
from trainer.checkpoint import State
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset
from trainer.energy import Meter, asked_grid
from trainer.evaluate import Reading, bits_per_byte, measure
from trainer.generate import Sampling, continue_text, load_tokenizer
from trainer.init import initialise
from trainer.layout import build_parallel, check_fit, sync_replicas
from trainer.metrics import Log, check_wandb, peak_memory, summarise, utilisation
from trainer.mirror import Mirror
from trainer.model import NeoX
from trainer.optim import learning_rate, make_optimizer, remember, spike_limits, update
from trainer.order import Order
from trainer.parallel import Ranks, ranks, sigterm, world_size
from trainer.resume import facts_of, identity_of
from trainer.weights import check_start, load_weights


@dataclass(frozen=True)
class Run:
    """What stays the same from the first step to the last."""

    settings: TrainConfig
    seed: int
    batch: int  # sequences in a step, over all processes
    data: Dataset
    batches: Batches
    reading: Reading
    network: NeoX
    optimizer: torch.optim.Optimizer
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

    Returns the summary of the run, see `summarise`. Raises CorruptFileError for damaged tokens or
    weights, RecipeError for settings that do not fit, ResumeError for checkpoints of another run,
    MalmoiError where `energy.asked_grid` does.
    """
    out_dir = Path(out_dir)
    seed = seed if settings.seed is None else settings.seed
    check_wandb(settings)
    asked_grid()
    data = Dataset.open(Path(tokens_dir), model.context)
    facts = facts_of(model, settings, data)
    identity = identity_of(facts, settings, seed)
    if (saved := checkpoint.checkpoints(out_dir)) and not _remains(saved[-1], identity, settings):
        _catch_up(saved[-1], settings)
        return summarise(out_dir, checkpoint.read_state(saved[-1]))
    check_fit(model, facts["rows"], settings, world_size())
    if settings.start_from is not None:
        check_start(Path(settings.start_from), facts)
    mirror = Mirror(settings.mirror) if settings.mirror else None
    with ranks(settings.parallel) as process:
        state = State(identity=identity, facts={**facts, "validation_bpb": None})
        run, state = _prepare(model, settings, seed, data, state, out_dir, process, mirror)
        stopped = _loop(run, state, out_dir, tokenizer_dir, mirror)
        process.wait()  # until the first has written everything
        if stopped:
            raise SystemExit(0)
        return summarise(out_dir, state)


def _remains(saved: Path, identity: dict[str, Any], settings: TrainConfig) -> bool:
    """Whether there are steps after a checkpoint. ResumeError if it is of another run.

    Needs no mesh: one process may ask what became of a run of many.
    """
    state = checkpoint.read_state(saved)
    checkpoint.check_identity(saved, state.identity, identity)
    return state.step < settings.steps


def _catch_up(saved: Path, settings: TrainConfig) -> None:
    """Copy the last checkpoint to a mirror that lacks it, in the first process."""
    if settings.mirror and os.environ.get("RANK", "0") == "0":
        mirror = Mirror(settings.mirror)
        if mirror.newest() < checkpoint.step_of(saved):
            keep = partial(checkpoint.kept, last=settings.keep_last, every=settings.keep_every)
            mirror.put(saved, keep)


def _prepare(
    model: ModelConfig,
    settings: TrainConfig,
    seed: int,
    data: Dataset,
    state: State,
    out_dir: Path,
    process: Ranks,
    mirror: Mirror | None,
) -> tuple[Run, State]:
    """The run as the newest checkpoint left it; without one, at its start and in `state`."""
    batch, facts = _batch(model, settings, process), state.facts
    data.check_ids(process.rank, process.world)
    network = build_parallel(model, facts["rows"], settings, process)
    optimizer = make_optimizer(network, settings)
    found = checkpoint.newest(out_dir, process, mirror)
    if found is not None:
        checkpoint.check_identity(found, checkpoint.read_state(found).identity, state.identity)
        state = checkpoint.load(found, network, optimizer, process.writers)
    elif settings.start_from is not None:
        load_weights(Path(settings.start_from), network, process.writers)
    else:
        initialise(network, seed)
    order, share = Order(data.train.streams, seed), (process.data_rank, process.data_world)
    batches = Batches(data, order, batch, settings.micro_batch, *share)
    reading = Reading(settings.precision, facts["document_end"], settings.z_loss)
    return Run(settings, seed, batch, data, batches, reading, network, optimizer, process), state


def _loop(
    run: Run, state: State, out_dir: Path, tokenizer_dir: Path | None, mirror: Mirror | None
) -> bool:
    """Train from `state` to the last step, or to SIGTERM: then True."""
    settings, process = run.settings, run.process
    with ExitStack() as stack:
        terminated = stack.enter_context(sigterm())
        stack.callback(run.batches.close)
        keep = settings.keep_last, settings.keep_every
        meter = stack.enter_context(Meter(process, asked_grid(), state.step))
        saver = checkpoint.Saver(out_dir, process, *keep, mirror)
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
                if tokenizer_dir is not None:
                    write_samples(run, state.step, log, tokenizer_dir)
            saves = last or stop or state.step % settings.save_every == 0
            if log is not None:
                log.step(line)
                if saves:
                    log.sync()
            if saves:
                meter.add_to(state)
                saver.save(run.network, run.optimizer, state)
        saver.finish()
        return stop and state.step < settings.steps


def train_step(run: Run, state: State, terminated: bool) -> tuple[dict[str, Any], bool]:
    """One optimizer step on the next `run.batch` samples; moves `state` on.

    The loss is the sum over the targets divided by all targets of the step, over all processes, so
    neither their number nor the micro-batch changes it. Returns the line for the log, and whether
    any process was told to terminate.
    """
    settings, process = run.settings, run.process
    started = time.perf_counter()
    batch = run.batches.take(state.samples)
    waited = time.perf_counter() - started
    sums = torch.tensor([0.0, batch.n_bytes, float(terminated)], dtype=torch.float64)
    sums = sums.to(process.device, non_blocking=True)
    for number, (inputs, targets) in enumerate(batch.parts, start=1):
        sync_replicas(run.network, number == len(batch.parts))
        objective, nats = run.reading(run.network, inputs, targets)
        (objective / batch.targets).backward()
        sums[0] += nats.sum(dtype=torch.float64)
    gradients = [p.grad for p in run.network.parameters() if p.grad is not None]
    norm = process.gradient_norm(gradients, sums)
    rate = learning_rate(state.step + 1, settings)
    limits = spike_limits(state.window, settings.spike_sigmas)
    loss = sums[0] / batch.targets
    skipped = update(run.optimizer, rate, norm, settings.grad_clip, loss, limits)
    # The step's one wait for the device.
    figures = torch.stack([loss, *sums, norm.double(), skipped.double()]).tolist()
    loss_, nats_, n_bytes, stops, size, skip = figures
    seconds = time.perf_counter() - started
    remember(state.window, loss_, size, limits)
    state.step += 1
    state.samples += run.batch
    state.tokens += batch.targets
    state.seconds += seconds
    state.skipped += int(skip)
    line = {
        "step": state.step,
        "samples": state.samples,
        "tokens": state.tokens,
        "loss": loss_,
        "bpb": bits_per_byte(nats_, n_bytes),
        "grad_norm": size,
        "lr": rate,
        "tokens_per_s": batch.targets / seconds,
        "mfu": utilisation(run.network, settings.precision, process, batch.targets / seconds),
        "seconds": state.seconds,
        "data_wait_s": waited,
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
        reading=run.reading,
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


def write_samples(run: Run, step: int, log: Log | None, tokenizer_dir: Path) -> None:
    """Continue each of the recipe's prompts; the same step of the same run writes the same text.

    Every process must call it, for each holds a part of the model; the one with a log writes.
    """
    tokenizer = load_tokenizer(tokenizer_dir)
    multiple = run.settings.parallel.tensor
    for prompt in run.settings.sample_prompts:
        end, count = run.data.description.end_of_text, run.settings.sample_tokens
        how = Sampling(max_tokens=count, seed=run.seed + step)
        with torch.compiler.set_stance("force_eager"):  # its lengths differ from token to token
            text = continue_text(run.network, tokenizer, prompt, end, how, multiple)
        if log is not None:
            log.sample(step, prompt, text)


def _batch(model: ModelConfig, settings: TrainConfig, process: Ranks) -> int:
    """Sequences in a step. RecipeError where batch_tokens does not give each process as many."""
    batch, rest = divmod(settings.batch_tokens, model.context)
    if rest or not batch or batch % process.data_world:
        raise RecipeError(
            f"train.batch_tokens is {settings.batch_tokens}; with a context of {model.context} and "
            f"batches shared by {process.data_world}, give a multiple of "
            f"{model.context * process.data_world}"
        )
    return batch
