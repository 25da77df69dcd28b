"""Seconds and peak memory of the whole demonstration, as a process of its own.

    python benchmarks/demo.py [--corpus FOLDER] [--json]

Peak memory is the largest sum of resident memory over the command and its workers, sampled four
times a second (pages the workers share count for each of them).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", help="a folder of Korean HTML pages")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "beam_runner", "demo", "--out", f"{folder}/run", "--json"]
        if arguments.corpus:
            command += ["--corpus", arguments.corpus]
        started = time.perf_counter()
        with Path(folder, "told").open("w+") as told:
            process = subprocess.Popen(command, stdout=told, start_new_session=True)
            peak = 0
            while process.poll() is None:
                peak = max(peak, resident(process.pid))
                time.sleep(0.25)
            seconds = time.perf_counter() - started
            told.seek(0)
            figures = json.load(told) if process.returncode == 0 else {}
        if process.returncode:
            sys.exit(process.returncode)
    figures = {"seconds": round(seconds, 1), "peak_mb": round(peak / 1e6), **figures}
    if arguments.json:
        print(json.dumps(figures, ensure_ascii=False, indent=1))
    else:
        print(f"demo: {figures['seconds']} s, peak {figures['peak_mb']} MB, {os.cpu_count()} cores")


def resident(session: int) -> int:
    """Bytes resident in all processes of a session."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return total


if __name__ == "__main__":
    main()
