"""Time, memory, open files and scratch space of every step as a corpus grows, and their slopes.

    python -m benchmarks.scale [--gb 0.1 0.3 1] [--workers 2] [--folder FOLDER] [--json]

Generates a corpus of each size (`benchmarks/generated.py`: jsonl.zst files of 128 MB, real-looking
words, a tenth copies, a work unit each; not timed) and runs `malmoi curate`, `count`, `tokenizer`
and `tokenize` on it. Seconds are those of the step's manifest, so without the start of the command.
Memory is the most resident in one worker and in the command's own process, looked at four times a
second; open files are those of the process that has most; scratch space is what lies in `scratch/`
meanwhile.

Then, across the sizes: the exponent of growth of seconds (1 is linear) and of processor seconds,
and megabytes of memory and of scratch space for each gigabyte more, by least squares. A gigabyte is
10^9 bytes of JSON before compression. The tokenizer is trained without the analyser of morphemes,
for generated words have none. Takes about twice the corpus in disk space.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generated import write_corpus
from benchmarks.usage import HOMES, Watch, malmoi

RECIPE = """\
name: scale
sources: [{{name: web, paths: ["{folder}/*.jsonl.zst"]}}]
clean: {{unit_bytes: 1}}
tokenizer: {{vocab_size: {vocabulary}, morphemes: false}}
"""
MAP_STEPS = ("clean", "assemble", "count", "tokenize")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gb", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=30_003, help="entries of the tokenizer")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    free = shutil.disk_usage(arguments.folder or tempfile.gettempdir()).free
    if free < max(arguments.gb) * 2e9:
        sys.exit(f"{max(arguments.gb) * 2:.1f} GB are needed, {free / 1e9:.1f} are free: --folder")
    rows: list[dict[str, Any]] = []
    for gb in arguments.gb:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            rows += measured(gb, Path(folder), arguments.workers, arguments.vocabulary)
        if not arguments.json:
            show(rows[-len(HOMES) :])
    slopes = fitted(rows)
    if arguments.json:
        print(json.dumps({"workers": arguments.workers, "steps": rows, "slopes": slopes}, indent=1))
    elif slopes:
        show_slopes(slopes)


def measured(gb: float, folder: Path, workers: int, vocabulary: int) -> list[dict[str, Any]]:
    """A row for each step."""
    size = write_corpus(folder / "corpus", int(gb * 1e9), workers=workers)
    recipe, run = folder / "recipe.yaml", folder / "run"
    recipe.write_text(RECIPE.format(folder=folder / "corpus", vocabulary=vocabulary))
    watch = Watch(run)
    for command in ("curate", "count", "tokenizer", "tokenize"):
        watch.call(malmoi(command, recipe, "--out", run, "--workers", workers))
    rows = []
    for step, home in HOMES.items():
        manifest = json.loads((run / home / "manifest.json").read_text())
        usage = watch.steps[step]
        rows.append(
            {
                "gb": size / 1e9,
                "step": step,
                "seconds": manifest["seconds"],
                "cpu_seconds": round(usage.cpu_seconds, 1),
                "mb_per_second": round(size / 1e6 / max(manifest["seconds"], 1e-3), 1),
                "units": len(manifest["units"]),
                "worker_mb": round(usage.worker / 1e6),
                "driver_mb": round(usage.driver / 1e6),
                "open_files": usage.files,
                "scratch_mb": round(usage.scratch / 1e6, 1),
                "run_mb": round(usage.run / 1e6, 1),
                "manifest_kb": round((run / home / "manifest.json").stat().st_size / 1e3, 1),
            }
        )
    return rows


def fitted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exponents and slopes across sizes, by step and in all; none of one size alone."""
    sizes = sorted({row["gb"] for row in rows})
    if len(sizes) < 2:
        return []
    groups = {step: [row for row in rows if row["step"] == step] for step in HOMES}
    groups["map steps"] = _summed(rows, sizes, MAP_STEPS)
    groups["all"] = _summed(rows, sizes, tuple(HOMES))
    return [
        {
            "step": step,
            "exponent_seconds": _slope(group, "seconds", np.log),
            "exponent_cpu": _slope(group, "cpu_seconds", np.log),
            **{
                f"{name}_per_gb": _slope(group, name, np.asarray)
                for name in ("worker_mb", "driver_mb", "open_files", "scratch_mb")
            },
        }
        for step, group in groups.items()
    ]


def _summed(
    rows: list[dict[str, Any]], sizes: list[float], steps: tuple[str, ...]
) -> list[dict[str, Any]]:
    """For each size the seconds of several steps together, and the most of the rest."""
    made = []
    for size in sizes:
        of_size = [row for row in rows if row["gb"] == size and row["step"] in steps]
        made.append(
            {
                "gb": size,
                **{name: sum(row[name] for row in of_size) for name in ("seconds", "cpu_seconds")},
                **{
                    name: max(row[name] for row in of_size)
                    for name in ("worker_mb", "driver_mb", "open_files", "scratch_mb")
                },
            }
        )
    return made


def _slope(group: list[dict[str, Any]], name: str, scale: Any) -> float:
    x = scale(np.array([row["gb"] for row in group]))
    y = scale(np.maximum([row[name] for row in group], 1e-3))
    return round(float(np.polyfit(x, y, 1)[0]), 3)


def show(rows: list[dict[str, Any]]) -> None:
    print(
        f"{'GB':>6} {'step':<10}{'units':>6}{'seconds':>9}{'CPU s':>8}{'MB/s':>7}{'worker MB':>11}"
        f"{'driver MB':>11}{'files':>7}{'scratch MB':>12}{'run MB':>9}"
    )
    for row in rows:
        print(
            f"{row['gb']:>6.2f} {row['step']:<10}{row['units']:>6}{row['seconds']:>9.1f}"
            f"{row['cpu_seconds']:>8.1f}{row['mb_per_second']:>7.1f}{row['worker_mb']:>11,}"
            f"{row['driver_mb']:>11,}{row['open_files']:>7}{row['scratch_mb']:>12,.1f}"
            f"{row['run_mb']:>9,.0f}",
            flush=True,
        )


def show_slopes(slopes: list[dict[str, Any]]) -> None:
    print(f"{'exponent of':<12}{'seconds':>9}{'CPU':>7}   for each GB more: ", end="")
    print(f"{'worker MB':>10}{'driver MB':>11}{'files':>7}{'scratch MB':>12}")
    for row in slopes:
        print(
            f"{row['step']:<12}{row['exponent_seconds']:>9.2f}{row['exponent_cpu']:>7.2f}{'':>21}"
            f"{row['worker_mb_per_gb']:>10.1f}{row['driver_mb_per_gb']:>11.1f}"
            f"{row['open_files_per_gb']:>7.1f}{row['scratch_mb_per_gb']:>12.1f}"
        )


if __name__ == "__main__":
    main()
