"""A disk that fills up, wherever that is: an error that names space and place, then more room."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.workspace import Workspace

PROGRAM = """
import contextlib, io, json, os, resource, subprocess, sys
import beam_runner

del beam_runner.STEPS["train"], beam_runner.STEPS["export"]
how, place, recipe = sys.argv[1:]
run = place + "/run"
# room in bytes: first for the log, then for recipe, shards, receipts, scratch files, manifests, ...
told = []
room = 8_192 if how == "tmpfs" else 500
while True:
    if how == "tmpfs":  # a real disk, of so many pages
        remount = "remount," if told else ""
        options = f"{remount}size={room}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=True)
    else:  # no right to mount: no file may be longer
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    sys.argv = ["malmoi", "run", recipe, "--out", run, "--workers", "1"]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            beam_runner.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
    told.append([room, code, said.getvalue()])
    if code == 0 or len(told) == 60:
        break
    room *= 2
if how == "tmpfs":
    subprocess.run(["cp", "-r", run, os.environ["KEEP"]], check=True)
print(json.dumps(told))
"""


READ_ONLY = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Python would keep compiled files that the limit cut off."""


def mounts() -> list[str] | None:
    """What must stand before a command that mounts for itself alone; None where nobody may."""
    for before in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        try:
            probe = [*before, "mount", "-t", "tmpfs", "-o", "size=4096", "none", "/mnt"]
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return before
        except OSError:
            continue
    return None


@pytest.mark.parametrize("how", ["limit", pytest.param("tmpfs", marks=pytest.mark.slow)])
def test_a_disk_that_is_full_at_every_place(
    tmp_path: Path, tiny: Path, environment: dict[str, str], equal, how: str
) -> None:
    """One process: the same command again and again, each time with twice the room."""
    place, kept = tmp_path / "disk", tmp_path / "kept"
    place.mkdir()
    before = mounts() if how == "tmpfs" else []
    assert before is not None, "neither root nor a user namespace: run with -k 'not tmpfs'"
    command = [*before, sys.executable, "-c", PROGRAM, how, str(place), str(tiny)]
    done = subprocess.run(
        command,
        env={**environment, "KEEP": str(kept), **READ_ONLY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    run = kept if how == "tmpfs" else place / "run"
    assert len(told) > 4 and told[-1][1] == 0, told[-1]
    for _, code, said in told[:-1]:
        last = said.strip().splitlines()[-1]
        assert code == 1 and last.startswith("malmoi: "), said
        assert ("No space left" if how == "tmpfs" else "File too large") in last, said
        assert str(place) in last, said
    equal(run)
    assert Workspace(run).verify()[1] == []
    assert not list(run.rglob("*.tmp-*"))
    assert (run / "logs" / "run.jsonl").stat().st_size > 0
