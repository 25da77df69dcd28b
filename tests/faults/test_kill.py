"""kill -9 in the middle, then the same command: the bytes of an unbroken run."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def outputs(run: Path) -> dict[str, str]:
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for directory in ("curated", "removed")
        for path in sorted((run / directory).glob("*.parquet"))
    }


def kill_after(command: list[str], run: Path, receipts: int) -> None:
    """Start a command and kill -9 its process group once so many receipts lie in `run`."""
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while len(list(run.glob("*/receipts/*.json"))) < receipts:
        assert process.poll() is None, f"ended before {receipts} receipts"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def unbroken(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    run = tmp_path_factory.mktemp("unbroken")
    subprocess.run(curate(corpus, run), check=True, stderr=subprocess.DEVNULL)
    return outputs(run)


def curate(corpus: Path, run: Path) -> list[str]:
    command = [sys.executable, "-m", "beam_runner", "curate", str(corpus / "recipe.yaml")]
    return [*command, "--out", str(run), "--workers", "2"]


@pytest.mark.parametrize("receipts", [1, 5, "all but two"])
def test_killed_and_run_again_gives_equal_bytes(
    corpus: Path, tmp_path: Path, unbroken: dict[str, str], receipts: int | str, malmoi
) -> None:
    """The kills fall in the first units of clean, in its middle, and in the last step."""
    units = sum(name.startswith("removed/") for name in unbroken)
    if isinstance(receipts, str):
        receipts = count_receipts(corpus, tmp_path / "whole") - 2
        assert receipts > 2 * units  # the kill falls in the last step
    kill_after(curate(corpus, tmp_path / "run"), tmp_path / "run", receipts)
    assert not (tmp_path / "run" / "curated" / "manifest.json").exists()
    subprocess.run(curate(corpus, tmp_path / "run"), check=True, stderr=subprocess.DEVNULL)
    assert outputs(tmp_path / "run") == unbroken
    malmoi("verify", tmp_path / "run")


SMALL_ROUNDS = """
import pipeline.dedup.plan as plan, beam_runner
plan.MEMBERS_IN_A_ROUND = 1_500
beam_runner.main()
"""


@pytest.mark.parametrize("done", ["candidates-1", "verification", "witnesses"])
def test_killed_between_the_passes_of_dedup(
    corpus: Path, tmp_path: Path, unbroken: dict[str, str], done: str, malmoi
) -> None:
    """Between bands, and after; the next run, with other shuffles, gives the same bytes."""
    run = tmp_path / "run"
    command = [sys.executable, "-c", SMALL_ROUNDS, *curate(corpus, run)[3:]]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while not list(run.glob(f"drops/scratch/*/{done}.done")):
        assert process.poll() is None, f"ended before {done}"
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (run / "drops" / "manifest.json").exists()
    subprocess.run(curate(corpus, run), check=True, stderr=subprocess.DEVNULL)
    assert outputs(run) == unbroken
    malmoi("verify", run)


def count_receipts(corpus: Path, run: Path) -> int:
    subprocess.run(curate(corpus, run), check=True, stderr=subprocess.DEVNULL)
    return len(list(run.glob("*/receipts/*.json")))


def test_a_dead_worker_process_is_an_error_with_a_cure(
    corpus: Path, tmp_path: Path, unbroken: dict[str, str]
) -> None:
    """A worker killed as by the kernel, out of memory, fails the run; the next run mends it."""
    run = tmp_path / "run"
    process = subprocess.Popen(
        curate(corpus, run), start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    while len(list(run.glob("clean/receipts/*.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.002)
    for worker in workers_of(process.pid):
        os.kill(worker, signal.SIGKILL)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1 and "a worker process died" in told
    subprocess.run(curate(corpus, run), check=True, stderr=subprocess.DEVNULL)
    assert outputs(run) == unbroken


def test_no_space_left_is_an_error_and_the_next_run_mends_it(
    corpus: Path, tmp_path: Path, unbroken: dict[str, str]
) -> None:
    """A file that cannot grow beyond 9,000 bytes stands for a full disk: writing fails half way."""
    run = tmp_path / "run"
    limited = subprocess.run(
        ["prlimit", "--fsize=9000", *curate(corpus, run)], capture_output=True, text=True
    )
    assert limited.returncode == 1
    assert limited.stderr.splitlines()[-1].startswith("malmoi: ") and "arge" in limited.stderr
    assert not list(run.rglob("*.tmp-*")) and not (run / "clean" / "manifest.json").exists()
    subprocess.run(curate(corpus, run), check=True, stderr=subprocess.DEVNULL)
    assert outputs(run) == unbroken


def workers_of(driver: int) -> list[int]:
    """Processes of the driver's session whose parent is its fork server."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == driver:
            stats[int(path.parent.name)] = int(fields[1])
    servers = {pid for pid, parent in stats.items() if parent == driver}
    return [pid for pid, parent in stats.items() if parent in servers]
