"""What the dedup step costs as a corpus grows: seconds, memory and bytes, and their exponents.

    python -m benchmarks.dedup_scale [--documents 100000 1000000] [--workers 2] [--folder FOLDER]
        [--scene corpus|spam|template] [--json]

Writes clean, signature and line shards of generated documents of 200 letters and runs the step on
them, as `malmoi curate` does after cleaning. Of the scene `corpus` one document in 20 equals an
earlier one, one in 20 is an earlier one with a passage changed, one in 50 is of one spam page with
another number and one in 50 of one template, half of it new. `spam` is that page alone, `template`
those pages alone. Memory is the proportional set size of all processes together, looked at five
times a second; bytes are those of the scratch files.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.usage import tree
from pipeline.counts import Counts
from pipeline.dedup.lines import LINE_HASHES, line_hashes
from pipeline.dedup.signatures import sign, signature_schema
from pipeline.documents import DOCUMENT
from pipeline.parquet import BETWEEN, ParquetSink
from pipeline.receipts import Task
from pipeline.recipe import Recipe, parse
from pipeline.workspace import Unit, Workspace

LETTERS, EOJEOL = 200, 4
SHARD, BATCH = 50_000, 10_000
SPAM, TEMPLATE = 1 << 60, 1 << 61
RECIPE = "sources: [{name: web, paths: [unused]}]"


def mixed(x: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser: the letters of a document are a function of its number."""
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


def letters(seeds: np.ndarray) -> np.ndarray:
    """Syllables (uint32, (n, LETTERS)) of new documents."""
    places = np.arange(LETTERS, dtype=np.uint64)
    return 0xAC00 + mixed(seeds[:, None] * np.uint64(1_000_003) + places) % 11_172


def documents(numbers: np.ndarray, scene: str) -> pa.StringArray:
    """Texts of these numbers: eojeols of four syllables."""
    draw = mixed(numbers + np.uint64(77))
    kind = draw % np.uint64(100)
    earlier = (draw >> np.uint64(8)) % np.maximum(numbers, 1)
    copied = kind < 10 if scene == "corpus" else np.zeros(len(numbers), bool)
    spam = (
        (kind >= 10) & (kind < 12) if scene == "corpus" else np.full(len(numbers), scene == "spam")
    )
    framed = (
        (kind >= 12) & (kind < 14)
        if scene == "corpus"
        else np.full(len(numbers), scene == "template")
    )
    points = letters(np.where(copied, earlier, numbers))
    changed = copied & (kind >= 5)
    points[changed, 90:96] = letters(numbers[changed])[:, :6]
    frame = letters(np.array([SPAM, TEMPLATE], np.uint64))
    own = letters(numbers)
    points[spam] = frame[0]
    points[spam, -6:] = own[spam, :6]
    points[framed] = frame[1]
    points[framed, 50:150] = own[framed, 50:150]
    encoded = np.full((len(numbers), LETTERS // EOJEOL, 3 * EOJEOL + 1), ord(" "), np.uint8)
    block = points.reshape(len(numbers), -1, EOJEOL)
    encoded[:, :, 0:-1:3] = 0xE0 | block >> 12
    encoded[:, :, 1:-1:3] = 0x80 | (block >> 6 & 0x3F)
    encoded[:, :, 2:-1:3] = 0x80 | (block & 0x3F)
    size = encoded[0].size
    offsets = np.arange(0, size * (len(numbers) + 1), size, dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets), pa.py_buffer(encoded.reshape(-1))
    )


def write_shard(task: Task) -> str:
    """A clean shard and what lies beside it, as the clean step leaves them."""
    numbers, scene, recipe = task.payload
    plan = recipe.dedup
    names = {
        f"clean/{task.unit}.parquet": DOCUMENT,
        f"signatures/{task.unit}.parquet": signature_schema(plan),
        f"line_hashes/{task.unit}.parquet": LINE_HASHES,
    }
    counts = Counts()
    sinks = [ParquetSink(task.path(name), schema, BETWEEN) for name, schema in names.items()]
    with sinks[0] as clean, sinks[1] as signatures, sinks[2] as lines:
        for start in range(0, len(numbers), BATCH):
            part = np.asarray(numbers[start : start + BATCH], np.uint64)
            texts = documents(part, scene)
            size = len(texts[0].as_py().encode())
            known = {
                "id": pa.array([f"d-{number}" for number in part.tolist()]),
                "source": pa.repeat(pa.scalar("web"), len(part)),
                "text": texts,
                "n_chars": pa.repeat(pa.scalar(len(texts[0].as_py()), pa.int32()), len(part)),
                "n_bytes": pa.repeat(pa.scalar(size, pa.int32()), len(part)),
            }
            arrays = [known.get(f.name, pa.nulls(len(part), f.type)) for f in DOCUMENT]
            clean.write(pa.RecordBatch.from_arrays(arrays, schema=DOCUMENT))
            signatures.write(sign(texts, plan))
            hashes = line_hashes(texts, plan.lines.min_chars)
            lines.write(pa.RecordBatch.from_arrays([hashes], schema=LINE_HASHES))
            counts.add(Counts(len(part), len(part), size * len(part), size * len(part)))
    stamps = {name: sink.stamp for name, sink in zip(names, sinks, strict=True)}
    return task.finish(stamps, counts, source="web")


def write_corpus(root: Path, count: int, scene: str, recipe: Recipe, workers: int) -> None:
    units = []
    for number, first in enumerate(range(0, count, SHARD)):
        numbers = range(first, min(first + SHARD, count))
        units.append(Unit(f"part-{number:05d}", [first, scene], (numbers, scene, recipe)))
    with multiprocessing.get_context("forkserver").Pool(workers) as pool:
        Workspace(root).perform(
            "clean", settings={}, units=units, work=lambda tasks: pool.map(write_shard, tasks, 1)
        )


def step(root: Path, workers: int) -> dict[str, Any]:
    """Run the dedup step in this process and say what it did."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline import storage
    from pipeline.jobs import dedup
    from pipeline.jobs.session import Session

    delete, scratch = storage.delete_dir, []

    def sized(uri: str) -> None:
        scratch.append(sum(info.size for info in storage.list_files(uri)))
        delete(uri)

    storage.delete_dir = sized
    options = PipelineOptions(["--runner=FnApiRunner"])
    session = Session(lambda: beam.Pipeline(options=options), workers)
    counts = dedup.run(session, Workspace(root), parse(RECIPE)).manifest["counts"]
    return {"scratch_bytes": sum(scratch), "removed": counts["removed"]}


@dataclass
class Usage:
    """Memory (proportional set size, the most seen) and processor seconds of several processes."""

    peak: int = 0
    seconds: dict[int, float] = field(default_factory=dict)

    def look(self, root: int) -> None:
        total = 0
        for process in tree(root):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
                total += sum(int(x.split()[1]) << 10 for x in lines if x.startswith("Pss:"))
                times = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
                self.seconds[process] = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        self.peak = max(self.peak, total)


def measure(count: int, scene: str, workers: int, folder: Path) -> dict[str, Any]:
    recipe = parse(RECIPE)
    root = folder / f"{scene}-{count}"
    write_corpus(root, count, scene, recipe, workers)
    command = [sys.executable, "-m", "benchmarks.dedup_scale", "--step", str(root)]
    command += ["--workers", str(workers)]
    started, usage, ended = time.monotonic(), Usage(), threading.Event()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def watch() -> None:
        while not ended.wait(0.2):
            usage.look(process.pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    told, _ = process.communicate()
    seconds = time.monotonic() - started
    ended.set()
    watcher.join()
    signatures = sum(f.stat().st_size for f in (root / "signatures").iterdir())
    shutil.rmtree(root)
    return {
        "scene": scene,
        "documents": count,
        "seconds": seconds,
        "cpu_seconds": sum(usage.seconds.values()),
        "peak_bytes": usage.peak,
        "signature_bytes": signatures,
        **json.loads(told),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--scene", choices=["corpus", "spam", "template"], default="corpus")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--step", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(step(arguments.step, arguments.workers)))
        return
    rows = []
    for count in arguments.documents:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            rows.append(measure(count, arguments.scene, arguments.workers, Path(folder)))
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'documents':>12}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}{'scratch MB':>12}")
    for row in rows:
        print(
            f"{row['documents']:>12,}{row['seconds']:>9.1f}{row['cpu_seconds']:>8.1f}"
            f"{row['peak_bytes'] / 1e6:>9,.0f}{row['scratch_bytes'] / 1e6:>12,.1f}"
            f"  {row['removed']}"
        )
    for less, more in itertools.pairwise(rows):
        factor = log(more["documents"] / less["documents"])
        found = {
            name: log(more[key] / less[key]) / factor
            for name, key in (
                ("seconds", "seconds"),
                ("CPU", "cpu_seconds"),
                ("bytes", "scratch_bytes"),
            )
        }
        told = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
        print(f"exponent from {less['documents']:,} to {more['documents']:,}: {told}")


if __name__ == "__main__":
    main()
