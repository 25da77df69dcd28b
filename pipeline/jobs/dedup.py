"""The dedup job: signatures to a removal list for each shard, pass after pass.

Each pass is a graph of its own with its own tasks, so that no runner holds what only the next one
needs; between them lie scratch files, and a pass that was finished is not run again. Records lie in
files too on their way from one worker to another: only the places of these files are shuffled.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import apache_beam as beam

from pipeline import storage
from pipeline.dedup import outcome, shards
from pipeline.dedup.drops import DropWork, write_drops
from pipeline.dedup.plan import Plan, plan
from pipeline.dedup.scratch import Job, Shard, file_name
from pipeline.dedup.spill import FOLDER, NOWHERE, Receiving, Sending, size_of
from pipeline.jobs.meters import Grouped
from pipeline.jobs.pool import Pooled
from pipeline.jobs.session import Session
from pipeline.progress import Passes
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.workspace import Outcome, Unit, Workspace

logger = logging.getLogger(__name__)


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the dedup step. Every list depends on every clean and signature shard."""
    planned = plan(workspace, recipe)
    units = [
        Unit(
            shard.unit,
            planned.identity,
            DropWork(shard, planned.job, recipe.sources[shard.source].name),
        )
        for shard in planned.own
    ]
    return workspace.perform(
        "dedup",
        settings=recipe.dedup.model_dump(exclude={"enabled", "against"}),
        units=units,
        work=lambda tasks: _work(session, workspace, planned, tasks),
    )


def _work(session: Session, workspace: Workspace, planned: Plan, tasks: list[Task]) -> None:
    if not tasks:
        return
    job, own, every = planned.job, planned.own, planned.own + planned.settled
    passes: dict[str, Callable[[beam.Pipeline], Any]] = {
        "exact": partial(exact, session=session, job=job, of=every),
        **{
            f"candidates-{number}": partial(
                candidates, session=session, job=job, of=every, number=number
            )
            for number in range(job.rounds)
        },
        "anchored": partial(anchored, session=session, job=job, of=every),
        "shingles": lambda pipeline: session.apply(
            pipeline, "write shingle sets", partial(shards.write_shingles, job=job), every
        ),
        "verification": partial(verification, session=session, job=job, of=every),
        "selection": partial(selection, session=session, job=job, of=every),
        "witnesses": partial(witnesses, session=session, job=job, of=own, every=every),
        "ids": lambda pipeline: session.apply(
            pipeline, "ids of witnesses", partial(outcome.write_ids, job=job), every
        ),
        "lines": partial(lines, session=session, job=job, of=own),
    }
    if not job.settings.lines.enabled:
        del passes["lines"]
    clean = workspace.require("clean")["counts"]
    counted = Passes([*passes, "removal lists"], clean["documents_out"], clean["bytes_out"])
    workspace.on_part(counted)
    for name, build in passes.items():
        done = job.path(f"{name}.done")
        if not storage.exists(done):
            session.run(build)
            storage.delete_dir(job.path(FOLDER))
            with storage.write_atomic(done):
                pass
            logger.info("pass done", extra={"step": "dedup", "stage": name})
        counted.done += 1
    session.map("write removal lists", write_drops, tasks)
    storage.delete_dir(workspace.path("drops", "scratch"))


def exact(pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard]) -> None:
    """Groups of equal canonical forms to the exact copies of each shard."""
    # (range of the exact hash, keys)
    keys = _grouped(
        pipeline, session, "keys by hash", partial(shards.exact_blobs, job=job), of, job
    )
    # (file name, copies)
    copies = _flat(keys, "copies of a range", shards.copies_of, session, job)
    _write(copies, session, job, _names(of, "losers", "winners"))


def candidates(
    pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard], number: int
) -> None:
    """Buckets of one round of bands or anchors to the candidate pairs of each shard."""
    # (range of the bucket, members)
    members = _grouped(
        pipeline,
        session,
        "members by bucket",
        partial(shards.member_blobs, job=job, number=number),
        of,
        job,
    )
    # (file name, pairs or wanted documents)
    pairs = _flat(
        members, "pairs of a range", partial(shards.pairs_of, job=job, number=number), session, job
    )
    kinds = ("pairs", "wanted") if number < job.band_rounds else ("shared",)
    _write(pairs, session, job, [file_name(s.number, kind, number) for s in of for kind in kinds])


def anchored(pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard]) -> None:
    """What pairs share of anchors to the candidate pairs of each shard."""
    # (file name, pairs or wanted documents)
    pairs = _blobs(
        pipeline, session, "enough anchors", partial(shards.anchored_pairs, job=job), of, job
    )
    kinds = ("pairs", "wanted")
    names = [file_name(s.number, kind, job.band_rounds) for s in of for kind in kinds]
    _write(pairs, session, job, names)


def verification(pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard]) -> None:
    """Candidate pairs to verified edges, and their components to one forest."""
    (
        session.apply(pipeline, "verify pairs", partial(shards.verify_shard, job=job), of)
        | "merge forests" >> beam.CombineGlobally(shards.merge_forests)
        | "write the forest" >> beam.Map(partial(shards.write_forest, job=job))
    )


def selection(pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard]) -> None:
    """Components to the removals of each shard, those of exact copies with them."""
    # (range of the component, edges and keys)
    components = _grouped(
        pipeline, session, "edges by component", partial(outcome.component_blobs, job=job), of, job
    )
    # (file name, near removals)
    near = _flat(
        components, "select in components", partial(outcome.near_copies_of, job=job), session, job
    )
    near = _by_file(near, "near removals by shard", _names(of, "near"))
    # (file name, removals)
    removals = _flat(near, "join exact copies", partial(outcome.witnessed, job=job), session, job)
    _write(removals, session, job, _names(of, "removals"))


def witnesses(
    pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard], every: list[Shard]
) -> None:
    """Removals to the number of documents that each kept one stands for."""
    # (file name, witnesses)
    blobs = _blobs(pipeline, session, "witnesses", partial(outcome.witness_blobs, job=job), of, job)
    _write(blobs, session, job, _names(every, "witnesses"))


def lines(pipeline: beam.Pipeline, session: Session, job: Job, of: list[Shard]) -> None:
    """Lines of kept documents to the boilerplate lines of each source."""
    kept: dict[int, int] = {}
    for shard in of:
        kept[shard.source] = kept.get(shard.source, 0) + outcome.kept_documents(shard, job)
    # ((source, range of the line's hash), lines)
    counted = _grouped(
        pipeline, session, "lines by hash", partial(outcome.line_blobs, job=job), of, job
    )
    # (file name, boilerplate)
    boilerplate = _flat(
        counted, "lines in many", partial(outcome.boilerplate_of, job=job, kept=kept), session, job
    )
    _write(boilerplate, session, job, [file_name(source, "lines") for source in kept])


def _names(of: Iterable[Shard], *kinds: str) -> list[str]:
    return [file_name(shard.number, kind) for shard in of for kind in kinds]


def _blobs(
    pipeline: beam.Pipeline,
    session: Session,
    label: str,
    function: Callable[[Shard], Any],
    of: list[Shard],
    job: Job,
) -> beam.PCollection:
    """The (key, place of a blob) pairs of what `function` makes of each shard."""
    sending = Sending(function, job, label)
    return session.apply(pipeline, label, sending, of) | f"{label}: blobs" >> beam.FlatMap(
        lambda blobs: blobs
    )


def _grouped(*arguments: Any) -> beam.PCollection:
    """`_blobs`, grouped by the part they belong to."""
    return _blobs(*arguments) | f"{arguments[2]}: group" >> Grouped(size_of)


def _flat(
    groups: beam.PCollection, label: str, function: Callable[[Any], Any], session: Session, job: Job
) -> beam.PCollection:
    """What `function` makes of each (key, blobs), as `_blobs` has it."""
    sending = Sending(Receiving(function, job), job, label)
    return (
        groups
        | label >> beam.ParDo(Pooled(sending, session.workers))
        | f"{label}: blobs" >> beam.FlatMap(lambda blobs: blobs)
    )


def _by_file(blobs: beam.PCollection, label: str, names: list[str]) -> beam.PCollection:
    """`blobs` grouped by the file they are for; a name that none is for has an empty one."""
    empty = [(name, NOWHERE) for name in names]
    empty = blobs.pipeline | f"{label}: empty" >> beam.Create(empty)
    return (blobs, empty) | label >> Grouped(size_of)


def _write(blobs: beam.PCollection, session: Session, job: Job, names: list[str]) -> None:
    """Write the blobs of each name as that scratch file."""
    (
        _by_file(blobs, "blobs by file", names)
        | "write scratch files" >> beam.ParDo(Pooled(Receiving(job.merge, job), session.workers))
    )
