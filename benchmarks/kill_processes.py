"""Processes of a command and which of them a kill is for; by /proc, so for Linux."""

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process as /proc shows it; its start tells it from a later one of the same number."""

    parent: int
    command: str
    begun: str


def processes() -> dict[int, Process]:
    """Every process of this machine that is no zombie."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            command = (
                (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            )
        except OSError:
            continue
        if fields[0] not in "ZX":
            found[int(path.name)] = Process(int(fields[1]), command, fields[19])
    return found


def descendants(root: int) -> dict[int, Process]:
    """A process and all that come from it."""
    every = processes()
    tree = {root: every[root]} if root in every else {}
    while more := {p: each for p, each in every.items() if each.parent in tree and p not in tree}:
        tree |= more
    return tree


def gone(tree: Mapping[int, Process], seconds: float) -> int:
    """How many of the processes are still there when none is, or after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        now = processes()
        left = [pid for pid, known in tree.items() if pid in now and now[pid].begun == known.begun]
        if not left or time.monotonic() > until:
            return len(left)
        time.sleep(0.05)


Tree = Mapping[int, Process]


def _workers(driver: int, tree: Tree) -> list[int]:
    """One process that works on data: one without children that is no server of processes."""
    parents = {each.parent for each in tree.values()}
    leaves = [
        pid
        for pid, each in tree.items()
        if pid not in parents
        and pid != driver
        and "resource_tracker" not in each.command
        and "worker_pool_main" not in each.command
        and "java" not in each.command.split(" ")[0]
        and not ("forkserver" in each.command and each.parent == driver)
    ]
    return random.sample(leaves, 1) if leaves else []


def _named(*words: str) -> Callable[[int, Tree], list[int]]:
    def find(driver: int, tree: Tree) -> list[int]:
        return [p for p, each in tree.items() if all(word in each.command for word in words)][:1]

    return find


def _task_manager(driver: int, tree: Tree) -> list[int]:
    return _named("TaskManagerRunner")(driver, processes())


VICTIMS: dict[str, Callable[[int, Tree], list[int]]] = {
    "driver": lambda driver, tree: [driver],
    "worker": _workers,
    "group": lambda driver, tree: [*tree],
    "jobserver": _named("java", "job-server"),
    "pool": _named("worker_pool_main"),
    "taskmanager": _task_manager,
}
"""The processes that a kill of that name is for, of a driver and its descendants."""
