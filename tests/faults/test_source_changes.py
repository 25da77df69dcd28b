"""A source file that changes or goes while it is read: a named error, and nothing of it counts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pipeline.clean
from pipeline.clean import CleanWork, clean_unit
from pipeline.receipts import Task
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.changes import check_unchanged
from pipeline.sources.units import plan_units
from pipeline.storage import FileInfo
from pipeline.synthetic import generate_documents
from tokenizer.errors import MalmoiError


def dump(documents: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in documents)


def planned(folder: Path) -> Task:
    """A unit of two files, of several batches each, as a task of a run beside them."""
    documents = generate_documents(60, seed=4)
    for number in range(2):
        rows = documents[number * 30 : number * 30 + 30]
        (folder / f"{number}.jsonl").write_text(dump(rows), "utf-8")
    source = Source(name="s", paths=[f"{folder}/*.jsonl"])
    (unit,) = plan_units([source], "/", 10**9)
    work = CleanWork(unit, source, Clean(batch_bytes=10_000), Pii(), Dedup())
    return Task("part-00000", "key", str(folder / "run"), "clean", work)


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write(dump([{"text": "나중에 덧붙인 글이다."}]))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def rewrite(path: Path) -> None:
    """Other content of equal size, at another time."""
    size, before = path.stat().st_size, path.stat().st_mtime_ns
    path.write_bytes(b"\n" * size)
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "appended": (append, r"had \d+ bytes .* has \d+ now"),
    "truncated": (truncate, r"had \d+ bytes .* has \d+ now"),
    "rewritten": (rewrite, "has been written since"),
    "gone": (Path.unlink, "gone since"),
}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES.keys())
def test_half_way_through_a_unit(
    tmp_path: Path, monkeypatch, change: Callable[[Path], None], told: str, number: int
) -> None:
    """The first file has been read by then in part, the second not been opened."""
    task = planned(tmp_path)
    read_unit, batches = pipeline.clean.read_unit, []

    def changing(*arguments: Any) -> Iterator[Any]:
        for read in read_unit(*arguments):
            yield read
            batches.append(read)
            if len(batches) == 1:
                change(tmp_path / f"{number}.jsonl")

    with monkeypatch.context() as patched:
        patched.setattr(pipeline.clean, "read_unit", changing)
        with pytest.raises(MalmoiError, match=rf"{number}\.jsonl: .*{told}.*same command again"):
            clean_unit(task)
    assert not [path for path in (tmp_path / "run").rglob("*") if path.is_file()]


def test_changed_between_plan_and_reading(tmp_path: Path) -> None:
    task = planned(tmp_path)
    append(tmp_path / "1.jsonl")
    with pytest.raises(MalmoiError, match=r"1\.jsonl: changed while the run was on"):
        clean_unit(task)


def test_times_of_a_store_are_compared_by_the_second() -> None:
    """S3 tells milliseconds in a listing and seconds of a file."""
    from pipeline import storage

    with storage.write_atomic("mock://changes/a") as out:
        out.write(b"abc")
    (info,) = storage.glob("mock://changes/a")
    second = info.mtime_ns - info.mtime_ns % 1_000_000_000
    check_unchanged([FileInfo(info.uri, 3, second), FileInfo(info.uri, 3, second + 999_000_000)])
    check_unchanged([FileInfo(info.uri, 3, 0)])  # a store that keeps no time
    with pytest.raises(MalmoiError, match="written since"):
        check_unchanged([FileInfo(info.uri, 3, second - 1)])


@pytest.mark.slow
def test_while_a_command_runs_and_the_command_again(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """A program that still writes its file: the unit fails, the other ones are kept."""
    documents = generate_documents(300, seed=9)
    (tmp_path / "0.jsonl").write_text(dump(documents[:10]), "utf-8")
    (tmp_path / "1.jsonl").write_text(dump(documents[10:]) * 4, "utf-8")
    recipe, run = tmp_path / "recipe.yaml", tmp_path / "run"
    recipe.write_text(
        "name: r\nsources:\n  - {name: s, paths: ['*.jsonl']}\nclean: {unit_bytes: 9}\n"
    )
    size = (tmp_path / "1.jsonl").stat().st_size
    recipe.write_text(recipe.read_text().replace("9}", f"{size}}}"))
    command = [sys.executable, "-m", "beam_runner", "curate", str(recipe), "--out", str(run)]
    process = subprocess.Popen(
        [*command, "--workers", "1"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    while not (run / "clean/attempts/part-00001").exists():
        assert process.poll() is None
        time.sleep(0.002)
    append(tmp_path / "1.jsonl")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert told.splitlines()[-1].startswith(f"malmoi: {tmp_path}/1.jsonl: changed while")
    assert [path.name for path in (run / "clean/receipts").iterdir()] == ["part-00000.json"]
    assert not list(run.glob("clean/**/part-00001*")) and not list(run.glob("clean/manifest.json"))
    subprocess.run([*command, "--workers", "1"], check=True, stderr=subprocess.DEVNULL)
    manifest = json.loads((run / "clean/manifest.json").read_bytes())
    assert manifest["counts"]["documents_in"] == 10 + 290 * 4 + 1
