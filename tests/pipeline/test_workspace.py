"""A step is skipped, resumed or redone by its keys alone; nothing is lost in silence."""

from pathlib import Path

import pytest

from pipeline import storage
from pipeline.counts import Counts
from pipeline.receipts import Task
from pipeline.workspace import Unit, Workspace
from tokenizer.errors import MalmoiError


def write_unit(task: Task) -> None:
    name = f"counts/{task.unit}.txt"
    with storage.write_atomic(task.path(name)) as out:
        out.write(task.payload.encode())
    counts = Counts(documents_in=3, documents_out=2)
    counts.removed["clean/too_short"] = 1
    task.finish({name: storage.FileStamp(out.size, out.sha256)}, counts, source="blog")


def units(*payloads: str) -> list[Unit]:
    return [Unit(f"part-{number:05d}", payload, payload) for number, payload in enumerate(payloads)]


class Recorder:
    """Does the work and remembers which units it was given."""

    def __init__(self, fail_at: str | None = None):
        self.done: list[str] = []
        self.fail_at = fail_at

    def __call__(self, tasks: list[Task]) -> None:
        for task in tasks:
            if task.unit == self.fail_at:
                raise KeyboardInterrupt
            write_unit(task)
            self.done.append(task.unit)


def test_a_finished_step_is_skipped_and_another_setting_redoes_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first, again, other = Recorder(), Recorder(), Recorder()
    assert not workspace.perform("count", settings=1, units=units("a", "b"), work=first).skipped
    assert workspace.perform("count", settings=1, units=units("a", "b"), work=again).skipped
    workspace.perform("count", settings=2, units=units("a", "b"), work=other)
    assert (len(first.done), len(again.done), len(other.done)) == (2, 0, 2)


def test_only_unfinished_and_changed_units_are_done(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        workspace.perform(
            "count", settings=1, units=units("a", "b", "c"), work=Recorder(fail_at="part-00002")
        )
    assert workspace.manifest("count") is None
    resumed, changed = Recorder(), Recorder()
    workspace.perform("count", settings=1, units=units("a", "b", "c"), work=resumed)
    assert resumed.done == ["part-00002"]
    workspace.perform("count", settings=1, units=units("a", "B", "c"), work=changed)
    assert changed.done == ["part-00001"]


def test_a_resumed_step_has_the_files_of_an_unbroken_one(tmp_path: Path) -> None:
    broken, whole = Workspace(tmp_path / "broken"), Workspace(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        broken.perform(
            "count", settings=1, units=units("a", "b"), work=Recorder(fail_at="part-00001")
        )
    stamps = [
        space.perform("count", settings=1, units=units("a", "b"), work=Recorder()).manifest["files"]
        for space in (broken, whole)
    ]
    assert stamps[0] == stamps[1]


def test_files_of_an_earlier_larger_run_are_swept(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.perform("count", settings=1, units=units("a", "b", "c"), work=Recorder())
    (tmp_path / "counts" / ".half.tmp-1-2").write_text("left by a killed process")
    workspace.perform("count", settings=1, units=units("a"), work=Recorder())
    names = {path.name for path in (tmp_path / "counts").rglob("*") if path.is_file()}
    assert names == {"part-00000.txt", "part-00000.json", "manifest.json"}


def test_a_damaged_file_is_made_again_and_verify_names_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.perform("count", settings=1, units=units("abc", "def"), work=Recorder())
    assert workspace.verify() == (2, [])
    (tmp_path / "counts" / "part-00000.txt").write_text("abX")
    (tmp_path / "counts" / "stray.txt").write_text("")
    checked, faults = workspace.verify()
    assert checked == 2
    assert [fault.split(":")[0] for fault in faults] == [
        "counts/part-00000.txt",
        "counts/stray.txt",
    ]
    (tmp_path / "counts" / "part-00000.txt").write_text("ab")
    mended = Recorder()
    workspace.perform("count", settings=1, units=units("abc", "def"), work=mended)
    assert mended.done == ["part-00000"]
    assert workspace.verify() == (2, [])


def test_lost_work_is_an_error_not_a_smaller_corpus(tmp_path: Path) -> None:
    def loses_one(tasks: list[Task]) -> None:
        write_unit(tasks[0])

    with pytest.raises(MalmoiError, match=r"part-00001.*receipt"):
        Workspace(tmp_path).perform("count", settings=1, units=units("a", "b"), work=loses_one)


def test_documents_that_do_not_add_up_are_an_error() -> None:
    counts = Counts(documents_in=3, documents_out=1)
    counts.removed["clean/too_short"] = 1
    with pytest.raises(MalmoiError, match="3 documents in, 1 kept and 1"):
        counts.check("clean/part-00000")


def test_two_commands_on_one_directory_are_refused(tmp_path: Path) -> None:
    with (
        Workspace(tmp_path).locked(),
        pytest.raises(MalmoiError, match="another malmoi command"),
        Workspace(tmp_path).locked(),
    ):
        pass
    with Workspace(tmp_path).locked():
        pass


def test_a_step_that_is_missing_names_its_command(tmp_path: Path) -> None:
    with pytest.raises(MalmoiError, match="run `malmoi curate` first"):
        Workspace(tmp_path).require("assemble")
