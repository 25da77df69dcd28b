"""Processes that apply a function which may crash or hang: nothing is lost but what breaks it."""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Generic, Self, TypeVar

from tokenizer.errors import MalmoiError

BATCH = 256  # items a worker gets at once
START_SECONDS = 300.0  # for a process to load its model

Result = TypeVar("Result")
Load = Callable[[], Callable[[str], Result]]


class Pool(Generic[Result]):
    """A context manager over `workers` spawned processes.

    `load`, a function of a module, is called once in each process and gives the function to apply.
    A process that dies, or takes longer than `seconds` over a batch, is replaced, and its batch
    tried again item by item; the item that fails alone too is given up. So what comes out does not
    depend on the number of workers, nor on a process killed from outside.
    """

    def __init__(self, load: Load[Result], workers: int, seconds: float) -> None:
        self.load = load
        self.seconds = seconds
        self.workers: list[_Worker] = []
        self._wanted = max(1, workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers:
            worker.stop()
        self.workers = []

    def map(self, items: Sequence[str]) -> list[Result | None]:
        """The function's value for each item, in order; None where it raised, crashed or hung.

        Raises MalmoiError if a process cannot start.
        """
        found: list[Result | None] = [None] * len(items)
        tasks = deque(range(at, min(at + BATCH, len(items))) for at in range(0, len(items), BATCH))
        while len(self.workers) < min(self._wanted, len(tasks)):
            self.workers.append(_Worker(self.load))
        while tasks or any(worker.task for worker in self.workers):
            for worker in self.workers:
                if tasks and worker.task is None:
                    task = tasks.popleft()
                    worker.give(task, [items[i] for i in task])
            self._wait()
            for at, worker in enumerate(self.workers):
                results = worker.results(self.seconds)
                done = worker.task
                if done is None or (results is None and worker.is_well):
                    continue
                worker.task = None
                if results is not None:
                    found[done.start : done.stop] = results
                    continue
                worker.stop()
                self.workers[at] = _Worker(self.load)
                if len(done) > 1:
                    tasks.extend(range(i, i + 1) for i in done)
        return found

    def _wait(self) -> None:
        """Until some worker has an answer, dies or runs out of time."""
        busy = [worker for worker in self.workers if worker.task is not None]
        left = min(worker.deadline(self.seconds) for worker in busy) - time.monotonic()
        wait([worker.connection for worker in busy], timeout=max(0.0, left))


class _Worker:
    """One process and the task it has. `is_well` turns false when it has died or hung."""

    def __init__(self, load: Load) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, load), daemon=True)
        self.process.start()
        theirs.close()  # so that its death is the end of the pipe
        self.task: range | None = None
        self.is_ready = False
        self.is_well = True
        self.since = time.monotonic()

    def give(self, task: range, items: list[str]) -> None:
        self.task = task
        if self.is_ready:
            self.since = time.monotonic()
        try:
            self.connection.send(items)
        except OSError:
            self.is_well = False

    def deadline(self, seconds: float) -> float:
        return self.since + (seconds if self.is_ready else START_SECONDS)

    def results(self, seconds: float) -> list | None:
        """What it has answered; None if nothing yet, or nothing any more."""
        if self.task is None:
            return None
        try:
            if self.is_well and self.connection.poll():
                answer = self.connection.recv()
                if self.is_ready:
                    return answer
                self.is_ready = True
                self.since = time.monotonic()
                return None
        except (EOFError, OSError):
            self.is_well = False
        if time.monotonic() > self.deadline(seconds):
            self.is_well = False
        if not (self.is_well or self.is_ready):
            self.stop()
            raise MalmoiError(
                f"a worker process did not start (exit code {self.process.exitcode}); "
                "its message is above, or it ran out of memory: use fewer workers"
            )
        return None

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def end_with_parent() -> None:
    """In a worker: end when its parent does, whatever the worker is at, and however that ended.

    After `kill -9` nobody tells a worker to stop. Ctrl-C, which a terminal sends to all, is left to
    the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _serve(connection: Connection, load: Load) -> None:
    """A worker's life: load, say so, then answer batch after batch until the pipe is closed."""
    end_with_parent()
    function = load()
    connection.send(None)
    while True:
        try:
            items = connection.recv()
        except EOFError:
            return
        connection.send([_result(function, item) for item in items])


def _result(function: Callable[[str], Result], item: str) -> Result | None:
    try:
        return function(item)
    except Exception:  # whatever it is, the pool's caller counts it as a failure of this item
        return None
