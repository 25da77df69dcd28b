"""A real Flink: inside the job server, and as a cluster whose parts are killed. `make test-runners`

Each run goes from files to token shards and must equal, byte for byte, what the in-process runner
makes of the same recipe.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, cluster
from outputs import outputs

from pipeline.jobs.servers import worker_pool

pytestmark = pytest.mark.slow

STEPS = ("curate", "count", "tokenizer", "tokenize")


def commands(corpus: Path, run: Path, *arguments: str) -> list[list[str]]:
    start = [sys.executable, "-m", "beam_runner"]
    return [
        [*start, step, str(corpus / "recipe.yaml"), "--out", str(run), *arguments] for step in STEPS
    ]


def go(corpus: Path, run: Path, *arguments: str) -> dict[str, str]:
    for command in commands(corpus, run, *arguments):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-4000:]
    return outputs(run)


@pytest.fixture(scope="module")
def expected(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = go(corpus, tmp_path_factory.mktemp("here") / "run", "--workers", "2")
    assert {name.split("/")[0] for name in made} >= {"curated", "counts", "tokenizer", "tokens"}
    return made


@pytest.mark.parametrize("workers", [1, 4])
def test_in_process_with_other_workers(
    corpus: Path, tmp_path: Path, expected: dict[str, str], workers: int
) -> None:
    assert go(corpus, tmp_path / "run", "--workers", str(workers)) == expected


@pytest.mark.parametrize("slots", [1, 4])
def test_embedded(corpus: Path, tmp_path: Path, expected: dict[str, str], slots: int) -> None:
    assert go(corpus, tmp_path / "run", "--runner", "flink", "--workers", str(slots)) == expected


def test_prism(corpus: Path, tmp_path: Path, expected: dict[str, str]) -> None:
    assert go(corpus, tmp_path / "run", "--runner", "prism", "--workers", "2") == expected


@pytest.fixture
def two_managers(tmp_path: Path) -> Iterator[tuple[Cluster, list[str]]]:
    """A cluster of two task managers and a pool of Beam workers; and the arguments for it."""
    program = (str(Path(__file__).with_name("shared_pool.py")), "{port}")
    with cluster(tmp_path / "flink", 2, 2) as made, worker_pool(tmp_path / "pool", program) as pool:
        yield (
            made,
            [
                *("--runner", "flink", "--", *made.options),
                *("--parallelism=4", "--environment_type=EXTERNAL"),
                f"--environment_config={pool}",
            ],
        )


def test_a_cluster(corpus: Path, tmp_path: Path, expected: dict[str, str], two_managers) -> None:
    _, arguments = two_managers
    assert go(corpus, tmp_path / "run", *arguments) == expected


def test_a_task_manager_dies(
    corpus: Path, tmp_path: Path, expected: dict[str, str], two_managers
) -> None:
    """Two times, at a random moment of curate; another one comes, and nobody need do a thing."""
    made, arguments = two_managers
    first, *others = commands(corpus, tmp_path / "run", *arguments)
    process = subprocess.Popen(first, stderr=subprocess.PIPE, text=True)
    for victim in list(made.managers):
        wait_for_receipts(tmp_path / "run", process)
        time.sleep(random.uniform(0, 10))
        os.killpg(victim.pid, signal.SIGKILL)
        made.add_manager()
    _, told = process.communicate(timeout=900)
    if process.returncode:  # the graph was lost with it: the same command goes on
        assert "Traceback" not in told
        done = subprocess.run(first, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-4000:]
    for command in others:
        subprocess.run(command, check=True, timeout=900)
    assert outputs(tmp_path / "run") == expected


def test_the_job_server_dies(corpus: Path, tmp_path: Path, expected: dict[str, str]) -> None:
    """An error with a cure, and the same command again."""
    arguments = ["--runner", "flink", "--workers", "2"]
    first, *others = commands(corpus, tmp_path / "run", *arguments)
    process = subprocess.Popen(first, stderr=subprocess.PIPE, text=True)
    wait_for_receipts(tmp_path / "run", process)
    for server in children(process.pid, "java"):
        os.kill(server, signal.SIGKILL)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 1 and "run the same command again" in told
    for command in (first, *others):
        subprocess.run(command, check=True, timeout=900)
    assert outputs(tmp_path / "run") == expected


def wait_for_receipts(run: Path, process: subprocess.Popen) -> None:
    while not list(run.glob("clean/receipts/*.json")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)


def children(parent: int, name: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = path.read_text().rpartition(")")
            command = (path.parent / "comm").read_text().strip()
        except OSError:
            continue
        if int(rest.split()[1]) == parent and command == name:
            found.append(int(path.parent.name))
    assert found
    return found
