"""The Beam job on shards on disk, against the same procedure in memory."""

import random
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.counts import Counts
from pipeline.dedup.in_memory import deduplicate
from pipeline.dedup.records import document_numbers
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import DOCUMENT
from pipeline.jobs import dedup
from pipeline.jobs.session import Session
from pipeline.parquet import read_table, write_parquet
from pipeline.receipts import Task
from pipeline.recipe import Recipe, parse
from pipeline.workspace import Outcome, Unit, Workspace
from tokenizer.errors import CorruptFileError

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
    }
    counts = Counts(len(texts), len(texts))
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
        "clean", settings={}, units=units, work=lambda tasks: [write_clean(task) for task in tasks]
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


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return make_texts()


@pytest.fixture(scope="module")
def expected(texts: list[str]) -> list[tuple]:
    priority = np.repeat([0, 0, 1, 1], SHARD_ROWS).astype(np.int32)
    return [
        (
            int(removal["document"]),
            int(removal["witness"]),
            "exact_duplicate" if removal["exact"] else "near_duplicate",
            float(removal["similarity"]),
        )
        for removal in deduplicate(pa.array(texts), RECIPE.dedup, priority)
    ]


def test_job_removes_what_the_procedure_in_memory_removes(
    tmp_path: Path, texts: list[str], expected: list[tuple]
) -> None:
    workspace = make_workspace(tmp_path, texts)
    outcome = run_job(workspace)
    assert removals_on_disk(workspace) == expected
    assert {rule for _, _, rule, _ in expected} == {"exact_duplicate", "near_duplicate"}
    witnesses = [witness for _, witness, _, _ in expected]
    assert sizes_on_disk(workspace) == {w: 1 + witnesses.count(w) for w in witnesses}
    counts = outcome.manifest["counts"]
    assert counts["documents_in"] == len(texts)
    assert counts["documents_out"] == len(texts) - len(expected)
    assert counts["bytes_in"] == sum(len(text.encode()) for text in texts)
    gone = {document for document, *_ in expected}
    assert counts["bytes_out"] == sum(
        len(text.encode()) for row, text in enumerate(texts) if row not in gone
    )
    facts = outcome.manifest["facts"].values()
    assert 0 < sum(fact["verified"] for fact in facts) <= sum(fact["candidates"] for fact in facts)


def test_rounds_parts_and_workers_change_no_byte(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run_job(make_workspace(tmp_path / "plain", texts))
    monkeypatch.setattr(dedup, "MEMBERS_IN_A_ROUND", 10 * len(texts))
    monkeypatch.setattr(dedup, "PART_RECORDS", 16)
    monkeypatch.setattr(dedup, "BLOB_RECORDS", 1)
    workspace = make_workspace(tmp_path / "many", texts)
    job = dedup.plan(workspace, RECIPE, len(texts), len(SHARD_ROWS), "x")
    assert job.parts > 8 and job.rounds == 3
    many = run_job(workspace, workers=2)
    assert many.manifest["outputs"] == plain.manifest["outputs"]


def test_step_is_skipped_and_a_killed_run_resumes_at_its_pass(
    tmp_path: Path, texts: list[str], expected: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(tmp_path, texts)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dedup, "selection", killed)
        with pytest.raises(KeyboardInterrupt):
            run_job(workspace)
    with monkeypatch.context() as patch:
        for done_before in ("exact", "candidates", "verification"):
            patch.setattr(dedup, done_before, killed)
        assert not run_job(workspace).skipped
    assert removals_on_disk(workspace) == expected
    assert not (tmp_path / "drops" / "scratch").exists()
    assert run_job(workspace).skipped
    assert workspace.verify()[1] == []


def test_threshold_is_part_of_the_key(tmp_path: Path, texts: list[str]) -> None:
    workspace = make_workspace(tmp_path, texts)
    assert not run_job(workspace).skipped
    before = len(removals_on_disk(workspace))
    settings = RECIPE.dedup.model_copy(update={"threshold": 0.99})
    assert not run_job(workspace, RECIPE.model_copy(update={"dedup": settings})).skipped
    assert len(removals_on_disk(workspace)) < before


def test_signatures_that_are_not_of_the_documents_are_refused(
    tmp_path: Path, texts: list[str]
) -> None:
    workspace = make_workspace(tmp_path, texts)
    batch = sign(pa.array(texts[:3]), RECIPE.dedup)
    where = workspace.path("signatures", "part-00000.parquet")
    write_parquet(where, [batch], signature_schema(RECIPE.dedup))
    with pytest.raises(CorruptFileError, match="40 documents but 3 signatures"):
        run_job(workspace)


def test_document_numbers_order_like_shard_and_row() -> None:
    numbers = document_numbers(3, np.array([0, 2**31 - 1]))
    assert numbers.tolist() == [3 << 32, (3 << 32) + 2**31 - 1]
