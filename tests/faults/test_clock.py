"""A clock that jumps, by hours and both ways, at every look: the same bytes, and no error."""

import os
import random
import time
from pathlib import Path

import pytest

from pipeline.recipe import load
from pipeline.sources.units import fingerprint, plan_units
from pipeline.workspace import Workspace

HOURS = 3600.0


# Beam sweeps its caches by the clock, in threads that may then come too late
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path, do, equal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With finished units whose files lie far in the future, or in 1970, half way."""
    run, rng = tmp_path / "run", random.Random(1)
    true = time.time
    looks = 0

    def jumping() -> float:
        nonlocal looks
        looks += 1
        return true() + rng.uniform(-50, 50) * HOURS

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(time, "time_ns", lambda: int(jumping() * 1e9))
    do(run, "curate")
    for path in [*run.rglob("*.parquet"), *run.rglob("*.json")]:
        moment = rng.choice([0.0, true() + 1e8])
        os.utime(path, (moment, moment))
    (run / "curated" / "manifest.json").unlink()
    next((run / "curated" / "receipts").iterdir()).unlink()
    do(run)
    assert looks > 0
    monkeypatch.undo()
    equal(run)
    assert Workspace(run).verify()[1] == []


def test_sources_of_the_future_are_read_and_not_read_again(
    tmp_path: Path, tiny: Path, do, whole: Path
) -> None:
    """A source's time stands for its content; whether it lies before or after now has no say."""
    recipe = load(tiny)
    first = [fingerprint(unit) for unit in plan_units(recipe.sources, "", 40_000)]
    source = tiny.parent / "blog-0.jsonl"
    was = source.stat()
    try:
        future = was.st_mtime_ns + 10**18
        os.utime(source, ns=(future, future))
        moved = [fingerprint(unit) for unit in plan_units(recipe.sources, "", 40_000)]
        assert [old == new for old, new in zip(first, moved, strict=True)] == [False] + [True] * 5
        again = [fingerprint(unit) for unit in plan_units(recipe.sources, "", 40_000)]
        assert moved == again
    finally:
        os.utime(source, ns=(was.st_atime_ns, was.st_mtime_ns))
