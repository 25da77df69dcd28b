"""A run directory and its sources in S3, on a real server: equal bytes, faults, few requests."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from moto.s3.models import s3_backends

from pipeline import storage
from pipeline.counts import Counts
from pipeline.parquet import write_parquet
from pipeline.receipts import Task
from pipeline.settings import Source
from pipeline.sources.units import plan_units
from pipeline.workspace import Unit, Workspace
from tokenizer.errors import MalmoiError

DATA = ("clean", "signatures", "drops", "curated", "removed", "counts", "tokenizer", "tokens")


@pytest.fixture(scope="module")
def sources(corpus: Path, s3_server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a part of the corpus, which lies in S3 too, and a recipe for each place."""
    folder = tmp_path_factory.mktemp("part")
    for pattern in ("blog-[0-3].jsonl.gz", "page-0*.txt", "page-0*.html"):
        for path in corpus.glob(pattern):
            shutil.copy(path, folder)
            with storage.write_atomic(f"s3://bucket/in/{path.name}") as out:
                out.write(path.read_bytes())
    text = (corpus / "recipe.yaml").read_text("utf-8").replace("4000", "20000")
    (folder / "local.yaml").write_text(text, "utf-8")
    (folder / "s3.yaml").write_text(re.sub(r'\["', '["s3://bucket/in/', text), "utf-8")
    return folder


def outputs(run: str) -> dict[str, str]:
    """SHA-256 of the files of a run but manifests and receipts, which hold seconds."""
    files = [info.uri for name in DATA for info in storage.list_files(f"{run}/{name}")]
    return {
        storage.relative(file, run): hashlib.sha256(storage.read_bytes(file)).hexdigest()
        for file in files
        if "/receipts/" not in file and not file.endswith("manifest.json")
    }


def command(name: str, recipe: Path, run: str) -> list[str]:
    return [sys.executable, "-m", "beam_runner", name, str(recipe), "--out", run, "--workers", "2"]


@pytest.fixture(scope="module")
def unbroken(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A local run directory, curated."""
    run = str(tmp_path_factory.mktemp("local"))
    subprocess.run(command("curate", sources / "local.yaml", run), check=True, capture_output=True)
    return run


def test_a_killed_run_in_s3_ends_with_the_bytes_of_a_local_one(sources, unbroken) -> None:
    """Its lock is known to be a dead command's; its receipts are used; nothing half is left."""
    run = "s3://bucket/killed"
    curate = command("curate", sources / "s3.yaml", run)
    killed = subprocess.Popen(curate, start_new_session=True, stderr=subprocess.DEVNULL)
    while len(storage.list_files(f"{run}/clean/receipts")) < 2:
        assert killed.poll() is None, "ended before two receipts"
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not storage.exists(f"{run}/clean/manifest.json")
    again = subprocess.run(curate, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr[-2000:]
    assert re.search(r"clean .* [1-9]\d* finished units reused", again.stderr), again.stderr
    assert outputs(run) == outputs(unbroken)
    assert not [info for info in storage.list_files(run) if ".tmp-" in info.uri]
    assert not storage.list_files(f"{run}/.locks")


def test_two_commands_at_once_on_one_run_in_s3(sources: Path) -> None:
    run = "s3://bucket/held"
    curate = command("curate", sources / "s3.yaml", run)
    with Workspace(run).locked():
        second = subprocess.run(curate, capture_output=True, text=True)
    assert second.returncode == 1
    assert "another malmoi command is at work here" in second.stderr
    assert not storage.exists(f"{run}/recipe.yaml")  # it has touched nothing
    with Workspace(run).locked():
        pass


@pytest.mark.slow
def test_the_way_to_tokens_in_s3(sources: Path, unbroken: str, malmoi) -> None:
    """Every step but training, then a second time without work; files are those of a local run."""
    run = "s3://bucket/way"
    for name in ("curate", "count", "tokenizer", "tokenize"):
        malmoi(name, sources / "local.yaml", "--out", unbroken)
        malmoi(name, sources / "s3.yaml", "--out", run)
    found = outputs(run)
    assert found == outputs(unbroken)
    assert {name.partition("/")[0] for name in found} == set(DATA)
    assert malmoi("tokenize", sources / "s3.yaml", "--out", run).stderr.count("skipped") == 1
    assert "0 faults" in malmoi("verify", run).stdout
    malmoi("report", run)
    assert storage.read_bytes(f"{run}/report.html").startswith(b"<!DOCTYPE html>")
    refused = malmoi("train", sources / "s3.yaml", "--out", run, code=1).stderr
    assert "local disk; give --out a local directory" in refused
    with storage.write_atomic(f"{run}/tokens/.x.bin.tmp-1-aa") as left:
        left.write(b"of a writer that was killed")
    assert "1 faults" in malmoi("verify", run, code=1).stdout


def test_a_small_object_is_one_request_and_never_seen_half(s3) -> None:
    uri = "s3://bucket/w/small.json"
    with pytest.raises(KeyError), storage.write_atomic(uri) as out:
        out.write(b"half")
        raise KeyError
    assert s3.requests.total() == 0
    with storage.write_atomic(uri) as out:
        out.write(b"whole")
    assert s3.requests == {"PUT": 1}
    assert storage.read_bytes(uri) == b"whole"


def test_a_large_object_has_its_name_only_when_whole(s3) -> None:
    uri, block = "s3://bucket/w/large.bin", bytes(range(256)) * 4096
    with pytest.raises(KeyError), storage.write_atomic(uri) as out:
        for _ in range(9):
            out.write(block)
        raise KeyError
    assert storage.list_files("s3://bucket/w") == [] or not storage.exists(uri)
    with storage.write_atomic(uri) as out:
        for _ in range(9):
            out.write(block)
        assert not storage.exists(uri)
    assert storage.stamp(uri) == storage.FileStamp(9 << 20, out.sha256)
    assert not [info for info in storage.list_files("s3://bucket/w") if ".tmp-" in info.uri]


def test_a_writer_that_is_killed_leaves_no_name(s3) -> None:
    code = """
import os
from pipeline import storage
with storage.write_atomic("s3://bucket/k/x.jsonl") as out:
    for _ in range(9):
        out.write(bytes(1 << 20))
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert storage.glob("s3://bucket/k/*") == storage.glob("s3://bucket/k/**") == []


def test_unfinished_and_hidden_names_are_no_input(s3) -> None:
    for name in (".x.jsonl.tmp-1-ab", "x.jsonl"):
        with storage.write_atomic(f"s3://bucket/hidden/{name}") as out:
            out.write(b"{}")
    source = Source(name="a", paths=["s3://bucket/hidden/*", "s3://bucket/hidden/**"])
    (unit,) = plan_units([source], "", 100)
    assert [info.uri for info in unit.files] == ["s3://bucket/hidden/x.jsonl"]


def put_empty(prefix: str, count: int) -> None:
    """Objects laid straight into the server's memory."""
    (backends,) = s3_backends.values()
    for number in range(count):
        backends["aws"].put_object("bucket", f"{prefix}/{number:06d}.jsonl", b"")


@pytest.mark.parametrize("count", [3_500, pytest.param(100_000, marks=pytest.mark.slow)])
def test_listing_takes_a_request_a_thousand_files(s3, count: int) -> None:
    """(Of a minute for 100,000 files the server takes nearly all.)"""
    put_empty(f"many-{count}", count)
    source = Source(name="a", paths=[f"s3://bucket/many-{count}/*.jsonl"])
    units = plan_units([source], "", 100)
    assert sum(len(unit.files) for unit in units) == count
    assert s3.requests["LIST"] == s3.requests.total() == -(-count // 1000)


@pytest.mark.slow
def test_a_hundred_thousand_local_files_are_planned(tmp_path: Path) -> None:
    for number in range(100_000):
        os.close(os.open(tmp_path / f"{number:06d}.jsonl", os.O_CREAT | os.O_WRONLY))
    source = Source(name="a", paths=[f"{tmp_path}/*.jsonl"])
    (unit,) = plan_units([source], "", 100)
    assert len(unit.files) == 100_000
    assert [info.uri for info in unit.files] == sorted(info.uri for info in unit.files)


def test_a_step_of_many_units_is_looked_through_by_listings(s3) -> None:
    """Whether it is done, and what of it, takes a listing a directory and a read a receipt."""
    n_units, run = 60, "s3://bucket/units"
    schema = pa.schema([("n", pa.int64())])

    def write(task: Task) -> None:
        files = {
            name: write_parquet(task.path(name), [pa.record_batch({"n": [1]}, schema)], schema)
            for name in (f"clean/{task.unit}.parquet", f"signatures/{task.unit}.parquet")
        }
        task.finish(files, Counts(documents_in=1, documents_out=1), source="a")

    def do(failing: bool) -> list[str]:
        pending = []

        def work(tasks: list[Task]) -> None:
            pending.extend(task.unit for task in tasks)
            storage.each(write, tasks[:50] if failing else tasks)

        units = [Unit(f"part-{number:05d}", number) for number in range(n_units)]
        Workspace(run).perform("clean", settings={}, units=units, work=work)
        return pending

    with pytest.raises(MalmoiError, match="run the same command again"):
        do(failing=True)
    s3.requests.clear()
    assert len(do(failing=False)) == 10
    writes = 10 * 3 + 1
    reads = 50 + 10
    assert s3.requests["PUT"] == writes
    assert s3.requests["LIST"] <= 12
    assert s3.requests["GET"] + s3.requests["HEAD"] <= 2 * reads + 4
    s3.requests.clear()
    assert do(failing=False) == []  # the step is skipped
    assert s3.requests.total() <= 8
    with storage.write_atomic(f"{run}/clean/part-00007.parquet") as out:
        out.write(b"other")
    assert do(failing=False) == ["part-00007"]
