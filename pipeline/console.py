"""What a person sees while a command runs, and the log of it: progress, a line a step, tables."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline import storage
from pipeline.receipts import Task
from pipeline.workspace import Outcome, Step, Workspace

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)


class Follower:
    """Follows a workspace: a progress bar on a terminal, a line a step, `logs/run.jsonl`."""

    def __init__(self, root: str, quiet: bool = False):
        self.root, self.quiet = root, quiet
        self.outcomes: dict[str, Outcome] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def attach(self, workspace: Workspace) -> Workspace:
        workspace.on_begin, workspace.on_end = self.begin, self.end
        return workspace

    def begin(self, step: Step, pending: list[Task], reused: int) -> None:
        self._log(
            {"event": "begin", "step": step.name, "units": len(pending), "units_reused": reused}
        )
        if pending and not self.quiet and stderr.is_terminal:
            self._stop.clear()
            self._thread = threading.Thread(target=self._watch, args=(step, pending), daemon=True)
            self._thread.start()

    def end(self, step: Step, outcome: Outcome) -> None:
        self._halt()
        self.outcomes[step.name] = outcome
        manifest = outcome.manifest
        self._log(
            {
                "event": "skip" if outcome.skipped else "end",
                "step": step.name,
                "seconds": manifest["seconds"],
                "counts": manifest["counts"],
            }
        )
        if not self.quiet:
            stderr.print(summary_line(step, outcome), soft_wrap=True)

    def close(self) -> None:
        """Stop following; after a failure too."""
        self._halt()

    def _halt(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _watch(self, step: Step, pending: list[Task]) -> None:
        """Count receipts: it works on every runner, for they are files."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        receipts = storage.join(self.root, step.home, "receipts")
        wanted = {f"{task.unit}.json" for task in pending}
        begun = time.time_ns()
        with Progress(*columns, console=stderr, transient=True) as progress:
            bar = progress.add_task(f"{step.name:<9}", total=len(pending))
            while not self._stop.wait(0.5):
                done = sum(
                    info.mtime_ns >= begun and Path(info.uri).name in wanted
                    for info in storage.list_files(receipts)
                )
                progress.update(bar, completed=done)

    def _log(self, event: Mapping[str, Any]) -> None:
        line = json.dumps({"time": round(time.time(), 3), **event}, ensure_ascii=False)
        if "://" not in self.root:
            path = Path(self.root, "logs", "run.jsonl")
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as log:
                log.write(line + "\n")


def summary_line(step: Step, outcome: Outcome) -> str:
    """`clean      2,560 -> 2,411 documents, 12.1 MB in 3.2 s` and the like."""
    manifest = outcome.manifest
    counts = manifest["counts"]
    parts = []
    if counts["documents_in"]:
        parts.append(f"{counts['documents_in']:,} -> {counts['documents_out']:,} documents")
        parts.append(f"{counts['bytes_in'] / 1e6:,.1f} -> {counts['bytes_out'] / 1e6:,.1f} MB")
    parts += [f"{name} {value}" for name, value in _headline(step, manifest).items()]
    if outcome.skipped:
        parts.append("[dim]unchanged, skipped[/dim]")
    else:
        parts.append(f"{manifest['seconds']:,.1f} s")
        if outcome.units_reused:
            parts.append(f"{outcome.units_reused} finished units reused")
    return f"{step.name:<10}{', '.join(parts)}"


def _headline(step: Step, manifest: Mapping[str, Any]) -> dict[str, str]:
    facts = manifest["facts"]
    if step.name == "count":
        return {"distinct eojeol": f"{sum(part['distinct_kept'] for part in facts.values()):,}"}
    if step.name == "tokenize":
        splits = [split for part in facts.values() for split in part.values()]
        return {"tokens": f"{sum(split['tokens'] for split in splits):,}"}
    return {}


def table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A table with its numbers to the right."""
    made = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )
    for at, name in enumerate(header):
        made.add_column(name, justify="left" if at == 0 else "right", overflow="fold")
    for row in rows:
        made.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    return made


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    json.dump(data, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def print_figures(report: Mapping[str, Any]) -> None:
    """The funnel and what was made of it, as tables on standard output."""
    rows = [
        (
            f"{row['step']} {row['source']}",
            row["documents_in"],
            row["documents_out"],
            f"{row['bytes_in'] / 1e6:,.2f}",
            f"{row['bytes_out'] / 1e6:,.2f}",
        )
        for row in report["funnel"]
    ]
    header = ("funnel", "documents in", "out", "MB in", "MB out")
    stdout.print(table("", header, rows))
    totals = Counter[str]()
    for row in report["reasons"]:
        totals[f"{row['step']}/{row['rule']}"] += row["documents"]
    if totals:
        stdout.print(table("", ("removed because", "documents"), totals.most_common()))
    if report["pii"]:
        stdout.print(table("", ("masked", "values"), report["pii"].items()))
    if report["tokens"]:
        shards = [
            (
                f"{row['split']} {row['source']}",
                row["documents"],
                row["tokens"],
                f"{row['bytes'] / max(row['tokens'], 1):.2f}",
            )
            for row in report["tokens"]
        ]
        stdout.print(table("", ("tokens", "documents", "tokens", "bytes per token"), shards))
    if report["training"]:
        stdout.print(table("", ("training", ""), _shown(report["training"]["summary"])))


def print_evaluation(figures: Mapping[str, Any]) -> None:
    stdout.print(table("", ("validation", ""), _shown(figures)))


def _shown(figures: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _shown({f"{name} {key}": item for key, item in value.items()})
        elif value is not None:
            yield name.replace("_", " "), f"{value:,.4g}" if isinstance(value, float) else value
