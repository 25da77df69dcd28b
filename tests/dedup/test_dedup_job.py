"""The Beam job on shards on disk, against the same procedure in memory."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dedup import plan as planning
from pipeline.dedup.in_memory import deduplicate
from pipeline.dedup.lines import line_hashes, line_of
from pipeline.dedup.records import RULES, document_numbers
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import DOCUMENT
from pipeline.jobs import dedup
from pipeline.parquet import read_table, write_parquet
from tests.dedup.job_runs import (
    RECIPE,
    SHARD_ROWS,
    make_workspace,
    removals_on_disk,
    run_job,
    sentence,
    sizes_on_disk,
    with_settings,
)
from tokenizer.errors import CorruptFileError


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
