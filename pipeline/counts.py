"""What a step counts, the check that nothing disappeared, and a watch for its stages."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tokenizer.errors import MalmoiError


@dataclass
class Counts:
    """Documents and UTF-8 bytes of text in and out of a step.

    `removed` counts by `step/rule`, so that documents_in = documents_out + sum(removed); `masked`
    counts values masked by PII kind, `edited` what each edit rule did.
    """

    documents_in: int = 0
    documents_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    edited: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        self.documents_in += other.documents_in
        self.documents_out += other.documents_out
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.removed.update(other.removed)
        self.masked.update(other.masked)
        self.edited.update(other.edited)

    def check(self, where: str) -> None:
        """Raise MalmoiError unless in = kept + removed."""
        removed = sum(self.removed.values())
        if self.documents_in != self.documents_out + removed:
            raise MalmoiError(
                f"{where}: {self.documents_in} documents in, {self.documents_out} kept and "
                f"{removed} removed do not add up; a defect of malmoi or of the runner, report it"
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "documents_in": self.documents_in,
            "documents_out": self.documents_out,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "removed": dict(sorted(self.removed.items())),
            "masked": dict(sorted(self.masked.items())),
            "edited": dict(sorted(self.edited.items())),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Counts":
        counters = {name: Counter(data[name]) for name in ("removed", "masked", "edited")}
        return cls(**{**data, **counters})


class Stopwatch:
    """Seconds by stage: each lap is booked to the stage that ends with it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.restart()

    def restart(self) -> None:
        """Book what has passed since the last lap to no stage."""
        self._last = time.perf_counter()

    def add(self, seconds: Mapping[str, float]) -> None:
        """Book what another watch has measured; the time of it is then not booked here again."""
        for stage, spent in seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent
        self.restart()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
