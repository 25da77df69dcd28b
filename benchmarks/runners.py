"""The way of the data on two runners, side by side: seconds by step, and the bytes of every file.

    python -m benchmarks.runners [--mb 1000] [--rounds 1] [--folder FOLDER] [--json]

Generates a corpus once (`benchmarks/generated.py`) and runs `malmoi curate`, `count`, `tokenizer`
and `tokenize` on the runners of `RUNNERS`, in turn. Seconds are those of the manifests, the least
of the rounds; `all` is the time of the commands, start of the engine included. The ratio is to the
first runner. Then every file that a manifest names is compared with that of the first runner; exit
code 1 when one differs.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.generated import write_corpus
from benchmarks.usage import HOMES, Watch, malmoi

RUNNERS = {
    "in process": ["--runner", "local", "--workers", "2"],
    "flink": ["--runner", "flink", "--workers", "2"],
}
"""Arguments of the commands. Beam's own (`-- --flink_master ...`) can follow after `--`."""

COMMANDS = {"curate": True, "count": True, "tokenizer": False, "tokenize": True}
"""Whether a command has a `--runner`; those that have none run on one machine."""

RECIPE = """\
name: runners
sources: [{{name: web, paths: ["{folder}/*.jsonl.zst"]}}]
clean: {{unit_bytes: 1}}
tokenizer: {{vocab_size: 8000, morphemes: false}}
"""
FILES = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = measured(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)
    sys.exit(bool(found["different"]))


def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    size = arguments.mb * 10**6
    write_corpus(folder / "corpus", size, -(-size // FILES))
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(folder=folder / "corpus"))
    times: dict[str, dict[str, float]] = {}
    stamps: dict[str, dict[str, str]] = {}
    for turn in range(arguments.rounds):
        for name, options in RUNNERS.items():
            run = folder / f"run-{turn}"
            for step, seconds in once(recipe, run, options).items():
                of_step = times.setdefault(step, {})
                of_step[name] = min(seconds, of_step.get(name, seconds))
            stamps[name] = hashes(run)
            shutil.rmtree(run)
    first = stamps[next(iter(RUNNERS))]
    different = [
        f"{runner}: {name}"
        for runner, of_runner in stamps.items()
        for name in sorted({*first, *of_runner})
        if first.get(name) != of_runner.get(name)
    ]
    return {
        "mb": arguments.mb,
        "seconds": times,
        "files": len(first),
        "different": different,
    }


def once(recipe: Path, run: Path, options: list[str]) -> dict[str, float]:
    """Seconds of each step, and of all commands."""
    at = options.index("--") if "--" in options else len(options)
    own, beam = options[:at], options[at:]
    began = time.perf_counter()
    for command, distributed in COMMANDS.items():
        arguments = [*own, *beam] if distributed else []
        Watch(run).call(malmoi(command, recipe, "--out", run, *arguments))
    whole = time.perf_counter() - began
    return {**{s: manifest(run, home)["seconds"] for s, home in HOMES.items()}, "all": whole}


def manifest(run: Path, home: str) -> dict[str, Any]:
    return json.loads((run / home / "manifest.json").read_text())


def hashes(run: Path) -> dict[str, str]:
    """SHA-256 of every file that a manifest names, read anew."""
    names = [name for home in HOMES.values() for name in manifest(run, home)["files"]]
    found = {}
    for name in names:
        with (run / name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def show(found: dict[str, Any]) -> None:
    first, *others = RUNNERS
    print(f"{'step':<10}{first:>14}" + "".join(f"{name:>14}{'ratio':>8}" for name in others))
    for step, seconds in found["seconds"].items():
        print(f"{step:<10}{seconds[first]:>12.1f} s", end="")
        for name in others:
            print(f"{seconds[name]:>12.1f} s{seconds[name] / seconds[first]:>8.2f}", end="")
        print()
    print(f"{found['files']} files, {len(found['different'])} different")
    for line in found["different"][:20]:
        print(line)


if __name__ == "__main__":
    main()
