"""A corpus of six units, a whole run of it up to the token shards, and commands to break."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

import beam_runner
from pipeline.recipe import load
from pipeline.synthetic import generate_documents

COMMANDS = ("curate", "count", "tokenizer", "tokenize")
FOLDERS = ("curated", "removed", "counts", "tokenizer", "tokens")

WAY = """
import beam_runner
del beam_runner.STEPS["train"], beam_runner.STEPS["export"]
beam_runner.main()
"""
"""`malmoi`, whose `run` ends with the token shards."""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe with two sources: 108 documents in six files, each of them a unit."""
    folder = tmp_path_factory.mktemp("tiny")
    documents = generate_documents(90, seed=3)
    for number in range(6):
        rows = documents[number * 15 : number * 15 + 15]
        rows.append({"id": f"copy-{number}", "text": documents[0]["text"]})
        rows.append({"id": f"near-{number}", "text": f"{rows[1]['text']} 덧붙인 말 {number}."})
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        name = f"{'blog' if number < 4 else 'news'}-{number}.jsonl"
        (folder / name).write_text("\n".join([*lines, "{bad json"]), "utf-8")
    (folder / "recipe.yaml").write_text(
        """\
name: tiny
seed: 5
sources:
  - {name: blog, paths: ["blog-*.jsonl"]}
  - {name: news, paths: ["news-*.jsonl"], priority: 1}
clean: {unit_bytes: 40000}
tokenizer: {vocab_size: 600}
shards: {validation: 0.1}
""",
        "utf-8",
    )
    return folder / "recipe.yaml"


Do = Callable[..., None]


@pytest.fixture(scope="session")
def do(tiny: Path) -> Do:
    """`do(run, *commands)`: commands of `malmoi` on `tiny`, in this process; errors are raised."""

    def call(run: Path, *commands: str) -> None:
        recipe = load(tiny)
        for command in commands or COMMANDS:
            with beam_runner.at_work(recipe, str(run), workers=1) as job:
                beam_runner.perform(command, recipe, job)

    return call


@pytest.fixture(scope="session")
def whole(do: Do, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing broke. To be copied, not touched."""
    run = tmp_path_factory.mktemp("whole") / "run"
    do(run)
    return run


def outputs(run: Path) -> dict[str, str]:
    """SHA-256 by name of what a run is for; manifests tell times, so they are no part of it."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in FOLDERS
        for path in sorted((run / folder).rglob("*"))
        if path.is_file() and path.name != "manifest.json" and path.parent.name != "receipts"
    }


@pytest.fixture(scope="session")
def equal(whole: Path) -> Callable[[Path], None]:
    """Asserts that a run has every file of the unbroken one, byte for byte."""
    expected = outputs(whole)
    assert len(expected) > 40

    def check(run: Path) -> None:
        found = outputs(run)
        assert found.keys() == expected.keys()
        assert [name for name in expected if found[name] != expected[name]] == []

    return check


@dataclass
class Started:
    """A command at work in a session of its own, whose messages are kept."""

    run: Path
    process: subprocess.Popen[str]
    told: str = field(default="")

    def wait_for(self, what: Callable[[Path], bool]) -> None:
        """Until `what` holds of the run directory; fails when the command ends before."""
        while not what(self.run):
            assert self.process.poll() is None, f"ended too early: {self.process.stderr}"
            time.sleep(0.001)

    def wait_for_step(self, step: str) -> None:
        """Until this command has begun a step."""
        already = begun(self.run).count(step)
        self.wait_for(lambda run: begun(run).count(step) > already)

    def send(self, number: int, *, group: bool = False) -> None:
        (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self) -> int:
        """The exit code; `told` then holds what it said."""
        _, self.told = self.process.communicate(timeout=300)
        return self.process.returncode

    def others(self) -> list[int]:
        """Processes of the command's session beside the command itself."""
        return [pid for pid in session(self.process.pid) if pid != self.process.pid]

    def workers(self) -> list[int]:
        """Those whose parent is a child of the command: of its fork server."""
        parents = session(self.process.pid)
        servers = {pid for pid, parent in parents.items() if parent == self.process.pid}
        return [pid for pid, parent in parents.items() if parent in servers]


def begun(run: Path) -> list[str]:
    """The steps that commands have begun, by the run's log."""
    log = run / "logs" / "run.jsonl"
    lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
    events = [orjson.loads(line) for line in lines if line.endswith(b"\n")]
    return [event["step"] for event in events if event["event"] == "begin"]


def session(leader: int) -> dict[int, int]:
    """The parent of each process that runs in a session, zombies left out."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            parents[int(path.parent.name)] = int(fields[1])
    return parents


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of commands: they keep what Python compiles, for they are started many times."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}


@pytest.fixture
def start(tiny: Path, environment: dict[str, str]) -> Callable[..., Started]:
    """`start(run, ...)` begins `malmoi run` on `tiny` up to the token shards."""

    def call(run: Path, *more: str, program: str = WAY, command: str = "run") -> Started:
        arguments = [sys.executable, "-c", program, command, str(tiny), "--out", str(run), *more]
        process = subprocess.Popen(
            arguments,
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        started.append(process)
        return Started(run, process)

    started: list[subprocess.Popen[str]] = []
    yield call
    for process in started:
        for pid in [process.pid] if process.poll() is None else []:
            os.killpg(pid, signal.SIGKILL)
            process.wait()
