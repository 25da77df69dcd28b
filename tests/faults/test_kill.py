"""kill -9 in the middle, then the same command: the bytes of an unbroken run.

Chosen moments; `benchmarks/kills.py` kills at random ones.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.workspace import Workspace


def receipts(home: str, number: int) -> Callable[[Path], bool]:
    return lambda run: len(list((run / home / "receipts").glob("*.json"))) >= number


def wait_until_gone(processes: list[int]) -> None:
    """Fails (by the clock of the test run alone) when a process lives for ever."""
    left = set(processes)
    for _ in range(600):
        left = {pid for pid in left if Path(f"/proc/{pid}").exists() and not is_zombie(pid)}
        if not left:
            return
        time.sleep(0.05)
    pytest.fail(f"processes {left} outlive the command")


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_killed_in_each_step_of_curate(tmp_path: Path, start, do, equal) -> None:
    """The driver alone, a worker, and all at once; each time the same command goes on."""
    run = tmp_path / "run"

    started = start(run, "--workers", "2", command="curate")
    started.wait_for(receipts("clean", 1))
    assert len(started.workers()) == 2
    orphans = started.others()
    started.send(signal.SIGKILL)  # the driver alone: nobody tells its workers to end
    assert started.end() == -signal.SIGKILL
    wait_until_gone(orphans)

    started = start(run, "--workers", "2", command="curate")
    started.wait_for(lambda run: any(run.glob("drops/scratch/*/verification.done")))
    os.kill(started.workers()[0], signal.SIGKILL)
    started.wait_for(receipts("curated", 1))  # another worker went on
    started.send(signal.SIGKILL, group=True)
    assert started.end() == -signal.SIGKILL
    assert not (run / "curated" / "manifest.json").exists()

    do(run)
    equal(run)
    assert Workspace(run).verify()[1] == []


@pytest.mark.parametrize(("command", "home"), [("count", "counts"), ("tokenize", "tokens")])
def test_killed_in_the_steps_behind(
    whole: Path, tmp_path: Path, start, do, equal, command: str, home: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    shutil.rmtree(run / home)
    started = start(run, "--workers", "1", command=command)
    if command == "count":
        started.wait_for(lambda run: any((run / home).rglob("*.arrow")))
    else:
        started.wait_for(receipts(home, 2))
    started.send(signal.SIGKILL, group=True)
    assert started.end() == -signal.SIGKILL
    assert not (run / home / "manifest.json").exists()
    do(run, command)
    equal(run)
    assert Workspace(run).verify()[1] == []


@pytest.mark.parametrize(
    ("number", "code", "group"), [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, False)]
)
def test_a_command_that_is_told_to_stop_says_so_in_one_line(
    tmp_path: Path, start, number: int, code: int, group: bool
) -> None:
    """Ctrl-C goes to all processes of a terminal, SIGTERM (of a scheduler) to the command."""
    run = tmp_path / "run"
    started = start(run, "--workers", "2", command="curate")
    started.wait_for(receipts("clean", 1))
    others = started.others()
    started.send(number, group=group)
    assert started.end() == code
    assert "Traceback" not in started.told
    last = started.told.strip().splitlines()[-1]
    assert last == "malmoi: stopped; the same command goes on from here"
    wait_until_gone(others)
    with Workspace(run).locked():  # free for the next command
        assert receipts("clean", 1)(run)


@pytest.mark.slow
def test_a_campaign_of_random_kills(tmp_path: Path) -> None:
    benchmark = Path(__file__).parents[2] / "benchmarks" / "kills.py"
    record = tmp_path / "kills.jsonl"
    command = [sys.executable, str(benchmark), "--kills", "10", "--seed", "3", "--json"]
    done = subprocess.run(
        [*command, "--record", str(record)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] == 10 and figures["lives"] > 1
    assert [figures[name] for name in ("lost", "unequal", "unverified", "orphans")] == [0] * 4
    kills = [json.loads(line) for line in record.read_text().splitlines()]
    assert sum(kill["landed"] for kill in kills) == 10
