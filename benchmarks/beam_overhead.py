"""What Beam adds to the bare functions: the clean step as a graph against a loop over its tasks.

    python -m benchmarks.beam_overhead [--mb 64] [--files 16] [--rounds 5] [--json]

Generates `--files` files (`benchmarks/generated.py`) and cleans them in this process, one unit a
file: through `Session.map` on Beam's in-process runner with one worker, and by
`for task in tasks: clean_unit(task)`, in turn. Both go through `Workspace.perform`. Prints seconds
and processor seconds, the least of the rounds after one that compiles, and what Beam adds in %.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from benchmarks.generated import write_corpus
from pipeline.clean import CleanWork, clean_unit
from pipeline.jobs.session import Session
from pipeline.receipts import Task
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.units import plan_units
from pipeline.workspace import Unit, Workspace

Work = Callable[[list[Task]], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mb", type=int, default=64)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = arguments.mb * 10**6
        write_corpus(Path(folder, "corpus"), size, -(-size // arguments.files))
        row = measured(Path(folder), arguments.rounds)
    if arguments.json:
        print(json.dumps(row, indent=1))
        return
    print(f"{'':<12}{'bare':>9}{'Beam':>9}{'added':>9}")
    for name in ("seconds", "cpu_seconds"):
        bare, added = row[f"bare_{name}"], row[f"beam_{name}"]
        print(f"{name:<12}{bare:>9.2f}{added:>9.2f}{row[f'added_{name}'] * 100:>8.1f}%")


def measured(folder: Path, rounds: int) -> dict[str, Any]:
    options = PipelineOptions(["--runner=FnApiRunner"])
    session = Session(lambda: beam.Pipeline(options=options), workers=1)
    ways: dict[str, Work] = {
        "bare": lambda tasks: [clean_unit(task) for task in tasks],
        "beam": lambda tasks: session.map("clean units", clean_unit, tasks),
    }
    source = Source(name="web", paths=[str(folder / "corpus" / "*.jsonl.zst")])
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        order = list(ways.items())
        for name, work in order if turn % 2 else reversed(order):
            times[name].append(once(folder / "run", source, work))
    least = {
        name: [min(column) for column in zip(*of[1:], strict=True)] for name, of in times.items()
    }
    row: dict[str, Any] = {"rounds": rounds}
    for place, name in enumerate(("seconds", "cpu_seconds")):
        bare, through = least["bare"][place], least["beam"][place]
        row[f"bare_{name}"], row[f"beam_{name}"] = round(bare, 3), round(through, 3)
        row[f"added_{name}"] = round(through / bare - 1, 4)
    return row


def once(run: Path, source: Source, work: Work) -> tuple[float, float]:
    """Seconds and processor seconds of the clean step over the corpus."""
    units = []
    for unit in plan_units([source], "", 1):
        payload = CleanWork(unit, source, Clean(), Pii(), Dedup())
        units.append(Unit(f"part-{unit.number:05d}", unit.number, payload))
    began, spent = time.perf_counter(), time.process_time()
    Workspace(run).perform("clean", settings={}, units=units, work=work)
    seconds = time.perf_counter() - began, time.process_time() - spent
    shutil.rmtree(run)
    return seconds


if __name__ == "__main__":
    main()
