"""What a person sees while a command runs, and the log of it: progress, a line a step, tables."""

import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.logs import RunLog, holder, ours, told
from pipeline.receipts import Task
from pipeline.status import Plan
from pipeline.way import Step
from pipeline.workspace import Outcome, Workspace

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)


SHORTEST, LONGEST = 0.5, 30.0
"""Seconds between two looks at the receipts."""


class Warnings(logging.Handler):
    """Shows a person, once, what our own modules warn of; the log alone has what others do."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.addFilter(ours)
        self._shown = set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said not in self._shown:
            self._shown.add(said)
            stderr.print(f"malmoi: {said}", markup=False, soft_wrap=True)


class Follower:
    """Follows a workspace: a progress bar on a terminal, a line a step, the run's log."""

    def __init__(self, root: str, quiet: bool = False):
        self.root, self.quiet = root, quiet
        self.outcomes: dict[str, Outcome] = {}
        self.log = RunLog(root)
        self._warnings = Warnings()
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def attach(self, workspace: Workspace) -> Workspace:
        workspace.on_begin, workspace.on_end = self.begin, self.end
        self.log.attach()
        logging.getLogger().addHandler(self._warnings)
        self.log.event("command", command=" ".join(sys.argv[1:2]), **holder())
        return workspace

    def begin(self, step: Step, pending: list[Task], reused: int) -> None:
        plan = Plan.made(self.root, step, [task.unit for task in pending], reused)
        self.log.event("begin", step=step.name, units=len(pending), units_reused=reused)
        if pending and not self.quiet and stderr.is_terminal:
            self._stop.clear()
            self._thread = threading.Thread(target=self._watch, args=(step, plan), daemon=True)
            self._thread.start()

    def end(self, step: Step, outcome: Outcome) -> None:
        self._halt()
        self.outcomes[step.name] = outcome
        manifest = outcome.manifest
        self.log.event(
            "skip" if outcome.skipped else "end",
            step=step.name,
            seconds=manifest["seconds"],
            counts=manifest["counts"],
        )
        if not self.quiet:
            stderr.print(summary_line(step, outcome), soft_wrap=True)

    def close(self, error: BaseException | None = None) -> None:
        """Stop following, and log how the command ended: in a `finally`, with what is raised."""
        self._halt()
        error = error or sys.exc_info()[1]
        seconds = round(time.monotonic() - self._begun, 3)
        if error is None:
            self.log.event("finished", seconds=seconds)
        elif isinstance(error, Exception):
            self.log.event("failed", "error", seconds=seconds, **told(error))
        else:  # interrupted
            self.log.event("stopped", "warning", seconds=seconds, error=type(error).__name__)
        self.log.detach()
        logging.getLogger().removeHandler(self._warnings)

    def _halt(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _watch(self, step: Step, plan: Plan) -> None:
        """Count receipts: it works on every runner, for they are files.

        A look may take a twentieth of the time, however long the store needs to list.
        """
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        pause = SHORTEST
        with Progress(*columns, console=stderr, transient=True) as progress:
            bar = progress.add_task(f"{step.name:<9}", total=len(plan.pending))
            while not self._stop.wait(pause):
                looked = time.monotonic()
                with suppress(OSError):  # a store out of reach for a moment stops no bar
                    progress.update(bar, completed=len(plan.done(self.root, step)))
                pause = min(max(SHORTEST, 20 * (time.monotonic() - looked)), LONGEST)


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
        print_tokens(report["tokens"])
    if report["training"]:
        stdout.print(table("", ("training", ""), _shown(report["training"]["summary"])))


def print_tokens(rows: Iterable[Mapping[str, Any]]) -> None:
    """Tokens of each split and source, as a table on standard output."""
    shown = [
        (
            f"{row['split']} {row['source']}",
            row["documents"],
            row["tokens"],
            f"{row['bytes'] / max(row['tokens'], 1):.2f}",
        )
        for row in rows
    ]
    stdout.print(table("", ("tokens", "documents", "tokens", "bytes per token"), shown))


def print_evaluation(figures: Mapping[str, Any]) -> None:
    stdout.print(table("", ("validation", ""), _shown(figures)))


def _shown(figures: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _shown({f"{name} {key}": item for key, item in value.items()})
        elif value is not None:
            yield name.replace("_", " "), f"{value:,.4g}" if isinstance(value, float) else value


def print_status(status: Mapping[str, Any]) -> None:
    """What `status.collect` gives, as a table on standard output."""
    rows = []
    for step in status["steps"]:
        units = f"{step['units_done']:,}/{step['units']:,}" if "units" in step else ""
        seen, n_bytes = step.get("documents_in"), step.get("bytes_in")
        removed = next(iter(step.get("removed", {}).items()), None)
        rows.append(
            (
                step["step"],
                step["state"],
                units,
                f"{seen:,}" if seen else "",
                f"{step['documents_out']:,}" if seen else "",
                f"{n_bytes / 1e6:,.1f}" if n_bytes else "",
                f"{step['mb_per_second']:,.2f}" if step.get("mb_per_second") else "",
                duration(step.get("seconds")),
                duration(step.get("seconds_left")) if step["state"] == "running" else "",
                f"{removed[0]} {removed[1]:,}" if removed else "",
            )
        )
    header = (
        "step",
        "",
        "units",
        "documents",
        "kept",
        "MB",
        "MB/s",
        "time",
        "left",
        "removed most",
    )
    stdout.print(table(f"{status['name']}  {status['run']}", header, rows))
    for step in status["steps"]:
        if step["state"] in ("done", "waiting", "off", "earlier"):
            continue
        if step.get("stages"):
            stdout.print(f"{step['step']}: done {', '.join(step['stages'])}")
        if step.get("at_work"):
            stdout.print(f"{step['step']}: at work on {shortened(step['at_work'])}")
        for failed in step.get("failed", ()):
            says = f"{failed['error']} {failed.get('message', '')}".strip()
            stdout.print(f"{failed['step']}/{failed['unit']} failed: {says}", markup=False)
    if command := status["command"]:
        stdout.print(
            f"malmoi {command['command']}: {command['state']}, process {command['process']} on "
            f"{command['machine']} since {command['since']}, last word {command['last']}",
            markup=False,
        )
    if error := status["error"]:
        says = f"{error.get('error', '')} {error.get('message', '')}".strip()
        stdout.print(f"last error {error['time']}: {says}", markup=False, soft_wrap=True)


def shortened(names: Sequence[str], most: int = 8) -> str:
    """`a, b, c and 5 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def duration(seconds: float | None) -> str:
    """`3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
