"""What near-duplicate removal finds and loses on hard cases, beside other systems.

    python -m benchmarks.dedup_quality [--text FILE.jsonl.gz ...] [--documents N] [--seed N]
                                       [--cases FOLDER] [--threshold T ...] [--cli]
                                       [--peers RESULT.json ...] [--json]

Generates the cases (`benchmarks.dedup_cases`; kept in FOLDER and taken from there the next time),
finds the exact similarity of all pairs, and scores the removals by it: ours at each threshold, in
memory or, with `--cli`, by `malmoi curate` (no rules, cuts or masks), and those of RESULT files:
name, version, cpu_seconds, peak_mb, removed [id, ...], witness {id: id}. Others are judged at the
first threshold. Seconds are of the process, after a run on a few documents that compiles; with
`--cli` they are of all processes, which also read, clean and write.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.dedup_cases import Cases, described, generate, read, read_texts, write
from benchmarks.dedup_score import alike_negatives, score
from benchmarks.dedup_truth import Truth, brute_force, load, save
from pipeline.dedup.in_memory import deduplicate
from pipeline.settings import Dedup

Result = dict[str, Any]
COMMAND = (sys.executable, "-m", "beam_runner", "curate")
COLUMNS = ["id", "step", "duplicate_of"]
GRADES = ("J >= 0.8", "contained")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", nargs="*", type=Path, default=[])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=Path, help="a folder that keeps the cases")
    parser.add_argument("--threshold", nargs="+", type=float, default=[Dedup().threshold])
    parser.add_argument("--cli", action="store_true", help="run `malmoi curate`")
    parser.add_argument("--peers", nargs="*", type=Path, default=[], help="results of others")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cases, truth = prepared(arguments)
    run = by_command_line if arguments.cli else in_memory
    systems = [
        judged(run(cases, Dedup(threshold=threshold)), cases, truth, threshold)
        for threshold in arguments.threshold
    ]
    for file in arguments.peers:
        result = json.loads(file.read_text())
        systems.append(judged(result, cases, truth, arguments.threshold[0]))
    fellows = alike_negatives(cases, truth)
    if arguments.json:
        print(json.dumps({"cases": described(cases), "negatives": fellows, "systems": systems}))
        return
    print(described(cases))
    for form, counts in fellows.items():
        shown = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"hard negatives by {form} similarity to their nearest fellow: {shown}")
    print_table(systems)


def prepared(arguments: argparse.Namespace) -> tuple[Cases, Truth]:
    """The cases and their truth, from the folder where it has them."""
    folder = arguments.cases
    if folder and (folder / "truth.jsonl").exists():
        cases = read(folder)
    else:
        cases = generate(read_texts(arguments.text), arguments.documents, arguments.seed)
        if folder:
            write(cases, folder)
    if folder and (folder / "truth.npz").exists():
        return cases, load(folder / "truth.npz")
    truth = brute_force(cases.texts)
    if folder:
        save(truth, folder / "truth.npz")
    return cases, truth


def in_memory(cases: Cases, settings: Dedup) -> Result:
    """The removals of `pipeline.dedup.in_memory` as a result."""
    texts = pa.array(cases.texts, pa.string())
    deduplicate(texts.slice(0, 100), settings)
    started = time.process_time()
    removals = deduplicate(texts, settings)
    seconds = time.process_time() - started
    witness = {
        cases.ids[one]: cases.ids[other]
        for one, other in zip(
            removals["document"].tolist(), removals["witness"].tolist(), strict=True
        )
    }
    return {
        "name": f"malmoi {settings.threshold}",
        "version": "",
        "cpu_seconds": seconds,
        "peak_mb": None,
        "removed": list(witness),
        "witness": witness,
    }


def by_command_line(cases: Cases, settings: Dedup) -> Result:
    """The removals of `malmoi curate` as a result; the peak of memory is the largest process's."""
    with tempfile.TemporaryDirectory() as folder:
        write(cases, Path(folder))
        recipe = {
            "name": "cases",
            "sources": [{"name": "cases", "paths": ["documents.jsonl"], "profile": "none"}],
            "clean": {"remnants": False, "furniture": False},  # the truth is of uncut texts
            "pii": {"enabled": False},
            "dedup": {"threshold": settings.threshold},
        }
        Path(folder, "recipe.yaml").write_text(yaml.safe_dump(recipe))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [*COMMAND, f"{folder}/recipe.yaml", "--out", f"{folder}/run", "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        files = Path(folder, "run", "removed").glob("*.parquet")
        rows = [row for file in files for row in pq.read_table(file, columns=COLUMNS).to_pylist()]
    witness = {row["id"]: row["duplicate_of"] for row in rows if row["step"] == "dedup"}
    return {
        "name": f"curate {settings.threshold}",
        "version": "",
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": after.ru_maxrss / 1e3,
        "removed": list(witness),
        "witness": witness,
    }


def judged(result: Result, cases: Cases, truth: Truth, threshold: float) -> Result:
    """A result with its score instead of its ids."""
    figures = score(cases, truth, result["removed"], result["witness"], threshold)
    told = {key: result[key] for key in ("name", "version", "cpu_seconds", "peak_mb")}
    return {**told, "threshold": threshold, "removed": len(result["removed"]), **figures}


def print_table(systems: Sequence[Result]) -> None:
    """All systems beside one another, a figure a line, then the edits."""
    width = max(12, *(len(system["name"]) + 2 for system in systems))
    for name, shown in _LINES.items():
        print(f"{name:<52}" + "".join(f"{shown(system):>{width}}" for system in systems))
    for grade, title in enumerate(GRADES):
        for kind, counts in systems[0]["kinds"].items():
            if counts[grade][1]:
                cells = (_percent(system["kinds"][kind][grade]) for system in systems)
                name = f"copies by {kind}, {title} (of {counts[grade][1]})"
                print(f"{name:<52}" + "".join(f"{cell:>{width}}" for cell in cells))


def _percent(counts: Sequence[int]) -> str:
    found, of = counts
    return f"{100 * found / of:.2f}" if of else "-"


def _recall(form: str, low: str, of: str = "recall") -> Callable[[Result], str]:
    return lambda system: _percent(system[of][form][low])


def _negatives(bin_name: str) -> Callable[[Result], str]:
    return lambda system: str(system["negatives"]["by_similarity"][bin_name])


_LINES: dict[str, Callable[[Result], str]] = {
    "": lambda system: system["name"],
    "documents removed": lambda system: str(system["removed"]),
    "recall %, raw >= 0.9": _recall("raw", "0.9"),
    "recall %, raw 0.8 to 0.9": _recall("raw", "0.8"),
    "recall %, canonical >= 0.9": _recall("canonical", "0.9"),
    "recall %, canonical 0.8 to 0.9": _recall("canonical", "0.8"),
    "  raw 0.8 to 0.9, hard negatives too": _recall("raw", "0.8", "recall_all"),
    "  canonical 0.8 to 0.9, hard negatives too": _recall("canonical", "0.8", "recall_all"),
    "recall %, part of a kept one": lambda system: _percent(system["parts"]),
    "precision %, best of both forms": lambda system: _percent(system["precision"]["either"]),
    "precision %, canonical": lambda system: _percent(system["precision"]["canonical"]),
    "witnesses kept and like enough, %": lambda system: _percent(system["witnesses"]),
    "negatives wrongly removed, of 1,000": lambda system: (
        f"{1e3 * system['negatives']['wrong'] / max(1, system['negatives']['all']):.1f}"
    ),
    "negatives removed": lambda system: str(system["negatives"]["removed"]),
    **{
        f"  nearest kept one at {name}": _negatives(name)
        for name in ("<0.65", "0.65-0.7", "0.7-0.75", "0.75-0.8", ">=0.8")
    },
    "clusters lost whole": lambda system: str(system["lost"]["clusters"]),
    "documents lost whole": lambda system: str(system["lost"]["documents"]),
    "pairs >= 0.85 left, %": lambda system: _percent(system["left"]),
    "CPU seconds": lambda system: f"{system['cpu_seconds']:.1f}",
    "peak MB": lambda system: f"{system['peak_mb']:.0f}" if system["peak_mb"] else "-",
}


if __name__ == "__main__":
    main()
