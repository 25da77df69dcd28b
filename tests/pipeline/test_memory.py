"""The peak memory that receipts tell of is that of their unit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import memory

CODE = """
import numpy as np
from pipeline import memory

def hold(mb):
    memory.peak() and np.ones(mb << 17)
    return memory.peak() >> 20

memory.begin(True)
before = memory.peak() >> 20
first = hold(300)
memory.begin(True)
second = hold(20)
memory.begin(False)  # a pass of a step, that ends no unit
hold(200)
memory.begin(False)
memory.begin(True)  # its unit: what the passes took is its own
third = hold(1)
memory.begin(True)
fourth = hold(1)
import json
print(json.dumps([before, first, second, third, fourth]))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's clear_refs")
def test_the_peak_is_that_of_the_unit() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, check=True, text=True
    )
    before, first, second, third, fourth = json.loads(answer.stdout)
    assert first >= before + 290
    assert second < first - 200
    assert third >= second + 100 and fourth < third - 100


def test_there_is_always_a_peak() -> None:
    assert memory.peak() > 10_000_000
