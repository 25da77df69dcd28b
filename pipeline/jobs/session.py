"""How a job reaches its runner and its cores."""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline import storage
from pipeline.jobs.meters import Metered, counted
from pipeline.jobs.pool import Pooled
from pipeline.logs import Noted
from pipeline.receipts import Counted, Task, balanced, conserved, receipt_path
from pipeline.records import read_record
from tokenizer import errors
from tokenizer.errors import MalmoiError

logger = logging.getLogger(__name__)

_NAMED = (MalmoiError, OSError, KeyboardInterrupt, SystemExit)
"""What ends a command with a name of its own."""


@dataclass(frozen=True)
class Session:
    """How a command runs graphs.

    `make_pipeline` names the runner, `workers` the processes of this command's pool. On an engine
    with processes of its own tasks are `spread` over them, and a graph that lost a worker is sent
    again, `attempts` times in all while the engine `is_there`.
    """

    make_pipeline: Callable[[], beam.Pipeline]
    workers: int = 1
    spread: bool = False
    attempts: int = 1
    is_there: Callable[[], bool] = lambda: True

    def run(self, build: Callable[[beam.Pipeline], None]) -> Counted | None:
        """Build a graph and run it to its end; a failed run raises its cause.

        Returns the engine's counters, None where it keeps none. MalmoiError where less came out of
        a shuffle than went in, or an engine outside this process failed `attempts` times.
        """
        for left in reversed(range(self.attempts)):
            pipeline = self.make_pipeline()
            build(pipeline)
            try:
                result = pipeline.run()
                result.wait_until_finish()
            except Exception as error:
                cause = _cause(error)
                if isinstance(cause, _NAMED) or self.attempts == 1:
                    raise cause from error
                gone = not self.is_there()
                if gone or not left:
                    what = "is gone" if gone else f"failed {self.attempts} times in turn"
                    raise MalmoiError(
                        f"the engine {what} ({_kind(error)}); run the same command again: "
                        "finished units are kept. `malmoi status` and the engine's own log say more"
                    ) from error
                logger.warning("the engine failed (%s); the graph is sent again", _kind(error))
                continue
            found = counted(result)
            if found:
                balanced(found, "the graph's shuffles")
            return found
        raise ValueError("attempts must be 1 or more")

    def map(self, label: str, function: Callable[[Any], Any], items: Iterable[Any]) -> None:
        """Run `function` on every item: a whole map-only job. What it makes goes to files.

        MalmoiError where the engine's counters are not those of the receipts of the items.
        """
        items = list(items)
        if not items:
            return
        found = self.run(lambda pipeline: self.apply(pipeline, label, function, items) and None)
        tasks = [item for item in items if isinstance(item, Task)]
        if found and tasks:
            places = [receipt_path(task.root, task.home, task.unit) for task in tasks]
            conserved(found, filter(None, storage.each(read_record, places)), label)

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
            | f"{label}: tasks" >> beam.Create(list(items), reshuffle=self.spread)
            | label >> beam.ParDo(Pooled(Noted(function), self.workers))
            | f"{label}: counters" >> beam.ParDo(Metered())
        )


def _cause(error: BaseException) -> BaseException:
    """The failure inside what Beam raises (it says `[while running 'step']`), if it has a name.

    From another process it comes as the text of its traceback.
    """
    inner = error
    while "[while running" in str(inner) and (inner.__cause__ or inner.__context__):
        inner = inner.__cause__ or inner.__context__ or inner
    if isinstance(inner, _NAMED):
        return inner
    named = re.findall(r"^(?:[\w.]+\.)?(\w+): (.+)$", str(error), re.MULTILINE)
    for name, message in reversed(named):
        known = getattr(errors, name, None)
        if isinstance(known, type) and issubclass(known, MalmoiError):
            return known(message.split(" [while running")[0])
    return error


def _kind(error: BaseException) -> str:
    """An engine's failure without what it quotes: that may be a piece of a document."""
    named = re.findall(r"^(?:Caused by: )?((?:\w+\.)*\w*(?:Error|Exception))\b", str(error), re.M)
    return named[-1] if named else type(error).__name__
