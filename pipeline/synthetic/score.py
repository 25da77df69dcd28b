"""A run's output against the truth of what was planted."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.synthetic.copies import similarity

_NUMBER = re.compile(r"[0-9][0-9().\- ]{6,}[0-9]")
_ADDRESS = re.compile(r"[A-Za-z0-9._+\-]+@[A-Za-z0-9.\-]+")
_RESTORED = 0.75  # of the recorded words: an extractor may leave out a line, not the text

Row = Mapping[str, Any]


def score(
    truth: Mapping[str, Any],
    curated: Iterable[Row],
    removed: Iterable[Row],
    threshold: float = 0.8,
) -> dict[str, dict[str, Any]]:
    """What of the planted mess was found, and what else was removed.

    Args:
        truth: as `plant` gives it.
        curated: kept documents, at least {"id", "text"}.
        removed: removal records, at least {"id", "step", "rule", "text", "duplicate_of"}.
        threshold: similarity from which a base document is rightly a copy of another one.

    Returns:
        `pii`: by kind, values planted and found; found is what occurs in no field of any row,
        kept or removed, however it is punctuated. `near`, `exact`: copies planted beyond the one
        to keep, removed, and clusters of which nothing was kept. `spam`, `menus`, `riddled`,
        `bad_lines`: planted and removed. `mojibake`, `cp949`, `html`: planted and restored. `base`:
        documents, kept, removed by rule, and `wrong_copies`: removed as copies of documents that
        are less alike than `threshold`.
    """
    leaks = Leaks(truth["pii"])
    gone: dict[str, Row] = {}
    bad_lines = 0
    for row in removed:
        leaks.look(row)
        bad_lines += row["rule"] == "bad_json"
        if row["id"] is not None:
            gone[row["id"]] = row
    base = set(truth["base"])
    copied = {name: row for name, row in gone.items() if name in base and row["step"] == "dedup"}
    witnesses = {row["duplicate_of"] for row in copied.values()}
    restored = {purpose: Restored(truth[purpose]) for purpose in ("mojibake", "cp949", "html")}
    texts: dict[str, str] = {}
    kept: set[str] = set()
    known = base.union(*(cluster["ids"] for cluster in truth["near"] + truth["exact"]))
    for row in curated:
        leaks.look(row)
        kept.add(row["id"])
        if row["id"] in witnesses:
            texts[row["id"]] = row["text"]
        if row["id"] not in known:
            for rows in restored.values():
                rows.look(row)
    return {
        "pii": leaks.figures(),
        "near": _copies(truth["near"], kept, gone),
        "exact": _copies(truth["exact"], kept, gone),
        **{purpose: _pages(truth[purpose], gone) for purpose in ("spam", "menus", "riddled")},
        "bad_lines": {"planted": truth["bad_lines"], "removed": min(bad_lines, truth["bad_lines"])},
        **{purpose: rows.figures() for purpose, rows in restored.items()},
        "base": {
            "documents": len(base),
            "kept": len(base & kept),
            "removed": dict(
                sorted(Counter(gone[name]["rule"] for name in base & set(gone)).items())
            ),
            "wrong_copies": sum(
                similarity(row["text"], texts.get(row["duplicate_of"], "")) < threshold
                for row in copied.values()
                if row["rule"] != "contained"  # similarity is then that of a part to the whole
            ),
        },
    }


class Leaks:
    """Planted values looked for in text by their digits alone, so that no punctuation hides one."""

    def __init__(self, planted: Iterable[Mapping[str, str]]):
        self.planted = list(planted)
        self.addresses = {row["value"] for row in self.planted if "@" in row["value"]}
        numbers = {row["value"] for row in self.planted} - self.addresses
        self.numbers = {_digits(value): value for value in numbers}
        self.lengths = {len(digits) for digits in self.numbers}
        self.seen: set[str] = set()

    def look(self, row: Row) -> None:
        for text in row.values():
            if isinstance(text, str):
                self._numbers(text)
                self._addresses(text)

    def _numbers(self, text: str) -> None:
        for match in _NUMBER.finditer(text):
            digits = _digits(match.group())
            for length in self.lengths:
                for at in range(len(digits) - length + 1):
                    if (part := digits[at : at + length]) in self.numbers:
                        self.seen.add(self.numbers[part])

    def _addresses(self, text: str) -> None:
        for match in _ADDRESS.finditer(text):
            self.seen.update(value for value in self.addresses if value in match.group())

    def figures(self) -> dict[str, dict[str, int]]:
        planted = Counter(row["kind"] for row in self.planted)
        found = Counter(row["kind"] for row in self.planted if row["value"] not in self.seen)
        return {kind: {"planted": planted[kind], "found": found[kind]} for kind in sorted(planted)}


class Restored:
    """Documents that were written in another form: kept with their words, or not."""

    def __init__(self, planted: Iterable[Mapping[str, Any]]):
        self.missing = {row["id"]: row["words"] for row in planted}
        self.planted = len(self.missing)

    def look(self, row: Row) -> None:
        """Files give no ids, so any kept document may be the one looked for."""
        names = [row["id"]] if row["id"] in self.missing else list(self.missing)
        for name in names:
            words = self.missing[name]
            if words[0] in row["text"] or row["id"] == name:
                there = sum(word in row["text"] for word in words)
                if there >= _RESTORED * len(words):
                    del self.missing[name]
                    return

    def figures(self) -> dict[str, int]:
        return {"planted": self.planted, "restored": self.planted - len(self.missing)}


def _copies(
    clusters: Iterable[Mapping[str, Any]], kept: set[str], gone: Mapping[str, Row]
) -> dict[str, int]:
    """Of copies that came as far as deduplication; what a filter took is not counted."""
    planted = removed = lost = 0
    for cluster in clusters:
        dropped = [n for n in cluster["ids"] if n in gone and gone[n]["step"] == "dedup"]
        left = [name for name in cluster["ids"] if name in kept]
        planted += max(len(dropped) + len(left) - 1, 0)
        removed += len(dropped) if left else max(len(dropped) - 1, 0)
        lost += bool(dropped) and not left
    return {"planted": planted, "removed": removed, "lost": lost}


def _pages(ids: Iterable[str], gone: Mapping[str, Row]) -> dict[str, Any]:
    ids = list(ids)
    rules = Counter(gone[name]["rule"] for name in ids if name in gone)
    return {"planted": len(ids), "removed": rules.total(), "rules": dict(sorted(rules.items()))}


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))
