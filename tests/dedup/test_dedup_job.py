"""The Beam job on shards on disk, against the same procedure in memory."""

import random
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.counts import Counts
from pipeline.dedup import plan as planning
from pipeline.dedup.in_memory import deduplicate
from pipeline.dedup.lines import LINE_HASHES, line_hashes, line_of
from pipeline.dedup.records import RULES, document_numbers
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import DOCUMENT
from pipeline.jobs import dedup
from pipeline.jobs.session import Session
from pipeline.parquet import read_table, write_parquet
from pipeline.receipts import Task
from pipeline.recipe import Recipe, parse
from pipeline.workspace import Outcome, Unit, Workspace
from tokenizer.errors import CorruptFileError, MalmoiError

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
            RULES[removal["rule"]],
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
    monkeypatch.setattr(planning, "MEMBERS_IN_A_ROUND", 10 * len(texts))
    monkeypatch.setattr(planning, "PART_RECORDS", 16)
    monkeypatch.setattr(planning, "BLOB_RECORDS", 1)
    monkeypatch.setattr(planning, "BYTES_AN_ANCHOR", 1)
    workspace = make_workspace(tmp_path / "many", texts)
    job = planning.plan(workspace, RECIPE).job
    assert job.parts > 8 and job.band_rounds == 3 and job.anchor_rounds > 3
    many = run_job(workspace, workers=2)
    assert many.manifest["outputs"] == plain.manifest["outputs"]


def test_step_is_skipped_and_a_killed_run_resumes_at_its_pass(
    tmp_path: Path, texts: list[str], expected: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(tmp_path, texts)

    def killed(*args: object, **more: object) -> None:
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
    settings = RECIPE.dedup.model_copy(update={"threshold": 0.99, "containment": 1})
    assert not run_job(workspace, RECIPE.model_copy(update={"dedup": settings})).skipped
    assert len(removals_on_disk(workspace)) < before


OTHER = RECIPE.dedup.model_copy(update={"seed": 2})


@pytest.mark.parametrize("what", ["truncated", "of other settings", "of other documents"])
def test_signatures_that_are_not_what_the_manifest_names_are_refused(
    tmp_path: Path, texts: list[str], what: str
) -> None:
    workspace = make_workspace(tmp_path, texts)
    where = Path(workspace.path("signatures", "part-00000.parquet"))
    if what == "truncated":
        where.write_bytes(where.read_bytes()[:-100])
    else:
        plan = OTHER if "settings" in what else RECIPE.dedup
        signed = sign(pa.array(texts[: 40 if "settings" in what else 3]), plan)
        write_parquet(str(where), [signed], signature_schema(plan))
    with pytest.raises(CorruptFileError, match=r"part-00000.parquet: not what the manifest"):
        run_job(workspace)


def test_shards_that_disagree_are_refused(tmp_path: Path, texts: list[str]) -> None:
    """A clean shard with other rows than its signatures, which the hash of these cannot tell."""
    workspace = make_workspace(tmp_path, texts)
    where = workspace.path("clean", "part-00000.parquet")
    write_parquet(where, read_table(where).slice(0, 3).to_batches(), DOCUMENT)
    with pytest.raises(CorruptFileError, match="3 documents but 40 signatures"):
        run_job(workspace)


def with_settings(**changed: object) -> Recipe:
    return RECIPE.model_copy(update={"dedup": RECIPE.dedup.model_copy(update=changed)})


def against(tmp_path: Path, texts: list[str], *earlier: Path) -> tuple[Workspace, Outcome]:
    workspace = make_workspace(tmp_path, texts)
    return workspace, run_job(workspace, with_settings(against=[str(run) for run in earlier]))


def test_documents_of_earlier_runs_stay_and_are_witnesses(tmp_path: Path, texts: list[str]) -> None:
    first = make_workspace(tmp_path / "first", texts)
    run_job(first)
    before = {path: path.read_bytes() for path in (tmp_path / "first").rglob("*.parquet")}
    rng = random.Random(5)
    new = [sentence(rng, 100) for _ in texts]
    for row in range(0, len(texts), 5):
        new[row] = texts[row].replace(" ", "\n", 7)  # equal, or both without letters
    new[1] = new[2] + " 더"
    workspace, outcome = against(tmp_path / "second", new, tmp_path / "first")
    assert {path: path.read_bytes() for path in before} == before
    found = [
        drop
        for number in range(len(SHARD_ROWS))
        for drop in read_table(workspace.path("drops", f"part-{number:05d}.parquet")).to_pylist()
    ]
    assert len(found) == len(range(0, len(texts), 5)) + 1
    inside = [drop for drop in found if drop["witness_run"] is None]
    assert len(inside) == 1 and outcome.manifest["counts"]["documents_out"] == len(new) - len(found)
    kept = set()
    starts = np.cumsum((0, *SHARD_ROWS))
    dropped = {row for row, *_ in removals_on_disk(first)}
    for drop in found:
        if drop["witness_run"] == 0:
            witness = int(starts[drop["witness_shard"]]) + drop["witness_row"]
            assert witness not in dropped and drop["duplicate_of"] == f"doc-{witness}"
            kept.add(witness)
    third, outcome = against(tmp_path / "third", new, tmp_path / "first", tmp_path / "second")
    assert outcome.manifest["counts"]["documents_out"] == 0
    runs = [
        drop["witness_run"]
        for number in range(len(SHARD_ROWS))
        for drop in read_table(third.path("drops", f"part-{number:05d}.parquet")).to_pylist()
    ]
    assert (
        set(runs) == {0, 1}
        and run_job(
            third, with_settings(against=[str(tmp_path / "first"), str(tmp_path / "second")])
        ).skipped
    )


def test_an_earlier_run_that_cannot_be_compared_is_refused(
    tmp_path: Path, texts: list[str]
) -> None:
    first = make_workspace(tmp_path / "first", texts)
    with pytest.raises(MalmoiError, match="step 'dedup' is not done here"):
        against(tmp_path / "second", texts, tmp_path / "first")
    run_job(first)
    manifest = Path(first.path("clean", "manifest.json"))
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"seed": 1', '"seed": 2'))
    with pytest.raises(MalmoiError, match=r"signatures are of other settings \(seed 2, not 1\)"):
        against(tmp_path / "second", texts, tmp_path / "first")
    manifest.write_text(whole)
    Path(first.path("drops", "part-00001.parquet")).unlink()
    with pytest.raises(MalmoiError, match=r"drops/part-00001.parquet of step 'dedup' is missing"):
        against(tmp_path / "second", texts, tmp_path / "first")


def test_lines_of_many_kept_documents_are_listed_by_source(tmp_path: Path) -> None:
    """Copies do not count: their lines are on the page that is kept, once."""
    rng = random.Random(6)
    foot = "이 글을 다른 곳에 옮기는 것을 금합니다"
    pages = [f"{sentence(rng, 40)}\n{sentence(rng, 9)}\n{foot}" for _ in range(40)]
    copied = f"{sentence(rng, 40)}\n{sentence(rng, 9)}"
    texts = [*pages, copied] + [copied.replace(" ", "  ", i) for i in range(55)]
    workspace = make_workspace(tmp_path, texts)
    lines = RECIPE.dedup.lines.model_copy(update={"documents": 30})
    run_job(workspace, with_settings(lines=lines))
    listed = [
        read_table(workspace.path("drops", f"lines-{number:05d}.parquet"))
        for number in range(len(SHARD_ROWS))
    ]
    expected = line_of(np.asarray(line_hashes(pa.array([foot]), 8).flatten())).tolist()
    assert [table["line"].to_pylist() for table in listed] == [expected, [], [], []]
    assert listed[0]["documents"].to_pylist() == [40]


def test_document_numbers_order_like_shard_and_row() -> None:
    numbers = document_numbers(3, np.array([0, 2**31 - 1]))
    assert numbers.tolist() == [3 << 32, (3 << 32) + 2**31 - 1]
