"""Killed at any moment and started again by the same command, a run ends bit for bit the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mesh import digest, read_tensors

from tokenizer.errors import CorruptFileError
from trainer.__main__ import train_run
from trainer.checkpoint import checkpoints, read_state
from trainer.metrics import _whole_lines

STEPS = 60
TIMED = {"tokens_per_s", "seconds", "memory", "data_wait_s", "mfu"}


@pytest.fixture
def slow_run(run_dir: Path) -> Path:
    """A checkpoint every second step, and time enough to be killed in three times."""
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(
        recipe.read_text()
        .replace("steps: 12,", f"steps: {STEPS},")
        .replace("save_every: 4", "save_every: 2")
    )
    return run_dir


def start(run: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "trainer", str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )


def wait_until(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL


def outcome(run: Path) -> tuple[list[dict], dict[str, str]]:
    """Every figure of the log but the times, and the hashes of the last weights and averages."""
    out = run / "checkpoints"
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    figures = [{k: v for k, v in line.items() if k not in TIMED} for line in lines]
    return figures, digest(read_tensors(checkpoints(out)[-1]))


def lines_written(run: Path) -> int:
    path = run / "checkpoints" / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_stopped_at_any_moment_it_goes_on_bit_for_bit(
    slow_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = tmp_path_factory.mktemp("whole")
    (whole / "tokens").symlink_to(slow_run / "tokens")
    (whole / "recipe.yaml").write_text((slow_run / "recipe.yaml").read_text())
    train_run(whole)

    out = slow_run / "checkpoints"
    process = start(slow_run)
    wait_until(process, lambda: lines_written(slow_run) > 5)  # some steps after a checkpoint
    kill(process)
    left = set(out.glob(".step-*"))
    process = start(slow_run)
    wait_until(process, lambda: set(out.glob(".step-*")) - left != set())  # writing or dropping one
    kill(process)

    reached = read_state(checkpoints(out)[-1]).step
    process = start(slow_run)
    wait_until(process, lambda: read_state(checkpoints(out)[-1]).step > reached)
    process.send_signal(signal.SIGTERM)  # this one saves and leaves with success
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    state = read_state(checkpoints(out)[-1])
    assert reached < state.step < STEPS
    assert lines_written(slow_run) == state.step + 1

    assert train_run(slow_run)["steps"] == STEPS
    assert outcome(slow_run) == outcome(whole)
    assert not list(out.glob(".step-*"))


def test_what_a_killed_process_left_is_never_loaded(run_dir: Path) -> None:
    expected = train_run(run_dir)["last_loss"]
    out = run_dir / "checkpoints"
    newest, older = checkpoints(out)[-1], checkpoints(out)[0]
    newest.rename(out / ".step-00000099.partial")  # whole, but never committed
    (out / ".step-00000002.old").mkdir()
    with (out / "metrics.jsonl").open("a") as log:  # and a line that was being written
        log.write('{"step": 13, "lo')
    assert train_run(run_dir)["last_loss"] == expected
    assert [path.name for path in checkpoints(out)] == [older.name, newest.name]
    assert not list(out.glob(".step-*"))
    assert [line["step"] for line in outcome(run_dir)[0]] == list(range(13))


@pytest.mark.parametrize("name", [".metadata", "__0_0.distcp", "state.json"])
def test_a_damaged_checkpoint_is_named(run_dir: Path, name: str) -> None:
    train_run(run_dir)
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("steps: 12", "steps: 14"))
    path = run_dir / "checkpoints/step-00000012" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CorruptFileError, match=r"step-00000012: cannot be read.*delete it"):
        train_run(run_dir)


def test_line_separators_inside_a_text_do_not_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    lines = [
        json.dumps({"step": s, "text": "a\u2028b\x85c"}, ensure_ascii=False) for s in (1, 2, 3)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert _whole_lines(path, 2) == [line + "\n" for line in lines[:2]]
