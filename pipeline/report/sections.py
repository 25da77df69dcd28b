"""The sections of the page on documents, tokens and training: figures drawn and put in order."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.dedup.records import RULES
from pipeline.report import charts
from pipeline.report.formats import number, plain, share, size

Rows = list[dict[str, Any]]

MOST_SAMPLES = 12
"""So many removed documents of a rule are shown, of as many sources as there are."""
MOST_NEAR = 6
"""So many kept documents near the threshold of a rule."""
MOST_KEPT = 24
"""So many other kept documents."""


def stages(rows: Rows) -> list[tuple[str, int, int]]:
    """(name, documents, bytes) of the raw input and after each step, over all sources."""
    steps = list(dict.fromkeys(row["step"] for row in rows))
    if not steps:
        return []

    def total(step: str, side: str) -> tuple[int, int]:
        chosen = [row for row in rows if row["step"] == step]
        return (
            sum(row[f"documents_{side}"] for row in chosen),
            sum(row[f"bytes_{side}"] for row in chosen),
        )

    return [("raw", *total(steps[0], "in")), *((f"after {s}", *total(s, "out")) for s in steps)]


def show_funnel(rows: Rows) -> dict[str, Any] | None:
    """Bars over all sources, and of each source documents and bytes after each step."""
    found = stages(rows)
    if not found:
        return None
    names = [name for name, _, _ in found]
    sources = list(dict.fromkeys(row["source"] for row in rows))
    table = [
        (source, stages([row for row in rows if row["source"] == source])) for source in sources
    ]
    if len(table) > 1:
        table.append(("all", found))
    documents = [(name, count, number(count)) for name, count, _ in found]
    n_bytes = [(name, count, size(count)) for name, _, count in found]
    return {
        "documents": charts.bars(documents, "documents after each step"),
        "bytes": charts.bars(n_bytes, "bytes of text after each step"),
        "stages": names,
        "rows": [
            {
                "source": source,
                "documents": _after(some, names, 1),
                "bytes": _after(some, names, 2),
            }
            for source, some in table
        ],
    }


def _after(found: Sequence[tuple[str, int, int]], names: Sequence[str], what: int) -> dict:
    """{counts: by stage, None where a source has not got so far, kept: the last's share}.

    `what`: 1 for documents, 2 for bytes.
    """
    by_name = {name: (documents, n_bytes)[what - 1] for name, documents, n_bytes in found}
    counts = [by_name.get(name) for name in names]
    some = [count for count in counts if count is not None]
    return {"counts": counts, "kept": some[-1] / some[0] if some and some[0] else None}


def show_reasons(rows: Rows) -> dict[str, Any] | None:
    """Documents removed, by step and rule in rows and by source in columns."""
    if not rows:
        return None
    totals: Counter[tuple[str, str]] = Counter()
    cells: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        totals[row["step"], row["rule"]] += row["documents"]
        cells[row["step"], row["rule"], row["source"]] += row["documents"]
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    sources = sorted({row["source"] for row in rows})
    rules: Counter[str] = Counter()
    for (_, rule), count in ordered:
        rules[rule] += count
    bars = [(rule, count, number(count)) for rule, count in rules.most_common()]
    return {
        "chart": charts.bars(bars, "documents removed by each rule"),
        **table_of(
            [(f"{step} {rule}", (step, rule), count) for (step, rule), count in ordered],
            sources,
            lambda key, source: cells[*key, source],
        ),
    }


def show_counted(counts: Mapping[str, int], rows: Rows, title: str) -> dict[str, Any] | None:
    """Bars of what was counted by name, the most first; a table of rows {kind, source, values}."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if not ordered:
        return None
    bars = [(name, count, number(count)) for name, count in ordered]
    cells = Counter({(row["kind"], row["source"]): row["values"] for row in rows})
    sources = sorted({source for _, source in cells})
    return {
        "chart": charts.bars(bars, title),
        **table_of(
            [(name, (name,), count) for name, count in ordered] if sources else [],
            sources,
            lambda key, source: cells[key[0], source],
        ),
    }


def table_of(rows: Iterable[tuple[str, Any, int]], sources: Sequence[str], cell: Any) -> dict:
    """Rows (label, total, counts by source with their share of the row), for the template."""
    return {
        "sources": list(sources),
        "rows": [
            (label, total, [(count := cell(key, source), count / total) for source in sources])
            for label, key, total in rows
        ],
    }


def show_samples(removed: Rows, thresholds: Rows) -> list[dict[str, Any]]:
    """By rule its removed documents, and the kept ones nearest to its threshold."""
    groups: dict[str, Rows] = {}
    for row in removed:
        if row["rule"] not in RULES:
            groups.setdefault(row["rule"], []).append(row)
    near = _near(thresholds)
    return [
        {
            "rule": rule,
            "step": rows[0].get("step") or "",
            "removed": spread(rows)[:MOST_SAMPLES],
            "kept": near.get(rule, [])[:MOST_NEAR],
        }
        for rule, rows in sorted(groups.items())
    ]


def _near(thresholds: Rows) -> dict[str, Rows]:
    """By rule the kept documents nearest to its threshold, over sources."""
    found: dict[str, Rows] = {}
    for row in thresholds:
        limits = {view["name"]: view["threshold"] for view in row["views"]}
        for rule, some in row["near"].items():
            found.setdefault(rule, []).extend(
                {**one, "source": row["source"], "threshold": limits[rule]} for one in some
            )
    for some in found.values():
        some.sort(key=lambda one: (one["distance"], one["source"], one["id"]))
    return found


def spread(rows: Rows) -> Rows:
    """The rows so that every source comes once before one comes twice."""
    seen = Counter[str]()
    keyed = []
    for row in rows:
        keyed.append((seen[row["source"]], row))
        seen[row["source"]] += 1
    return [row for _, row in sorted(keyed, key=lambda one: one[0])]


def show_tokens(rows: Rows) -> dict[str, Any] | None:
    """Bytes a token by source, and the rows."""
    totals: dict[str, Counter[str]] = {}
    for row in rows:
        counts = {"bytes": row["bytes"], "tokens": row["tokens"]}
        totals.setdefault(row["source"], Counter()).update(counts)
    bars = [
        (source, per := total["bytes"] / max(total["tokens"], 1), f"{per:.2f}")
        for source, total in sorted(totals.items())
    ]
    return {"chart": charts.bars(bars, "bytes a token by source"), "rows": rows} if bars else None


def show_tokenizer(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of quality by source with those of all last, examples, and all other facts."""
    facts = dict(tokenizer)
    quality, examples = facts.pop("quality", None) or {}, facts.pop("examples", None) or {}
    sources = quality.get("sources") or {}
    fertility = [
        (source, row["tokens_per_eojeol"], f"{row['tokens_per_eojeol']:.2f}")
        for source, row in sorted(sources.items())
    ]
    return {
        "fertility": charts.bars(fertility, "tokens an eojeol by source") if fertility else None,
        "quality": [*sources.items(), ("all", quality["all"])] if sources else [],
        "longest": examples.get("longest") or {},
        "sentences": [
            {
                "source": row["source"],
                "morphemes": row["morphemes"],
                "tokens": [
                    (token, at in row["crossing"]) for at, token in enumerate(row["tokens"])
                ],
            }
            for row in examples.get("sentences") or []
        ],
        "facts": flat(facts),
    }


def show_training(training: Mapping[str, Any]) -> dict[str, Any] | None:
    """Curves of loss and bits per byte, validation by source, and the summary."""
    rows = training.get("rows") or []
    drawn = []
    for title, unit, trained, validated in (
        ("Loss", "nats a token", "loss", "validation_loss"),
        ("Bits per byte", "bits per byte", "bpb", "validation_bpb"),
    ):
        series = {
            name: points
            for name, key in (("training", trained), ("validation", validated))
            if (points := [(r["step"], r[key]) for r in rows if r.get(key) is not None])
        }
        if series:
            drawn.append((title, charts.lines(series, "step", unit, f"{title} by step")))
    by_source: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for source, bits in (row.get("validation_sources") or {}).items():
            by_source.setdefault(source, []).append((row["step"], bits))
    worst = sorted(by_source, key=lambda source: (-by_source[source][-1][1], source))
    if worst:
        few = {source: by_source[source] for source in worst[: charts.MOST_LINES]}
        title = "Validation by source" + (", the worst" if len(worst) > len(few) else "")
        drawn.append((title, charts.lines(few, "step", "bits per byte", title)))
    ends = [(source, by_source[source][0][1], by_source[source][-1][1]) for source in worst]
    summary = flat(training.get("summary") or {})
    if not (drawn or summary):
        return None
    return {"charts": drawn, "sources": ends, "summary": summary}


def show_timings(rows: Rows) -> dict[str, Any] | None:
    """The rows, and where the time of workers went in steps of several stages."""
    if not rows:
        return None
    stages = []
    for row in rows:
        spent = sorted((row.get("stages") or {}).items(), key=lambda one: (-one[1], one[0]))
        total = sum(seconds for _, seconds in spent)
        if total:
            bars = [(name, s, f"{s:,.1f} s, {share(s, total)}") for name, s in spent]
            stages.append((row["step"], charts.bars(bars, f"seconds of workers in {row['step']}")))
    return {"rows": rows, "stages": stages}


def flat(figures: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Names and figures of nested ones, in order; what has no value is left out."""
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        label = f"{before} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            rows += flat(value, label)
        elif isinstance(value, list):
            rows.append((label, ", ".join(map(plain, value))))
        elif value is not None:
            rows.append((label, value))
    return rows
