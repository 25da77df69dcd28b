"""The documents of two runs joined by source and id: who changed sides, and by which rule."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.compare.records import PER_RANGE, Names, Scattered, scatter
from pipeline.dedup.records import part_count
from pipeline.explain.run import Run

SAMPLES_EACH = 3
"""Of each change and rule."""

_SEED, _MIX = np.uint64(0x6D616C6D6F69), np.uint64(0x9E3779B97F4A7C15)

LOST, GAINED, REWRITTEN, OTHERWISE, ONLY_A, ONLY_B = (
    "kept_to_removed",
    "removed_to_kept",
    "different_text",
    "other_rule",
    "only_in_a",
    "only_in_b",
)
"""Kept in A and removed in B; the reverse; kept in both with other texts; removed in both by
different rules; in the input of one run alone."""


class Chosen(NamedTuple):
    """A document that serves as a sample of a change: where it lies in each run, or None."""

    order: int
    a: tuple[str, int] | None  # (file, row)
    b: tuple[str, int] | None


@dataclass
class Joined:
    """Documents counted by (source, state in A, state in B); a state is a place in `names.states`,
    0: kept, None: not in that run's input. `rewritten`: kept in both with other texts, by source.
    """

    names: Names
    counts: Counter[tuple[int, int | None, int | None]] = field(default_factory=Counter)
    rewritten: Counter[int] = field(default_factory=Counter)
    without_id: tuple[int, int] = (0, 0)
    repeated: tuple[int, int] = (0, 0)  # documents whose id another of their source has too
    samples: dict[tuple[str, int], list[Chosen]] = field(default_factory=dict)


def join(a: Run, b: Run) -> Joined:
    """Compare every document of two runs that are assembled.

    Documents are told apart by a hash of 64 bits of source and id. Where a source has an id more
    than once, its documents are paired in order: those that are kept first. Records lie in
    temporary files; in memory is a range of them, of `PER_RANGE` records of each run.
    """
    names = Names()
    equal = _in_both(a, b)
    counts = [run.require("assemble")["files"] for run in (a, b)]
    documents = max(
        sum(stamp.get("rows", 0) for name, stamp in files.items() if "/lines/" not in name)
        for files in counts
    )
    parts = part_count(documents, PER_RANGE)
    with tempfile.TemporaryDirectory(prefix="malmoi-compare-") as folder:
        sides = tuple(
            scatter(run, names, equal, parts, Path(folder, name))
            for run, name in ((a, "a"), (b, "b"))
        )
        joined = Joined(names, without_id=(sides[0].without_id, sides[1].without_id))
        for part in range(parts):
            _join_range(joined, sides[0], sides[1], part)
    return joined


def _in_both(a: Run, b: Run) -> set[str]:
    """SHA-256 of curated shards that the runs have equally often: their texts are the same."""
    hashes = [
        Counter(
            stamp["sha256"]
            for name, stamp in run.require("assemble")["files"].items()
            if name.startswith("curated/")
        )
        for run in (a, b)
    ]
    return {one for one, count in hashes[0].items() if hashes[1][one] == count}


def _join_range(joined: Joined, left: Scattered, right: Scattered, part: int) -> None:
    a, b = _ordered(left.read(part)), _ordered(right.read(part))
    ours, theirs = _pairs(a, b)
    only_a, only_b = (
        np.setdiff1d(np.arange(len(side)), taken) for side, taken in ((a, ours), (b, theirs))
    )
    joined.repeated = (joined.repeated[0] + _repeated(a), joined.repeated[1] + _repeated(b))
    _count(joined, a[ours], b[theirs])
    for code, kind, rows in _changes(a[ours], b[theirs]):
        chosen = _chosen(a[ours], rows)
        _keep(joined, (kind, code), [(a[ours[i]], b[theirs[i]]) for i in chosen], left, right)
    for kind, side, rows in ((ONLY_A, a, only_a), (ONLY_B, b, only_b)):
        for source, state, count in _grouped(side["source"][rows], side["state"][rows]):
            pair = (state, None) if kind == ONLY_A else (None, state)
            joined.counts[(source, *pair)] += count
        for state in np.unique(side["state"][rows]).tolist():
            chosen = _chosen(side, rows[side["state"][rows] == state])
            found = [(side[i], None) if kind == ONLY_A else (None, side[i]) for i in chosen]
            _keep(joined, (kind, state), found, left, right)


def _ordered(records: np.ndarray) -> np.ndarray:
    """By key; of equal keys those that are kept first."""
    names = ("row", "file", "text", "state", "key")
    return records[np.lexsort([records[name] for name in names])]


def _pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places in `a` and `b` of documents of one key: the first with the first, and so on."""
    if not len(a) or not len(b):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    nth = np.arange(len(a)) - np.searchsorted(a["key"], a["key"])
    places = np.searchsorted(b["key"], a["key"]) + nth
    found = places < len(b)
    found[found] = b["key"][places[found]] == a["key"][found]
    return np.flatnonzero(found), places[found]


def _repeated(records: np.ndarray) -> int:
    _, counts = np.unique(records["key"], return_counts=True)
    return int(counts[counts > 1].sum())


def _count(joined: Joined, a: np.ndarray, b: np.ndarray) -> None:
    """Count pairs of documents; `a` and `b` go with each other row by row."""
    triples = np.stack([a["source"], a["state"], b["state"]], axis=1)
    rows, counts = np.unique(triples, axis=0, return_counts=True)
    for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
        joined.counts[(row[0], row[1], row[2])] += count
    other = (a["state"] == 0) & (b["state"] == 0) & (a["text"] != b["text"])
    sources, counts = np.unique(a["source"][other], return_counts=True)
    joined.rewritten.update(dict(zip(sources.tolist(), counts.tolist(), strict=True)))


def _changes(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[int, str, np.ndarray]]:
    """(the state that tells of it, the change, places) of pairs that are not the same."""
    kept_a, kept_b = a["state"] == 0, b["state"] == 0
    for kind, which, state in (
        (LOST, kept_a & ~kept_b, b["state"]),
        (GAINED, ~kept_a & kept_b, a["state"]),
        (REWRITTEN, kept_a & kept_b & (a["text"] != b["text"]), b["state"]),
        (OTHERWISE, ~kept_a & ~kept_b & (a["state"] != b["state"]), b["state"]),
    ):
        rows = np.flatnonzero(which)
        for code in np.unique(state[rows]).tolist():
            yield code, kind, rows[state[rows] == code]


def _grouped(sources: np.ndarray, states: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(source, state, how many)."""
    rows, counts = np.unique(np.stack([sources, states], axis=1), axis=0, return_counts=True)
    for (source, state), count in zip(rows.tolist(), counts.tolist(), strict=True):
        yield source, state, count


def _orders(keys: np.ndarray) -> np.ndarray:
    """uint64: a keyed hash, the same in every run; samples are those with the least."""
    mixed = (keys ^ _SEED) * _MIX
    return mixed ^ (mixed >> np.uint64(29))


def _chosen(records: np.ndarray, rows: np.ndarray) -> list[int]:
    """The few of `rows` with the least order."""
    orders = _orders(records["key"][rows])
    return [int(at) for at in rows[np.argsort(orders, kind="stable")[:SAMPLES_EACH]]]


def _keep(
    joined: Joined,
    kind: tuple[str, int],
    pairs: Sequence[tuple[np.void | None, np.void | None]],
    left: Scattered,
    right: Scattered,
) -> None:
    kept = joined.samples.setdefault(kind, [])
    for a, b in pairs:
        one = a if a is not None else b
        order = int(_orders(np.array([one["key"]], np.uint64))[0]) if one is not None else 0
        kept.append(Chosen(order, _where(a, left), _where(b, right)))
    kept.sort(key=lambda chosen: chosen.order)
    del kept[SAMPLES_EACH:]


def _where(record: np.void | None, side: Scattered) -> tuple[str, int] | None:
    return None if record is None else (side.files[record["file"]], int(record["row"]))
