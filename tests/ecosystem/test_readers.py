"""The blocks of docs/ecosystem.md and of the dataset's card do what they say, without a network."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenizer.encode import Encoder
from trainer.dataset import Dataset

PAGE = Path(__file__).parents[2] / "docs" / "ecosystem.md"
NO_NETWORK = """
import socket

def refuse(*arguments):
    raise OSError("a connection was asked for")

socket.socket.connect = socket.socket.connect_ex = refuse
"""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def run_python(code: str, folder: Path, cache: Path) -> str:
    """Runs blocks one after another in a process of their own, in `folder`; returns its output."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(cache)}
    command = [sys.executable, "-c", NO_NETWORK + code]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def documents(lab: Path) -> list[dict]:
    files = sorted((lab / "runs" / "first" / "curated").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_python_of_the_page(page: str, lab: Path, tmp_path: Path) -> None:
    code = blocks(page, "python")
    assert len(code) == 5
    told = run_python("\n".join(code), lab, tmp_path)
    assert "말모이는" in told
    assert max(documents(lab), key=lambda row: row["n_chars"])["id"] in told


def test_datasets_has_every_row_as_it_was_written(lab: Path, tmp_path: Path) -> None:
    code = """
from datasets import load_dataset
import json
rows = load_dataset("runs/first", split="train").to_list()
print(json.dumps(sorted(rows, key=lambda row: (row["source"], row["id"]))))
"""
    kept = sorted(documents(lab), key=lambda row: (row["source"], row["id"]))
    assert json.loads(run_python(code, lab, tmp_path)) == kept


def test_sql_of_the_page(page: str, lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lab)
    by_source, by_rule, witnesses = (duckdb.sql(block).fetchall() for block in blocks(page, "sql"))
    kept = documents(lab)
    parts = sorted(Path("runs/first/removed").glob("part-*.parquet"))
    removed = [row for part in parts for row in pq.read_table(part).to_pylist()]
    names = {row["source"] for row in kept}
    assert {source: (n, n_bytes) for source, n, n_bytes, _ in by_source} == {
        name: (
            sum(row["source"] == name for row in kept),
            sum(row["n_bytes"] for row in kept if row["source"] == name),
        )
        for name in names
    }
    assert sum(n for _, _, n in by_rule) == len(removed)
    pairs = {(row["id"], row["duplicate_of"]) for row in removed if row["step"] == "dedup"}
    assert {(row[0], row[2]) for row in witnesses} == pairs and pairs


def test_blocks_of_the_card(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lab / "runs" / "first"
    monkeypatch.chdir(run)
    card = (run / "README.md").read_text("utf-8")
    code = blocks(card, "python")
    assert len(code) == 3
    count = "\nprint(len(documents), flush=True)\n"
    told = run_python(count.join([*code, ""]), run, tmp_path).split()
    kept = documents(lab)
    with_copies = sum(row["cluster_size"] > 1 for row in kept)
    assert list(map(int, told)) == [len(kept), with_copies, len(kept)]
    (query,) = blocks(card, "sql")
    assert sum(row[1] for row in duckdb.sql(query).fetchall()) == len(kept)


def test_shards_of_another_tokenizer_are_trained_on(lab: Path, tmp_path: Path) -> None:
    """The script of docs/guide/polyglot-ko.md, with our own tokenizer in the place of theirs."""
    (code,) = blocks((PAGE.parent / "guide" / "polyglot-ko.md").read_text("utf-8"), "python")
    first, theirs = tmp_path / "work" / "runs" / "first", tmp_path / "polyglot-ko-1.3b"
    first.mkdir(parents=True)
    theirs.mkdir()
    (first / "curated").symlink_to(lab / "runs" / "first" / "curated")
    exported = lab / "runs" / "first" / "tokenizer" / "tokenizer.json"
    (theirs / "tokenizer.json").write_bytes(exported.read_bytes())
    run_python(code, tmp_path / "work", tmp_path)
    data = Dataset.open(first / "tokens", context=32)
    data.check_ids()
    (stream,) = data.train.streams
    texts = [row["text"] for row in documents(lab)]
    own = Encoder((exported.parent / "malmoi.model").read_bytes())
    assert stream.tokens == len(own.encode_batch(pa.array(texts))[0]) + len(texts)
