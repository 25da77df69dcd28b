"""What `malmoi status` tells of a run that is waiting, at work, done, failed, or was killed."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline import console, logs, status, storage
from pipeline.counts import Counts
from pipeline.follower import Follower
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.way import STEPS
from pipeline.workspace import Unit, Workspace
from tokenizer.errors import MalmoiError

RECIPE = Recipe.model_validate({"name": "small", "sources": [{"name": "a", "paths": ["a.jsonl"]}]})


def do(task: Task) -> None:
    """A unit of 10 documents, 4 of them removed."""
    counts = Counts(10, 6, 1000, 700)
    counts.removed.update({"clean/too_short": 3, "read/bad_json": 1})
    task.finish({}, counts, source="a")


def perform(
    workspace: Workspace, step: str, work: Callable[[list[Task]], None], **how: Any
) -> None:
    units = [Unit(f"part-{n:05d}", [n, how.get("setting", 1)]) for n in range(how.get("units", 4))]
    workspace.perform(step, settings=how.get("setting", 1), units=units, work=work)


@contextmanager
def command(root: Path) -> Iterator[Workspace]:
    """A command at work on a run, as the command line has it."""
    workspace = Workspace(root)
    follower = Follower(workspace.root, quiet=True)
    try:
        yield follower.attach(workspace)
    finally:
        follower.close()


def collected(root: Path) -> dict[str, Any]:
    return status.collect(Workspace(root), RECIPE)


def of_step(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step for step in told["steps"] if step["step"] == name)


def test_a_step_is_waiting_then_running_then_done(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def work(tasks: list[Task]) -> None:
        seen.append(collected(tmp_path))
        for task in tasks[:3]:
            do(task)
        seen.append(collected(tmp_path))
        do(tasks[3])

    with command(tmp_path) as workspace:
        perform(workspace, "clean", work)
        assert collected(tmp_path)["command"]["state"] == "running"
    before, during = (of_step(told, "clean") for told in seen)
    assert (before["state"], before["units_done"], before["units"]) == ("running", 0, 4)
    assert before["seconds_left"] is None and before["mb_per_second"] is None
    assert (during["units_done"], during["documents_in"], during["bytes_in"]) == (3, 30, 3000)
    assert during["removed"] == {"clean/too_short": 9, "read/bad_json": 3}
    assert during["seconds_left"] == pytest.approx(during["seconds"] / 3, abs=0.1)
    told = collected(tmp_path)
    after = of_step(told, "clean")
    assert (after["state"], after["units_done"], after["documents_out"]) == ("done", 4, 24)
    assert of_step(told, "assemble")["state"] == "waiting"
    assert of_step(told, "benchmarks")["state"] == "off"
    assert told["command"]["state"] == "finished" and told["error"] is None


def test_receipts_of_another_recipe_do_not_count_until_they_are_new(tmp_path: Path) -> None:
    with command(tmp_path) as workspace:
        perform(workspace, "count", lambda tasks: [do(task) for task in tasks])
    seen: list[dict[str, Any]] = []

    def work(tasks: list[Task]) -> None:
        for task in tasks:
            seen.append(of_step(collected(tmp_path), "count"))
            do(task)

    with command(tmp_path) as workspace:
        perform(workspace, "count", work, setting=2, units=3)
    assert [step["units_done"] for step in seen] == [0, 1, 2]
    assert [step["units"] for step in seen] == [3, 3, 3]


def test_a_clock_that_jumps_back_hides_no_receipt(tmp_path: Path) -> None:
    def work(tasks: list[Task]) -> None:
        for task in tasks[:2]:
            do(task)
            os.utime(receipt(tmp_path, task), (1, 1))
        told = of_step(collected(tmp_path), "clean")
        assert told["units_done"] == 2
        plan = status.Plan.read(str(tmp_path), STEPS["clean"])
        assert plan is not None and len(plan.done(str(tmp_path), STEPS["clean"])) == 2
        for task in tasks[2:]:
            do(task)

    with command(tmp_path) as workspace:
        perform(workspace, "clean", work)
    assert of_step(collected(tmp_path), "clean")["state"] == "done"


def receipt(root: Path, task: Task) -> Path:
    return root / task.home / "receipts" / f"{task.unit}.json"


def test_a_log_whose_time_runs_backwards_gives_no_negative_time(tmp_path: Path) -> None:
    with pytest.raises(MalmoiError), command(tmp_path) as workspace:
        perform(workspace, "count", fails_at_third)
    log = tmp_path / "logs" / "run.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    lines[1]["time"] = "2999-01-01T00:00:00.000Z"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    step = of_step(collected(tmp_path), "count")
    assert step["seconds"] == 0 and step["mb_per_second"] is None


def fails_at_third(tasks: list[Task]) -> None:
    def work(task: Task) -> None:
        if task.unit == "part-00002":
            raise MalmoiError("clean/part-00002: no space left; free some and run again")
        do(task)

    for task in tasks:
        logs.Noted(work)(task)


def test_a_failed_step_names_the_unit_and_the_next_command_goes_on(tmp_path: Path) -> None:
    with pytest.raises(MalmoiError), command(tmp_path) as workspace:
        perform(workspace, "clean", fails_at_third)
    told = collected(tmp_path)
    step = of_step(told, "clean")
    assert (step["state"], step["units_done"], step["units"]) == ("failed", 2, 4)
    assert [(note["unit"], note["error"]) for note in step["failed"]] == [
        ("part-00002", "MalmoiError")
    ]
    assert told["command"]["state"] == "failed"
    assert told["error"]["message"] == "clean/part-00002: no space left; free some and run again"

    def work(tasks: list[Task]) -> None:
        do(tasks[0])
        running = of_step(collected(tmp_path), "clean")
        assert (running["state"], running["units_reused"], running["units_done"]) == (
            ("running", 2, 3)
        )
        assert running["failed"] == []  # it was done since
        do(tasks[1])

    with command(tmp_path) as workspace:
        perform(workspace, "clean", work)
    told = collected(tmp_path)
    assert told["error"] is None and of_step(told, "clean")["state"] == "done"


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
import test_status
from pathlib import Path

def work(tasks):
    test_status.do(tasks[0])
    os.kill(os.getpid(), signal.SIGKILL)

with test_status.command(Path(sys.argv[1])) as workspace:
    test_status.perform(workspace, "count", work)
"""


def test_a_command_that_was_killed_is_told_dead(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), here], check=False, timeout=60)
    told = collected(tmp_path)
    step = of_step(told, "count")
    assert told["command"]["state"] == "dead"
    assert (step["state"], step["units_done"], step["units"]) == ("stopped", 1, 4)


def test_a_command_of_another_machine_is_silent_not_dead(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent)],
        check=False,
        timeout=60,
    )
    log = tmp_path / "logs" / "run.jsonl"
    log.write_text(log.read_text().replace('"machine":"', '"machine":"far-away-'))
    told = collected(tmp_path)
    assert told["command"]["state"] == "silent"
    assert told["command"]["machine"].startswith("far-away-")
    assert of_step(told, "count")["state"] == "running"


def test_a_step_behind_one_that_is_done_anew_is_of_an_earlier_state(tmp_path: Path) -> None:
    def all_of(tasks: list[Task]) -> None:
        for task in tasks:
            do(task)

    def stops(tasks: list[Task]) -> None:
        raise KeyboardInterrupt

    with command(tmp_path) as workspace:
        perform(workspace, "clean", all_of)
        perform(workspace, "count", all_of)
    assert of_step(collected(tmp_path), "count")["state"] == "earlier"  # no dedup, no assemble
    with pytest.raises(KeyboardInterrupt), command(tmp_path) as workspace:
        perform(workspace, "clean", stops, setting=2)
    told = collected(tmp_path)
    assert told["command"]["state"] == "stopped"
    assert of_step(told, "clean")["state"] == "stopped"


def test_passes_that_a_step_logs_are_shown(tmp_path: Path) -> None:
    def work(tasks: list[Task]) -> None:
        for name in ("exact", "candidates-0"):
            logging.getLogger("pipeline.jobs.dedup").info(
                "pass done", extra={"step": "dedup", "stage": name}
            )
        told = collected(tmp_path)
        assert of_step(told, "dedup")["stages"] == ["exact", "candidates-0"]
        with console.stdout.capture() as shown:
            console.print_status(told)
        assert "dedup: done exact, candidates-0" in shown.get()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), command(tmp_path) as workspace:
        perform(workspace, "dedup", work)


def test_status_of_no_run_directory_is_an_error(malmoi, tmp_path: Path) -> None:
    result = malmoi("status", tmp_path / "nowhere", code=1)
    assert "no run directory" in result.stderr


@pytest.mark.parametrize(
    "seconds, shown",
    [(None, ""), (0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (3599.6, "1 h 0 min")],
)
def test_durations_are_short(seconds: float | None, shown: str) -> None:
    assert console.duration(seconds) == shown
    assert console.duration(90_000) == "1 d 1 h"


def test_plans_lie_beside_the_logs(tmp_path: Path) -> None:
    plan = status.Plan.made(str(tmp_path), STEPS["count"], {"part-00000": 0}, 2)
    assert status.Plan.read(str(tmp_path), STEPS["count"]) == plan
    assert storage.exists(str(tmp_path / "logs" / "plan-count.json"))


def test_a_plan_that_is_not_whole_counts_as_none(tmp_path: Path) -> None:
    with command(tmp_path) as workspace:
        perform(workspace, "clean", lambda tasks: None or [do(task) for task in tasks])
        where = tmp_path / "logs" / "plan-clean.json"
        for garbled in (where.read_bytes()[:20], b"", b"[1]", b"{}"):
            where.write_bytes(garbled)
            assert status.Plan.read(workspace.root, STEPS["clean"]) is None


def test_a_warning_of_ours_is_shown_once(tmp_path: Path, capsys) -> None:
    with command(tmp_path):
        for _ in range(2):
            logging.getLogger("pipeline.records").warning("%s: not whole", "receipt")
        logging.getLogger("apache_beam").warning("of somebody else")
    assert capsys.readouterr().err.count("malmoi: receipt: not whole") == 1
