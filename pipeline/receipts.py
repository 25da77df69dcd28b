"""Receipts: what a worker leaves when a unit's files are whole, and how many become one record.

Receipts are the truth of what was done. An engine's own counters are held against them
(`conserved`, `balanced`), for an engine can lose what it carries and still say that all went well.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline import memory, storage
from pipeline.counts import Counts, Stopwatch
from tokenizer.errors import CorruptFileError, MalmoiError


@dataclass(frozen=True)
class Task:
    """A unit to be done: the work function ends by calling `finish`.

    `size`: the bytes that it is made from, as they are stored; 0 where nobody knows.
    """

    unit: str
    key: str
    root: str
    home: str
    payload: Any
    size: int = 0

    def path(self, *parts: str) -> str:
        """A place in the run directory."""
        return storage.join(self.root, *parts)

    def finish(
        self,
        files: Mapping[str, storage.FileStamp],
        counts: Counts,
        *,
        source: str | None = None,
        samples: Sequence[dict[str, Any]] = (),
        facts: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
        stages: Mapping[str, float] | None = None,
    ) -> "Finished":
        """Write the receipt: the unit's files (by path from the run's root) are whole.

        `stages` are the seconds of each stage where the step has several. Raises MalmoiError when
        documents in are not kept + removed.
        """
        counts.check(f"{self.home}/{self.unit}")
        receipt = {
            "unit": self.unit,
            "key": self.key,
            "source": source,
            "counts": counts.to_json(),
            "files": {name: stamp.to_json() for name, stamp in sorted(files.items())},
            "samples": list(samples),
            "facts": dict(facts or {}),
            "seconds": round(seconds, 3),
            "peak_memory": memory.peak(),
            "stages": {name: round(spent, 3) for name, spent in (stages or {}).items()},
        }
        with storage.write_atomic(receipt_path(self.root, self.home, self.unit)) as out:
            out.write(orjson.dumps(receipt, option=orjson.OPT_INDENT_2))
        return Finished(self.unit, counters_of(receipt))


@dataclass(frozen=True)
class Finished:
    """What a work function hands back of a finished unit; it crosses processes, so it is small."""

    unit: str
    counters: Mapping[str, int]


@dataclass(frozen=True)
class Counted:
    """What an engine's counters say after a graph.

    Without `exact` the engine has counted a worker's attempts, so that what was tried again counts
    more than once.
    """

    values: Mapping[str, int]
    exact: bool = True


def receipt_path(root: str, home: str, unit: str) -> str:
    return storage.join(root, home, "receipts", f"{unit}.json")


def read_json(where: str) -> dict[str, Any]:
    try:
        return orjson.loads(storage.read_bytes(where))
    except orjson.JSONDecodeError as error:
        raise CorruptFileError(f"{where}: not JSON ({error}); delete it and run again") from error


def merge(receipts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One record of many receipts: totals, by source too, files, a few samples of each kind."""
    total = Counts()
    sources: dict[str, Counts] = {}
    files: dict[str, Any] = {}
    samples: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for receipt in receipts:
        counts = Counts.from_json(receipt["counts"])
        total.add(counts)
        if receipt["source"] is not None:
            sources.setdefault(receipt["source"], Counts()).add(counts)
        files.update(receipt["files"])
        for sample in receipt["samples"]:
            kept = samples.setdefault((sample["source"], sample["rule"]), [])
            kept.append(sample)
            kept.sort(key=lambda row: row["order"])
            del kept[3:]
    return {
        "counts": total.to_json(),
        "sources": {name: counts.to_json() for name, counts in sorted(sources.items())},
        "units": {receipt["unit"]: receipt["source"] for receipt in receipts},
        "samples": [row for _, rows in sorted(samples.items()) for row in rows],
        "facts": {receipt["unit"]: receipt["facts"] for receipt in receipts if receipt["facts"]},
        "worker_seconds": round(sum(receipt["seconds"] for receipt in receipts), 3),
        "stage_seconds": _stage_seconds(receipts),
        "peak_memory": max((receipt.get("peak_memory", 0) for receipt in receipts), default=0),
        "files": dict(sorted(files.items())),
    }


def _stage_seconds(receipts: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    watch = Stopwatch()
    for receipt in receipts:
        watch.add(receipt.get("stages", {}))
    return {name: round(spent, 3) for name, spent in watch.seconds.items()}


def counters_of(receipt: Mapping[str, Any]) -> dict[str, int]:
    """The counters of one unit, by the names that an engine shows them under.

    `units`, `documents_in`, `documents_out`, `bytes_in`, `bytes_out`; `removed/<step>/<rule>`,
    `masked/<kind>`, `edited/<rule>`; `milliseconds` and `milliseconds/<stage>`, of a worker.
    """
    counters = {"units": 1, "milliseconds": round(receipt["seconds"] * 1000)}
    for name, value in receipt["counts"].items():
        if isinstance(value, Mapping):
            counters |= {f"{name}/{key}": count for key, count in value.items()}
        else:
            counters[name] = value
    stages = receipt.get("stages", {})
    return counters | {f"milliseconds/{stage}": round(s * 1000) for stage, s in stages.items()}


_NOT_IN_RECEIPTS = ("milliseconds", "blobs_", "bytes_sent", "bytes_received")
"""What is not compared: a unit done twice took two times, and what crosses shuffles has none."""


def conserved(counted: Counted, receipts: Iterable[Mapping[str, Any]], where: str) -> None:
    """Hold an engine's counters against the receipts of the units that it was given.

    Raises MalmoiError when a result was lost on the way (or, where counters are exact, came twice).
    With what each receipt proves, this is in = kept + removed on every engine.
    """
    written = Counter[str]()
    for receipt in receipts:
        written.update(counters_of(receipt))
    names = {name for name in [*written, *counted.values] if not name.startswith(_NOT_IN_RECEIPTS)}
    for name in sorted(names, key=lambda name: (name != "units", name)):
        told, true = counted.values.get(name, 0), written[name]
        if told < true or (counted.exact and told != true):
            raise MalmoiError(
                f"{where}: the receipts say {name} = {true:,}, the engine's counters {told:,}; the "
                "engine lost or doubled results on the way, so run the same command again, on "
                "another --runner if that does not help"
            )


def balanced(counted: Counted, where: str) -> None:
    """Raise MalmoiError unless what was sent through the shuffles of a graph has arrived.

    Where counters are not exact, more may have arrived than was sent (a receiver that was tried
    again), but never less: a sender that was tried again is told as a loss, and the next run of the
    command repeats the graph.
    """
    for what in ("blobs", "bytes"):
        sent, received = (counted.values.get(f"{what}_{way}", 0) for way in ("sent", "received"))
        if received < sent or (counted.exact and received != sent):
            raise MalmoiError(
                f"{where}: {sent:,} {what} were sent through the shuffle and {received:,} arrived; "
                "run the same command again, and use another --runner if that does not help"
            )
