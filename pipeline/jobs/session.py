"""How a job reaches its runner and its cores; the only Beam in here is a DoFn around a function."""

import functools
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tokenizer.errors import MalmoiError


@dataclass(frozen=True)
class Session:
    """How a command runs graphs: `make_pipeline` names the runner, `workers` the processes."""

    make_pipeline: Callable[[], beam.Pipeline]
    workers: int = 1

    def run(self, build: Callable[[beam.Pipeline], None]) -> None:
        """Build a graph and run it to its end; a failed run raises its cause."""
        pipeline = self.make_pipeline()
        build(pipeline)
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:
            raise _cause(error) from error

    def map(self, label: str, function: Callable[[Any], Any], items: Iterable[Any]) -> None:
        """Run `function` on every item: a whole map-only job. What it makes goes to files."""
        items = list(items)
        if items:
            self.run(lambda pipeline: self.apply(pipeline, label, function, items) and None)

    def apply(
        self,
        pipeline: beam.Pipeline,
        label: str,
        function: Callable[[Any], Any],
        items: Iterable[Any],
    ) -> beam.PCollection:
        """`function` of every item as a collection, in this session's processes."""
        return (
            pipeline
            | f"{label}: tasks" >> beam.Create(list(items), reshuffle=False)
            | label >> beam.ParDo(Pooled(function, self.workers))
        )


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


def _cause(error: BaseException) -> BaseException:
    """The failure inside what Beam raises (it says `[while running 'step']`), if it has a name."""
    inner = error
    while "[while running" in str(inner) and (inner.__cause__ or inner.__context__):
        inner = inner.__cause__ or inner.__context__ or inner
    return inner if isinstance(inner, MalmoiError | OSError) else error


@functools.cache
def _pool(workers: int) -> ProcessPoolExecutor:
    """One pool a process, so that the imports of its workers are paid once a command."""
    context = multiprocessing.get_context("forkserver")  # fork copies Beam's threads' locks
    context.set_forkserver_preload(["pipeline.clean", "pipeline.assemble"])
    return ProcessPoolExecutor(workers, mp_context=context)
