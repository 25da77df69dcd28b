"""Removed copies beside what was kept for them, for the report: which are shown, and their texts.

A worker names rows of its own shard (`note`); when all are done a few are chosen (`shown`), and
their texts read from the clean shards, a row group each.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.dedup.differences import differences
from pipeline.dedup.records import RULES
from pipeline.parquet import read_rows
from tokenizer.errors import CorruptFileError

LARGEST = 10
"""So many clusters are shown."""
OF_A_CLUSTER = 2
"""So many of its removed documents."""
EXCERPT = 400
"""Characters of the kept document."""

_MIX = np.uint64(0x9E3779B97F4A7C15)

Place = tuple[int, ...]
"""A document: its run (0: this one, then those of `dedup.against`), its shard there, its row."""

Pair = tuple[Place, Place, str, float | None]
"""A removed document, its kept witness, the rule and the similarity."""


def note(shard: int, drops: pa.Table, sizes: pa.Table) -> dict[str, Any]:
    """What a receipt tells of a shard's copies, from its lists (`drops.DROPS`, `drops.CLUSTERS`).

    largest: kept documents with the most copies, [row, cluster_size]. members: some drops of those
    kept documents for which most of this shard goes. examples: a drop of each rule and, of near
    copies, of each step of 0.05 in similarity. A drop is {row, rule, witness, similarity}.
    """
    rows, counts = (sizes[name].to_numpy() for name in ("row", "cluster_size"))
    best = np.lexsort((rows, -counts))[:LARGEST]
    return {
        "largest": [[int(rows[at]), int(counts[at])] for at in best],
        "members": list(_members(drops)),
        "examples": _examples(shard, drops),
    }


def _members(drops: pa.Table) -> list[dict[str, Any]]:
    """Some of each of those clusters, the least similar first: they tell most."""
    names = ("witness_run", "witness_shard", "witness_row")
    keys = np.stack([drops[name].fill_null(-1).to_numpy() for name in names], axis=1)
    _, which, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    which = which.reshape(-1)
    similarity = drops["similarity"].fill_null(1).to_numpy()
    exact = np.array([rule == RULES[0] for rule in drops["rule"].to_pylist()], bool)
    found: list[dict[str, Any]] = []
    for witness in np.argsort(-counts, kind="stable")[:LARGEST].tolist():
        own = np.flatnonzero(which == witness)
        own = own[np.lexsort((own, similarity[own], exact[own]))][:OF_A_CLUSTER]
        found += [_drop(drops, at) for at in own.tolist()]
    return found


def _examples(shard: int, drops: pa.Table) -> dict[str, Any]:
    """By the rule and the step, the one of the least hash."""
    near = np.minimum(np.floor(drops["similarity"].fill_null(0).to_numpy() * 20 + 1e-4), 20)
    classes = [
        f"{rule} {step / 20:.2f}" if rule == RULES[1] else rule
        for rule, step in zip(drops["rule"].to_pylist(), near.tolist(), strict=True)
    ]
    numbers = np.uint64(shard) << np.uint64(32) | drops["row"].to_numpy().astype(np.uint64)
    hashes = (numbers * _MIX) ^ ((numbers * _MIX) >> np.uint64(29))
    order = np.argsort(hashes, kind="stable").tolist()
    firsts = {classes[at]: at for at in reversed(order)}
    return {
        name: {**_drop(drops, at), "order": f"{hashes[at]:016x}"}
        for name, at in sorted(firsts.items())
    }


def _drop(drops: pa.Table, at: int) -> dict[str, Any]:
    row = drops.slice(at, 1).to_pylist()[0]
    similarity = row["similarity"]
    return {
        "row": row["row"],
        "rule": row["rule"],
        "witness": [row["witness_run"], row["witness_shard"], row["witness_row"]],
        "similarity": None if similarity is None else round(similarity, 4),
    }


def shown(notes: Mapping[int, Mapping[str, Any]], roots: Sequence[str]) -> dict[str, Any]:
    """The clusters and examples of all shards that are shown, with their texts.

    Args:
        notes: of each shard of the run what `note` gave. roots: of this run, then of those of
            `dedup.against`.

    Returns {clusters: rows {id, source, cluster_size, text, pairs}, pairs}; a pair is {rule,
    similarity, id, source, duplicate_of, removed, kept}, the last two segments of `differences`.
    There is no pair where the clean shard of an earlier run's witness is gone.
    """
    sizes = [
        (-size, (0, shard, row)) for shard, told in notes.items() for row, size in told["largest"]
    ]
    clusters = sorted(sizes)[:LARGEST]
    pairs = {kept: _of_cluster(kept, notes) for _, kept in clusters}
    examples = _examples_of_all(notes)
    places = {place for some in [examples, *pairs.values()] for pair in some for place in pair[:2]}
    texts = _read(places | pairs.keys(), roots)
    return {
        "clusters": [
            {
                **{name: texts[kept][name] for name in ("id", "source")},
                "cluster_size": -size,
                "text": texts[kept]["text"][:EXCERPT],
                "pairs": _beside(pairs[kept], texts),
            }
            for size, kept in clusters
        ],
        "pairs": _beside(examples, texts),
    }


def _pair(shard: int, drop: Mapping[str, Any]) -> Pair:
    run, *place = drop["witness"]
    witness = (0 if run is None else run + 1, *place)
    return (0, shard, drop["row"]), witness, drop["rule"], drop["similarity"]


def _of_cluster(kept: Place, notes: Mapping[int, Mapping[str, Any]]) -> list[Pair]:
    """Some pairs of a cluster, of different shards where there are; the least similar first."""
    found = [_pair(shard, drop) for shard, told in notes.items() for drop in told["members"]]
    own = [pair for pair in found if pair[1] == kept]
    return sorted(own, key=lambda pair: (pair[2] == RULES[0], pair[3] or 0, pair[0]))[:OF_A_CLUSTER]


def _examples_of_all(notes: Mapping[int, Mapping[str, Any]]) -> list[Pair]:
    """One pair of each class, the least similar near copies first."""
    best: dict[str, tuple[str, Pair]] = {}
    for shard, told in notes.items():
        for name, drop in told["examples"].items():
            found = (drop["order"], _pair(shard, drop))
            best[name] = min(best.get(name, found), found)
    ordered = sorted(best.items(), key=lambda one: (-RULES.index(one[1][1][2]), one[0]))
    return [pair for _, (_, pair) in ordered]


def _read(places: set[Place], roots: Sequence[str]) -> dict[Place, dict[str, Any]]:
    """{id, source, text} of documents; those of an earlier run that is gone are missing."""
    found: dict[Place, dict[str, Any]] = {}
    for (run, shard), some in groupby(sorted(places), key=lambda place: place[:2]):
        here = list(some)
        where = storage.join(roots[run], "clean", f"part-{shard:05d}.parquet")
        try:
            rows = read_rows(where, [row for _, _, row in here], ["id", "source", "text"])
        except CorruptFileError:
            if run == 0:
                raise
            continue
        found.update(zip(here, rows.to_pylist(), strict=True))
    return found


def _beside(pairs: Iterable[Pair], texts: Mapping[Place, Mapping[str, Any]]) -> list[dict]:
    made = []
    for removed, witness, rule, similarity in pairs:
        if witness in texts:
            gone, stays = texts[removed], texts[witness]
            left, right = differences(gone["text"], stays["text"])
            made.append(
                {
                    "rule": rule,
                    "similarity": similarity,
                    "id": gone["id"],
                    "source": gone["source"],
                    "duplicate_of": stays["id"],
                    "removed": left,
                    "kept": right,
                }
            )
    return made
