"""The assemble job: clean shards and removal lists to curated and removed shards. Map only."""

from collections import Counter

from pipeline.assemble import AssembleWork, assemble_unit
from pipeline.jobs.session import Session
from pipeline.recipe import Recipe
from pipeline.workspace import Outcome, Unit, Workspace


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the assemble step. A unit depends on its clean, removed and drop files alone."""
    clean = workspace.require("clean")
    drops = workspace.require("dedup")["files"] if recipe.dedup.enabled else {}
    units, numbers = [], Counter[str]()
    for name, source in clean["units"].items():
        curated = f"{source}-{numbers[source]:05d}"
        numbers[source] += 1
        number = name.removeprefix("part-")
        inputs = [
            clean["files"][f"clean/{name}.parquet"],
            clean["files"][f"clean/removed/{name}.parquet"],
            *(
                drops.get(f"drops/{kind}-{number}.parquet")
                for kind in ("part", "clusters", "lines")
            ),
        ]
        units.append(
            Unit(
                name=name,
                identity={
                    "curated": curated,
                    "inputs": [stamp and stamp["sha256"] for stamp in inputs],
                },
                payload=AssembleWork(name, source, curated, recipe.dedup),
            )
        )
    return workspace.perform(
        "assemble",
        settings={
            "deduplicated": recipe.dedup.enabled,
            "lines": recipe.dedup.lines.model_dump(exclude={"exempt"}),
        },
        units=units,
        work=lambda tasks: session.map("assemble shards", assemble_unit, tasks),
    )
