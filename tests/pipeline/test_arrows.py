"""Who may import whom: a worker of the data needs no torch, a trainer no Beam."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("modules", "forbidden"),
    [
        (
            "pipeline.recipe pipeline.clean pipeline.assemble pipeline.count pipeline.tokenize "
            "pipeline.steps pipeline.training pipeline.demo pipeline.jobs.dedup beam_runner",
            "torch",
        ),
        (
            "pipeline.recipe pipeline.clean pipeline.assemble pipeline.count pipeline.tokenize "
            "pipeline.dedup.shards pipeline.explain.document pipeline.compare.figures "
            "pipeline.plan.predict pipeline.plan.show beam_runner",
            "apache_beam",
        ),
        ("trainer.train trainer.export trainer.generate trainer.evaluate", "apache_beam pipeline"),
        ("tokenizer.build tokenizer.encode tokenizer.export", "apache_beam torch"),
    ],
)
def test_imports(modules: str, forbidden: str) -> None:
    code = f"""
import importlib, sys
for name in {modules.split()}:
    importlib.import_module(name)
found = set({forbidden.split()}) & set(sys.modules)
assert not found, found
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
