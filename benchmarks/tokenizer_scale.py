"""Time and memory from counts of N distinct eojeol to a tokenizer: analysis, training, checks.

    python -m benchmarks.tokenizer_scale FILE.jsonl.gz... [--distinct 10000000] [--workers 2]
        [--boundaries all] [--folder FOLDER] [--json]

The counts are those of the files' texts and, up to N distinct, of eojeol made of them: the head of
one and the tail of another, cut at a random syllable, as stems take other endings in more text;
each of these is counted once or a few times, as the rare ones of a large corpus are. They lie in
Parquet tables as the count step leaves them. What is timed is
`tokenizer.build` on them, in a process of its own with its workers; memory is the resident memory
of all these together, looked at four times a second, so that shared pages count once for each.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.tokenizer_text import documents
from benchmarks.usage import memory_and_time, tree
from tokenizer.build import build
from tokenizer.config import TokenizerConfig
from tokenizer.count import COUNTS, count_eojeol, merge_counts, partition
from tokenizer.special import PII_KINDS

PARTS = 16
TEXTS_AT_ONCE = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--distinct", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--boundaries", default="all", choices=["all", "grammar", "runs"])
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        print(json.dumps(built(arguments.build, arguments.workers, arguments.boundaries)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        write_counts(arguments.files, arguments.distinct, Path(folder))
        command = [sys.executable, "-m", "benchmarks.tokenizer_scale", "--build", folder]
        command += ["--workers", str(arguments.workers), "--boundaries", arguments.boundaries]
        result = watched(command)
    if arguments.json:
        print(json.dumps(result, indent=1))
    else:
        for name, value in result.items():
            print(f"{name:<20} {value:>14,}" if not isinstance(value, dict) else f"{name} {value}")


def write_counts(files: Sequence[Path], distinct: int, folder: Path) -> None:
    """The counts as the count step would leave them: Parquet tables by the eojeol's hash."""
    real = merge_counts(count_eojeol(pa.array(some)) for some in batches(files))
    generator = np.random.default_rng(0)
    heads = [word for word in real["eojeol"].to_pylist() if 3 <= len(word) <= 12]
    tables, missing = [real], distinct - real.num_rows
    while missing > 0:
        tables = [merge_counts([*tables, made(heads, missing, generator)])]
        missing = distinct - tables[0].num_rows
    for number, part in enumerate(partition(tables[0], PARTS)):
        pq.write_table(part, folder / f"part-{number:05d}.parquet")


def batches(files: Sequence[Path]) -> Iterator[list[str]]:
    some: list[str] = []
    for path in files:
        for text in documents(path):
            some.append(text)
            if len(some) == TEXTS_AT_ONCE:
                yield some
                some = []
    yield some


def made(words: Sequence[str], count: int, generator: np.random.Generator) -> pa.Table:
    """`count` eojeol of the head of one word and the tail of another; some may be equal."""
    one, other = generator.integers(0, len(words), (2, count)).tolist()
    cut = generator.random(count).tolist()
    joined = []
    for a, b, at in zip(one, other, cut, strict=True):
        head, tail = words[a], words[b]
        joined.append(head[: 2 + int(at * (len(head) - 2))] + tail[-1 - int(at * 2) :])
    counts = generator.zipf(2.0, count).clip(max=100)
    return merge_counts([pa.table([pa.array(joined), pa.array(counts)], schema=COUNTS)])


def built(folder: Path, workers: int, boundaries: Any) -> dict[str, Any]:
    """The statistics of a tokenizer of the counts in a folder."""
    config = TokenizerConfig(boundaries=boundaries)
    return build(Tables(folder), config, PII_KINDS, folder / "tokenizer", workers)


class Tables:
    """The tables of a folder, read one after another, each time they are gone through."""

    def __init__(self, folder: Path):
        self.paths = sorted(folder.glob("part-*.parquet"))

    def __iter__(self) -> Iterator[pa.Table]:
        return map(pq.read_table, self.paths)


def watched(command: list[str]) -> dict[str, Any]:
    """Run the build; its seconds by part, and the most memory of its processes together."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    most, ended = 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not ended.wait(0.25):
            now = 0
            for part in tree(process.pid):
                with suppress(OSError, ValueError):
                    now += memory_and_time(part)[0]
            most = max(most, now)

    watcher = threading.Thread(target=look)
    watcher.start()
    printed, _ = process.communicate()
    ended.set()
    watcher.join()
    if process.returncode:
        sys.exit(process.returncode)
    statistics = json.loads(printed)
    return {
        "distinct_eojeol": statistics["distinct_eojeol"],
        "rows": statistics["rows"],
        "seconds": round(time.monotonic() - began, 1),
        "seconds_by_part": statistics["seconds"],
        "peak_memory_mb": round(most / 1e6),
        "vocab_size": statistics["vocab_size"],
    }


if __name__ == "__main__":
    main()
