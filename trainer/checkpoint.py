"""Checkpoints: `step-00000100/` with state.json and, of torch.distributed.checkpoint, `.metadata`
and a file of shards a process. Any mesh reads what any other wrote.

A checkpoint is written under a hidden name, brought to the disk, and renamed: the rename is the
commit. Hidden names found at a start are what a killed process left, and are deleted.
"""

import json
import os
import pickle
import shutil
import threading
import warnings
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch import distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer.model import NeoX
from trainer.parallel import Ranks

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


def newest(out_dir: Path, process: Ranks) -> Path | None:
    """The newest complete checkpoint, as the first process sees it after it has tidied up."""
    step = -1
    if process.is_first:
        out_dir.mkdir(parents=True, exist_ok=True)
        clean(out_dir)
        step = max((step_of(path) for path in checkpoints(out_dir)), default=-1)
    step = process.from_first(step)
    return None if step < 0 else directory(out_dir, step)


class Saver:
    """Writes the checkpoints of a run, one at a time, while the training goes on."""

    def __init__(
        self, out_dir: Path, process: Ranks, keep_last: int, keep_every: int | None = None
    ) -> None:
        self._out_dir, self._process = Path(out_dir), process
        self._keep_last, self._keep_every = keep_last, keep_every
        self._pending: Future[None] | None = None
        self._thread: threading.Thread | None = None
        self._step = -1

    def save(self, network: NeoX, optimizer: torch.optim.Optimizer, state: State) -> None:
        """Copy all as it is now, and write the copy in a thread; first waits for the last one.

        Every process must call it. Afterwards all but the newest `keep_last` checkpoints, and
        those whose step `keep_every` divides, are deleted.
        """
        self.wait()
        written = json.dumps(vars(state), ensure_ascii=False, indent=1)
        partial = self._out_dir / f".{directory(self._out_dir, state.step).name}.partial"
        writer = _Writer(str(partial))
        tensors = writer.stage(_tensors(network, optimizer))
        self._pending, self._step = Future(), state.step
        arguments = self._pending, partial, writer, tensors, written
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

    def _settle(self, future: Future[None], partial: Path, *arguments: Any) -> None:
        try:
            self._write(partial, *arguments)
            future.set_result(None)
        except BaseException as error:  # also torch's, which is no Exception: `wait` raises it
            shutil.rmtree(partial, ignore_errors=True)
            future.set_exception(error)

    def _write(
        self, partial: Path, writer: "_Writer", tensors: dict[str, Tensor], state: str
    ) -> None:
        group = self._process.writers
        dcp.save(tensors, storage_writer=writer, process_group=group, no_dist=group is None)
        fault: list[Exception | None] = [None]
        if self._process.is_first:
            try:
                self._commit(partial, state)
            except OSError as error:
                fault = [error]
        if group is not None:  # so that all know, and end alike
            dist.broadcast_object_list(fault, group=group)
        if fault[0] is not None:
            raise fault[0]

    def _commit(self, partial: Path, state: str) -> None:
        (partial / "state.json").write_text(state, encoding="utf-8")
        for path in (partial / "state.json", partial):
            _sync(path)
        partial.rename(partial.with_name(partial.name.removeprefix(".").removesuffix(".partial")))
        _sync(self._out_dir)
        for old in checkpoints(self._out_dir)[: -self._keep_last]:
            if self._keep_every is None or step_of(old) % self._keep_every:
                doomed = old.rename(old.with_name(f".{old.name}.old"))  # never half a `step-*`
                shutil.rmtree(doomed)


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
        reader = _Reader(str(checkpoint))
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


class _Writer(dcp.FileSystemWriter):
    def storage_meta(self) -> None:
        """Nothing of where and when: the same state gives the same files."""


class _Reader(dcp.FileSystemReader):
    @cached_property
    def metadata(self) -> Metadata:
        with (Path(self.path) / ".metadata").open("rb") as file:
            metadata: Metadata = _MetadataUnpickler(file).load()
        metadata.storage_meta = StorageMeta(load_id=self.load_id)
        return metadata

    def read_metadata(self, *arguments: Any, **options: Any) -> Metadata:
        return self.metadata


class _MetadataUnpickler(pickle.Unpickler):
    """Makes the classes that describe tensors, and nothing else: torch's own runs any code.

    BytesStorageMetadata is left out: torch unpickles such entries without restraint.
    """

    ALLOWED = {
        f"torch.distributed.checkpoint.{name}"
        for name in (
            "metadata.ChunkStorageMetadata",
            "metadata.Metadata",
            "metadata.MetadataIndex",
            "metadata.TensorProperties",
            "metadata.TensorStorageMetadata",
            "metadata._MEM_FORMAT_ENCODING",
            "filesystem._StorageInfo",
        )
    } | {"torch.Size", "torch.float32", "torch.bfloat16", "torch.serialization._get_layout"}

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
        return super().find_class(module, name)


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
