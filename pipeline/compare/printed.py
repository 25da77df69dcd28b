"""The comparison as a few tables on standard output."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from pipeline import console
from pipeline.compare.documents import GAINED, LOST, ONLY_A, ONLY_B, OTHERWISE, REWRITTEN
from pipeline.compare.figures import setting
from pipeline.compare.page import TITLES, signed

MOST = 12
"""Rows of a table that are printed; the page and `--json` have all."""

SETTING_CHARS = 60
"""Of a setting's value."""


def print_comparison(figures: Mapping[str, Any]) -> None:
    """Print what `figures.compare` gives."""
    _say(f"A: {figures['a']['run']} ({figures['a']['name']})")
    _say(f"B: {figures['b']['run']} ({figures['b']['name']})")
    for note in figures["notes"]:
        _say(note)
    rows = [(row["key"], *(_shortened(row[side]) for side in "ab")) for row in figures["recipe"]]
    _table("recipe", ("setting", "A", "B"), rows)
    _table("funnel", ("documents out", "A", "B", "difference"), _funnel(figures["funnel"]))
    reasons = sorted(figures["reasons"], key=lambda row: -abs(row["b"] - row["a"]))
    rules = [
        (f"{row['step']}/{row['rule']} {row['source']}", row["a"], row["b"], row["b"] - row["a"])
        for row in reasons
        if row["a"] != row["b"]
    ]
    _table("", ("removed because", "A", "B", "difference"), _signed(rules))
    _table("", ("documents", ""), _documents(figures["documents"]))
    _table("", ("changed", "by", "documents"), _changes(figures["changes"]))
    if figures["tokens"]:
        _table("", ("tokens", "A", "B", "difference"), _tokens(figures["tokens"]))


def _say(line: str) -> None:
    console.stdout.print(line, markup=False, emoji=False, soft_wrap=True)


def _table(title: str, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    cells = [[escape(one) if isinstance(one, str) else one for one in row] for row in rows[:MOST]]
    console.stdout.print(console.table("", (title or header[0], *header[1:]), cells))
    if len(rows) > MOST:
        _say(f"and {len(rows) - MOST:,} more rows")


def _shortened(value: Any) -> str:
    written = setting(value)
    return written if len(written) <= SETTING_CHARS else f"{written[: SETTING_CHARS - 1]}…"


def _signed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*row[:-1], signed(row[-1])) for row in rows]


def _funnel(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """All sources of a step together, then those that differ."""
    told: list[tuple[Any, ...]] = []
    for step in dict.fromkeys(row["step"] for row in rows):
        own = [row for row in rows if row["step"] == step]
        counts = [
            (
                row["source"],
                *((row[side] or {"documents_out": 0})["documents_out"] for side in "ab"),
            )
            for row in own
        ]
        a, b = (sum(row[side] for row in counts) for side in (1, 2))
        told.append((f"{step} all", a, b, b - a))
        told += [(f"{step} {name}", x, y, y - x) for name, x, y in counts if x != y]
    return _signed(told)


def _documents(found: Mapping[str, Any]) -> list[tuple[str, int]]:
    rows = [
        ("kept in both", found["kept_in_both"]),
        *((TITLES[name].lower(), found[name]) for name in (REWRITTEN, LOST, GAINED)),
        ("removed in both", found["removed_in_both"]),
        (TITLES[OTHERWISE].lower(), found[OTHERWISE]),
    ]
    for name in (ONLY_A, ONLY_B):
        rows += [(f"{TITLES[name].lower()}, {what}", found[name][what]) for what in found[name]]
    for what in ("without_id", "repeated_ids"):
        rows += [(f"{what.replace('_', ' ')}, {side}", found[what][side]) for side in "ab"]
    return [(name, count) for name, count in rows if count or name.startswith("kept")]


def _changes(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            f"{TITLES[row['change']].lower()}, {row['source']}",
            "/".join(filter(None, (row["step"], row["rule"]))),
            row["documents"],
        )
        for row in rows
    ]


def _tokens(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    none = {"tokens": 0}
    return _signed(
        [
            (f"{row['split']} {row['source']}", a, b, b - a)
            for row in rows
            for a, b in [((row["a"] or none)["tokens"], (row["b"] or none)["tokens"])]
        ]
    )
