"""Counters that an engine keeps of a graph: what units did, and what went through its shuffles.

They stand in the namespace `malmoi`, under the names of `receipts.counters_of`, and are shown by
Flink, Dataflow and Prometheus while a graph runs. After it they are held against the receipts.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics, MetricsFilter

from pipeline.logs import format_workers
from pipeline.receipts import Counted, Finished

NAMESPACE = "malmoi"


class Metered(beam.DoFn):
    """Counts what finished units tell of themselves, and passes every result on."""

    def setup(self) -> None:
        format_workers()

    def process(self, result: Any) -> Iterator[Any]:
        if isinstance(result, Finished):
            for name, value in result.counters.items():
                _count(name, value)
        yield result


class Grouped(beam.PTransform):
    """(key, blob) to (key, list of blobs), with blobs and bytes counted on both sides.

    Of one collection or a tuple of them. Each is counted on its own: an engine may fuse what stands
    behind a `Flatten` into the stages before it, and then keeps the counters of one of these alone.

    Args:
        size: bytes of what stands for a blob.
    """

    def __init__(self, size: Callable[[Any], int] = len):
        super().__init__()
        self.size = size

    def expand(self, blobs: beam.PCollection | tuple[beam.PCollection, ...]) -> beam.PCollection:
        each = blobs if isinstance(blobs, tuple) else (blobs,)
        sent = [
            part | f"count what is sent {number}" >> beam.ParDo(_Sent(self.size))
            for number, part in enumerate(each)
        ]
        return (
            sent
            | "all" >> beam.Flatten()
            | "group" >> beam.GroupByKey()
            | "count what arrived" >> beam.ParDo(_Received(self.size))
        )


class _Sent(beam.DoFn):
    def __init__(self, size: Callable[[Any], int]):
        self.size = size

    def process(self, sent: tuple[Any, Any]) -> Iterator[tuple[Any, Any]]:
        _transferred("sent", 1, self.size(sent[1]))
        yield sent


class _Received(beam.DoFn):
    def __init__(self, size: Callable[[Any], int]):
        self.size = size

    def process(self, group: tuple[Any, Iterable[Any]]) -> Iterator[tuple[Any, list[Any]]]:
        key, blobs = group[0], list(group[1])
        _transferred("received", len(blobs), sum(map(self.size, blobs)))
        yield key, blobs


def _transferred(way: str, blobs: int, size: int) -> None:
    _count(f"blobs_{way}", blobs)
    _count(f"bytes_{way}", size)


def _count(name: str, value: int) -> None:
    Metrics.counter(NAMESPACE, name).inc(value)


def counted(result: Any) -> Counted | None:
    """The counters of a graph that has ended; None where its engine keeps none.

    Args:
        result: the `PipelineResult`. Committed values are taken where the engine has them; Flink
            and Spark have attempted ones alone.
    """
    try:
        found = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))["counters"]
    except NotImplementedError:
        return None
    if not found:
        return None
    exact = all(metric.committed is not None for metric in found)
    values: dict[str, int] = {}
    for metric in found:
        value = metric.committed if exact else metric.attempted
        values[metric.key.metric.name] = values.get(metric.key.metric.name, 0) + (value or 0)
    return Counted(values, exact)
