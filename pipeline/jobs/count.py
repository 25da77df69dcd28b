"""The count job: curated shards to exact eojeol counts, a file for each hash range."""

from functools import partial

import apache_beam as beam

from pipeline.count import count_shard, merge_partition
from pipeline.jobs.assemble import curated_shards
from pipeline.jobs.session import Session
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.workspace import Outcome, Unit, Workspace

PARTITIONS = 16
"""Fixed, so that the files do not depend on the machine; part of the step's settings."""


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the count step. Every partition depends on every curated shard."""
    shards = curated_shards(workspace)
    minimum_count = recipe.tokenizer.minimum_count
    identity = [sha256 for _, _, sha256 in shards]
    units = [Unit(f"part-{number:05d}", identity, number) for number in range(PARTITIONS)]
    paths = [workspace.path("curated", f"{name}.parquet") for name, _, _ in shards]

    def work(tasks: list[Task]) -> None:
        if tasks:
            by_number = {task.payload: task for task in tasks}
            session.run(lambda pipeline: build(pipeline, session, paths, by_number, minimum_count))

    return workspace.perform(
        "count",
        settings={"minimum_count": minimum_count, "partitions": PARTITIONS},
        units=units,
        work=work,
    )


def build(
    pipeline: beam.Pipeline,
    session: Session,
    paths: list[str],
    tasks: dict[int, Task],
    minimum_count: int,
) -> None:
    """The graph; (partition, bytes) crosses the shuffle."""
    counted = session.apply(
        pipeline, "count shards", partial(count_shard, partitions=PARTITIONS), paths
    ) | ("one blob a partition" >> beam.FlatMap(lambda blobs: blobs))
    (
        counted
        | "of wanted partitions" >> beam.Filter(lambda blob, wanted: blob[0] in wanted, set(tasks))
        | "by hash range" >> beam.GroupByKey()
        | "add up and write"
        >> beam.MapTuple(lambda number, blobs: merge_partition(tasks[number], blobs, minimum_count))
    )
