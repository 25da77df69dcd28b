"""What commands print: figures as tables, or as JSON."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from pipeline.follower import Follower as Follower
from pipeline.follower import Warnings as Warnings
from pipeline.screen import duration as duration
from pipeline.screen import stderr as stderr
from pipeline.screen import stdout as stdout


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
