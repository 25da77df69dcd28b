"""A run directory that is looked at: its recipe, what of it is done, which file is whose."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.recipe import Recipe
from pipeline.records import read_record
from pipeline.settings import Source
from pipeline.workspace import FORMAT, STEPS, Workspace
from tokenizer.errors import MalmoiError


@dataclass(frozen=True)
class Run:
    """`manifests` has the steps that are done."""

    workspace: Workspace
    recipe: Recipe
    manifests: Mapping[str, Mapping[str, Any]]

    @classmethod
    def opened(cls, workspace: Workspace, recipe: Recipe) -> "Run":
        """MalmoiError where a manifest is of another version."""
        found = {name: manifest_of(workspace, name) for name in STEPS}
        return cls(workspace, recipe, {name: one for name, one in found.items() if one})

    @property
    def root(self) -> str:
        return self.workspace.root

    def path(self, *parts: str) -> str:
        return self.workspace.path(*parts)

    def require(self, step: str) -> Mapping[str, Any]:
        """A step's manifest. MalmoiError names the command that makes it."""
        return self.manifests.get(step) or self.workspace.require(step)

    def files(self, step: str, prefix: str) -> Iterator[str]:
        """The Parquet files that a step wrote under a prefix, from the run directory, in order."""
        for name in self.manifests.get(step, {"files": {}})["files"]:
            if name.startswith(prefix) and name.endswith(".parquet"):
                yield name

    def rows(self, step: str, name: str) -> int:
        """How many rows a file has."""
        return int(self.manifests[step]["files"][name]["rows"])

    @cached_property
    def units(self) -> dict[str, str]:
        """The source of each unit, by its name (`part-00003`)."""
        one = self.manifests.get("clean") or self.manifests.get("assemble") or {"units": {}}
        return dict(one["units"])

    @cached_property
    def curated(self) -> dict[str, str]:
        """The unit of each curated shard, by its name (`blog-00001`): numbered in each source."""
        units, counted = {}, Counter[str]()
        for unit, source in self.units.items():
            units[f"{source}-{counted[source]:05d}"] = unit
            counted[source] += 1
        return units

    def source(self, name: str) -> Source:
        """A source as the recipe has it. MalmoiError where it has been taken out."""
        for source in self.recipe.sources:
            if source.name == name:
                return source
        raise MalmoiError(
            f"{self.path('recipe.yaml')}: source '{name}' is not in it any more; run "
            "`malmoi curate` on the run again"
        )

    @property
    def deduplicated(self) -> bool:
        """Whether copies were looked for, and that is done."""
        return "dedup" in self.manifests and self.recipe.dedup.enabled


def manifest_of(workspace: Workspace, step: str) -> dict[str, Any] | None:
    """A step's manifest, None where it is not done. MalmoiError for one of another version."""
    where = workspace.path(STEPS[step].home, "manifest.json")
    manifest = read_record(where)
    if manifest and manifest.get("format") != FORMAT:
        raise MalmoiError(
            f"{where}: in the format of another version ({manifest.get('format')}, this is "
            f"{FORMAT}); look at it with the version that wrote it, or run "
            f"`malmoi {STEPS[step].command}` on it again"
        )
    return manifest
