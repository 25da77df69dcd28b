"""What the cards tell of a run's data, from the report's figures and the recipe. No text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.cards.look import look_at_corpus, look_at_samples, slurs, total
from pipeline.recipe import Recipe
from pipeline.workspace import STEPS, Workspace, digest
from tokenizer.special import PII_KINDS

_NUMBERS = ("documents_in", "documents_out", "bytes_in", "bytes_out")
_PLACES = {"paths", "path", "pieces", "against", "start_from"}
"""Keys of a recipe that say where files lie, which is another place on another machine."""
_STEPS = ("benchmarks", "clean", "dedup", "assemble")
_SECTIONS = {"sources", "clean", "pii", "dedup", "decontaminate"}
"""Of a recipe: what makes the corpus. So the card stays the same while later steps are done."""

Figures = dict[str, Any]


def data_figures(workspace: Workspace, recipe: Recipe, report: Mapping[str, Any]) -> Figures:
    """The figures of the dataset card; equal for equal corpora and recipes, as JSON holds them.

    Args:
        report: what `pipeline.report.write.collect` gives; the assemble step is done.

    Returns:
        name; recipe_sha256; versions: {package: version}; outputs: {step: SHA-256};
        sources: rows {source, licence or None, format, weight, documents_in, documents_out,
            bytes_in, bytes_out};
        funnel: rows {step, documents_in, documents_out, bytes_in, bytes_out};
        reasons: rows {step, rule, documents}, the most first;
        models: {the user's own scoring model: documents removed};
        pii: {masked: bool, kinds, values: {kind: values masked}};
        look: {all, sources} of `cards.look`, or None; slurs: terms of its list;
        decontaminated: the action, or None; contamination: rows of the report.
    """
    kinds = recipe.pii.kinds if recipe.pii.enabled else list(PII_KINDS)
    looked = look_at_corpus(workspace, kinds)
    removed = _by_rule(report["reasons"])
    done = [row for row in report["manifests"] if row["step"] in _STEPS]
    screen = recipe.decontaminate
    return {
        "name": recipe.name,
        "recipe_sha256": recipe_sha256(recipe),
        "versions": {name: report["versions"][name] for name in _packages(done)},
        "outputs": {row["step"]: row["outputs"] for row in done},
        "sources": [_source(recipe, name, report["funnel"]) for name in _names(report["funnel"])],
        "funnel": _by_step(report["funnel"]),
        "reasons": [
            {"step": step, "rule": rule, "documents": documents}
            for (step, rule), documents in removed
        ],
        "models": {
            model.name: dict(removed).get(("clean", model.name), 0) for model in recipe.clean.models
        },
        "pii": {
            "masked": recipe.pii.enabled,
            "kinds": list(kinds),
            "values": dict(sorted(report["pii"].items())),
        },
        "look": looked and {"all": total(looked.values()), "sources": looked},
        "slurs": len(slurs()),
        "decontaminated": screen.action if screen.enabled else None,
        "contamination": report["contamination"],
    }


def model_figures(
    workspace: Workspace, recipe: Recipe, report: Mapping[str, Any]
) -> Figures | None:
    """The figures of the data that the model's card tells: `data_figures`, and `samples`: a look at
    the texts that the model wrote in its training, or None.

    None where the run has no corpus: it may have been brought here for training alone.
    """
    if not has_corpus(report):
        return None
    data = data_figures(workspace, recipe, report)
    return {**data, "samples": look_at_samples(workspace, data["pii"]["kinds"])}


def has_corpus(report: Mapping[str, Any]) -> bool:
    """Whether the assemble step is done."""
    return any(row["step"] == "assemble" for row in report["manifests"])


def recipe_sha256(recipe: Recipe) -> str:
    """SHA-256 of what a recipe says of the corpus, but for places of files."""
    return digest(_without_places(recipe.model_dump(mode="json", include=_SECTIONS)))


def _packages(done: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those whose versions decide the bytes of the steps."""
    return sorted({"malmoi", *(name for row in done for name in STEPS[row["step"]].packages)})


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_places(part) for k, part in value.items() if k not in _PLACES}
    return [_without_places(part) for part in value] if isinstance(value, list) else value


def _names(funnel: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({row["source"] for row in funnel})


def _source(recipe: Recipe, name: str, funnel: Iterable[Mapping[str, Any]]) -> Figures:
    """A source from its first step to its last."""
    source, rows = recipe.source(name), [row for row in funnel if row["source"] == name]
    first, last = rows[0], rows[-1]
    return {
        "source": name,
        "licence": source.licence,
        "format": source.format,
        "weight": source.weight,
        "documents_in": first["documents_in"],
        "documents_out": last["documents_out"],
        "bytes_in": first["bytes_in"],
        "bytes_out": last["bytes_out"],
    }


def _by_step(funnel: Iterable[Mapping[str, Any]]) -> list[Figures]:
    steps: dict[str, Counter[str]] = {}
    for row in funnel:
        steps.setdefault(row["step"], Counter()).update({name: row[name] for name in _NUMBERS})
    return [
        {"step": step, **{name: numbers[name] for name in _NUMBERS}}
        for step, numbers in steps.items()
    ]


def _by_rule(reasons: Iterable[Mapping[str, Any]]) -> list[tuple[tuple[str, str], int]]:
    removed = Counter[tuple[str, str]]()
    for row in reasons:
        removed[row["step"], row["rule"]] += row["documents"]
    return sorted(removed.items(), key=lambda item: (-item[1], item[0]))
