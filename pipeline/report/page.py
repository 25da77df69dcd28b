"""The report: one HTML file that needs nothing else, from the figures of a run."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.dedup.records import RULES
from pipeline.report import charts
from pipeline.report.copies import show_copies
from pipeline.report.formats import masked, number, plain, share, size

Rows = list[dict[str, Any]]


def render(figures: Mapping[str, Any]) -> str:
    """The page of a run's figures; equal figures give equal bytes. What is absent is left out.

    Args:
        figures: what `report.json` holds, texts already masked:
            name: str. recipe: YAML. versions: {package: version}.
            funnel: rows {step, source, documents_in, documents_out, bytes_in, bytes_out}, in the
                order of the steps.
            reasons: rows {step, rule, source, documents}. pii: {kind: values masked}.
            edits: {rule: times it acted}.
            contamination: rows {benchmark, part, items, items_hit, documents}.
            samples: {removed: rows, kept: rows} with {rule, step, source, id, place, text, value,
                threshold, duplicate_of, similarity, witness_text}, all but text may lack.
            clusters: rows {size, count}.
            copies: {plan: `dedup.curve.explain`, documents_in, bytes_in, bytes_removed,
                removed: rows {rule, documents, bytes or None}, candidates, verified: pairs or None,
                similarity: rows {from, documents} of near duplicates in steps of 0.05,
                largest: rows {id, source, cluster_size, text}, lines: {dropped, documents, bytes},
                top_lines: rows {source, text, documents}}, the last three may lack.
            tokenizer: figures by name, `quality` of them those of `tokenizer.quality`, or None.
            tokens: rows {split, source, documents, tokens, bytes}.
            training: {rows: {step, loss, bpb, validation_loss, validation_bpb}, summary}, or None.
            timings: rows {step, seconds, bytes, mb_per_second}.
    """
    removed = _list(figures.get("samples"), "removed")
    tokenizer = dict(figures.get("tokenizer") or {})
    quality = tokenizer.pop("quality", None) or {}
    return _template().render(
        name=figures.get("name") or "malmoi",
        tiles=_tiles(figures),
        funnel=_funnel(figures.get("funnel") or []),
        reasons=_reasons(figures.get("reasons") or []),
        edits=_counted(figures.get("edits") or {}, "edits by rule"),
        pii=_counted(figures.get("pii") or {}, "values masked by kind"),
        contamination=figures.get("contamination") or [],
        copies=show_copies(
            figures.get("copies") or {},
            figures.get("clusters") or [],
            [row for row in removed if row["rule"] in RULES],
        ),
        samples=_by_rule(row for row in removed if row["rule"] not in RULES),
        kept=_list(figures.get("samples"), "kept"),
        quality=_quality(quality),
        tokenizer=_flat(tokenizer),
        tokens=_tokens(figures.get("tokens") or []),
        training=_training(figures.get("training") or {}),
        timings=figures.get("timings") or [],
        recipe=figures.get("recipe") or "",
        versions=figures.get("versions") or {},
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "size": size,
        "share": share,
        "plain": plain,
        "masked": masked,
        "svg": Markup,  # charts come from `charts`, which escapes their labels
    }
    return environment.get_template("page.html.j2")


def _tiles(figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(title, figure, what it is of) of the few figures that say how the run went."""
    tiles = []
    stages = _stages(figures.get("funnel") or [])
    if stages:
        (_, documents_in, bytes_in), (_, documents, n_bytes) = stages[0], stages[-1]
        of = f"{share(documents, documents_in)} of {number(documents_in)}"
        tiles.append(("Documents kept", number(documents), of))
        tiles.append(
            ("Text kept", size(n_bytes), f"{share(n_bytes, bytes_in)} of {size(bytes_in)}")
        )
    if pii := figures.get("pii"):
        kinds = f"{len(pii)} kind{'s' if len(pii) > 1 else ''} of personal data"
        tiles.append(("Values masked", number(sum(pii.values())), kinds))
    if tokens := figures.get("tokens"):
        total = sum(row["tokens"] for row in tokens)
        per = sum(row["bytes"] for row in tokens) / max(total, 1)
        tiles.append(("Tokens", number(total), f"{per:.2f} bytes a token"))
    if training := figures.get("training"):
        bits = [
            row["validation_bpb"] for row in training.get("rows") or [] if row.get("validation_bpb")
        ]
        if bits:
            tiles.append(("Validation", f"{bits[-1]:.3f}", "bits per byte"))
    return tiles


def _stages(rows: Rows) -> list[tuple[str, int, int]]:
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


def _funnel(rows: Rows) -> dict[str, Any] | None:
    stages = _stages(rows)
    if not stages:
        return None
    documents = [(name, count, number(count)) for name, count, _ in stages]
    n_bytes = [(name, count, size(count)) for name, _, count in stages]
    return {
        "documents": charts.bars(documents, "documents after each step"),
        "bytes": charts.bars(n_bytes, "bytes of text after each step"),
        "rows": rows,
    }


def _reasons(rows: Rows) -> dict[str, Any] | None:
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
        "sources": sources,
        "rows": [
            (step, rule, count, [cells[step, rule, source] for source in sources])
            for (step, rule), count in ordered
        ],
    }


def _counted(counts: Mapping[str, int], title: str) -> str | None:
    """Bars of what was counted by name, the most first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    bars = [(name, count, number(count)) for name, count in ordered]
    return charts.bars(bars, title) if bars else None


def _by_rule(rows: Iterable[dict[str, Any]]) -> dict[str, Rows]:
    groups: dict[str, Rows] = {}
    for row in rows:
        groups.setdefault(row["rule"], []).append(row)
    return dict(sorted(groups.items()))


def _tokens(rows: Rows) -> dict[str, Any] | None:
    totals: dict[str, Counter[str]] = {}
    for row in rows:
        totals.setdefault(row["source"], Counter()).update(
            {"bytes": row["bytes"], "tokens": row["tokens"]}
        )
    bars = []
    for source, total in sorted(totals.items()):
        per = total["bytes"] / max(total["tokens"], 1)
        bars.append((source, per, f"{per:.2f}"))
    if not bars:
        return None
    return {"chart": charts.bars(bars, "bytes a token by source"), "rows": rows}


def _quality(quality: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """(source, figures), and those of all sources last."""
    sources = quality.get("sources") or {}
    return [*sources.items(), ("all", quality["all"])] if sources else []


def _training(training: Mapping[str, Any]) -> dict[str, Any] | None:
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
    summary = _flat(training.get("summary") or {})
    return {"charts": drawn, "summary": summary} if drawn or summary else None


def _flat(figures: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Names and figures of nested ones, in order; what has no value is left out."""
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        label = f"{before} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            rows += _flat(value, label)
        elif isinstance(value, list):
            rows.append((label, ", ".join(map(plain, value))))
        elif value is not None:
            rows.append((label, value))
    return rows


def _list(samples: Mapping[str, Any] | None, name: str) -> Rows:
    return (samples or {}).get(name) or []
