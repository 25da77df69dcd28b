"""The report as one HTML file: everything inline, nothing loaded from anywhere.

Only the section on thresholds has a script; all else is there without it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.report.copies import show_copies, show_lines
from pipeline.report.formats import environment, number, share, size
from pipeline.report.sections import (
    MOST_KEPT,
    Rows,
    show_counted,
    show_funnel,
    show_reasons,
    show_samples,
    show_timings,
    show_tokenizer,
    show_tokens,
    show_training,
    spread,
    stages,
)
from pipeline.report.thresholds import show_thresholds

_FOLDER = Path(__file__).parent


def render(figures: Mapping[str, Any]) -> str:
    """The page of a run's figures; equal figures give equal bytes. What is absent is left out.

    Args:
        figures: what `report.json` holds, texts already masked:
            name: str. recipe: YAML. versions: {package: version}.
            funnel: rows {step, source, documents_in, documents_out, bytes_in, bytes_out}, in the
                order of the steps.
            reasons: rows {step, rule, source, documents}.
            pii: {kind: values masked}. pii_sources: rows {kind, source, values}.
            edits: {rule: times it acted}.
            thresholds: rows {source, profile, views, near}, see `filters.histograms.merge`.
            contamination: rows {benchmark, part, items, items_hit, documents}.
            samples: {removed: rows, kept: rows} with {rule, step, source, id, place, text, value,
                threshold, duplicate_of}, all but text may lack.
            clusters: rows {size, count}.
            copies: {plan: `dedup.curve.explain`, documents_in, bytes_in, bytes_removed,
                removed: rows {rule, documents, bytes or None}, candidates, verified: pairs or None,
                similarity: rows {from, documents} of near duplicates in steps of 0.05,
                largest, pairs: clusters and pairs of `dedup.pairs.shown`,
                lines: {dropped, documents, bytes}, line_sources: the same by source,
                top_lines: rows {source, text, documents}}, those after similarity may lack.
            tokenizer: figures by name, `quality` those of `tokenizer.quality`, `examples` those of
                `tokenizer.examples`, or None.
            tokens: rows {split, source, documents, tokens, bytes}.
            training: {rows: {step, loss, bpb, validation_loss, validation_bpb, validation_sources},
                summary}, or None.
            timings: rows {step, seconds, worker_seconds, bytes, mb_per_second, mb_per_core_second,
                peak_memory, stages}. manifests: rows {step, key, outputs, units, files, bytes}.
    """
    samples = figures.get("samples") or {}
    thresholds = figures.get("thresholds") or []
    copies = figures.get("copies") or {}
    return _template().render(
        name=figures.get("name") or "malmoi",
        tiles=_tiles(figures),
        funnel=show_funnel(figures.get("funnel") or []),
        reasons=show_reasons(figures.get("reasons") or []),
        thresholds=show_thresholds(thresholds),
        edits=show_counted(figures.get("edits") or {}, [], "edits by rule"),
        pii=show_counted(
            figures.get("pii") or {}, figures.get("pii_sources") or [], "values masked by kind"
        ),
        contamination=figures.get("contamination") or [],
        copies=show_copies(copies, figures.get("clusters") or []),
        lines=show_lines(copies),
        samples=show_samples(samples.get("removed") or [], thresholds),
        kept=spread(samples.get("kept") or [])[:MOST_KEPT],
        tokenizer=show_tokenizer(figures.get("tokenizer") or {}),
        tokens=show_tokens(figures.get("tokens") or []),
        training=show_training(figures.get("training") or {}),
        timings=show_timings(figures.get("timings") or []),
        manifests=figures.get("manifests") or [],
        recipe=figures.get("recipe") or "",
        versions=figures.get("versions") or {},
        style=Markup((_FOLDER / "page.css").read_text("utf-8")),
        script=Markup((_FOLDER / "page.js").read_text("utf-8")),
    )


def _template() -> jinja2.Template:
    return environment(_FOLDER).get_template("page.html.j2")


def _tiles(figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(title, figure, what it is of) of the few figures that say how the run went."""
    tiles = []
    found = stages(figures.get("funnel") or [])
    if found:
        (_, documents_in, bytes_in), (_, documents, n_bytes) = found[0], found[-1]
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
    if bits := _validation(figures.get("training") or {}):
        tiles.append(("Validation", f"{bits[-1]:.3f}", "bits per byte"))
    return tiles


def _validation(training: Mapping[str, Any]) -> list[float]:
    rows: Rows = training.get("rows") or []
    return [row["validation_bpb"] for row in rows if row.get("validation_bpb")]
