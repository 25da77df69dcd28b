"""The dedup job: signatures to a removal list for each shard, in six passes.

Each pass is a graph of its own with its own tasks, so that no runner holds what only the next one
needs; between them lie scratch files, and a pass that was finished is not run again.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import apache_beam as beam

from pipeline import storage
from pipeline.dedup import shards as work
from pipeline.dedup.drops import DropWork, write_drops
from pipeline.dedup.records import part_count
from pipeline.dedup.scratch import Job, Shard, file_name
from pipeline.jobs.session import Pooled, Session
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.workspace import Outcome, Unit, Workspace, digest

MEMBERS_IN_A_ROUND = 8_000_000
"""Bucket members in one shuffle: the in-process runner holds about four times their 24 bytes."""

PART_RECORDS = 1_000_000
BLOB_RECORDS = 1_000
"""A hash range is this large, and a shard's share of it is no smaller."""


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the dedup step. Every list depends on every clean and signature shard."""
    clean = workspace.require("clean")
    files = {
        name: stamp
        for name, stamp in clean["files"].items()
        if name.startswith(("clean/part-", "signatures/"))
    }
    shards = [
        Shard(int(unit.removeprefix("part-")), unit, recipe.source(source).priority)
        for unit, source in clean["units"].items()
    ]
    settings = recipe.dedup.model_dump(exclude={"enabled"})
    identity = {
        "files": [[name, stamp["sha256"]] for name, stamp in files.items()],
        "priorities": [shard.priority for shard in shards],
    }
    documents = sum(files[f"signatures/{shard.unit}.parquet"]["rows"] for shard in shards)
    job = plan(workspace, recipe, documents, len(shards), digest([settings, identity])[:16])
    units = [
        Unit(shard.unit, identity, DropWork(shard, job, clean["units"][shard.unit]))
        for shard in shards
    ]
    return workspace.perform(
        "dedup",
        settings=settings,
        units=units,
        work=lambda tasks: _work(session, workspace, job, shards, tasks),
    )


def plan(workspace: Workspace, recipe: Recipe, documents: int, shards: int, name: str) -> Job:
    """How many hash ranges and rounds of bands a corpus of so many documents takes."""
    bands = recipe.dedup.bands
    at_once = min(bands, max(1, MEMBERS_IN_A_ROUND // max(1, documents)))
    return Job(
        root=workspace.root,
        scratch=workspace.path("drops", "scratch", name),
        settings=recipe.dedup,
        parts=part_count(documents * at_once, max(PART_RECORDS, BLOB_RECORDS * shards)),
        bands_at_once=at_once,
    )


def _work(
    session: Session, workspace: Workspace, job: Job, shards: list[Shard], tasks: list[Task]
) -> None:
    if not tasks:
        return
    passes: dict[str, Callable[[beam.Pipeline], Any]] = {
        "exact": lambda pipeline: exact(pipeline, session, job, shards),
        **{
            f"candidates-{number}": partial(
                candidates, session=session, job=job, shards=shards, number=number
            )
            for number in range(job.rounds)
        },
        "shingles": lambda pipeline: session.apply(
            pipeline, "write shingle sets", partial(work.write_shingles, job=job), shards
        ),
        "verification": lambda pipeline: verification(pipeline, session, job, shards),
        "selection": lambda pipeline: selection(pipeline, session, job, shards),
    }
    for name, build in passes.items():
        done = job.path(f"{name}.done")
        if not storage.exists(done):
            session.run(build)
            with storage.write_atomic(done):
                pass
    session.map("write removal lists", write_drops, tasks)
    storage.delete_dir(workspace.path("drops", "scratch"))


def exact(pipeline: beam.Pipeline, session: Session, job: Job, shards: list[Shard]) -> None:
    """Groups of equal canonical forms to the exact copies of each shard."""
    # (range of the exact hash, keys)
    keys = _by_part(pipeline, session, "keys by hash", partial(work.exact_blobs, job=job), shards)
    # (file name, copies)
    copies = _flat(keys, "copies of a range", work.copies_of, session)
    _write(
        copies,
        session,
        job,
        [file_name(s.number, k) for s in shards for k in ("losers", "winners")],
    )


def candidates(
    pipeline: beam.Pipeline, session: Session, job: Job, shards: list[Shard], number: int
) -> None:
    """Buckets of one round of bands to the candidate pairs of each shard."""
    # (range of the band hash, members)
    members = _by_part(
        pipeline,
        session,
        "members by bucket",
        partial(work.member_blobs, job=job, number=number),
        shards,
    )
    # (file name, pairs or wanted documents)
    pairs = _flat(members, "pairs of a range", partial(work.pairs_of, number=number), session)
    names = [file_name(s.number, kind, number) for s in shards for kind in ("pairs", "wanted")]
    _write(pairs, session, job, names)


def verification(pipeline: beam.Pipeline, session: Session, job: Job, shards: list[Shard]) -> None:
    """Candidate pairs to verified edges, and their components to one forest."""
    (
        session.apply(pipeline, "verify pairs", partial(work.verify_shard, job=job), shards)
        | "merge forests" >> beam.CombineGlobally(work.merge_forests)
        | "write the forest" >> beam.Map(partial(work.write_forest, job=job))
    )


def selection(pipeline: beam.Pipeline, session: Session, job: Job, shards: list[Shard]) -> None:
    """Components to the removals of each shard, those of exact copies with them."""
    # (range of the component, (kind, edges or keys))
    components = _by_part(
        pipeline, session, "edges by component", partial(work.component_blobs, job=job), shards
    )
    # (file name, near removals)
    near = _flat(
        components,
        "select in components",
        partial(work.near_copies_of, threshold=job.settings.threshold),
        session,
    )
    near = _by_file(near, "near removals by shard", [file_name(s.number, "near") for s in shards])
    # (file name, removals or witnesses)
    removals = _flat(near, "join exact copies", partial(work.witnessed, job=job), session)
    names = [file_name(s.number, kind) for s in shards for kind in ("removals", "witnesses")]
    _write(removals, session, job, names)


def _by_part(
    pipeline: beam.Pipeline,
    session: Session,
    label: str,
    function: Callable[[Shard], Any],
    shards: list[Shard],
) -> beam.PCollection:
    """Blobs that `function` makes of each shard, grouped by the part they belong to."""
    return (
        session.apply(pipeline, label, function, shards)
        | f"{label}: blobs" >> beam.FlatMap(lambda blobs: blobs)
        | f"{label}: group" >> beam.GroupByKey()
    )


def _flat(
    groups: beam.PCollection, label: str, function: Callable[[Any], Any], session: Session
) -> beam.PCollection:
    """The blobs that `function` makes of each (key, blobs), in the session's processes."""
    return (
        groups
        | f"{label}: lists" >> beam.MapTuple(lambda key, blobs: (key, list(blobs)))
        | label >> beam.ParDo(Pooled(function, session.workers))
        | f"{label}: blobs" >> beam.FlatMap(lambda blobs: blobs)
    )


def _by_file(blobs: beam.PCollection, label: str, names: list[str]) -> beam.PCollection:
    """`blobs` grouped by the file they are for; a name that none is for has an empty one."""
    empty = blobs.pipeline | f"{label}: empty" >> beam.Create([(name, b"") for name in names])
    return (blobs, empty) | f"{label}: all" >> beam.Flatten() | label >> beam.GroupByKey()


def _write(blobs: beam.PCollection, session: Session, job: Job, names: list[str]) -> None:
    """Write the blobs of each name as that scratch file."""
    (
        _by_file(blobs, "blobs by file", names)
        | "lists of blobs" >> beam.MapTuple(lambda name, blobs: (name, list(blobs)))
        | "write scratch files" >> beam.ParDo(Pooled(job.merge, session.workers))
    )
