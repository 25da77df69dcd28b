"""A command writes inside its run directory and nowhere else, however it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipeline.synthetic import generate_documents
from pipeline.temporary import temporary_files

ROOT = Path(__file__).parents[2]


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, Path]:
    """Empty folders that stand for the rest of the machine."""
    folders = {name: tmp_path / name for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "PWD")}
    for folder in folders.values():
        folder.mkdir()
    return folders


@pytest.mark.parametrize(
    "steps", [["curate"], pytest.param(["curate", "count", "tokenizer"], marks=pytest.mark.slow)]
)
def test_nothing_lies_outside_after_kill_9_and_after_the_end(
    tmp_path: Path, elsewhere: dict[str, Path], steps: list[str]
) -> None:
    """The run's path is longer than a socket's may be, and multiprocessing still works in it."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(4):
        rows = generate_documents(40, seed=number)
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (source / f"{number}.jsonl").write_text(lines, "utf-8")
    recipe = source / "recipe.yaml"
    recipe.write_text(
        "sources: [{name: a, paths: ['*.jsonl']}]\nclean: {unit_bytes: 40000}\n"
        f"tokenizer: {{vocab_size: 600}}\ndedup: {{enabled: {len(steps) > 1}}}\n"
    )
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    run = tmp_path / ("long" * 25) / "run"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        **{n: str(p) for n, p in elsewhere.items()},
    }

    def start(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "beam_runner", name, str(recipe), "--out", str(run)]
        return subprocess.Popen(
            [*command, "--workers", "2"],
            env=environment,
            cwd=elsewhere["PWD"],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def check() -> None:
        assert [path for folder in elsewhere.values() for path in folder.rglob("*")] == []
        assert {path.name: path.read_bytes() for path in source.iterdir()} == before
        assert {path.name for path in tmp_path.iterdir()} == {"source", *elsewhere, "long" * 25}
        assert [path.name for path in run.parent.iterdir()] == ["run"]

    killed = start("curate")
    while not list(run.glob("clean/receipts/*.json")):
        assert killed.poll() is None
        time.sleep(0.002)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    check()
    left = list((run / ".tmp").rglob("*"))
    assert [path for path in left if "beam-pipeline-temp" in path.name]  # the check can fail
    for name in steps:
        _, told = (going := start(name)).communicate(timeout=300)
        assert going.returncode == 0 and "Traceback" not in told, told[-2000:]
        check()
        assert not (run / ".tmp").exists()


def test_temporary_files_are_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of processes it starts too; what a killed command has left is taken away."""
    monkeypatch.delenv("TMPDIR", raising=False)
    before = tempfile.gettempdir()
    left = tmp_path / ".tmp" / "1" / "pymp-x" / "y"
    left.parent.mkdir(parents=True)
    left.touch()
    ask = [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"]
    with temporary_files(str(tmp_path)) as folder:
        assert not left.exists() and folder.is_relative_to(tmp_path / ".tmp")
        made = Path(tempfile.mkdtemp()), Path(subprocess.check_output(ask, text=True).strip())
        assert [path.resolve().parent for path in made] == [folder.resolve()] * 2
    assert tempfile.gettempdir() == before and "TMPDIR" not in os.environ


def test_a_remote_run_has_a_folder_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deleted when the process ends."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = (
        "import tempfile, pathlib\nfrom pipeline.temporary import temporary_files\n"
        "with temporary_files('s3://bucket/run') as folder: "
        "print(pathlib.Path(tempfile.mkdtemp()).resolve())"
    )
    made = Path(subprocess.check_output([sys.executable, "-c", code], text=True).strip())
    assert made.parent.parent == tmp_path and list(tmp_path.iterdir()) == []
