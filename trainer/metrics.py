"""What a run writes down while it goes: JSON lines, TensorBoard, a bar on the terminal."""

import json
import math
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from trainer.config import TrainConfig


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
        self._bar = Progress(
            TextColumn("train"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=settings.steps, completed=after or 0)

    def step(self, line: dict[str, Any]) -> None:
        """Record a step; what is not a finite number becomes null."""
        self._append("metrics", _plain(line))
        step, validated = line["step"], "validation_bpb" in line
        if step % self._every == 0 or step == self._last or validated:
            for key, value in line.items():
                if isinstance(value, (int, float)) and math.isfinite(value) and key != "step":
                    self._board.add_scalar(key, value, step)
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
        for file in self._files.values():
            file.close()


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
