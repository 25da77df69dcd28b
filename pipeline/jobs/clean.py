"""The clean job: work units to clean, removed and signature shards. Map only."""

from pipeline.clean import CleanWork, clean_unit
from pipeline.jobs.session import Session
from pipeline.recipe import Recipe
from pipeline.sources.units import fingerprint, plan_units
from pipeline.workspace import Outcome, Unit, Workspace


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the clean step. A unit depends on its files, its source and the rules of its profile."""
    signature = recipe.dedup.model_dump(include={"shingle", "bands", "rows", "seed"})
    settings = {
        "clean": recipe.clean.model_dump(exclude={"profiles", "unit_bytes"}),
        "pii": recipe.pii.model_dump(),
        "signature": signature,
    }
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
                payload=CleanWork(work_unit, source, recipe.clean, recipe.pii, recipe.dedup),
            )
        )
    return workspace.perform(
        "clean",
        settings=settings,
        units=units,
        work=lambda tasks: session.map("clean units", clean_unit, tasks),
    )
