"""Near-duplicate removal by the command line: documents decide what goes, not their order."""

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.dedup_cases import generate
from pipeline.synthetic import generate_documents

RECIPE = """
clean: {remnants: false, furniture: false, unit_bytes: 60000}
pii: {enabled: false}
sources:
  - {name: pages, paths: [pages-*.jsonl], profile: none}
  - {name: better, paths: [better-*.jsonl], profile: none, priority: 1}
"""


@pytest.fixture(scope="module")
def documents() -> list[dict[str, str]]:
    texts = [row["text"] for row in generate_documents(150, seed=4)]
    cases = generate(texts, 400, seed=4)
    return [{"id": i, "text": t} for i, t in zip(cases.ids, cases.texts, strict=True)]


def write(folder: Path, rows: list[dict[str, str]], order: int, files: int) -> Path:
    """The documents in an order of its own, over so many files; every seventh in the better one."""
    folder.mkdir()
    rows = random.Random(order).sample(rows, len(rows))
    for source in ("pages", "better"):
        mine = [row for row in rows if (int(row["id"][1:]) % 7 == 0) == (source == "better")]
        for number in range(files):
            lines = [json.dumps(row, ensure_ascii=False) for row in mine[number::files]]
            (folder / f"{source}-{number}.jsonl").write_text("\n".join(lines))
    (folder / "recipe.yaml").write_text(RECIPE)
    return folder / "recipe.yaml"


def rows_of(run: Path, folder: str, columns: list[str]) -> list[tuple]:
    rows = []
    for path in (run / folder).glob("*.parquet"):
        rows += pq.read_table(path, columns=columns).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def outcome(run: Path) -> tuple[list[tuple], list[tuple]]:
    """What was kept, and what went for which document."""
    return (
        rows_of(run, "curated", ["id", "text", "cluster_size"]),
        rows_of(run, "removed", ["id", "rule", "duplicate_of", "similarity"]),
    )


def test_order_files_and_workers_decide_nothing(documents, tmp_path: Path, malmoi) -> None:
    first = write(tmp_path / "a", documents, order=1, files=1)
    other = write(tmp_path / "b", documents, order=2, files=3)
    malmoi("curate", first, "--out", tmp_path / "one", "--workers", 1)
    malmoi("curate", first, "--out", tmp_path / "four", "--workers", 4)
    for path in (tmp_path / "one").rglob("*.parquet"):
        again = tmp_path / "four" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == again.read_bytes()
    kept, removed = outcome(tmp_path / "one")
    assert {rule for _, rule, *_ in removed} == {"exact_duplicate", "near_duplicate", "contained"}
    malmoi("curate", other, "--out", tmp_path / "shuffled", "--workers", 2)
    assert outcome(tmp_path / "shuffled") == (kept, removed)

    # against the first run, none of its kept documents is new, and it is not touched
    third = write(tmp_path / "c", [*documents, {"id": "d999998", "text": "새 " * 3}], 3, 2)
    malmoi("curate", third, "--out", tmp_path / "third", "--against", tmp_path / "one")
    assert [row[0] for row in outcome(tmp_path / "third")[0]] == ["d999998"]
    assert outcome(tmp_path / "one") == (kept, removed)
