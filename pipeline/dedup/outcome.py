"""The dedup step on files, from verified edges to removals, witnesses and boilerplate lines."""

import struct
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pyarrow as pa

from pipeline.dedup.components import roots_of
from pipeline.dedup.lines import LINE, boilerplate, count_lines, merge_counts
from pipeline.dedup.records import (
    EDGE,
    KEY,
    REMOVAL,
    WITNESS,
    hash_parts,
    in_order,
    rows_of,
    split,
    unpack,
)
from pipeline.dedup.scratch import Blobs, Job, Shard, by_shard, file_name
from pipeline.dedup.select import select, summed, with_copies
from pipeline.dedup.set_files import PieceWriter
from pipeline.dedup.shards import FOREST, columns
from pipeline.parquet import read_batches

_COUNT = struct.Struct("<q")

# 5. Selection within components, and the witnesses of exact copies.


def component_blobs(shard: Shard, job: Job) -> list[tuple[int, bytes]]:
    """A shard's edges and the keys of its documents in components, by ranges of component.

    A blob is the number of its edges (8 bytes), the edges, and the keys.
    """
    stars = _stars(job)
    by_part: list[dict[int, bytes]] = []
    for kind, field in (("edges", "a"), ("keys", "document")):
        records = job.read(file_name(shard.number, kind))
        inside, roots = roots_of(records[field], stars)
        by_part.append(dict(split(records[inside], hash_parts(roots[inside], job.parts))))
    edges, keys = by_part
    return [
        (part, _COUNT.pack(len(own) // EDGE.itemsize) + own + keys.get(part, b""))
        for part in sorted({*edges, *keys})
        for own in [edges.get(part, b"")]
    ]


@lru_cache(maxsize=1)
def _stars(job: Job) -> np.ndarray:
    """The forest of all components: 16 bytes for each document that has a near copy."""
    return job.read(FOREST)


def near_copies_of(part: tuple[int, Iterable[bytes]], job: Job) -> Blobs:
    """The removals of one range of components, for the shards of the documents removed."""
    edges, keys = [], []
    for blob in part[1]:
        (count,) = _COUNT.unpack_from(blob)
        end = _COUNT.size + count * EDGE.itemsize
        edges.append(blob[_COUNT.size : end])
        keys.append(blob[end:])
    removals = select(unpack(edges, EDGE), unpack(keys, KEY), job.settings)
    return by_shard(removals, removals["document"], "near")


def witnessed(near: tuple[str, Iterable[bytes]], job: Job) -> Blobs:
    """All removals that near removals and exact winners of one shard lead to, for their shards."""
    name, blobs = near
    copies = job.read(file_name(int(name.split(".")[0]), "winners"))
    removals = with_copies(in_order(unpack(blobs, REMOVAL)), copies)
    return by_shard(removals, removals["document"], "removals")


def all_removals(shard: Shard, job: Job) -> np.ndarray:
    """`REMOVAL` records of a shard, those of copies of its own documents with them."""
    removals = job.read(file_name(shard.number, "removals"))
    return with_copies(removals, job.read(file_name(shard.number, "copies")))


# 6. What the removals mean for others: how many a witness stands for, and whose lines are counted.


def witness_blobs(shard: Shard, job: Job) -> Blobs:
    """For the witnesses' shards, how many removed documents of this one they stand for."""
    removals = all_removals(shard, job)
    witnesses = np.ones(len(removals), WITNESS)
    witnesses["document"] = removals["witness"]
    witnesses = summed(witnesses)
    return by_shard(witnesses, witnesses["document"], "witnesses")


def write_ids(shard: Shard, job: Job) -> None:
    """Write the ids of the shard's witnesses, for the lists of other shards."""
    witnesses = np.unique(job.read(file_name(shard.number, "witnesses"))["document"])
    rows = rows_of(witnesses)
    with PieceWriter(job.path(file_name(shard.number, "ids"))) as writer:
        first = 0
        batches = read_batches(job.file(shard.number, "clean"), ["id"]) if len(witnesses) else ()
        for batch in batches:
            start, stop = np.searchsorted(rows, [first, first + batch.num_rows])
            here = batch["id"].take(pa.array(rows[start:stop] - first))
            ids = [id_.encode() for id_ in here.to_pylist()]
            sizes = np.array([len(id_) for id_ in ids], np.int64)
            writer.add(witnesses[start:stop], sizes, b"".join(ids))
            first += batch.num_rows


def line_blobs(shard: Shard, job: Job) -> list[tuple[tuple[int, int], bytes]]:
    """Lines of the shard's kept documents, with how many hold each, by source and hash range."""
    hashes = columns(job.file(shard.number, "line_hashes"), ["lines"])["lines"]
    keep = np.ones(len(hashes), bool)
    keep[rows_of(all_removals(shard, job)["document"])] = False
    counts = count_lines(hashes, keep)
    parts = hash_parts(counts["line"], job.parts)
    return [((shard.source, part), blob) for part, blob in split(counts, parts)]


def boilerplate_of(
    part: tuple[tuple[int, int], Iterable[bytes]], job: Job, kept: dict[int, int]
) -> Blobs:
    """The boilerplate of a source among its lines of one hash range; `kept`: its documents."""
    source, _ = part[0]
    counts = merge_counts(unpack(part[1], LINE))
    lines = boilerplate(counts, job.settings.lines, kept[source])
    return [(file_name(source, "lines"), lines.tobytes())]


def kept_documents(shard: Shard, job: Job) -> int:
    """How many documents of a shard stay; by the sizes of files, for the driver to ask."""
    gone = 0
    for kind in ("removals", "copies"):
        gone += job.count(file_name(shard.number, kind))
    return shard.documents - gone
