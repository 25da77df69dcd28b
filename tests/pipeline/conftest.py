"""A corpus with two finished runs, made once."""

from pathlib import Path

import pytest

from tests.pipeline.look_runs import make_run, write_corpus

CURATE = ("benchmarks", "clean", "dedup", "assemble")


@pytest.fixture(scope="session")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, `recipe.yaml` with its run `run`, `strict.yaml` with `strict`."""
    folder = tmp_path_factory.mktemp("looked")
    write_corpus(folder)
    make_run(folder / "recipe.yaml", folder / "run", *CURATE, "count", "tokenizer", "tokenize")
    make_run(folder / "strict.yaml", folder / "strict", *CURATE)
    return folder
