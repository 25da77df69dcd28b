"""Checkpoints: `step-00000100/` with state.json and, of torch.distributed.checkpoint, `.metadata`
and a file of shards a process. Any mesh reads what any other wrote.

A checkpoint is written under a hidden name, brought to the disk, and renamed: the rename is the
commit. Hidden names found at a start are what a killed process left, and are deleted.
"""

import json
import logging
import os
import shutil
import threading
import warnings
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch import distributed as dist
from torch.distributed.checkpoint.api import CheckpointException

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer.checkpoint_files import Reader, Writer
from trainer.mirror import Mirror, MirrorError
from trainer.model import NeoX
from trainer.parallel import Ranks

logger = logging.getLogger(__name__)

# That is what `no_dist` asks for.
warnings.filterwarnings("ignore", "torch.distributed is disabled")


class ResumeError(MalmoiError):
    """The checkpoints in the output directory belong to another run than the one asked for."""


class SaveError(MalmoiError):
    """A checkpoint could not be written; those before it are whole."""


@dataclass
class State:
    """Where a run stands. `samples`, the sequences consumed, is all of the data loader's state."""

    step: int = 0
    samples: int = 0
    tokens: int = 0  # targets trained on
    seconds: float = 0.0  # spent in steps, over all restarts
    skipped: int = 0  # steps whose gradient was not finite
    energy: dict[str, Any] = field(default_factory=dict)  # what was measured, `energy.Meter.add_to`
    window: list[list[float]] = field(default_factory=list)  # losses and norms, `optim.remember`
    identity: dict[str, Any] = field(default_factory=dict)  # what a run that resumes must share
    facts: dict[str, Any] = field(default_factory=dict)  # what an export needs to know


def directory(out_dir: Path, step: int) -> Path:
    return Path(out_dir) / f"step-{step:08d}"


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-"))


def checkpoints(out_dir: Path) -> list[Path]:
    """The complete checkpoints of a run, oldest first."""
    return sorted(path for path in Path(out_dir).glob("step-*") if path.is_dir())


def clean(out_dir: Path) -> None:
    """Delete what a killed process left half written or half deleted."""
    for path in Path(out_dir).glob(".step-*"):
        shutil.rmtree(path)


def newest(out_dir: Path, process: Ranks, mirror: Mirror | None = None) -> Path | None:
    """The newest complete checkpoint, as the first process sees it after it has tidied up.

    One of the mirror's that is newer still is brought here first.
    """
    step = -1
    if process.is_first:
        out_dir.mkdir(parents=True, exist_ok=True)
        clean(out_dir)
        step = max((step_of(path) for path in checkpoints(out_dir)), default=-1)
        if mirror is not None and (copied := mirror.newest()) > step:
            mirror.fetch(copied, out_dir)
            step = copied
    step = process.from_first(step)
    return None if step < 0 else directory(out_dir, step)


class Saver:
    """Writes the checkpoints of a run, one at a time, while the training goes on."""

    def __init__(
        self,
        out_dir: Path,
        process: Ranks,
        keep_last: int,
        keep_every: int | None = None,
        mirror: Mirror | None = None,
    ) -> None:
        self._out_dir, self._process = Path(out_dir), process
        self._keep = partial(kept, last=keep_last, every=keep_every)
        self._mirror = mirror
        self._unmirrored: MirrorError | None = None
        self._pending: Future[None] | None = None
        self._thread: threading.Thread | None = None
        self._step = -1

    def save(self, network: NeoX, optimizer: torch.optim.Optimizer, state: State) -> None:
        """Copy all as it is now, and write the copy in a thread; first waits for the last one.

        Every process must call it. Afterwards all but the newest `keep_last` checkpoints, and
        those whose step `keep_every` divides, are deleted. Then the mirror gets its copy.
        """
        self.wait()
        written = json.dumps(vars(state), ensure_ascii=False, indent=1)
        hidden = self._out_dir / f".{directory(self._out_dir, state.step).name}.partial"
        writer = Writer(str(hidden))
        tensors = writer.stage(_tensors(network, optimizer))
        self._pending, self._step = Future(), state.step
        arguments = self._pending, hidden, writer, tensors, written
        self._thread = threading.Thread(target=self._settle, args=arguments, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the last checkpoint is on the disk. SaveError if it could not be written."""
        pending, self._pending = self._pending, None
        if pending is None or self._thread is None:
            return
        self._thread.join()  # if it ended in the interpreter's end, that would abort the process
        try:
            pending.result()
        except (Exception, CheckpointException) as error:
            cause = _cause(error)
            raise SaveError(
                f"{directory(self._out_dir, self._step)}: cannot be written ({cause}); the "
                "checkpoints before it are whole: make room and run the same command to go on"
            ) from error

    def finish(self) -> None:
        """`wait`, and MirrorError if the mirror lacks the last checkpoint."""
        self.wait()
        if self._unmirrored is not None:
            raise self._unmirrored

    def _settle(self, future: Future[None], hidden: Path, *arguments: Any) -> None:
        try:
            self._write(hidden, *arguments)
            future.set_result(None)
        except BaseException as error:  # also torch's, which is no Exception: `wait` raises it
            shutil.rmtree(hidden, ignore_errors=True)
            future.set_exception(error)

    def _write(self, hidden: Path, writer: Writer, tensors: dict[str, Tensor], state: str) -> None:
        group = self._process.writers
        dcp.save(tensors, storage_writer=writer, process_group=group, no_dist=group is None)
        fault: list[Exception | None] = [None]
        if self._process.is_first:
            try:
                self._commit(hidden, state)
            except OSError as error:
                fault = [error]
        if group is not None:  # so that all know, and end alike
            dist.broadcast_object_list(fault, group=group)
        if fault[0] is not None:
            raise fault[0]
        if self._process.is_first and self._mirror is not None:
            self._unmirrored = None
            try:
                self._mirror.put(directory(self._out_dir, self._step), self._keep)
            except MirrorError as error:  # hours of training are worth more than a copy
                self._unmirrored = error
                logger.warning("%s", error)

    def _commit(self, hidden: Path, state: str) -> None:
        (hidden / "state.json").write_text(state, encoding="utf-8")
        for path in (hidden / "state.json", hidden):
            _sync(path)
        hidden.rename(hidden.with_name(hidden.name.removeprefix(".").removesuffix(".partial")))
        _sync(self._out_dir)
        steps = list(map(step_of, checkpoints(self._out_dir)))
        for step in set(steps) - set(self._keep(steps)):
            old = directory(self._out_dir, step)
            doomed = old.rename(old.with_name(f".{old.name}.old"))  # never half a `step-*`
            shutil.rmtree(doomed)


def kept(steps: list[int], last: int, every: int | None) -> list[int]:
    """Of the steps of checkpoints, in order, those that stay."""
    older = [step for step in steps[:-last] if every is not None and step % every == 0]
    return older + steps[-last:]


def read_state(checkpoint: Path) -> State:
    """The state of a checkpoint, without its weights. CorruptFileError if it is unreadable."""
    try:
        return State(**json.loads((checkpoint / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _corrupt(checkpoint, error) from error


def load(
    checkpoint: Path,
    network: NeoX,
    optimizer: torch.optim.Optimizer | None = None,
    group: dist.ProcessGroup | None = None,
) -> State:
    """Set the weights, and the optimizer if given, to those of a checkpoint; returns its state.

    Each process reads its own shards; `group`: the `Ranks.writers` of a model that is spread.
    """
    if optimizer is not None:
        _fill(optimizer)
    tensors = _tensors(network, optimizer)
    try:
        reader = Reader(str(checkpoint))
        _ = reader.metadata  # torch would log a fault in it, and look for other files
        dcp.load(tensors, storage_reader=reader, process_group=group, no_dist=group is None)
    except (Exception, CheckpointException) as error:
        raise _corrupt(checkpoint, _cause(error)) from error
    return read_state(checkpoint)


def check_identity(checkpoint: Path, saved: dict[str, Any], asked: dict[str, Any]) -> None:
    """Raises ResumeError naming each thing in which a checkpoint's run differs from this one."""
    changed = [
        f"{key} was {saved.get(key)!r}, now {asked.get(key)!r}"
        for key in sorted({*saved, *asked})
        if saved.get(key) != asked.get(key)
    ]
    if changed:
        raise ResumeError(
            f"{checkpoint} is of another run: {'; '.join(changed)}; "
            "train into another directory, or delete this one to start afresh"
        )


def _tensors(network: NeoX, optimizer: torch.optim.Optimizer | None) -> dict[str, Tensor]:
    """All tensors of a checkpoint, by name: shards where they are spread."""
    weights = network.state_dict(keep_vars=True)
    tensors = {f"model.{name}": weight.detach() for name, weight in weights.items()}
    if optimizer is not None:
        for name, weight in weights.items():
            for key, value in optimizer.state[weight].items():
                tensors[f"optimizer.{name}.{key}"] = value
    return tensors


def _fill(optimizer: torch.optim.Optimizer) -> None:
    """Let an optimizer make its averages by a step that moves nothing; they come with its first."""
    for group in optimizer.param_groups:
        group["lr"] = 0.0
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def _cause(error: BaseException) -> BaseException:
    """What went wrong in the first process where something did."""
    if isinstance(error, CheckpointException):
        return next(iter(error.failures.values()))[0]
    return error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _corrupt(checkpoint: Path, error: BaseException) -> CorruptFileError:
    return CorruptFileError(
        f"{checkpoint}: cannot be read ({error}); delete it, and the one before it is taken"
    )
