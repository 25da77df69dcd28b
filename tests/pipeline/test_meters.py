"""An engine's counters: equal to the receipts, and a loss on the way is told."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.metrics.execution import MetricKey, MetricResult
from apache_beam.metrics.metricbase import MetricName

from pipeline.counts import Counts, Stopwatch
from pipeline.jobs.meters import NAMESPACE, Grouped, Metered, counted
from pipeline.jobs.pool import Pooled
from pipeline.receipts import (
    Counted,
    Task,
    balanced,
    conserved,
    counters_of,
    merge,
    read_json,
    receipt_path,
)
from tokenizer.errors import MalmoiError


def do(task: Task) -> Any:
    """A unit of as many documents as its payload says, one of them removed."""
    counts = Counts(task.payload, task.payload - 1, 10 * task.payload, 9 * task.payload)
    counts.removed["clean/too_short"] = 1
    counts.masked["tel"] = task.payload
    return task.finish({}, counts, source="blog", seconds=0.5, stages={"read": 0.2, "edit": 0.3})


def tasks_in(root: Path) -> list[Task]:
    return [Task(f"part-{n:05d}", "k", str(root), "clean", n + 2) for n in range(5)]


def receipts_of(tasks: list[Task]) -> list[dict[str, Any]]:
    return [read_json(receipt_path(task.root, task.home, task.unit)) for task in tasks]


class Loses(beam.DoFn):
    """An engine that loses an element on its way, as a buffer that vanishes does."""

    def process(self, element: Any) -> Iterator[Any]:
        if "part-00003" not in str(element):
            yield element


def finished(tasks: list[Task], *between: beam.PTransform) -> Counted | None:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    results = pipeline | beam.Create(tasks) | beam.ParDo(Pooled(do, 1))
    for number, transform in enumerate(between):
        results |= f"between {number}" >> transform
    results | beam.ParDo(Metered())
    result = pipeline.run()
    result.wait_until_finish()
    return counted(result)


def test_counters_are_the_sum_of_the_receipts(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path)
    found = finished(tasks)
    written = Counter[str]()
    for receipt in receipts_of(tasks):
        written.update(counters_of(receipt))
    assert found == Counted(dict(written), exact=True)
    assert found is not None and found.values["documents_in"] == 2 + 3 + 4 + 5 + 6
    assert found.values["removed/clean/too_short"] == found.values["units"] == 5
    assert found.values["milliseconds/edit"] == 1500
    conserved(found, receipts_of(tasks), "clean")


def test_a_lost_result_is_an_error_though_every_file_is_there(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path)
    found = finished(tasks, beam.ParDo(Loses()))
    assert found is not None
    with pytest.raises(MalmoiError, match=r"clean: .*units = 5, the engine's counters 4"):
        conserved(found, receipts_of(tasks), "clean")


def test_counts_of_attempts_may_be_larger_but_not_smaller(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path)
    found = finished(tasks)
    assert found is not None
    more = {**found.values, "documents_in": 25}
    less = {**found.values, "documents_in": 19}
    conserved(Counted(more, exact=False), receipts_of(tasks), "clean")
    for told, exact in ((more, True), (less, True), (less, False)):
        with pytest.raises(MalmoiError, match=r"documents_in = 20, the engine's counters (25|19)"):
            conserved(Counted(told, exact), receipts_of(tasks), "clean")


def test_seconds_are_no_matter_of_conservation(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path)
    found = finished(tasks)
    assert found is not None
    conserved(Counted({**found.values, "milliseconds/read": 7}), receipts_of(tasks), "clean")


BLOBS = [(number % 3, bytes([number]) * 10) for number in range(30)]


def shuffled() -> Counted:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    groups = pipeline | beam.Create(BLOBS, reshuffle=False) | Grouped()
    groups | beam.Map(lambda group: all(isinstance(blob, bytes) for blob in group[1]))
    result = pipeline.run()
    result.wait_until_finish()
    found = counted(result)
    assert found is not None
    return found


def test_a_shuffle_is_counted_on_both_sides() -> None:
    found = shuffled()
    assert found.values == {
        "blobs_sent": 30,
        "blobs_received": 30,
        "bytes_sent": 300,
        "bytes_received": 300,
    }
    balanced(found, "dedup/exact")


class LossyGroups(beam.PTransform):
    """A shuffle of an engine that loses one blob."""

    def expand(self, blobs: beam.PCollection) -> beam.PCollection:
        kept = blobs | beam.Filter(lambda sent: sent[1] != bytes([17]) * 10)
        return kept | Original()


Original = beam.GroupByKey


def test_a_blob_lost_in_a_shuffle_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam, "GroupByKey", LossyGroups)
    with pytest.raises(MalmoiError, match=r"dedup/exact: 30 blobs were sent .* and 29 arrived"):
        balanced(shuffled(), "dedup/exact")


@pytest.mark.parametrize("received, exact, fails", [(31, True, True), (31, False, False)])
def test_a_receiver_that_was_tried_again_is_no_loss(
    received: int, exact: bool, fails: bool
) -> None:
    told = Counted({"blobs_sent": 30, "blobs_received": received}, exact)
    if fails:
        with pytest.raises(MalmoiError):
            balanced(told, "dedup/exact")
    else:
        balanced(told, "dedup/exact")


def result_of(*metrics: MetricResult) -> Any:
    query = {"counters": list(metrics)}
    return SimpleNamespace(metrics=lambda: SimpleNamespace(query=lambda filter: query))


def metric(step: str, committed: int | None, attempted: int) -> MetricResult:
    return MetricResult(MetricKey(step, MetricName(NAMESPACE, "units")), committed, attempted)


def test_committed_values_are_taken_where_the_engine_has_them() -> None:
    assert counted(result_of(metric("a", 3, 4), metric("b", 2, 2))) == Counted({"units": 5}, True)
    assert counted(result_of(metric("a", None, 4))) == Counted({"units": 4}, False)
    assert counted(result_of()) is None


def test_stages_are_summed_in_the_record_of_many_receipts(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path)
    for task in tasks:
        do(task)
    assert merge(receipts_of(tasks))["stage_seconds"] == {"read": 1.0, "edit": 1.5}
    older = [{k: v for k, v in receipt.items() if k != "stages"} for receipt in receipts_of(tasks)]
    assert merge(older)["stage_seconds"] == {}


def test_a_stopwatch_books_every_lap_once() -> None:
    watch, inner = Stopwatch(), Stopwatch()
    inner.seconds = {"edit": 2.0}
    watch.lap("read")
    watch.add(inner.seconds)
    watch.add(inner.seconds)
    watch.lap("write")
    assert watch.seconds["edit"] == 4.0
    assert watch.seconds["read"] + watch.seconds["write"] < 2.0
