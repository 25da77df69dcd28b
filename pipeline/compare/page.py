"""The comparison as one HTML file that needs nothing else, in the style of the report."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline import report
from pipeline.compare.documents import GAINED, LOST, ONLY_A, ONLY_B, OTHERWISE, REWRITTEN
from pipeline.compare.figures import setting
from pipeline.report import charts
from pipeline.report.formats import environment, number, size

Rows = list[dict[str, Any]]

_REPORT = Path(report.__path__[0])

TITLES = {
    LOST: "Kept in A, removed in B",
    GAINED: "Removed in A, kept in B",
    REWRITTEN: "Kept in both, with other texts",
    OTHERWISE: "Removed in both, by different rules",
    ONLY_A: "In the input of A alone",
    ONLY_B: "In the input of B alone",
}


def render(figures: Mapping[str, Any]) -> str:
    """The page of what `figures.compare` gives; equal figures give equal bytes."""
    pages = environment(Path(__file__).parent)
    pages.filters |= {"signed": signed, "setting": setting}
    funnel = figures["funnel"]
    return pages.get_template("compare.html.j2").render(
        style=Markup((_REPORT / "page.css").read_text("utf-8")),  # the report's own
        a=figures["a"],
        b=figures["b"],
        notes=figures["notes"],
        tiles=_tiles(figures["documents"]),
        funnel=funnel,
        funnel_charts=_funnel_charts(funnel),
        reasons=_reasons(figures["reasons"]),
        documents=figures["documents"],
        changes=_changes(figures),
        tokens=figures["tokens"],
        token_chart=_token_chart(figures["tokens"] or []),
        recipe=figures["recipe"],
    )


def signed(difference: float, written: str | None = None) -> str:
    """A difference as it is read: `+12`, `−3.1 MB`, `0`. `written`: its amount."""
    amount = written or number(abs(difference))
    return f"+{amount}" if difference > 0 else f"−{amount}" if difference < 0 else "0"


def _tiles(documents: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    kept = documents["kept_in_both"]
    in_a = kept + documents[LOST] + documents[ONLY_A]["kept"]
    in_b = kept + documents[GAINED] + documents[ONLY_B]["kept"]
    return [
        ("Kept in A", number(in_a), "documents"),
        ("Kept in B", number(in_b), f"documents, {signed(in_b - in_a)}"),
        ("Kept in A, removed in B", number(documents[LOST]), "documents"),
        ("Removed in A, kept in B", number(documents[GAINED]), "documents"),
        ("Kept in both, other text", number(documents[REWRITTEN]), f"of {number(kept)}"),
    ]


def _funnel_charts(rows: Rows) -> list[tuple[str, str]]:
    """Documents and bytes after each step, of A and of B."""
    drawn = []
    for title, unit, written in (("Documents", "documents", number), ("Text", "bytes", size)):
        bars: list[tuple[str, float, str]] = []
        for step in dict.fromkeys(row["step"] for row in rows):
            for side in ("a", "b"):
                own = [row[side] for row in rows if row["step"] == step and row[side]]
                total = sum(one[f"{unit}_out"] for one in own)
                bars.append((f"after {step} {side.upper()}", total, written(total)))
        drawn.append((title, charts.bars(bars, f"{unit} after each step, in A and B")))
    return drawn if rows else []


def _reasons(rows: Rows) -> dict[str, Any] | None:
    """The table, and the rules whose documents differ most, of A and B, as bars."""
    if not rows:
        return None
    totals: dict[str, Counter[str]] = {}
    for row in rows:
        totals.setdefault(row["rule"], Counter()).update({"a": row["a"], "b": row["b"]})
    ordered = sorted(
        totals.items(), key=lambda item: (-abs(item[1]["b"] - item[1]["a"]), -item[1]["a"], item[0])
    )
    bars = [
        (f"{rule} {side.upper()}", counts[side], number(counts[side]))
        for rule, counts in ordered[:8]
        for side in ("a", "b")
    ]
    return {"chart": charts.bars(bars, "documents removed by rule, in A and B"), "rows": rows}


def _changes(figures: Mapping[str, Any]) -> list[tuple[str, Rows, Rows]]:
    """(title, rows, samples) of each change that there is."""
    return [
        (title, rows, [one for one in figures["samples"] if one["change"] == change])
        for change, title in TITLES.items()
        if (rows := [row for row in figures["changes"] if row["change"] == change])
    ]


def _token_chart(rows: Iterable[Mapping[str, Any]]) -> str | None:
    totals: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        for side in ("a", "b"):
            if row[side]:
                told = {name: row[side][name] for name in ("bytes", "tokens")}
                totals.setdefault((row["source"], side), Counter()).update(told)
    bars = []
    for (source, side), total in sorted(totals.items()):
        per = total["bytes"] / max(total["tokens"], 1)
        bars.append((f"{source} {side.upper()}", per, f"{per:.2f}"))
    return charts.bars(bars, "bytes a token by source, in A and B") if bars else None
