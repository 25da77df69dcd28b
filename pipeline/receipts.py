"""Receipts: what a worker leaves when a unit's files are whole, and how many become one record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline import storage
from pipeline.counts import Counts
from tokenizer.errors import CorruptFileError


@dataclass(frozen=True)
class Task:
    """A unit to be done: the work function ends by calling `finish`."""

    unit: str
    key: str
    root: str
    home: str
    payload: Any

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
    ) -> str:
        """Write the receipt: the unit's files (by path from the run's root) are whole.

        Returns the unit's name. Raises MalmoiError when documents in are not kept + removed.
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
        }
        with storage.write_atomic(receipt_path(self.root, self.home, self.unit)) as out:
            out.write(orjson.dumps(receipt, option=orjson.OPT_INDENT_2))
        return self.unit


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
        "files": dict(sorted(files.items())),
    }
