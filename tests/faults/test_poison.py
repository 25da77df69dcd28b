"""A document that kills the process: found, recorded, left out; all else as if it were not there.

The crash of a C library is simulated: in every new process a file `sitecustomize.py` wraps the HTML
parser, and the reader of web archives, so that certain words end the process with a signal.
"""

import json
import os
import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import storage
from pipeline.attempts import attempt, unless_done
from pipeline.careful import Careful
from pipeline.clean import CleanWork, clean_unit
from pipeline.decontaminate import Item, Items, build_index
from pipeline.documents import RAW
from pipeline.receipts import Finished, Task
from pipeline.recipe import load
from pipeline.settings import Clean, Decontaminate, Dedup, Pii, Source
from pipeline.sources.read import Read
from pipeline.sources.units import plan_units
from pipeline.synthetic import generate_documents
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError

DEADLY = """
import os
import fastwarc.warc as warc
import resiliparse.extract.html2text as html2text

def deadly(real):
    def call(content, *rest, **named):
        if "CRASH" in (content if isinstance(content, str) else str(content.getvalue())):
            os.kill(os.getpid(), 11)
        return real(content, *rest, **named)
    return call

html2text.extract_plain_text = deadly(html2text.extract_plain_text)
warc.ArchiveIterator = deadly(warc.ArchiveIterator)
"""
RECIPE = """\
name: poison
sources:
  - {name: blog, paths: ["*.jsonl"], markup: html}
clean: {unit_bytes: 36000}
"""


@pytest.fixture(autouse=True)
def _compiled(environment: dict[str, str], monkeypatch) -> None:
    """Children are started often: let them keep what Python compiles."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", environment["PYTHONPYCACHEPREFIX"])


@pytest.fixture
def deadly(tmp_path: Path) -> Path:
    """A folder that makes the parsers of a process deadly which has it on its path."""
    folder = tmp_path / "deadly"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(DEADLY)
    return folder


def page(text: str, title: str = "") -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines())
    return f"<html><body><article><h1>{title}</h1>{paragraphs}</article></body></html>"


def lay(folder: Path, poison: dict[int, list[int]]) -> None:
    """Four files of 12 pages and a bad line, a unit each; `poison` has pages of some that kill."""
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    documents = generate_documents(48, seed=11)
    for number in range(4):
        lines = ["{bad json"]
        for row, document in enumerate(documents[12 * number : 12 * number + 12]):
            kills = row in poison.get(number, [])
            text = page(document["text"], "CRASH, call 010-1234-5678" if kills else "")
            lines.append(json.dumps({"id": f"{number}-{row}", "text": text}, ensure_ascii=False))
        (folder / f"{number}.jsonl").write_text("\n".join(lines), "utf-8")


def curate(folder: Path, run: Path, workers: int, *, deadly: Path | None = None) -> Any:
    command = [sys.executable, "-m", "beam_runner", "curate", str(folder / "recipe.yaml")]
    command += ["--out", str(run), "--workers", str(workers)]
    path = os.pathsep.join(filter(None, [str(deadly or ""), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def rows(run: Path, pattern: str) -> list[dict[str, Any]]:
    return [row for path in sorted(run.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def test_poison_is_recorded_and_the_rest_of_its_unit_is_kept(
    tmp_path: Path, deadly: Path, monkeypatch
) -> None:
    """The document is harmless to this process, where `clean_unit` runs, and kills the children."""
    lay(tmp_path / "in", {1: [7]})
    harmless, run = tmp_path / "harmless", tmp_path / "run"
    recipe = load(tmp_path / "in/recipe.yaml")
    for unit in plan_units(recipe.sources, "", recipe.clean.unit_bytes):
        work = CleanWork(unit, recipe.sources[0], recipe.clean, recipe.pii, recipe.dedup)
        clean_unit(Task(f"part-{unit.number:05d}", "key", str(harmless), "clean", work))
        if unit.number == 1:
            task = Task("part-00001", "key", str(run), "clean", work)
    mark(task)
    monkeypatch.syspath_prepend(str(deadly))  # the path goes on to the children
    clean_unit(task)
    (lost,) = [row for row in rows(run, "clean/removed/*.parquet") if row["rule"] == "crashed"]
    assert (lost["step"], lost["id"], lost["source"]) == ("clean", "1-7", "blog")
    assert (lost["value"], lost["place"]) == (signal.SIGSEGV, "1.jsonl:9")
    assert "<|tel|>" in lost["text"] and "010-1234" not in lost["text"]
    kept = [row for row in rows(harmless, "clean/part-00001.parquet") if row["id"] != "1-7"]
    assert rows(run, "clean/part-00001.parquet") == kept and len(kept) == 11
    receipt = json.loads((run / "clean/receipts/part-00001.json").read_bytes())
    assert receipt["counts"]["removed"] == {"clean/crashed": 1, "read/bad_json": 1}
    assert len(receipt["files"]) == 4 and not list(run.rglob("attempts/*"))


@pytest.mark.slow
def test_with_one_process_the_command_dies_and_the_next_one_goes_on(
    tmp_path: Path, deadly: Path
) -> None:
    """Each poisoned unit costs a command; the bytes are those of a run with two processes."""
    lay(tmp_path / "in", {1: [0, 1], 3: [11]})
    run, other = tmp_path / "run", tmp_path / "other"
    harmless = tmp_path / "harmless"
    assert curate(tmp_path / "in", harmless, 2).returncode == 0
    codes = [curate(tmp_path / "in", run, 1, deadly=deadly).returncode for _ in range(3)]
    assert codes == [-signal.SIGSEGV, -signal.SIGSEGV, 0]
    assert curate(tmp_path / "in", other, 2, deadly=deadly).returncode == 0
    crashed = [row["id"] for row in rows(run, "removed/*.parquet") if row["rule"] == "crashed"]
    assert crashed == ["1-0", "1-1", "3-11"]
    for folder in ("clean", "signatures", "line_hashes", "curated", "removed"):
        for path in sorted((run / folder).rglob("*.parquet")):
            name = path.relative_to(run)
            assert path.read_bytes() == (other / name).read_bytes()
            if folder not in ("curated", "removed") and path.stem in ("part-00000", "part-00002"):
                assert path.read_bytes() == (harmless / name).read_bytes()
    assert Workspace(run).verify()[1] == []


def task_of(root: Path, pattern: str, benchmarks: Any = None, **settings: Any) -> Task:
    """The one unit of some files as a task of a run at `root`."""
    source = Source(name="s", paths=[pattern], **settings)
    (unit,) = plan_units([source], "/", 10**9)
    work = CleanWork(unit, source, Clean(batch_bytes=20_000), Pii(), Dedup(), benchmarks)
    return Task("part-00000", "key", str(root), "clean", work)


def mark(task: Task) -> None:
    with storage.write_atomic(task.path("clean", "attempts", task.unit)) as out:
        out.write(task.key.encode())


def test_careful_work_gives_equal_bytes_and_an_equal_receipt(tmp_path: Path) -> None:
    """With failed rows, removed ones, masks, samples and benchmark hits, over several batches."""
    lay(tmp_path / "in", {0: [3], 2: [5]})  # deadly to nobody here
    item = generate_documents(48, seed=11)[42]["text"]
    index, screen = str(tmp_path / "index.arrow"), Decontaminate()
    build_index(Items(("test",), (Item("test", "0", (item,), ()),)), screen).save(index)
    receipts = []
    for name in ("plain", "careful"):
        task = task_of(
            tmp_path / name,
            f"{tmp_path}/in/*.jsonl",
            (index, screen),
            format="jsonl",
            markup="html",
        )
        if name == "careful":
            mark(task)
        clean_unit(task)
        receipt = json.loads((tmp_path / name / "clean/receipts/part-00000.json").read_bytes())
        assert receipt.pop("seconds") and receipt.pop("stages") and receipt.pop("peak_memory")
        receipts.append(receipt)
    assert receipts[0] == receipts[1]
    assert receipts[0]["facts"]["overlap"] and receipts[0]["counts"]["masked"]["tel"]


def test_a_reader_that_crashes_costs_the_rest_of_its_file(
    tmp_path: Path, deadly: Path, monkeypatch
) -> None:
    monkeypatch.syspath_prepend(str(deadly))  # the path goes on to the children
    texts = [row["text"] for row in generate_documents(3, seed=2)]
    for name, bad in (("a", ""), ("b", "CRASH")):
        records = [page(texts[0]), page(texts[1], bad), page(texts[2])]
        (tmp_path / f"{name}.warc").write_bytes(b"".join(map(response, records)))
    task = task_of(tmp_path / "run", f"{tmp_path}/*.warc", format="warc")
    mark(task)
    clean_unit(task)
    removed = pq.read_table(tmp_path / "run/clean/removed/part-00000.parquet").to_pylist()
    (lost,) = [row for row in removed if row["rule"] == "crashed"]
    assert (lost["step"], lost["place"], lost["value"]) == ("read", "b.warc", signal.SIGSEGV)
    receipt = json.loads((tmp_path / "run/clean/receipts/part-00000.json").read_bytes())
    assert receipt["counts"]["documents_in"] == 3 + 1


def response(body: str) -> bytes:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}".encode()
    kind = "Content-Type: application/http; msgtype=response"
    head = ["WARC/1.0", "WARC-Type: response", kind, f"Content-Length: {len(http)}", "", ""]
    return "\r\n".join(head).encode() + http + b"\r\n\r\n"


KILLER = """
import os, pathlib

class Stages:
    \"\"\"Ends its process over texts that name a signal, but for those that are to live once.\"\"\"

    def __init__(self, once):
        self.once = pathlib.Path(once)

    def treat(self, read):
        texts = read.documents["text"].to_pylist()
        for text in texts:
            if text.isdigit():
                os.kill(os.getpid(), int(text))
            if text == "once" and len(texts) == 1 and not self.once.exists():
                self.once.touch()
                os.kill(os.getpid(), 9)
        return [*texts, *(row["text"] for row in read.failed)]

    def crashed(self, read, signal):
        return [f"lost {signal}"]
"""


@pytest.fixture
def killer(tmp_path: Path, monkeypatch) -> Any:
    (tmp_path / "killer.py").write_text(KILLER)
    monkeypatch.syspath_prepend(str(tmp_path))
    import killer

    yield killer.Stages
    del sys.modules["killer"]


def read_of(*texts: str) -> Read:
    rows = [{"text": text, "place": f"f:{at}"} for at, text in enumerate(texts)]
    return Read(pa.RecordBatch.from_pylist(rows, schema=RAW), [])


def test_a_child_that_somebody_killed_once_costs_no_document(tmp_path: Path, killer) -> None:
    with Careful("clean/part-00000", killer, str(tmp_path / "once"), lost=None) as careful:
        read = read_of("a", "11", "once", "b")
        assert list(chain(*careful.treat(read))) == ["a", "lost 11", "once", "b"]
    assert (tmp_path / "once").exists()


def test_want_of_memory_is_an_error_and_no_empty_corpus(
    tmp_path: Path, killer, monkeypatch
) -> None:
    monkeypatch.setattr("pipeline.careful.MOST_KILLED", 1)
    with (
        Careful("clean/part-00000", killer, str(tmp_path / "once"), lost=None) as careful,
        pytest.raises(MalmoiError, match=r"clean/part-00000: 2 documents were killed.*memory"),
    ):
        list(careful.treat(read_of("9", "9")))


def test_a_mark_goes_with_the_work_and_stays_after_a_death(tmp_path: Path) -> None:
    task = Task("part-00000", "key", str(tmp_path), "clean", None)
    where = tmp_path / "clean/attempts/part-00000"
    with attempt(task) as again:
        assert not again and where.read_text() == "key"
    with pytest.raises(OSError), attempt(task):
        raise OSError
    assert not where.exists()  # what fails with a cause is no poison
    mark(task)
    with pytest.raises(OSError), attempt(task) as again:
        raise OSError
    assert again and where.exists()  # the next attempt is to be careful too
    with attempt(Task("part-00000", "other settings", str(tmp_path), "clean", None)) as again:
        assert not again
    assert not where.exists()


def test_a_finished_unit_is_not_done_again(tmp_path: Path) -> None:
    lay(tmp_path / "in", {})
    task = task_of(tmp_path / "run", f"{tmp_path}/in/0.jsonl", format="jsonl")
    first = unless_done(clean_unit, task)
    assert unless_done(pytest.fail, task) == first and isinstance(first, Finished)
    (tmp_path / "run/signatures/part-00000.parquet").unlink()
    assert unless_done(lambda task: "again", task) == "again"
    other = Task(task.unit, "other", task.root, task.home, task.payload)
    assert unless_done(lambda task: "again", other) == "again"
    assert unless_done(str.upper, "no task") == "NO TASK"
