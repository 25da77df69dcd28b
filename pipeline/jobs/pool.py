"""A DoFn around a function of a module without Beam, run in a pool of processes."""

import functools
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tokenizer.errors import MalmoiError


class Pooled(beam.DoFn):
    """Calls a function of a module without Beam on each element, in a pool of processes.

    The in-process runner gives one bundle, so the pool is what uses the cores; with one worker
    (a cluster's workers) the function is called in place.
    """

    def __init__(self, function: Callable[[Any], Any], workers: int):
        self.function, self.workers = function, workers

    def start_bundle(self) -> None:
        self._futures: list[Future[Any]] = []

    def process(self, element: Any) -> Iterator[Any]:
        if self.workers == 1:
            yield self.function(element)
        else:
            self._futures.append(_pool(self.workers).submit(self.function, element))

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = GlobalWindow()
        try:
            for future in self._futures:
                yield WindowedValue(future.result(), window.max_timestamp(), [window])
        except BrokenProcessPool as error:
            _pool.cache_clear()
            raise MalmoiError(
                "a worker process died (killed, or out of memory); run the same command again: "
                "finished units are kept. With little memory, use fewer --workers"
            ) from error
        finally:
            for future in self._futures:
                future.cancel()


@functools.cache
def _pool(workers: int) -> ProcessPoolExecutor:
    """One pool a process, so that the imports of its workers are paid once a command."""
    context = multiprocessing.get_context("forkserver")  # fork copies Beam's threads' locks
    context.set_forkserver_preload(["pipeline.clean", "pipeline.assemble"])
    return ProcessPoolExecutor(workers, mp_context=context)
