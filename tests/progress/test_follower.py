"""How a command speaks while it works: a bar, lines, nothing, or JSON lines."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Malmoi = Callable[..., subprocess.CompletedProcess[str]]

COMMAND = """
import sys, time
from pipeline import follower, screen
from pipeline.counts import Counts
from pipeline.progress import Passes
from pipeline.workspace import Unit, Workspace

follower.SHORTEST, follower.FIRST_LINE, follower.LINES = 0.02, 0.02, 0.02
screen.voice.quiet, screen.voice.json = "quiet" in sys.argv, "json" in sys.argv
workspace = Workspace(sys.argv[1])

class Counted(follower.Follower):
    looks = 0

    def _look(self):
        seen = super()._look()
        self.looks += 1
        return seen

follow = Counted(workspace.root)
follow.attach(workspace)

def until_seen():
    before = follow.looks
    while not screen.voice.quiet and follow.looks < before + 2:  # one may have begun before
        time.sleep(0.01)

def work(tasks):
    for task in tasks:
        until_seen()
        counts = Counts(10, 9, 2_000_000, 1_800_000)
        counts.removed["clean/too_short"] = 1
        task.finish({}, counts, source="a")
    until_seen()
    passes = Passes(["exact", "lines"], 40, 8_000_000)
    workspace.on_part(passes)
    for _ in range(2):
        until_seen()
        passes.done += 1

try:
    units = [Unit(f"part-{n}", n, size=100) for n in range(4)]
    workspace.perform("clean", settings=1, units=units, work=work)
finally:
    follow.close()
"""


def run(root: Path, *how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, str(root), *how]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    return result


def on_a_terminal(command: list[str]) -> str:
    """What a command writes to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    shown = bytearray()
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(60) == 0, shown.decode()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    shown = on_a_terminal([sys.executable, "-c", COMMAND, str(tmp_path)])
    assert "━" in shown and "\r" in shown
    assert re.search(r"clean +━+ +0% 0/4 units, after ", shown)
    assert re.search(
        r"clean +[━╸╺]+ +50% 2/4 units, 4\.0 MB, [\d.]+ MB/s, \d+ documents/s, ", shown
    )
    assert "10.0% removed" in shown and re.search(r"[\d.]+ s left", shown)
    assert "pass 2/2 lines" in shown
    assert shown.rstrip().splitlines()[-1].strip().startswith("clean     40 -> 36 documents")


def test_plain_lines_without_a_terminal(tmp_path: Path) -> None:
    lines = run(tmp_path).stderr.splitlines()
    assert len(lines) > 4 and all(line.startswith("clean     ") for line in lines)
    assert not any("\x1b" in line or "\r" in line or "━" in line for line in lines)
    assert re.fullmatch(r"clean     0/4 units, after [\d.]+ s", lines[0])
    pattern = (
        r"clean     3/4 units, 6\.0 MB, [\d.]+ MB/s, \d+ documents/s, 10\.0% removed, [\d.]+ s left"
    )
    assert any(re.fullmatch(pattern, line) for line in lines)
    assert lines[-1].startswith("clean     40 -> 36 documents, 8.0 -> 7.2 MB, ")


def test_quiet_is_silent(tmp_path: Path) -> None:
    assert run(tmp_path, "quiet").stderr == ""
    assert (tmp_path / "logs" / "run.jsonl").stat().st_size


def test_json_lines(tmp_path: Path) -> None:
    told = [json.loads(line) for line in run(tmp_path, "json").stderr.splitlines()]
    events = [line["event"] for line in told]
    assert events[:2] == ["command", "begin"] and events[-2:] == ["end", "finished"]
    assert all({"time", "level", "event"} <= line.keys() for line in told)
    progress = [line for line in told if line["event"] == "progress"]
    assert "seconds_left" not in progress[0] and progress[0]["step"] == "clean"
    half = next(line for line in progress if line.get("share") == 0.5)
    assert half["done"] == "2/4 units" and half["mb"] == 4.0 and half["removed_share"] == 0.1
    assert half["documents"] == 20 and half["seconds_left"] > 0
    logged = (tmp_path / "logs" / "run.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in logged] == [x for x in told if x["event"] != "progress"]


@pytest.fixture
def recipe(tmp_path: Path, corpus: Path) -> Path:
    text = (corpus / "recipe.yaml").read_text()
    text = text.replace('["', f'["{corpus}/').replace("unit_bytes: 4000", "unit_bytes: 40000")
    (tmp_path / "recipe.yaml").write_text(text)
    return tmp_path / "recipe.yaml"


def test_commands_take_both_options(recipe: Path, malmoi: Malmoi) -> None:
    out = ("--out", recipe.parent / "run", "--workers", 1)
    quiet = malmoi("curate", recipe, *out, "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    as_json = malmoi("curate", recipe, *out, "--quiet", "--json")
    assert json.loads(as_json.stdout)["funnel"] and as_json.stderr == ""
    told = malmoi("count", recipe, *out, "--json-logs").stderr.splitlines()
    assert [json.loads(line)["event"] for line in told] == ["command", "begin", "end", "finished"]


def test_errors_are_told_by_every_command_in_its_way(recipe: Path, malmoi: Malmoi) -> None:
    out = ("--out", recipe.parent / "run")
    quiet = malmoi("tokenizer", recipe, *out, "--quiet", code=1)
    assert "malmoi count" in quiet.stderr and quiet.stdout == ""
    told = [
        json.loads(line)
        for line in malmoi("tokenizer", recipe, *out, "--json-logs", code=1).stderr.splitlines()
    ]
    assert [line["event"] for line in told] == ["command", "failed", "said"]
    assert told[-1]["level"] == "error" and "malmoi count" in told[-1]["message"]
    recipe.write_text("sources: []")
    (said,) = malmoi("count", recipe, *out, "--json-logs", code=2).stderr.splitlines()
    assert json.loads(said)["level"] == "error" and "sources" in json.loads(said)["message"]


WHOLE = """
import sys
from pipeline import follower
follower.FIRST_LINE = follower.LINES = 0.01
import beam_runner
sys.argv = ["malmoi", *sys.argv[1:]]
beam_runner.main()
"""


@pytest.mark.slow
def test_every_long_step_tells_of_itself(recipe: Path) -> None:
    out = ("--out", str(recipe.parent / "run"), "--workers", "2", "--json-logs")
    result: Any = subprocess.run(
        [sys.executable, "-c", WHOLE, "run", str(recipe), *out],
        capture_output=True,
        text=True,
        timeout=500,
    )
    told = [json.loads(line) for line in result.stderr.splitlines()]  # nothing else is there
    assert result.returncode == 0
    done: dict[str, list[str]] = {}
    for line in told:
        if line["event"] == "progress":
            done.setdefault(line["step"], []).append(line.get("done", ""))
    assert re.fullmatch(r"\d+/\d+ units", done["clean"][-1])
    assert any(text.startswith("pass 3/") for text in done["dedup"])
    assert any("shards" in text for text in done["count"])
    assert any("shards" in text for text in done["tokenize"])
    assert any("eojeol, morphemes" in text for text in done["tokenizer"])
    assert any(re.match(r"[1-8]/8 steps, loss ", text) for text in done["train"])
    assert done["export"] and done["assemble"]
