"""What a second core gives: the clean and the tokenize step with 1 and with 2 workers.

    python -m benchmarks.cores [--mb 800] [--rounds 3] [--workers 2] [--folder FOLDER] [--json]

Generates the corpus once (`benchmarks/generated.py`) and trains a small tokenizer once; then runs
both steps with 1 worker and with `--workers`, in turn, each in a run directory of its own. Seconds
are those of the manifests, the least of the rounds, so other work on the machine counts least.
`MB` are of JSON before compression; files have a sixteenth of them, so that no core waits long for
the last unit. `CPU` is the work of all processes: where it grows with the workers, they are in each
other's way.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.generated import write_corpus
from benchmarks.usage import HOMES, Watch, malmoi

RECIPE = """\
name: cores
sources: [{{name: web, paths: ["{folder}/*.jsonl.zst"]}}]
clean: {{unit_bytes: 1}}
dedup: {{enabled: {dedup}}}
tokenizer: {{vocab_size: 8000, morphemes: false}}
"""
STEPS = ("clean", "tokenize")
FILES = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mb", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        runs = measured(arguments, Path(folder))
    rows = compared(runs, arguments.workers)
    if arguments.json:
        print(json.dumps({"mb": arguments.mb, "rounds": arguments.rounds, "steps": rows}, indent=1))
        return
    print(f"{'step':<10}{'1 worker':>10}{f'{arguments.workers} workers':>11}{'ratio':>7}{'CPU':>8}")
    for row in rows:
        print(
            f"{row['step']:<10}{row['seconds_1']:>8.2f} s{row['seconds_n']:>9.2f} s"
            f"{row['ratio']:>7.2f}{row['cpu_ratio']:>8.2f}"
        )


def measured(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Seconds of each step, by round and number of workers."""
    size = arguments.mb * 10**6
    write_corpus(folder / "corpus", size, -(-size // FILES))
    recipe = folder / "recipe.yaml"
    # The tokenize step reads what curate made; a copy of that stands in for the steps between.
    recipe.write_text(RECIPE.format(folder=folder / "corpus", dedup="false"))
    base = folder / "base"
    for command in ("curate", "count", "tokenizer"):
        Watch(base).call(malmoi(command, recipe, "--out", base))
    signed = folder / "signed.yaml"
    signed.write_text(RECIPE.format(folder=folder / "corpus", dedup="true"))
    runs = []
    for turn in range(arguments.rounds):
        for workers in (1, arguments.workers):
            run, watch = folder / f"run-{turn}-{workers}", Watch(folder / f"run-{turn}-{workers}")
            watch.call(malmoi("curate", signed, "--out", run, "--workers", workers))
            again = Watch(base)
            shutil.rmtree(base / "tokens", ignore_errors=True)
            again.call(malmoi("tokenize", recipe, "--out", base, "--workers", workers))
            for step, home, usage in (("clean", run, watch), ("tokenize", base, again)):
                manifest = json.loads((home / HOMES[step] / "manifest.json").read_text())
                cpu = usage.steps[step].cpu_seconds
                runs.append(
                    {
                        "step": step,
                        "workers": workers,
                        "seconds": manifest["seconds"],
                        "cpu_seconds": cpu,
                    }
                )
            shutil.rmtree(run)
    return runs


def compared(runs: list[dict[str, Any]], workers: int) -> list[dict[str, Any]]:
    def least(step: str, count: int, name: str) -> float:
        return min(r[name] for r in runs if r["step"] == step and r["workers"] == count)

    rows = []
    for step in STEPS:
        one, many = (least(step, count, "seconds") for count in (1, workers))
        cpu = least(step, workers, "cpu_seconds") / max(least(step, 1, "cpu_seconds"), 1e-3)
        rows.append(
            {
                "step": step,
                "workers": workers,
                "seconds_1": one,
                "seconds_n": many,
                "ratio": round(one / many, 3),
                "cpu_ratio": round(cpu, 3),
            }
        )
    return rows


if __name__ == "__main__":
    main()
