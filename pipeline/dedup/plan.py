"""What the dedup step will do: its shards, those of earlier runs, and how many shuffles."""

from dataclasses import dataclass
from typing import Any

from pipeline.dedup.records import SETTLED, part_count
from pipeline.dedup.scratch import Job, Shard
from pipeline.recipe import Recipe
from pipeline.settings import Dedup
from pipeline.workspace import FORMAT, Workspace, digest
from tokenizer.errors import MalmoiError

MEMBERS_IN_A_ROUND = 1 << 30
"""Bucket members in one shuffle: so many times 24 bytes lie in scratch files meanwhile."""

MEMBERS_OF_A_SHARD = 8_000_000
"""Those that a worker makes of one shard at once: so many times 24 bytes, and some copies."""

PART_RECORDS = 1_000_000
BLOB_RECORDS = 1_000
"""A hash range is this large, and a shard's share of it is no smaller."""

BYTES_AN_ANCHOR = 160
"""Of text: one position in 64, and a position is a letter or digit, 2.5 bytes of Korean text."""


@dataclass(frozen=True)
class Plan:
    """The shards of the run and of earlier ones, the job, and what its outcome depends on."""

    own: list[Shard]
    settled: list[Shard]
    job: Job
    identity: str


def plan(workspace: Workspace, recipe: Recipe) -> Plan:
    """Read the manifests. MalmoiError where an earlier run cannot be compared with this one."""
    clean = workspace.require("clean")
    sources = [source.name for source in recipe.sources]
    own = [
        _shard(clean, unit, 0, sources.index(source), recipe.source(source).priority)
        for unit, source in clean["units"].items()
    ]
    runs, manifests = [(workspace.root, 0)], [clean]
    settled: list[Shard] = []
    earlier_outputs = []
    for root, earlier in zip(recipe.dedup.against, earlier_runs(recipe.dedup), strict=True):
        first = len(own) + len(settled)
        runs.append((Workspace(root).root, first))
        manifests.append(earlier["clean"])
        settled += [
            _shard(earlier["clean"], unit, first, 0, SETTLED) for unit in earlier["clean"]["units"]
        ]
        earlier_outputs.append([earlier[step]["outputs"] for step in ("clean", "dedup")])
    identity = {
        "files": [[name, stamp["sha256"]] for name, stamp in _files(clean).items()],
        "priorities": [shard.priority for shard in own],
        "against": earlier_outputs,
    }
    settings = recipe.dedup.model_dump(exclude={"enabled", "against"})
    made = shuffles(
        sum(shard.documents for shard in own + settled),
        max((shard.documents for shard in own + settled), default=0),
        sum(m["counts"]["bytes_out"] for m in manifests),
        len(own + settled),
        recipe.dedup.bands,
    )
    # Scratch files of other shuffles are of no use, though what comes out in the end is the same.
    name = digest([settings, identity, made])[:16]
    scratch = workspace.path("drops", "scratch", name)
    job = Job(tuple(runs), scratch, recipe.dedup, **made)
    return Plan(own, settled, job, digest(identity))


def shuffles(documents: int, largest: int, n_bytes: int, shards: int, bands: int) -> dict[str, int]:
    """How many shuffles, and hash ranges in each, for so many documents and bytes of their text.

    `largest`: documents of the largest of the shards.
    """
    anchors = n_bytes // BYTES_AN_ANCHOR
    at_once = min(
        bands,
        max(1, MEMBERS_IN_A_ROUND // max(1, documents)),
        max(1, MEMBERS_OF_A_SHARD // max(1, largest)),
    )
    records = max(documents * at_once, min(anchors, MEMBERS_IN_A_ROUND))
    return {
        "parts": part_count(records, max(PART_RECORDS, BLOB_RECORDS * shards)),
        "bands_at_once": at_once,
        "anchor_rounds": max(1, -(-anchors // MEMBERS_IN_A_ROUND)),
    }


def _shard(clean: dict[str, Any], unit: str, first: int, source: int, priority: int) -> Shard:
    signatures = clean["files"][f"signatures/{unit}.parquet"]
    number = first + int(unit.removeprefix("part-"))
    return Shard(number, unit, source, priority, signatures["rows"], signatures["sha256"])


def _files(clean: dict[str, Any]) -> dict[str, Any]:
    folders = ("clean/part-", "signatures/", "line_hashes/")
    return {name: stamp for name, stamp in clean["files"].items() if name.startswith(folders)}


def signature_settings(dedup: Dedup) -> dict[str, Any]:
    """What signatures depend on: two of other settings never meet."""
    return dedup.model_dump(include={"shingle", "bands", "rows", "seed"})


def earlier_runs(dedup: Dedup) -> list[dict[str, dict[str, Any]]]:
    """The clean and the dedup manifest of each run of `dedup.against`.

    MalmoiError where one is not done, of another version or other settings, or not whole.
    """
    return [_earlier(Workspace(root), signature_settings(dedup)) for root in dedup.against]


def _earlier(workspace: Workspace, mine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {step: workspace.require(step) for step in ("clean", "dedup")}
    for step, manifest in found.items():
        if manifest["format"] != FORMAT:
            raise MalmoiError(
                f"{workspace.root}: written by another version (format {manifest['format']}, this "
                f"is {FORMAT}); run `malmoi curate` on it again"
            )
        if damage := workspace.damage(manifest):
            raise MalmoiError(
                f"{workspace.root}: {damage[0]} of step '{step}' is missing or of another size; "
                "run `malmoi curate` on it again"
            )
    theirs = found["clean"]["settings"]["signature"]
    other = [
        f"{name} {theirs[name]}, not {mine[name]}" for name in mine if mine[name] != theirs[name]
    ]
    if other:
        raise MalmoiError(
            f"{workspace.root}: its signatures are of other settings ({', '.join(other)}); give "
            "this recipe's `dedup` the same, or run the earlier recipe again with these"
        )
    return found
