"""Checkpoints: `step-00000100/` with model.safetensors, optimizer.pt and state.json.

A checkpoint is written under a hidden name, brought to the disk, and renamed: the rename is the
commit. Hidden names found at a start are what a killed process left, and are deleted.
"""

import json
import os
import pickle
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer.model import NeoX


class ResumeError(MalmoiError):
    """The checkpoints in the output directory belong to another run than the one asked for."""


@dataclass
class State:
    """Where a run stands. `samples`, the sequences consumed, is all of the data loader's state."""

    step: int = 0
    samples: int = 0
    tokens: int = 0  # targets trained on
    seconds: float = 0.0  # spent in steps, over all restarts
    skipped: int = 0  # steps whose gradient was not finite
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


def save(
    out_dir: Path, network: NeoX, optimizer: torch.optim.Optimizer, state: State, keep_last: int
) -> Path:
    """Write the checkpoint of `state.step`, then drop all but the newest `keep_last`."""
    final = directory(out_dir, state.step)
    partial = final.with_name(f".{final.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(network.state_dict(), partial / "model.safetensors", {"format": "pt"})
    torch.save(optimizer.state_dict(), partial / "optimizer.pt")
    (partial / "state.json").write_text(
        json.dumps(vars(state), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    for path in (*partial.iterdir(), partial):
        _sync(path)
    partial.rename(final)
    _sync(final.parent)
    for old in checkpoints(out_dir)[:-keep_last]:
        doomed = old.rename(old.with_name(f".{old.name}.old"))  # never a half-deleted `step-*`
        shutil.rmtree(doomed)
    return final


def read_state(checkpoint: Path) -> State:
    """The state of a checkpoint, without its weights. CorruptFileError if it is unreadable."""
    try:
        return State(**json.loads((checkpoint / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _corrupt(checkpoint, error) from error


def load(checkpoint: Path, network: NeoX, optimizer: torch.optim.Optimizer | None = None) -> State:
    """Set the weights, and the optimizer if given, to those of a checkpoint; returns its state."""
    try:
        network.load_state_dict(load_file(checkpoint / "model.safetensors"))
        if optimizer is not None:
            saved = torch.load(checkpoint / "optimizer.pt", map_location="cpu", weights_only=True)
            optimizer.load_state_dict(saved)
    except (OSError, RuntimeError, SafetensorError, EOFError, pickle.UnpicklingError) as error:
        raise _corrupt(checkpoint, error) from error
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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _corrupt(checkpoint: Path, error: Exception) -> CorruptFileError:
    return CorruptFileError(
        f"{checkpoint}: cannot be read ({error}); delete it, and the one before it is taken"
    )
