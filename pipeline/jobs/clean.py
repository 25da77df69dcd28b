"""The clean job: work units to clean, removed and signature shards. Map only."""

from typing import Any

from pipeline.clean import CleanWork, clean_unit
from pipeline.dedup.plan import earlier_runs, signature_settings
from pipeline.filters import models
from pipeline.jobs.session import Session
from pipeline.recipe import Recipe
from pipeline.sources.units import fingerprint, plan_units
from pipeline.steps import INDEX
from pipeline.workspace import Outcome, Unit, Workspace


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the clean step. A unit depends on its files, its source and the rules of its profile."""
    settings = _settings(workspace, recipe)
    if recipe.dedup.enabled:
        earlier_runs(recipe.dedup)  # what cannot be compared is refused before the work
    screen = recipe.decontaminate
    benchmarks = (workspace.path(INDEX), screen) if screen.enabled else None
    units = []
    for work_unit in plan_units(recipe.sources, "", recipe.clean.unit_bytes):
        source = recipe.source(work_unit.source)
        rules = {
            name: rule.model_dump() for name, rule in recipe.clean.rules(source.profile).items()
        }
        units.append(
            Unit(
                name=f"part-{work_unit.number:05d}",
                identity={
                    "files": fingerprint(work_unit),
                    "source": source.model_dump(
                        include={"name", "format", "markup", "fields", "encoding"}
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
            )
        )
    return workspace.perform(
        "clean",
        settings=settings,
        units=units,
        work=lambda tasks: session.map("clean units", clean_unit, tasks),
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
