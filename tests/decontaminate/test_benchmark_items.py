"""Reading benchmarks: what becomes a text to look for, and what a recipe gets told."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.decontaminate import read_items
from pipeline.settings import Benchmark
from tokenizer.errors import RecipeError

ROWS = [
    {"id": "a-0", "question": "한강은 어디에서 시작하나요?", "choices": ["태백", {"text": "서울"}]},
    {"question": "달은 왜 밝은가?", "choices": [], "n": 3},
]


def write(path: Path, rows: list[object]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    raw = text.encode()
    if path.suffix == ".gz":
        raw = gzip.compress(raw)
    elif path.suffix == ".zst":
        raw = pa.compress(raw, codec="zstd", asbytes=True)
    path.write_bytes(raw)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_fields_are_read_through_and_items_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    write(tmp_path / f"quiz.jsonl{suffix}", ROWS)
    monkeypatch.setenv("QUIZ", str(tmp_path))
    benchmark = Benchmark(
        name="quiz",
        paths=[f"$QUIZ/quiz.jsonl{suffix}"],
        questions=["question"],
        passages=["choices"],
    )
    first, second = read_items([benchmark])
    assert (first.name, first.questions) == ("a-0", ("한강은 어디에서 시작하나요?",))
    assert first.passages == ("태백", "서울")
    assert (second.name, second.passages) == ("2", ())


def test_items_of_several_files_are_told_apart(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / f"{name}.jsonl", [{"q": f"{name}의 물음"}])
    items = read_items([Benchmark(name="two", paths=["*.jsonl"], questions=["q"])], str(tmp_path))
    assert [item.name for item in items] == ["a.jsonl:1", "b.jsonl:1"]


@pytest.mark.parametrize(
    ("benchmark", "parts"),
    [
        ({"questions": ["qestion"]}, ["quiz.jsonl:1", "'qestion'", "nearest is 'question'"]),
        ({"questions": ["question", "n"]}, ["quiz.jsonl:1", "no field 'n'"]),
        ({"questions": ["question"], "passages": ["id"]}, ["quiz.jsonl:2", "no field 'id'"]),
        ({"questions": []}, ["names no field"]),
        ({"questions": ["question"], "paths": ["none-*.jsonl"]}, ["matches no file", "none-*"]),
        ({"questions": ["question"], "paths": ["$NOT_SET_X/a"]}, ["NOT_SET_X", "not set"]),
        ({"questions": ["q"], "paths": ["bad.jsonl"]}, ["bad.jsonl:2", "not JSON"]),
        ({"questions": ["q"], "paths": ["list.jsonl"]}, ["list.jsonl:1", "not a JSON object"]),
        ({"questions": ["n"], "paths": ["number.jsonl"]}, ["'n' holds no text", "1 lines"]),
        ({"questions": ["q"], "paths": ["cut.jsonl.gz"]}, ["cut.jsonl.gz", "truncated_file"]),
    ],
)
def test_faults_name_benchmark_file_line_and_field(
    tmp_path: Path, benchmark: dict[str, list[str]], parts: list[str]
) -> None:
    write(tmp_path / "quiz.jsonl", ROWS)
    (tmp_path / "bad.jsonl").write_text('{"q": "물음"}\n{"q": \n', "utf-8")
    write(tmp_path / "list.jsonl", [["물음"]])
    write(tmp_path / "number.jsonl", [{"n": 3}])
    write(tmp_path / "whole.jsonl.gz", [{"q": "물음" * 500}])
    (tmp_path / "cut.jsonl.gz").write_bytes((tmp_path / "whole.jsonl.gz").read_bytes()[:-12])
    given = Benchmark.model_validate({"name": "quiz", "paths": ["quiz.jsonl"], **benchmark})
    with pytest.raises(RecipeError) as error:
        read_items([given], str(tmp_path))
    for part in ["benchmark 'quiz'", *parts]:
        assert part in str(error.value)


def test_two_benchmarks_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "quiz.jsonl", ROWS)
    benchmark = Benchmark(name="quiz", paths=["quiz.jsonl"], questions=["question"])
    with pytest.raises(RecipeError, match="two benchmarks are named 'quiz'"):
        read_items([benchmark, benchmark], str(tmp_path))
