"""What a run writes down while it goes: JSON lines, TensorBoard, a bar on the terminal, and on
request Weights & Biases.
"""

import importlib.util
import json
import math
import os
import resource
import sys
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from tokenizer.errors import RecipeError
from trainer.checkpoint import State
from trainer.config import ModelConfig, TrainConfig, parameter_count
from trainer.model import NeoX
from trainer.parallel import Ranks
from trainer.plan import flops_per_token, peak_flops


class Log:
    """The records of a run in its directory; a context manager.

    `metrics.jsonl` has one line a step, `samples.jsonl` one a sampled text. Opened for a run that
    goes on after step `after`, both lose the lines beyond it, so no step ever stands twice.
    """

    def __init__(self, out_dir: Path, settings: TrainConfig, after: int | None) -> None:
        self._every = settings.log_every
        self._last = settings.steps
        self._files = {}
        for name in ("metrics", "samples"):
            path = out_dir / f"{name}.jsonl"
            _truncate(path, -1 if after is None else after)
            self._files[name] = path.open("a", encoding="utf-8")
        self._board = SummaryWriter(
            str(out_dir / "tensorboard"), purge_step=None if after is None else after + 1
        )
        self._remote = _wandb(settings, out_dir) if settings.wandb else None
        self._bar = Progress(
            TextColumn("train"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty() or "MALMOI_FOLLOWED" in os.environ,
        )
        self._task = self._bar.add_task("", total=settings.steps, completed=after or 0)

    def step(self, line: dict[str, Any]) -> None:
        """Record a step; what is not a finite number becomes null."""
        self._append("metrics", _plain(line))
        step, validated = line["step"], "validation_bpb" in line
        if step % self._every == 0 or step == self._last or validated:
            points = {
                key: value
                for key, value in line.items()
                if isinstance(value, (int, float)) and math.isfinite(value) and key != "step"
            }
            for key, value in points.items():
                self._board.add_scalar(key, value, step)
            if self._remote is not None:
                self._remote.log(points, step=step)
        words = f"loss {line['loss']:.3f}" if "loss" in line else ""
        self._bar.update(self._task, completed=step, description=words)

    def sample(self, step: int, prompt: str, text: str) -> None:
        self._append("samples", {"step": step, "prompt": prompt, "text": text})
        self._board.add_text(prompt, text, step)

    def sync(self) -> None:
        """On the disk, so that no checkpoint is ever ahead of the log."""
        for file in self._files.values():
            os.fsync(file.fileno())
        self._board.flush()

    def _append(self, name: str, line: dict[str, Any]) -> None:
        self._files[name].write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self._files[name].flush()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        self._board.close()
        if self._remote is not None:
            self._remote.finish(exit_code=0 if kind is None else 1)
        for file in self._files.values():
            file.close()


def check_wandb(settings: TrainConfig) -> None:
    """Raises RecipeError where `train.wandb` asks for a library that is not installed."""
    if settings.wandb and importlib.util.find_spec("wandb") is None:
        raise RecipeError(
            f"train.wandb is '{settings.wandb}', but wandb is not installed; "
            "`pip install wandb`, or set train.wandb to null"
        )


def _wandb(settings: TrainConfig, out_dir: Path) -> Any:
    """The run on Weights & Biases; its id lies in the directory, so that a restart goes on in it.

    (A step that a killed run had logged already is not taken twice there; it is the same.)
    """
    import wandb

    path = out_dir / "wandb-id"
    if not path.exists():
        path.write_text(uuid.uuid4().hex)
    return wandb.init(
        project=settings.wandb,
        id=path.read_text(),
        resume="allow",
        dir=str(out_dir),
        config=settings.model_dump(mode="json"),
    )


def read_steps(out_dir: Path, until: int) -> list[dict[str, Any]]:
    """The lines of `metrics.jsonl` up to step `until`, in order."""
    return [json.loads(line) for line in _whole_lines(out_dir / "metrics.jsonl", until)]


def _whole_lines(path: Path, until: int) -> list[str]:
    """Lines up to step `until`; a line that a killed process left unfinished ends the file."""
    lines: list[str] = []
    if path.exists():
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                if not line.endswith("\n") or json.loads(line)["step"] > until:
                    break
                lines.append(line)
    return lines


def _truncate(path: Path, after: int) -> None:
    lines = _whole_lines(path, after)
    whole = path.with_suffix(".partial")
    whole.write_text("".join(lines), encoding="utf-8")
    whole.replace(path)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summarise(out_dir: Path, state: State) -> dict[str, Any]:
    """What became of a run, from its log: a complete run that is started again gives it again.

    Losses in nats a token; seconds and tokens_per_s without validation and saving; bits per byte
    are None without a validation split; `energy` stands there where it was measured.
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
        **({"energy": state.energy} if state.energy else {}),
    }


def utilisation(network: NeoX, precision: str, process: Ranks, tokens_per_s: float) -> float | None:
    """The FLOPs of training at this speed, as a share of the most that the GPUs do in bf16.

    None for fp32, and where the device's peak is unknown.
    """
    if process.device.type != "cuda" or precision != "bf16":
        return None
    peak = peak_flops(torch.cuda.get_device_name(process.device))
    if peak is None:
        return None
    rows = network.embed_out.weight.shape[0]
    return flops_per_token(network.config, rows) * tokens_per_s / (peak * process.world)


def peak_memory(device: torch.device) -> int:
    """Most bytes held so far: on a GPU what torch allocated, else the process's resident set."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
