"""The clean job: work units to clean, removed and signature shards. Map only."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.clean import CleanWork, clean_unit
from pipeline.dedup.plan import earlier_runs, signature_settings
from pipeline.filters import histograms, models
from pipeline.filters.rules import Rule
from pipeline.jobs.session import Session
from pipeline.recipe import Recipe
from pipeline.sources.units import WorkUnit, fingerprint, plan_units
from pipeline.steps import INDEX
from pipeline.workspace import Outcome, Unit, Workspace

logger = logging.getLogger(__name__)

ONE_MACHINE_BYTES = 200_000_000_000
"""Bytes of source files, as they are stored, from which a cluster is advised."""


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the clean step. A unit depends on its files, its source and the rules of its profile."""
    settings = _settings(workspace, recipe)
    if recipe.dedup.enabled:
        earlier_runs(recipe.dedup)  # what cannot be compared is refused before the work
    screen = recipe.decontaminate
    benchmarks = (workspace.path(INDEX), screen) if screen.enabled else None
    units, rules_of = [], {}
    planned = plan_units(recipe.sources, "", recipe.clean.unit_bytes)
    if not session.spread:
        advise(planned, session.workers)
    for work_unit in planned:
        source = recipe.source(work_unit.source)
        rules_of[source.name] = recipe.clean.rules(source.profile)
        rules = {name: rule.model_dump() for name, rule in rules_of[source.name].items()}
        units.append(
            Unit(
                name=f"part-{work_unit.number:05d}",
                identity={
                    "files": fingerprint(work_unit),
                    "source": source.model_dump(
                        include={"name", "format", "records", "markup", "fields", "encoding"}
                    ),
                    "rules": rules,
                },
                payload=CleanWork(
                    work_unit,
                    source,
                    recipe.clean,
                    recipe.pii,
                    recipe.dedup,
                    benchmarks,
                ),
                size=work_unit.size,
            )
        )
    return workspace.perform(
        "clean",
        settings=settings,
        units=units,
        work=lambda tasks: session.map("clean units", clean_unit, tasks),
        describe=lambda facts: _describe(
            facts, {u.name: u.payload.source.name for u in units}, rules_of
        ),
    )


def _describe(
    facts: Mapping[str, Any], sources: Mapping[str, str], rules: Mapping[str, Mapping[str, Rule]]
) -> dict[str, Any]:
    """The histograms of each source, instead of what every unit says of its own."""
    each = [(sources[unit], told["histograms"]) for unit, told in facts.items()]
    rest = {
        unit: {name: value for name, value in told.items() if name != "histograms"}
        for unit, told in facts.items()
    }
    return {
        "histograms": histograms.merge(each, rules),
        "facts": {unit: told for unit, told in rest.items() if told},
    }


def advise(planned: Iterable[WorkUnit], workers: int) -> None:
    """Warn where there is more than the in-process runner should serve, with the way out."""
    sizes = {file.uri: file.size for unit in planned for file in unit.files}
    total = sum(sizes.values())
    if total > ONE_MACHINE_BYTES:
        logger.warning(
            "%s GB of source files on %d processes of one machine: the in-process runner will do "
            "it, in days; a cluster shares it out: malmoi run RECIPE --out RUN --runner flink -- "
            "--flink_master=HOST:8081 (docs/flink.md)",
            f"{total / 1e9:,.0f}",
            workers,
        )


def _settings(workspace: Workspace, recipe: Recipe) -> dict[str, Any]:
    """What every unit depends on, the contents of models and of the benchmarks' index included."""
    settings = {
        "clean": recipe.clean.model_dump(exclude={"profiles", "unit_bytes"}),
        "models": models.check(recipe.clean.models),
        "pii": recipe.pii.model_dump(),
        "signature": {"enabled": recipe.dedup.enabled, **signature_settings(recipe.dedup)},
        "lines": recipe.dedup.lines.model_dump(include={"enabled", "min_chars"}),
    }
    if recipe.decontaminate.enabled:
        settings["benchmarks"] = {
            "index": workspace.require("benchmarks")["outputs"],
            **recipe.decontaminate.model_dump(exclude={"benchmarks"}),
        }
    return settings
