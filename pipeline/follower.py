"""Follows the command that holds a run: a bar or lines for a person, the run's log, JSON lines."""

import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from pipeline import screen
from pipeline.logs import RunLog, holder, line, ours, told
from pipeline.progress import Figures, Gauge, Pace, Receipts, in_words
from pipeline.receipts import Task
from pipeline.status import Plan
from pipeline.way import Step
from pipeline.workspace import Outcome, Workspace

SHORTEST, LONGEST = 0.5, 30.0
"""Seconds between two looks at the files of a step."""
FIRST_LINE, LINES = 10.0, 30.0
"""Seconds before the first line of progress where there is no terminal, and between two."""

FOLLOWED = "MALMOI_FOLLOWED"
"""Set in the environment while a command shows its own progress: the trainer then shows none."""


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
            screen.complain(said, "warning")


class Follower:
    """Follows a workspace: progress, a line a step, the run's log.

    On a terminal there is a bar, else a line now and then; `quiet` shows neither. With JSON lines
    (`screen.voice.json`) standard error has the log's own lines, and `progress` ones.
    """

    def __init__(self, root: str, quiet: bool = False):
        self.root = root
        self.quiet = quiet or screen.voice.quiet
        self.outcomes: dict[str, Outcome] = {}
        self.log = RunLog(root, screen.put_json if screen.voice.json and not quiet else None)
        self._warnings = Warnings()
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._receipts: Gauge | None = None  # of the step that is being done, if it is shown
        self._pace: Pace | None = None

    def attach(self, workspace: Workspace) -> Workspace:
        workspace.on_begin, workspace.on_end = self.begin, self.end
        workspace.on_part = self.part
        self.log.attach()
        if not screen.voice.json:
            logging.getLogger().addHandler(self._warnings)
        os.environ[FOLLOWED] = "1"
        self.log.event("command", command=" ".join(sys.argv[1:2]), **holder())
        return workspace

    def begin(self, step: Step, pending: list[Task], reused: int) -> None:
        sizes = {task.unit: task.size for task in pending}
        plan = Plan.made(self.root, step, sizes, reused)
        self.log.event("begin", step=step.name, units=len(pending), units_reused=reused)
        self._receipts = self._pace = None
        if not pending or (self.quiet and not screen.voice.json):
            return
        self._receipts = Receipts(self.root, step, plan)
        self.part(None)
        self._stop.clear()
        watch = self._lines if screen.voice.json or not screen.stderr.is_terminal else self._bar
        self._thread = threading.Thread(target=watch, args=(step,), daemon=True)
        self._thread.start()

    def part(self, gauge: Gauge | None) -> None:
        """A part of the step begins, which is seen by `gauge`; None: by receipts."""
        gauge = gauge or self._receipts
        if gauge is not None and self._receipts is not None:
            with suppress(OSError):
                self._pace = Pace(gauge)

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
        if not self.quiet and not screen.voice.json:
            screen.stderr.print(summary_line(step, outcome), soft_wrap=True)

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
        os.environ.pop(FOLLOWED, None)

    def _halt(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _look(self) -> Figures | None:
        """What is to be told of the step now; None where the store is out of reach for a moment."""
        with suppress(OSError):
            return self._pace.look() if self._pace else None
        return None

    def _bar(self, step: Step) -> None:
        """A bar on the terminal.

        A look may take a twentieth of the time, however long the store needs to list.
        """
        columns = (
            TextColumn("{task.description}"),
            BarColumn(20),
            TaskProgressColumn(),
            TextColumn("{task.fields[words]}"),
        )
        with Progress(*columns, console=screen.stderr, transient=True) as progress:
            bar: TaskID = progress.add_task(f"{step.name:<9}", total=None, words="")
            pause = 0.0
            while not self._stop.wait(pause):
                looked = time.monotonic()
                if (seen := self._look()) is not None:
                    total = 1.0 if "share" in seen else None
                    shown = {"total": total, "completed": seen.get("share", 0.0)}
                    progress.update(bar, **shown, words=in_words(seen), refresh=True)
                pause = min(max(SHORTEST, 20 * (time.monotonic() - looked)), LONGEST)

    def _lines(self, step: Step) -> None:
        """A line now and then, for a log file; with JSON lines an event `progress`."""
        pause = FIRST_LINE
        while not self._stop.wait(pause):
            pause = LINES
            seen = self._look()
            if seen is None:
                continue
            if screen.voice.json:
                screen.put_json(orjson.dumps(line("progress", step=step.name, **seen)).decode())
            else:
                screen.stderr.print(
                    f"{step.name:<10}{in_words(seen)}", markup=False, soft_wrap=True
                )


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
