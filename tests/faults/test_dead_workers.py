"""The pool of the in-process runner: dead workers are replaced, up to a bound."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEADLY = """
import os, pathlib

def once(item):
    \"\"\"Kills its worker over every fifth item when it sees it first.\"\"\"
    folder, number = item
    seen = pathlib.Path(folder, str(number))
    if number % 5 == 0 and not seen.exists():
        seen.touch()
        os.kill(os.getpid(), 9)
    return number

def always(item):
    if item[1] == 3:
        os.kill(os.getpid(), 9)
    return item[1]
"""
POOL = """
import sys, deadly
from pipeline.jobs.pool import Pooled

pooled = Pooled(getattr(deadly, sys.argv[1]), 2)
pooled.start_bundle()
given = [result for number in range(40) for result in pooled.process((sys.argv[2], number))]
print(len(given))
print([*given, *(result.value for result in pooled.finish_bundle())])
"""


def through_the_pool(
    tmp_path: Path, environment: dict[str, str], function: str
) -> subprocess.CompletedProcess[str]:
    (tmp_path / "deadly.py").write_text(DEADLY)
    path = os.pathsep.join([str(tmp_path), environment.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", POOL, function, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment, "PYTHONPATH": path},
    )


def test_dead_workers_are_replaced_and_every_result_comes_once_in_order(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Eight deaths; and results go on before all elements came, so that they are not all held."""
    done = through_the_pool(tmp_path, environment, "once")
    assert done.returncode == 0, done.stderr
    early, results = done.stdout.splitlines()
    assert int(early) == 40 - 32 and results == str(list(range(40)))


@pytest.mark.slow
def test_deaths_that_do_not_end_are_an_error_with_a_cure(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    done = through_the_pool(tmp_path, environment, "always")
    assert done.returncode == 1
    assert "MalmoiError: worker processes died 3 times in turn" in done.stderr
