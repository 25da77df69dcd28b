"""kill -9 at random moments of `malmoi curate`, then the same command: are the bytes equal?

    python benchmarks/kills.py RECIPE [--kills N] [--seed N] [--json]

Runs the recipe once unbroken; then, N times, begins it anew, kills the whole process group at a
moment drawn from the unbroken run's time, runs it to its end and compares every curated and removed
file.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        started = time.perf_counter()
        run(command(arguments.recipe, whole))
        seconds = time.perf_counter() - started
        expected, landed, equal = hashes(whole), 0, 0
        for number in range(arguments.kills):
            broken = Path(folder, f"broken-{number}")
            landed += kill(command(arguments.recipe, broken), rng.uniform(0.1, 0.9) * seconds)
            run(command(arguments.recipe, broken))
            equal += hashes(broken) == expected
            shutil.rmtree(broken)
    figures = {"runs": arguments.kills, "killed": landed, "equal": equal, "files": len(expected)}
    if arguments.json:
        print(json.dumps(figures))
    else:
        print(
            f"{landed} of {arguments.kills} runs killed, {equal} equal in all {len(expected)} files"
        )
    sys.exit(equal != arguments.kills)


def run(arguments: list[str]) -> None:
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def command(recipe: str, run: Path) -> list[str]:
    return [sys.executable, "-m", "beam_runner", "curate", recipe, "--out", str(run)]


def kill(arguments: list[str], after: float) -> bool:
    """Whether the command was still at work when it was killed."""
    process = subprocess.Popen(
        arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def hashes(run: Path) -> dict[str, str]:
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for directory in ("curated", "removed")
        for path in sorted((run / directory).glob("*.parquet"))
    }


if __name__ == "__main__":
    main()
