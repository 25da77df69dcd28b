"""MB/s a core of the whole clean step: JSONL.gz to normal form, rules, masks, signatures, Parquet.

    python benchmarks/clean_step.py [--text FILE.jsonl.gz ...] [--json]

Without files it measures on generated Korean text. MB are of UTF-8 text as read, seconds are of one
process that does everything, Beam left out; the better of two runs after one that compiles.
"""

import argparse
import gzip
import json
import resource
import tempfile
import time
from pathlib import Path

from pipeline.clean import CleanWork, clean_unit
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.units import plan_units
from pipeline.synthetic import generate_documents
from pipeline.workspace import Unit, Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", nargs="*", default=[], help="jsonl.gz files with a `text` field")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = arguments.text or [str(generated(Path(folder)))]
        rows = [measure(file, Path(folder)) for file in files]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'file':<32}{'MB':>9}{'seconds':>9}{'MB/s':>8}{'kept':>9}{'removed':>9}{'peak MB':>9}")
    for row in rows:
        print(
            f"{row['file']:<32}{row['mb']:>9.1f}{row['seconds']:>9.2f}{row['mb_per_second']:>8.1f}"
            f"{row['kept']:>9,}{row['removed']:>9,}{row['peak_mb']:>9.0f}"
        )


def generated(folder: Path) -> Path:
    path = folder / "generated.jsonl.gz"
    lines = (json.dumps(row, ensure_ascii=False) for row in generate_documents(10_000, seed=1))
    path.write_bytes(gzip.compress("\n".join(lines).encode(), 6))
    return path


def run_once(file: str, folder: Path, signed: bool = True) -> dict[str, float]:
    """Seconds of one clean step over `file` into `folder`, and its counts."""
    source = Source(name="text", paths=[str(Path(file).absolute())])
    clean = Clean(unit_bytes=10**12)
    (unit,) = plan_units([source], "", clean.unit_bytes)
    work = CleanWork(unit, source, clean, Pii(), Dedup(enabled=signed))
    started = time.perf_counter()
    outcome = Workspace(folder).perform(
        "clean",
        settings={},
        units=[Unit("part-00000", None, work)],
        work=lambda tasks: [clean_unit(task) for task in tasks] and None,
    )
    seconds = time.perf_counter() - started
    counts = outcome.manifest["counts"]
    return {
        "mb": counts["bytes_in"] / 1e6,
        "seconds": seconds,
        "kept": counts["documents_out"],
        "removed": sum(counts["removed"].values()),
    }


def measure(file: str, folder: Path) -> dict[str, object]:
    name = Path(file).name
    runs = [run_once(file, folder / f"{name}-{attempt}") for attempt in range(3)]
    best = min(runs[1:], key=lambda run: run["seconds"])  # the first compiles
    return {
        "file": name,
        **best,
        "mb_per_second": best["mb"] / best["seconds"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
