"""What a command uses while it runs, by step: memory, processor time, open files, bytes on disk."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOMES = {
    "clean": "clean",
    "dedup": "drops",
    "assemble": "curated",
    "count": "counts",
    "tokenizer": "tokenizer",
    "tokenize": "tokens",
}
"""Steps of the data in their order, and the directory that a step's manifest is in."""

_EVERY, _DISK_EVERY = 0.25, 2.0  # seconds


@dataclass
class StepUsage:
    """The most that was seen in a step; bytes, and seconds of all processes together."""

    worker: int = 0  # resident memory of one worker
    driver: int = 0  # of the command's own process
    files: int = 0  # open in one process
    scratch: int = 0  # bytes of scratch files
    run: int = 0  # bytes of the whole run directory
    cpu_seconds: float = 0.0


@dataclass
class Watch:
    """Looks at a command and all processes below it, four times a second, until it has ended."""

    run: Path
    steps: dict[str, StepUsage] = field(default_factory=lambda: defaultdict(StepUsage))
    _times: dict[int, float] = field(default_factory=dict)
    _looked_at_disk: float = 0.0

    def call(self, command: list[str]) -> None:
        """Run `command`; exits with its code and its messages when it fails."""
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(_EVERY):
                self._look(process.pid)

        watcher = threading.Thread(target=look)
        watcher.start()
        _, messages = process.communicate()
        ended.set()
        watcher.join()
        self._times.clear()
        if process.returncode:
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{messages[-2000:]}")

    def _look(self, root: int) -> None:
        done = [number for number, home in enumerate(HOMES.values()) if self._done(home)]
        names = [*HOMES, ""]
        usage = self.steps[names[done[-1] + 1 if done else 0]]  # the one after the last done
        for process in tree(root):
            with contextlib.suppress(OSError, ValueError):
                resident, seconds = memory_and_time(process)
                if process == root:
                    usage.driver = max(usage.driver, resident)
                else:
                    usage.worker = max(usage.worker, resident)
                usage.files = max(usage.files, len(list(Path(f"/proc/{process}/fd").iterdir())))
                usage.cpu_seconds += seconds - self._times.get(process, 0.0)
                self._times[process] = seconds
        if time.monotonic() - self._looked_at_disk > _DISK_EVERY:
            self._looked_at_disk = time.monotonic()
            scratch, run = _bytes(self.run, inside=False)
            usage.scratch, usage.run = max(usage.scratch, scratch), max(usage.run, run)

    def _done(self, home: str) -> bool:
        return (self.run / home / "manifest.json").exists()


def tree(root: int) -> Iterator[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    yield from found


def memory_and_time(process: int) -> tuple[int, float]:
    """Resident bytes, and processor seconds so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK")


def _bytes(folder: Path, inside: bool) -> tuple[int, int]:
    """(bytes of files in folders named scratch, of all files) below a folder."""
    scratch = total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    within = inside or entry.name == "scratch"
                    below = _bytes(Path(entry.path), within)
                    scratch, total = scratch + below[0], total + below[1]
                else:
                    size = entry.stat(follow_symlinks=False).st_size
                    scratch, total = scratch + size * inside, total + size
    return scratch, total


def malmoi(*arguments: Any) -> list[str]:
    """The command line of `malmoi ARGUMENTS` in this environment."""
    return [sys.executable, "-m", "beam_runner", *map(str, arguments)]
