"""A DoFn around a function of a module without Beam, run in a pool of processes."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from pipeline.attempts import unless_done
from pipeline.jobs.workers import end_pool, pool
from tokenizer.errors import MalmoiError

logger = logging.getLogger(__name__)

IN_FLIGHT = 16
"""Elements a worker that are given out at a time; their results go on in the order they came."""
MOST_DEATHS = 3
"""The run fails when the pool has died so often and no element was finished in between."""


class Pooled(beam.DoFn):
    """Calls a function of a module without Beam on each element, in a pool of processes.

    The in-process runner gives one bundle, so the pool is what uses the cores; with one worker
    (a cluster's workers) the function is called in place. When a worker dies, a new pool goes on
    with what was not finished: the function must give the same bytes again.
    """

    def __init__(self, function: Callable[[Any], Any], workers: int):
        self.function, self.workers = function, workers

    def start_bundle(self) -> None:
        self._waiting: deque[tuple[Any, Future[Any]]] = deque()
        self._finished = self._finished_before = self._deaths = 0

    def process(self, element: Any) -> Iterator[Any]:
        if self.workers == 1:
            yield unless_done(self.function, element)
            return
        self._waiting.append((element, self._submit(element)))
        while len(self._waiting) > IN_FLIGHT * self.workers:
            yield self._next()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = GlobalWindow()
        while self._waiting:
            yield WindowedValue(self._next(), window.max_timestamp(), [window])

    def _submit(self, element: Any) -> Future[Any]:
        try:
            return pool(self.workers).submit(unless_done, self.function, element)
        except BrokenProcessPool as error:  # one that died while nobody waited for it
            failed = Future[Any]()
            failed.set_exception(error)
            return failed

    def _next(self) -> Any:
        """The result of the element that has waited longest."""
        while True:
            try:
                result = self._waiting[0][1].result()
            except BrokenProcessPool as error:
                self._begin_again(error)
            except BaseException:  # failed or interrupted: do not wait for what the workers are at
                end_pool(self.workers)
                raise
            else:
                self._waiting.popleft()
                self._finished += 1
                return result

    def _begin_again(self, error: BrokenProcessPool) -> None:
        """A new pool, for what is not finished."""
        finished = self._finished + sum(map(_succeeded, self._waiting))
        self._deaths = self._deaths + 1 if finished == self._finished_before else 1
        self._finished_before = finished
        end_pool(self.workers)
        if self._deaths == MOST_DEATHS:
            raise MalmoiError(
                f"worker processes died {MOST_DEATHS} times in turn (killed, or out of memory); "
                "run the same command again: finished units are kept. With little memory, use "
                "fewer --workers"
            ) from error
        logger.warning("a worker process died; what was not finished is done again")
        self._waiting = deque(
            pair if _succeeded(pair) else (pair[0], self._submit(pair[0])) for pair in self._waiting
        )


def _succeeded(pair: tuple[Any, Future[Any]]) -> bool:
    future = pair[1]
    return future.done() and not future.cancelled() and future.exception() is None
