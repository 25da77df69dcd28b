"""The dedup step on files, one shard or one hash range at a time; the job wires these.

A shard's worker reads its own columns and texts and hands out packed records for other workers.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.dedup.buckets import bucket_members, candidate_pairs
from pipeline.dedup.components import forest, roots_of
from pipeline.dedup.exact import document_keys, exact_copies
from pipeline.dedup.records import (
    EDGE,
    KEY,
    MEMBER,
    PAIR,
    REMOVAL,
    distinct,
    document_numbers,
    hash_parts,
    in_order,
    rows_of,
    shards_of,
    split,
    unpack,
)
from pipeline.dedup.scratch import DOCUMENT, VERDICT, Blobs, Job, Shard, by_shard, file_name
from pipeline.dedup.select import select, with_copies
from pipeline.dedup.set_files import SetFile, slices_by_size, write_sets
from pipeline.dedup.verify import ShingleSets, shingle_sets, verify
from pipeline.parquet import read_batches, read_table
from tokenizer.errors import CorruptFileError

FOREST = "all.stars"
_HASHES_AT_ONCE = 8_000_000  # in memory for a comparison: 64 MB


def shard_signatures(shard: Shard, job: Job) -> tuple[pa.RecordBatch, np.ndarray]:
    """A shard's signatures and the `KEY` records of its documents."""
    signed = read_table(storage.join(job.root, "signatures", f"{shard.unit}.parquet"))
    clean = storage.join(job.root, "clean", f"{shard.unit}.parquet")
    n_chars = read_table(clean, ["n_chars"])["n_chars"]
    if signed.num_rows != len(n_chars):
        raise CorruptFileError(
            f"{clean}: {len(n_chars)} documents but {signed.num_rows} signatures; run "
            "`malmoi curate` again"
        )
    batch = pa.RecordBatch.from_arrays(
        [
            pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
            for column in signed.columns
        ],
        schema=signed.schema,
    )
    documents = document_numbers(shard.number, np.arange(signed.num_rows))
    return batch, document_keys(batch, documents, np.asarray(n_chars), shard.priority)


# 1. Exact copies: groups of equal hashes, whole in one hash range.


def exact_blobs(shard: Shard, job: Job) -> list[tuple[int, bytes]]:
    """Keys of a shard's documents, by ranges of their exact hash."""
    _, keys = shard_signatures(shard, job)
    return list(split(keys, hash_parts(keys["exact_high"], job.parts)))


def copies_of(part: tuple[int, Iterable[bytes]]) -> Blobs:
    """The exact copies of one hash range, for the copies' shards and for their winners'."""
    copies = exact_copies(unpack(part[1], KEY))
    return by_shard(copies, copies["document"], "losers") + by_shard(
        copies, copies["winner"], "winners"
    )


# 2. Candidates: what the bands of exact winners propose.


def member_blobs(shard: Shard, job: Job, number: int) -> list[tuple[int, bytes]]:
    """Members of the buckets of one round of bands, exact copies left out, by ranges of hash."""
    signatures, keys = shard_signatures(shard, job)
    keep = np.ones(len(keys), bool)
    keep[rows_of(job.read(file_name(shard.number, "losers"))["document"])] = False
    signatures = signatures.filter(pa.array(keep))
    bands = slice(number * job.bands_at_once, (number + 1) * job.bands_at_once)
    members = bucket_members(signatures, keys[keep], bands)
    return list(split(members, hash_parts(members["bucket"], job.parts)))


def pairs_of(part: tuple[int, Iterable[bytes]], number: int) -> Blobs:
    """Candidate pairs of one range of buckets, for the shard of a; and the documents wanted."""
    pairs = candidate_pairs(unpack(part[1], MEMBER))
    wanted = np.unique(np.concatenate([pairs["a"], pairs["b"]]))
    return by_shard(pairs, pairs["a"], "pairs", number) + by_shard(
        wanted.view(DOCUMENT), wanted, "wanted", number
    )


def _all_rounds(shard: Shard, job: Job, kind: str) -> np.ndarray:
    files = [job.read(file_name(shard.number, kind, i)) for i in range(job.rounds)]
    return distinct(np.concatenate(files))


# 3. Shingle sets of the documents in pairs, where their text lies.


def write_shingles(shard: Shard, job: Job) -> None:
    """Write the shingle sets and the keys of the shard's documents that are in pairs."""
    wanted = _all_rounds(shard, job, "wanted")["document"]
    rows = rows_of(wanted)
    keys = shard_signatures(shard, job)[1]
    job.write(file_name(shard.number, "keys"), keys[rows])
    write_sets(job.path(file_name(shard.number, "sets")), _sets_of(shard, job, rows))


def _sets_of(shard: Shard, job: Job, rows: np.ndarray) -> Iterator[ShingleSets]:
    first = 0
    path = storage.join(job.root, "clean", f"{shard.unit}.parquet")
    for batch in read_batches(path, ["text"]):
        start, stop = np.searchsorted(rows, [first, first + batch.num_rows])
        here = rows[start:stop]
        texts = batch["text"].take(pa.array(here - first))
        yield shingle_sets(texts, document_numbers(shard.number, here), job.settings.shingle)
        first += batch.num_rows


# 4. Verification, and the components of what is verified.


def verify_shard(shard: Shard, job: Job) -> bytes:
    """Write the verified edges of the pairs whose a is in the shard; returns their forest."""
    pairs = _all_rounds(shard, job, "pairs")
    left = SetFile(job.path(file_name(shard.number, "sets")))
    edges = [np.zeros(0, EDGE)]
    for other, blob in split(pairs, shards_of(pairs["b"])):
        there = np.frombuffer(blob, PAIR)
        right = left if other == shard.number else SetFile(job.path(file_name(other, "sets")))
        sizes = left.sizes(there["a"]) + right.sizes(there["b"])
        for part in slices_by_size(sizes, _HASHES_AT_ONCE):
            a, b = (np.unique(there[part][field]) for field in ("a", "b"))
            edges.append(verify(there[part], left.read(a), right.read(b), job.settings.threshold))
    verified = in_order(np.concatenate(edges))
    job.write(file_name(shard.number, "edges"), verified)
    verdict = np.array([(len(pairs), len(verified))], VERDICT)
    job.write(file_name(shard.number, "verdict"), verdict)
    return forest(verified).tobytes()


def merge_forests(forests: Iterable[bytes]) -> bytes:
    """The forest of several; associative, so that workers can merge in any grouping."""
    return forest(unpack(forests, PAIR)).tobytes()


def write_forest(merged: bytes, job: Job) -> None:
    job.write(FOREST, unpack([merged], PAIR))


# 5. Selection within components, and the witnesses of exact copies.


def component_blobs(shard: Shard, job: Job) -> list[tuple[int, tuple[str, bytes]]]:
    """A shard's edges and the keys of its documents in components, by ranges of component."""
    stars = _stars(job)
    blobs = []
    for kind, field in (("edges", "a"), ("keys", "document")):
        records = job.read(file_name(shard.number, kind))
        inside, roots = roots_of(records[field], stars)
        parts = hash_parts(roots[inside], job.parts)
        blobs += [(part, (kind, blob)) for part, blob in split(records[inside], parts)]
    return blobs


@lru_cache(maxsize=1)
def _stars(job: Job) -> np.ndarray:
    """The forest of all components: 16 bytes for each document that has a near copy."""
    return job.read(FOREST)


def near_copies_of(part: tuple[int, Iterable[tuple[str, bytes]]], threshold: float) -> Blobs:
    """The removals of one range of components, for the shards of the documents removed."""
    blobs = list(part[1])
    edges = unpack((blob for kind, blob in blobs if kind == "edges"), EDGE)
    keys = unpack((blob for kind, blob in blobs if kind == "keys"), KEY)
    removals = select(edges, keys, threshold)
    return by_shard(removals, removals["document"], "near")


def witnessed(near: tuple[str, Iterable[bytes]], job: Job) -> Blobs:
    """All removals that near removals and exact winners of one shard lead to.

    Each goes to its document's shard, and its witness to the witness's.
    """
    name, blobs = near
    shard = int(name.split(".")[0])
    copies = job.read(file_name(shard, "winners"))
    removals = with_copies(in_order(unpack(blobs, REMOVAL)), copies)
    witnesses = removals["witness"]
    return by_shard(removals, removals["document"], "removals") + by_shard(
        np.ascontiguousarray(witnesses).view(DOCUMENT), witnesses, "witnesses"
    )
