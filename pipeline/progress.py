"""How far a step has come, seen in the files that its workers leave: so on every runner.

A gauge looks when it is called and says what it saw. Which one fits a step or a part of it, the job
knows: most units leave receipts; what goes before them leaves scratch files.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline import storage
from pipeline.receipts import receipt_path
from pipeline.records import read_record
from pipeline.screen import duration
from pipeline.status import Plan
from pipeline.way import Step


@dataclass(frozen=True)
class Seen:
    """What a gauge saw of a step, or of the part of it that is being done."""

    share: float | None  # of the work; None where nobody can tell
    counted: str = ""  # `12/40 units`
    documents: int = 0
    n_bytes: int = 0  # UTF-8 bytes of their text
    removed: int | None = None  # of the documents
    words: str = ""


Gauge = Callable[[], Seen]
Figures = dict[str, Any]
"""What is told of a step: `done` in words, `share`, `seconds` and others; see docs/operation.md."""


class Receipts:
    """Units of a plan by their receipts, each of which is read once."""

    def __init__(self, root: str, step: Step, plan: Plan):
        self._root, self._step, self._plan = root, step, plan
        self._read: set[str] = set()
        self._documents = self._kept = self._bytes = 0

    def __call__(self) -> Seen:
        done = self._plan.done(self._root, self._step)
        new = [unit for unit in done if unit not in self._read]
        places = [receipt_path(self._root, self._step.home, unit) for unit in new]
        for unit, receipt in zip(new, storage.each(read_record, places), strict=True):
            if receipt:
                self._read.add(unit)
                counts = receipt["counts"]
                self._documents += counts["documents_in"]
                self._kept += counts["documents_out"]
                self._bytes += counts["bytes_in"]
        alone = len(self._plan.pending) == 1 and not done  # a unit tells nothing before its end
        return Seen(
            None if alone else self._plan.share(done),
            f"{len(done):,}/{len(self._plan.pending):,} units",
            self._documents,
            self._bytes,
            self._documents - self._kept,
        )


@dataclass(frozen=True)
class Files:
    """Files of a folder, one for each thing that is done.

    `sizes` are the bytes of what each file is made of, by the file's name; `documents` and
    `n_bytes` are of all together, and each has its share of them.
    """

    folder: str
    sizes: Mapping[str, int]
    documents: int = 0
    n_bytes: int = 0

    def __call__(self) -> Seen:
        listed = storage.list_files(self.folder, recursive=False)
        done = {info.uri.rpartition("/")[2] for info in listed} & self.sizes.keys()
        share = sum(self.sizes[name] for name in done) / max(sum(self.sizes.values()), 1)
        counted = f"{len(done):,}/{len(self.sizes):,} shards"
        return Seen(share, counted, round(share * self.documents), round(share * self.n_bytes))


@dataclass
class Passes:
    """Passes over the same documents, of which each counts alike."""

    names: list[str]
    documents: int
    n_bytes: int
    done: int = 0

    def __call__(self) -> Seen:
        share = self.done / len(self.names)
        name = self.names[min(self.done, len(self.names) - 1)]
        counted = f"pass {min(self.done + 1, len(self.names))}/{len(self.names)} {name}"
        return Seen(share, counted, round(share * self.documents), round(share * self.n_bytes))


@dataclass
class Parts:
    """Parts of a step that one process does in one go, as it tells of them."""

    name: str = ""
    done: int = 0
    total: int = 0
    what: str = ""

    def __call__(self) -> Seen:
        if not self.total:
            return Seen(None, words=self.name)
        counted = f"{self.done:,}/{self.total:,} {self.what}"
        return Seen(self.done / self.total, counted, words=self.name)

    def tell(self, name: str, done: int = 0, total: int = 0, what: str = "") -> None:
        self.name, self.done, self.total, self.what = name, done, total, what


@dataclass(frozen=True)
class Steps:
    """Training steps by the last whole line of `metrics.jsonl`."""

    metrics: Path
    total: int

    def __call__(self) -> Seen:
        line = next(self._last_lines(), None)
        if line is None:
            return Seen(0.0, f"0/{self.total:,} steps")
        words = [f"loss {line['loss']:.3f}"] if line.get("loss") is not None else []
        if line.get("tokens_per_s"):
            words.append(f"{line['tokens_per_s']:,.0f} tokens/s")
        step = line["step"]
        return Seen(step / self.total, f"{step:,}/{self.total:,} steps", words=", ".join(words))

    def _last_lines(self) -> Iterator[dict]:
        """The lines of the file's last 64 kB that are whole, the last one first."""
        try:
            with self.metrics.open("rb") as file:
                file.seek(max(file.seek(0, 2) - (1 << 16), 0))
                texts = file.read().split(b"\n")
        except FileNotFoundError:
            return
        for text in reversed(texts):
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            if isinstance(line, dict) and "step" in line:
                yield line


class Pace:
    """How fast a part of a step goes, from what was seen of it when it began."""

    def __init__(self, gauge: Gauge):
        self.gauge, self._begun = gauge, time.monotonic()
        self._first = gauge()

    def look(self) -> Figures:
        """What the gauge sees now, and what follows from it."""
        return self.told(self.gauge(), time.monotonic() - self._begun)

    def told(self, seen: Seen, seconds: float) -> Figures:
        """The figures of what is seen after so many seconds; none of what is not known.

        What was done before counts for no speed, and until something is done nothing is said of
        the time that is left.
        """
        words = ", ".join(filter(None, (seen.counted, seen.words)))
        told: Figures = {"done": words} if words else {}
        told["seconds"] = round(seconds, 1)
        documents = seen.documents - self._first.documents
        n_bytes = seen.n_bytes - self._first.n_bytes
        if n_bytes and seconds:
            told["mb"] = round(seen.n_bytes / 1e6, 1)
            told["mb_per_second"] = round(n_bytes / 1e6 / seconds, 2)
        if documents and seconds:
            told["documents"] = seen.documents
            told["documents_per_second"] = round(documents / seconds, 1)
        if seen.documents and seen.removed is not None:
            told["removed_share"] = round(seen.removed / seen.documents, 4)
        if seen.share is not None:
            told["share"] = round(seen.share, 4)
            made = seen.share - (self._first.share or 0.0)
            if made > 0:
                told["seconds_left"] = round(seconds / made * (1 - seen.share), 1)
        return told


def in_words(told: Figures) -> str:
    """`12/40 units, 250.0 MB, 21.31 MB/s, 5,120 documents/s, 7.3 % removed, 1 min 3 s left`."""
    parts = [told["done"]] if "done" in told else []
    if "mb" in told:
        parts += [f"{told['mb']:,} MB", f"{told['mb_per_second']:,} MB/s"]
    if "documents" in told:
        parts.append(f"{told['documents_per_second']:,.0f} documents/s")
    if "removed_share" in told:
        parts.append(f"{told['removed_share']:.1%} removed")
    parts.append(
        f"{duration(told['seconds_left'])} left"
        if "seconds_left" in told
        else f"after {duration(told['seconds'])}"
    )
    return ", ".join(parts)
