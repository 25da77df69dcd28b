"""A small Korean corpus of several formats, and the command line as a user calls it."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.synthetic import generate_documents

Malmoi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def malmoi() -> Malmoi:
    """Runs `malmoi ARGUMENTS` in a process of its own."""

    def call(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "beam_runner", *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert result.returncode == code, result.stderr[-4000:]
        return result

    return call


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six JSONL files with copies and mess, text files in CP949, HTML pages, and a recipe.

    Units are small, so that a run has many of them.
    """
    folder = tmp_path_factory.mktemp("corpus")
    documents = generate_documents(360, seed=3)
    for number in range(6):
        rows = documents[number * 50 : number * 50 + 50]
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        lines += [
            json.dumps({"id": f"copy-{number}", "text": documents[0]["text"]})
        ]  # exact copies
        lines += [json.dumps({"text": f"{rows[1]['text']} 덧붙인 말 {number}."}), "{bad json"]
        path = folder / f"blog-{number}.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    for number, document in enumerate(documents[300:330]):
        (folder / f"page-{number:02d}.txt").write_bytes(
            document["text"].encode("cp949", errors="replace")
        )
    for number, document in enumerate(documents[330:360]):
        paragraphs = "".join(f"<p>{line}</p>" for line in document["text"].splitlines())
        (folder / f"page-{number:02d}.html").write_text(
            f"<html><body><article><h1>제목</h1>{paragraphs}</article></body></html>", "utf-8"
        )
    (folder / "recipe.yaml").write_text(
        """\
name: small
seed: 5
sources:
  - {name: blog, paths: ["blog-*.jsonl.gz"]}
  - {name: files, paths: ["*.txt"], format: text}
  - {name: pages, paths: ["*.html"], format: html, priority: 1}
clean: {unit_bytes: 4000}
tokenizer: {vocab_size: 800}
shards: {validation: 0.1}
model: {layers: 2, width: 32, heads: 2, context: 64}
train: {steps: 8, batch_tokens: 512, micro_batch: 4, eval_every: 4, save_every: 4}
""",
        "utf-8",
    )
    return folder
