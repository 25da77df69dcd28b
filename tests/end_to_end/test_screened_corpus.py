"""`malmoi curate` with benchmarks: indexed once, compared with every kept document, reported."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.synthetic import generate_documents
from tests.conftest import Malmoi

PASSAGE = (
    "훈민정음은 세종이 1443년에 만들어 1446년에 반포한 문자이다. 백성이 쉽게 익혀 날마다 쓰게 "
    "하려는 뜻이 서문에 적혀 있으며, 글자를 만든 원리는 해례본에 풀이되어 있다."
)
QUESTION = "훈민정음을 반포한 해는 언제이며 그 원리를 풀이한 책은 무엇인가?"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    texts = [document["text"] for document in generate_documents(12, seed=7)]
    texts[3] += f"\n{PASSAGE}\n다음 줄은 남는다."
    texts[5] += f" {QUESTION.replace(' ', '')}"
    lines = [json.dumps({"id": f"d{n}", "text": text}) for n, text in enumerate(texts)]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
    item = {"id": "q7", "question": QUESTION, "paragraph": PASSAGE}
    (tmp_path / "quiz.jsonl").write_text(json.dumps(item) + "\n", "utf-8")
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "sources: [{name: blog, paths: [corpus.jsonl]}]\n"
        "dedup: {enabled: false}\n"
        "decontaminate:\n"
        "  enabled: true\n"
        "  benchmarks:\n"
        "    - {name: quiz, paths: [quiz.jsonl], questions: [question], passages: [paragraph]}\n",
        "utf-8",
    )
    return path


def removed(run: Path) -> dict[str, str]:
    rows = pq.read_table(run / "removed" / "part-00000.parquet").to_pylist()
    return {row["id"]: row["duplicate_of"] for row in rows if row["rule"] == "contaminated"}


def test_documents_with_benchmark_items_are_removed(
    recipe: Path, tmp_path: Path, malmoi: Malmoi
) -> None:
    run = tmp_path / "run"
    figures = json.loads(malmoi("curate", recipe, "--out", run, "--json").stdout)
    assert removed(run) == {"d3": "quiz:q7", "d5": "quiz:q7"}
    rows = {row["part"]: row for row in figures["contamination"]}
    assert rows["question"]["items_hit"] == rows["passage"]["items_hit"] == 1
    assert not (run / "signatures").exists()  # nobody looks for copies
    assert "0 faults" in malmoi("verify", run).stdout
    again = malmoi("curate", recipe, "--out", run).stderr
    assert again.count("unchanged, skipped") == 3


def test_items_are_cut_and_a_changed_benchmark_is_indexed_anew(
    recipe: Path, tmp_path: Path, malmoi: Malmoi
) -> None:
    run = tmp_path / "run"
    recipe.write_text(recipe.read_text("utf-8") + "  action: cut\n", "utf-8")
    malmoi("curate", recipe, "--out", run)
    kept = {
        row["id"]: row for row in pq.read_table(run / "curated" / "blog-00000.parquet").to_pylist()
    }
    assert len(kept) == 12 and removed(run) == {}
    text = kept["d3"]["text"]
    assert text.endswith("다음 줄은 남는다.") and "해례본" not in text
    assert kept["d3"]["n_chars"] == len(text)
    other = {
        "id": "q8",
        "question": "다른 물음에는 아무 글도 걸리지 않는다는 것을 보이려는 문장이다.",
        "paragraph": "",
    }
    (tmp_path / "quiz.jsonl").write_text(json.dumps(other) + "\n", "utf-8")
    recipe.write_text(recipe.read_text("utf-8").replace("passages: [paragraph]", "passages: []"))
    malmoi("curate", recipe, "--out", run)
    rows = pq.read_table(run / "curated" / "blog-00000.parquet").to_pylist()
    assert "해례본" in next(row["text"] for row in rows if row["id"] == "d3")
