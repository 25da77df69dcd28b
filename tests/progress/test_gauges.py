"""What gauges see of a step, and what is told from it of speed and time left."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.counts import Counts
from pipeline.progress import Files, Pace, Parts, Passes, Receipts, Seen, Steps, in_words
from pipeline.receipts import Task
from pipeline.status import Plan
from pipeline.way import STEPS


def finish(root: Path, unit: str, *counts: int) -> None:
    made = Counts(*counts)
    made.removed["clean/too_short"] = made.documents_in - made.documents_out
    Task(unit, "key", str(root), "clean", None).finish({}, made)


def test_units_are_seen_by_their_receipts_and_weighed_by_their_bytes(tmp_path: Path) -> None:
    finish(tmp_path, "c", 7, 7, 7, 7)  # of an earlier command: it counts when it is done anew
    sizes = {"a": 300, "b": 100, "c": 600}
    gauge = Receipts(
        str(tmp_path), STEPS["clean"], Plan.made(str(tmp_path), STEPS["clean"], sizes, 2)
    )
    pace = Pace(gauge)
    assert gauge() == Seen(0.0, "0/3 units", 0, 0, 0)
    told = pace.told(gauge(), 5.0)
    assert told == {"done": "0/3 units", "seconds": 5.0, "share": 0.0}
    finish(tmp_path, "a", 100, 80, 9_000_000, 8_000_000)
    assert gauge() == Seen(0.3, "1/3 units", 100, 9_000_000, 20)
    told = pace.told(gauge(), 6.0)
    assert told["seconds_left"] == pytest.approx(14.0) and told["removed_share"] == 0.2
    assert told["mb_per_second"] == 1.5 and told["documents_per_second"] == pytest.approx(16.7)
    assert in_words(told) == (
        "1/3 units, 9.0 MB, 1.5 MB/s, 17 documents/s, 20.0% removed, 14.0 s left"
    )
    finish(tmp_path, "b", 100, 100, 1_000_000, 1_000_000)
    assert gauge() == Seen(0.4, "2/3 units", 200, 10_000_000, 20)


def test_units_without_a_size_count_alike_and_one_alone_tells_nothing(tmp_path: Path) -> None:
    root, step = str(tmp_path), STEPS["clean"]
    gauge = Receipts(root, step, Plan.made(root, step, {"a": 0, "b": 5}, 0))
    finish(tmp_path, "b", 1, 1, 1, 1)
    assert gauge().share == 0.5
    alone = Receipts(root, step, Plan.made(root, step, {"x": 9}, 0))
    assert alone() == Seen(None, "0/1 units", 0, 0, 0)
    finish(tmp_path, "x", 1, 1, 1, 1)
    assert alone().share == 1.0


def test_files_of_a_pass_and_what_an_earlier_command_left(tmp_path: Path) -> None:
    sizes = {"0.arrow": 100, "1.arrow": 300}
    gauge = Files(str(tmp_path / "scratch"), sizes, documents=1_000, n_bytes=8_000_000)
    assert gauge() == Seen(0.0, "0/2 shards")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "0.arrow").touch()
    (tmp_path / "scratch" / "other").touch()
    pace = Pace(gauge)
    assert gauge() == Seen(0.25, "1/2 shards", 250, 2_000_000)
    assert "seconds_left" not in pace.told(gauge(), 3.0)  # nothing was done since it began
    assert "mb_per_second" not in pace.told(gauge(), 3.0)
    (tmp_path / "scratch" / "1.arrow").touch()
    told = pace.told(gauge(), 3.0)
    assert told["mb_per_second"] == 2.0 and told["seconds_left"] == 0.0


def test_passes_and_parts() -> None:
    passes = Passes(["exact", "lines"], 100, 1_000)
    assert passes() == Seen(0.0, "pass 1/2 exact")
    passes.done += 1
    assert passes() == Seen(0.5, "pass 2/2 lines", 50, 500)
    passes.done += 1
    assert passes().share == 1.0
    parts = Parts("counts")
    assert parts() == Seen(None, words="counts")
    parts.tell("morphemes", 200, 800, "eojeol")
    assert parts() == Seen(0.25, "200/800 eojeol", words="morphemes")
    assert in_words({"seconds": 61.0}) == "after 1 min 1 s"


def test_training_is_seen_by_its_last_whole_line(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    gauge = Steps(metrics, 200)
    assert gauge() == Seen(0.0, "0/200 steps")
    lines = [{"step": 0, "validation_bpb": 2.0}, {"step": 50, "loss": 3.25, "tokens_per_s": 1234.5}]
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 51, "lo')
    assert gauge() == Seen(0.25, "50/200 steps", words="loss 3.250, 1,234 tokens/s")
    metrics.write_text('{"step": 3, "loss": null}\n')
    assert gauge() == Seen(0.015, "3/200 steps")


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 1e6))
def test_time_left_is_of_what_was_done_since(first: float, share: float, seconds: float) -> None:
    pace = Pace(lambda: Seen(first))
    told = pace.told(Seen(share), seconds)
    if share <= first:
        assert "seconds_left" not in told
    else:
        assert 0 <= told["seconds_left"] <= seconds / (share - first) + 1
