"""Small runs whose clean step is done, and what the dedup step leaves of them."""

import random
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.counts import Counts
from pipeline.dedup import plan as planning
from pipeline.dedup.lines import LINE_HASHES, line_hashes
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import DOCUMENT
from pipeline.jobs import dedup
from pipeline.jobs.session import Session
from pipeline.parquet import read_table, write_parquet
from pipeline.receipts import Task
from pipeline.recipe import Recipe, parse
from pipeline.workspace import Outcome, Unit, Workspace

SYLLABLES = [chr(point) for point in range(0xAC00, 0xAC00 + 800)]
SHARD_ROWS = (40, 1, 0, 55)
SOURCES = ("blog", "blog", "news", "news")

RECIPE = parse(
    """
sources:
  - {name: blog, paths: [unused]}
  - {name: news, paths: [unused], priority: 1}
"""
)


def sentence(rng: random.Random, eojeols: int) -> str:
    return " ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(eojeols))


def make_texts() -> list[str]:
    """Random documents, among them exact copies (spacing) and near copies (a word changed)."""
    rng = random.Random(7)
    texts = ["", "!!!", "★", "!!!"]
    while len(texts) < sum(SHARD_ROWS):
        original = sentence(rng, 120)
        words = original.split()
        changed = [*words]
        changed[rng.randrange(len(words))] = "바뀐말"
        shorter = words[: len(words) - 4]
        texts += [original, "".join(words), " ".join(changed), " ".join(shorter), sentence(rng, 90)]
    texts = texts[: sum(SHARD_ROWS)]
    rng.shuffle(texts)
    return texts


def write_clean(task: Task) -> str:
    """A clean and a signature shard of the texts in the task, as the clean step leaves them."""
    source, ids, texts = task.payload
    strings = pa.array(texts, pa.string())
    columns = {
        "id": pa.array(ids, pa.string()),
        "source": pa.array([source] * len(texts), pa.string()),
        "text": strings,
        "n_chars": pa.array([len(text) for text in texts], pa.int32()),
        "n_bytes": pa.array([len(text.encode()) for text in texts], pa.int32()),
    }
    arrays = [columns.get(field.name, pa.nulls(len(texts), field.type)) for field in DOCUMENT]
    batch = pa.RecordBatch.from_arrays(arrays, schema=DOCUMENT)
    files = {
        (name := f"clean/{task.unit}.parquet"): write_parquet(task.path(name), [batch], DOCUMENT),
        (name := f"signatures/{task.unit}.parquet"): write_parquet(
            task.path(name), [sign(strings, RECIPE.dedup)], signature_schema(RECIPE.dedup)
        ),
        (name := f"line_hashes/{task.unit}.parquet"): write_parquet(
            task.path(name),
            [pa.RecordBatch.from_arrays([line_hashes(strings, 8)], schema=LINE_HASHES)],
            LINE_HASHES,
        ),
    }
    size = sum(len(text.encode()) for text in texts)
    counts = Counts(len(texts), len(texts), size, size)
    return task.finish(files, counts, source=source)


def make_workspace(root: Path, texts: list[str]) -> Workspace:
    workspace = Workspace(str(root))
    units, first = [], 0
    for number, (rows, source) in enumerate(zip(SHARD_ROWS, SOURCES, strict=True)):
        ids = [f"doc-{first + row}" for row in range(rows)]
        payload = (source, ids, texts[first : first + rows])
        units.append(Unit(f"part-{number:05d}", payload, payload))
        first += rows
    workspace.perform(
        "clean",
        settings={"signature": planning.signature_settings(RECIPE.dedup)},
        units=units,
        work=lambda tasks: [write_clean(task) for task in tasks],
    )
    return workspace


def make_pipeline() -> beam.Pipeline:
    return beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"]))


def run_job(workspace: Workspace, recipe: Recipe = RECIPE, workers: int = 1) -> Outcome:
    return dedup.run(Session(make_pipeline, workers), workspace, recipe)


def sizes_on_disk(workspace: Workspace) -> dict[int, int]:
    starts = np.cumsum((0, *SHARD_ROWS))
    return {
        int(starts[number]) + cluster["row"]: cluster["cluster_size"]
        for number in range(len(SHARD_ROWS))
        for cluster in read_table(
            workspace.path("drops", f"clusters-{number:05d}.parquet")
        ).to_pylist()
    }


def removals_on_disk(workspace: Workspace) -> list[tuple]:
    found = []
    starts = np.cumsum((0, *SHARD_ROWS))
    for number in range(len(SHARD_ROWS)):
        for drop in read_table(workspace.path("drops", f"part-{number:05d}.parquet")).to_pylist():
            witness = int(starts[drop["witness_shard"]]) + drop["witness_row"]
            assert drop["duplicate_of"] == f"doc-{witness}"
            found.append(
                (int(starts[number]) + drop["row"], witness, drop["rule"], drop["similarity"])
            )
    return found


def with_settings(**changed: object) -> Recipe:
    return RECIPE.model_copy(update={"dedup": RECIPE.dedup.model_copy(update=changed)})
