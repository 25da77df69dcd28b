"""How a job reaches its runner and its cores."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.jobs.pool import Pooled
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


def _cause(error: BaseException) -> BaseException:
    """The failure inside what Beam raises (it says `[while running 'step']`), if it has a name."""
    inner = error
    while "[while running" in str(inner) and (inner.__cause__ or inner.__context__):
        inner = inner.__cause__ or inner.__context__ or inner
    return inner if isinstance(inner, MalmoiError | OSError) else error
