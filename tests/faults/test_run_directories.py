"""Run directories that cannot be used now, or not as they are: named, with the cure."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.workspace import FORMAT, Workspace
from tokenizer.errors import MalmoiError

HOLD = """
import sys, time
from pathlib import Path
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError
root, begin = sys.argv[1:]
while time.time() < float(begin):
    pass
try:
    with Workspace(root).locked():
        time.sleep(1)
        print("held")
except MalmoiError as error:
    print(error)
"""


def test_of_commands_that_start_at_once_one_goes_on(tmp_path: Path) -> None:
    begin = str(time.time() + 3)
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "run"), begin],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = sorted(command.communicate()[0].strip() for command in commands)
    refused = f"{tmp_path}/run: another malmoi command is at work here; wait for it, or use another"
    assert said.count("held") == 1
    assert [line.startswith(refused) for line in said if line != "held"] == [True] * 3


def test_a_command_is_refused_while_another_holds_the_directory(
    whole: Path, tmp_path: Path, tiny: Path, malmoi
) -> None:
    """Whatever step the other is in, training too: the lock is the command's, not the step's."""
    with Workspace(tmp_path / "run").locked():
        refused = malmoi("tokenize", tiny, "--out", tmp_path / "run", code=1)
    assert "another malmoi command is at work here; wait for it" in refused.stderr
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_a_child_of_the_command_does_not_hold_the_directory(tmp_path: Path) -> None:
    """Were the lock's file inherited, a worker that outlives its command would block the next."""
    with Workspace(tmp_path / "run").locked():
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with Workspace(tmp_path / "run").locked():
        assert child.poll() is None
    child.communicate(b"\n")


def test_a_run_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with (
        pytest.raises(MalmoiError, match=r"no run directory can be kept here .* give --out a dir"),
        Workspace(tmp_path / "run").locked(),
    ):
        pass


def test_a_run_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """/proc stands for a disk that is mounted to be read: not even root can write there."""
    with (
        pytest.raises(MalmoiError, match="/proc/run: no run directory can be kept here"),
        Workspace("/proc/run").locked(),
    ):
        pass


def test_a_run_directory_by_its_uri_is_the_same(tmp_path: Path) -> None:
    assert Workspace(f"file://{tmp_path}/run").root == f"{tmp_path}/run"


def test_a_run_of_another_format_is_told_and_done_anew(
    whole: Path, tmp_path: Path, do, equal, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    where = run / "tokens" / "manifest.json"
    manifest = json.loads(where.read_text())
    where.write_text(json.dumps({**manifest, "format": FORMAT - 1}))
    with pytest.raises(MalmoiError, match="step 'tokenize' is not done here; run `malmoi tokenize"):
        Workspace(run).require("tokenize")
    told = f"format of another version ({FORMAT - 1}, this is {FORMAT}); `malmoi tokenize` does"
    assert told in caplog.text
    do(run, "tokenize")
    equal(run)
