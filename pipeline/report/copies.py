"""The report's section on copies: what was removed, how it was found, and what stayed for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dedup.curve import detection_curve, explain, percent
from pipeline.dedup.records import RULES
from pipeline.recipe import Recipe
from pipeline.report import charts
from pipeline.report.formats import number, share, size

Rows = list[dict[str, Any]]

MOST_LINES = 20
"""So many boilerplate lines are shown."""


def collect_copies(done: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """What `show_copies` takes, from the manifests of the steps that are done; {} without any.

    Facts that a manifest does not hold (those of another version, or with lines left alone) are
    left out.
    """
    if not recipe.dedup.enabled or "dedup" not in done:
        return {}
    counts = done["dedup"]["counts"]
    facts = list(done["dedup"]["facts"].values())
    n_bytes = _summed(facts, "bytes")
    similarity = _summed(facts, "similarity")
    return {
        "plan": explain(recipe.dedup),
        "documents_in": counts["documents_in"],
        "bytes_in": counts["bytes_in"],
        "bytes_removed": counts["bytes_in"] - counts["bytes_out"],
        "removed": [
            {"rule": rule, "documents": counts["removed"][reason], "bytes": n_bytes.get(rule)}
            for rule in RULES
            if (reason := f"dedup/{rule}") in counts["removed"]
        ],
        "candidates": _total(facts, "candidates"),
        "verified": _total(facts, "verified"),
        "similarity": [
            {"from": float(low), "documents": documents}
            for low, documents in sorted(similarity.items())
        ],
        **_assembled(done.get("assemble")),
    }


def collect_clusters(assemble: Mapping[str, Any] | None) -> list[dict[str, int]]:
    """Clusters of copies by size, rows {size, count}, over all units of the assemble step."""
    facts = list((assemble or {"facts": {}})["facts"].values())
    total = {int(size): count for size, count in _summed(facts, "cluster_sizes").items()}
    return [{"size": size, "count": count} for size, count in sorted(total.items())]


def _assembled(assemble: Mapping[str, Any] | None) -> dict[str, Any]:
    """The copies that are shown, and the boilerplate lines over all units.

    A line's number of documents is that of its source, the same in each of the source's units.
    """
    if not assemble:
        return {}
    units, facts = assemble["units"], assemble["facts"]
    lines = {
        (units[unit], line["text"]): line["documents"]
        for unit, told in facts.items()
        for line in told.get("top_lines", ())
    }
    ordered = sorted(lines.items(), key=lambda line: (-line[1], line[0]))
    dropped: dict[str, Counter[str]] = {}
    for unit, told in facts.items():
        dropped.setdefault(units[unit], Counter()).update(told.get("lines", {}))
    copies = assemble.get("copies", {})
    return {
        "largest": copies.get("clusters", []),
        "pairs": copies.get("pairs", []),
        "lines": dict(_summed(list(facts.values()), "lines")),
        "line_sources": [
            {"source": source, **counts}
            for source, counts in sorted(dropped.items())
            if counts["dropped"]
        ],
        "top_lines": [
            {"source": source, "text": text, "documents": documents}
            for (source, text), documents in ordered[:MOST_LINES]
        ],
    }


def _total(facts: Sequence[Mapping[str, Any]], name: str) -> int | None:
    found = [unit[name] for unit in facts if name in unit]
    return sum(found) if found else None


def _summed(facts: Sequence[Mapping[str, Any]], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for unit in facts:
        total.update(unit.get(name, {}))
    return total


def show_copies(copies: Mapping[str, Any], clusters: Rows) -> dict[str, Any] | None:
    """What the template of the section takes, all of it drawn and written; None without content.

    Args:
        copies: see `page.render`.
        clusters: rows {size, count}.
    """
    shown = {
        "removed": _removed(copies),
        "facts": _facts(copies),
        "charts": [
            (title, chart)
            for title, chart in (
                ("Pairs proposed, by similarity", _curve(copies.get("plan"))),
                ("Near duplicates, by similarity", _similarity(copies.get("similarity") or [])),
                ("Clusters of copies, by size", _clusters(clusters)),
            )
            if chart
        ],
        "warnings": (copies.get("plan") or {}).get("warnings") or [],
        "largest": copies.get("largest") or [],
        "pairs": copies.get("pairs") or [],
    }
    return shown if any(shown.values()) else None


def show_lines(copies: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same of the section on lines that recur; None where no line was dropped."""
    lines = copies.get("lines") or {}
    if not lines.get("dropped"):
        return None
    return {
        "said": f"{number(lines['dropped'])} lines, {size(lines['bytes'])}, went from "
        f"{number(lines['documents'])} documents that stay.",
        "sources": copies.get("line_sources") or [],
        "top": copies.get("top_lines") or [],
    }


def _removed(copies: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(rule, documents, their share, bytes), and all of them together."""
    if not copies:
        return []
    before = copies["documents_in"]
    rows = [(row["rule"], row["documents"], row["bytes"]) for row in copies["removed"]]
    rows.append(("all copies", sum(row[1] for row in rows), copies["bytes_removed"]))
    return [
        (
            rule,
            number(documents),
            share(documents, before),
            "–" if n_bytes is None else f"{size(n_bytes)}, {share(n_bytes, copies['bytes_in'])}",
        )
        for rule, documents, n_bytes in rows
    ]


def _facts(copies: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not copies:
        return []
    plan, candidates, verified = copies["plan"], copies["candidates"], copies["verified"]
    at_threshold = next(
        row["proposed"] for row in plan["proposed"] if row["similarity"] == plan["threshold"]
    )
    pairs = [] if candidates is None else [("pairs proposed", number(candidates))]
    if candidates is not None and verified is not None:
        pairs.append(("of them verified", f"{number(verified)}, {share(verified, candidates)}"))
    return [
        *pairs,
        ("threshold, Jaccard similarity", f"{plan['threshold']:g}"),
        ("share that makes a part of another", f"{plan['containment']:g}"),
        ("permutations", f"{plan['bands']} bands of {plan['rows']} rows"),
        ("proposed at the threshold", percent(at_threshold)),
    ]


def _curve(plan: Mapping[str, Any] | None) -> str | None:
    if not plan:
        return None
    curve = detection_curve(plan["bands"], plan["rows"]).tolist()
    points = [(at / 100, proposed) for at, proposed in enumerate(curve)]
    return charts.lines(
        {"proposed": points},
        "Jaccard similarity",
        "share proposed",
        f"share of pairs that {plan['bands']} bands of {plan['rows']} rows propose, by similarity",
        mark=(plan["threshold"], f"threshold {plan['threshold']:g}"),
    )


def _similarity(rows: Rows) -> str | None:
    if not rows:
        return None
    found = {round(20 * row["from"]): row["documents"] for row in rows}
    bars = []
    for step in range(min(found), max(found) + 1):
        low, count = step / 20, found.get(step, 0)
        label = "1.00" if step == 20 else f"{low:.2f}–{low + 0.05:.2f}"
        bars.append((label, count, number(count)))
    return charts.bars(bars, "near duplicates by their similarity to the document kept")


def _clusters(rows: Rows) -> str | None:
    """Clusters by size, in classes that double: 2, 3-4, 5-8, ..."""
    classes: Counter[int] = Counter()
    for row in rows:
        classes[(row["size"] - 1).bit_length()] += row["count"]
    if not classes:
        return None
    bars = []
    for bits, count in sorted(classes.items()):
        low, high = 2**bits // 2 + 1, 2**bits
        bars.append(
            (f"{low}–{high} copies" if low < high else f"{high} copies", count, number(count))
        )
    return charts.bars(bars, "clusters of copies by size")
