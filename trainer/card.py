"""The model card of an export: what a checkpoint knows of itself, and what is told of its data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from trainer.checkpoint import State
from trainer.config import ModelConfig, parameter_count

TEMPLATE = Path(__file__).parent / "card.md.j2"


def text(config: ModelConfig, state: State, data: Mapping[str, Any] | None = None) -> str:
    """The card of a model at a checkpoint's state, as Markdown with Hugging Face's front matter.

    Args:
        data: None where nothing is known of the training data, else
            name, recipe_sha256; outputs: {step: SHA-256}; versions: {package: version};
            sources: rows {source, licence or None, weight, documents_out, bytes_out};
            funnel: rows {step, documents_in, documents_out, bytes_in, bytes_out};
            reasons: rows {step, rule, documents}; models: {scoring model: documents removed};
            pii: {masked, kinds, values: {kind: values}}; slurs: terms looked for;
            look: None or {all: look, sources: {source: look}}; samples: a look or None, a look
                being {texts, bytes, values: {kind: values}, with_values, with_slurs, with_spam};
            decontaminated: None or the action; contamination: rows {items_hit, documents}.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": _number, "share": _share, "cell": _cell, "mb": _mb}
    bpb = state.facts["validation_bpb"]
    return environment.get_template(TEMPLATE.name).render(
        config=config,
        facts=state.facts,
        state=state,
        parameters=parameter_count(config, state.facts["rows"]),
        start=_start(state.facts.get("start_from")),
        sources=", ".join(
            f"{name} ({weight:g})" for name, weight in state.facts["sources"].items()
        ),
        validation="none held out" if bpb is None else f"{bpb:.4f} bits per byte",
        data=data,
        spam=sum(row["documents"] for row in data["reasons"] if row["rule"] == "spam_density")
        if data
        else 0,
        energy=state.energy,
    )


def _start(sha256: str | None) -> str:
    return "random weights" if sha256 is None else f"other weights, SHA-256 `{sha256}`"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.4g} MB"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "none"


def _cell(value: object) -> str:
    """A value in a cell of a Markdown table: one line, nothing of it markup."""
    cell = " ".join(str(value).split())
    for mark in "\\`*_[]<>|":
        cell = cell.replace(mark, f"\\{mark}")
    return cell
