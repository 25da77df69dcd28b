"""The count job: curated shards to exact eojeol counts, a file for each hash range. Map only."""

from functools import partial

from pipeline import storage
from pipeline.count import CuratedShard, Scratch, count_shard, merge_partition, partition_count
from pipeline.curated import curated
from pipeline.jobs.session import Session
from pipeline.progress import Files
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.workspace import Outcome, Unit, Workspace, digest


def run(session: Session, workspace: Workspace, recipe: Recipe) -> Outcome:
    """Do the count step. Every partition depends on every curated shard."""
    shards = list(curated(workspace))
    chosen = recipe.tokenizer
    weights = [chosen.weights.get(shard.source, 1) for shard in shards]
    identity = digest([shard.sha256 for shard in shards])
    made = workspace.require("assemble")["counts"]
    partitions = partition_count(made["bytes_out"])
    units = [Unit(f"part-{number:05d}", identity, number) for number in range(partitions)]
    paths = [workspace.path("curated", f"{shard.name}.parquet") for shard in shards]

    def work(tasks: list[Task]) -> None:
        """Two passes: shards to scratch files, but those that an earlier run left, then ranges."""
        if not tasks:
            return
        # the key of any task stands for all shards and settings
        place = workspace.path("counts", "scratch", tasks[0].key[:16])
        scratch = Scratch(place, len(paths), partitions)
        counted = {info.uri for info in storage.list_files(place)}
        all_shards = map(CuratedShard, range(len(paths)), paths, weights)
        left = [shard for shard in all_shards if scratch.file(shard.number) not in counted]
        sizes = {scratch.name(number): shard.size for number, shard in enumerate(shards)}
        workspace.on_part(Files(place, sizes, made["documents_out"], made["bytes_out"]))
        session.map("count shards", partial(count_shard, scratch=scratch), left)
        workspace.on_part(None)
        add_up = partial(
            merge_partition,
            scratch=scratch,
            minimum_count=chosen.minimum_count,
            maximum_count=chosen.maximum_count,
        )
        session.map("add up and write", add_up, tasks)
        storage.delete_dir(workspace.path("counts", "scratch"))

    return workspace.perform(
        "count",
        settings={
            "minimum_count": chosen.minimum_count,
            "maximum_count": chosen.maximum_count,
            "weights": weights if chosen.weights else None,
            "partitions": partitions,
        },
        units=units,
        work=work,
    )
