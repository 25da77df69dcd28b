"""The assemble job: clean shards and removal lists to curated and removed shards. Map only."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipeline.assemble import AssembleWork, assemble_unit
from pipeline.dedup.pairs import shown
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
                size=clean["files"][f"clean/{name}.parquet"]["bytes"],
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
        describe=lambda facts: _describe(facts, [workspace.root, *recipe.dedup.against]),
    )


def _describe(facts: Mapping[str, Any], roots: list[str]) -> dict[str, Any]:
    """The copies that are shown, with their texts, instead of what every unit says of its own."""
    notes = {
        int(unit.removeprefix("part-")): told["copies"]
        for unit, told in facts.items()
        if "copies" in told
    }
    rest = {
        unit: {name: value for name, value in told.items() if name != "copies"}
        for unit, told in facts.items()
    }
    return {"copies": shown(notes, roots), "facts": rest}
