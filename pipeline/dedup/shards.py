"""The dedup step on files, from signatures to verified edges; the job wires these.

A shard's worker reads its own columns and texts and hands out packed records for other workers.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.dedup.buckets import (
    anchor_members,
    band_members,
    candidate_pairs,
    candidates_of_shared,
    shared_anchors,
)
from pipeline.dedup.components import forest
from pipeline.dedup.exact import document_keys, exact_copies
from pipeline.dedup.records import (
    ANCHOR,
    EDGE,
    KEY,
    MEMBER,
    PAIR,
    distinct,
    document_numbers,
    hash_parts,
    in_order,
    ranked,
    rows_of,
    shards_of,
    split,
    unpack,
)
from pipeline.dedup.scratch import DOCUMENT, VERDICT, Blobs, Job, Shard, by_shard, file_name
from pipeline.dedup.set_files import SetFile, SetWriter, slices_by_size
from pipeline.dedup.signatures import band_name
from pipeline.dedup.verify import BothForms, shingle_sets, verify
from pipeline.parquet import read_batches, read_table
from tokenizer.errors import CorruptFileError

FOREST = "all.stars"
FORMS = ("letters", "written")
"""Names of the set files of a shard."""

_HASHES_AT_ONCE = 8_000_000  # in memory for a comparison: 64 MB


def columns(path: str, names: Sequence[str]) -> pa.RecordBatch:
    """Some columns of a whole shard, each in one piece."""
    table = read_table(path, list(names)).combine_chunks()
    whole = table.to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema=table.schema)


def shard_keys(shard: Shard, job: Job) -> tuple[np.ndarray, np.ndarray]:
    """`KEY` records of a shard's documents, row by row, and which of them take part (bool).

    Of an earlier run's shard those take part that it kept.
    """
    signatures = job.file(shard.number, "signatures")
    exact = columns(signatures, ["exact_high", "exact_low", "n_chars"])
    clean = job.file(shard.number, "clean")
    documents = columns(clean, ["id", "n_chars"])
    if exact.num_rows != documents.num_rows:
        raise CorruptFileError(
            f"{clean}: {documents.num_rows} documents but {exact.num_rows} signatures; delete "
            f"{signatures} and run the same command again"
        )
    numbers = document_numbers(shard.number, np.arange(exact.num_rows))
    n_chars = np.asarray(documents["n_chars"])
    keys = document_keys(exact, numbers, n_chars, documents["id"], shard.priority)
    live = np.ones(len(keys), bool)
    if shard.settled:
        live[np.asarray(read_table(job.file(shard.number, "drops"), ["row"])["row"])] = False
    return keys, live


# 1. Exact copies: groups of equal hashes, whole in one hash range.


def exact_blobs(shard: Shard, job: Job) -> list[tuple[int, bytes]]:
    """Keys by ranges of their exact hash, of equal documents in the shard the best one's alone.

    So a hash has a key from each shard at most, however often its page was copied.
    """
    path = job.file(shard.number, "signatures")
    if storage.sha256(path) != shard.signatures:
        raise CorruptFileError(
            f"{path}: not what the manifest of its step names (truncated, or of other settings); "
            "delete it and run the command again that made it"
        )
    keys, live = shard_keys(shard, job)
    keys = keys[live]
    copies = exact_copies(keys)
    job.write(file_name(shard.number, "copies"), copies)
    keys = keys[~np.isin(keys["document"], copies["document"])]
    job.write(file_name(shard.number, "ranked"), ranked(keys))
    return list(split(keys, hash_parts(keys["exact_high"], job.parts)))


def copies_of(part: tuple[int, Iterable[bytes]]) -> Blobs:
    """The exact copies of one hash range, for the copies' shards and for their winners'."""
    copies = exact_copies(unpack(part[1], KEY))
    return by_shard(copies, copies["document"], "losers") + by_shard(
        copies, copies["winner"], "winners"
    )


# 2. Candidates: what the bands and the anchors of exact winners propose.


def member_blobs(shard: Shard, job: Job, number: int) -> list[tuple[int, bytes]]:
    """Members of the buckets of one round, exact copies left out, by ranges of hash."""
    compared = job.read(file_name(shard.number, "ranked"))
    losers = job.read(file_name(shard.number, "losers"))["document"]
    compared = compared[~np.isin(compared["document"], losers)]
    path, rows = job.file(shard.number, "signatures"), pa.array(rows_of(compared["document"]))
    if number < job.band_rounds:
        first = number * job.bands_at_once
        last = min(first + job.bands_at_once, job.settings.bands)
        names = [band_name(i) for i in range(first, last)]
        read = columns(path, ["n_chars", *names]).take(rows)
        members = band_members(read.select(names), np.asarray(read["n_chars"]), compared)
    else:
        members = anchor_members(columns(path, ["anchors"])["anchors"].take(rows), compared)
        turn = members["bucket"] % np.uint64(job.anchor_rounds)
        members = members[turn == number - job.band_rounds]
    return list(split(members, hash_parts(members["bucket"], job.parts)))


def pairs_of(part: tuple[int, Iterable[bytes]], job: Job, number: int) -> Blobs:
    """Candidate pairs of one range of band buckets, for the shard of a; and the documents wanted.

    Of anchor buckets, what pairs share of them, for the shard of a.
    """
    if number >= job.band_rounds:
        shared = shared_anchors(unpack(part[1], ANCHOR))
        shared = shared[shards_of(shared["a"]) < job.settled_from]
        return by_shard(shared, shared["a"], "shared", number)
    pairs = candidate_pairs(unpack(part[1], MEMBER))
    pairs = pairs[shards_of(pairs["a"]) < job.settled_from]  # two settled ones both stay
    return _with_wanted(pairs, number)


def anchored_pairs(shard: Shard, job: Job) -> Blobs:
    """Candidate pairs of a shard that share enough anchors, and the documents wanted for them."""
    rounds = range(job.band_rounds, job.rounds)
    shared = np.concatenate([job.read(file_name(shard.number, "shared", i)) for i in rounds])
    return _with_wanted(candidates_of_shared(shared), job.band_rounds)


def _with_wanted(pairs: np.ndarray, number: int) -> Blobs:
    wanted = np.unique(np.concatenate([pairs["a"], pairs["b"]]))
    return by_shard(pairs, pairs["a"], "pairs", number) + by_shard(
        wanted.view(DOCUMENT), wanted, "wanted", number
    )


def _all_rounds(shard: Shard, job: Job, kind: str) -> np.ndarray:
    """Records of all bands and of the anchors."""
    rounds = range(job.band_rounds + 1)
    return distinct(np.concatenate([job.read(file_name(shard.number, kind, i)) for i in rounds]))


# 3. Shingle sets of the documents in pairs, where their text lies.


def write_shingles(shard: Shard, job: Job) -> None:
    """Write the shingle sets and the keys of the shard's documents that are in pairs."""
    wanted = _all_rounds(shard, job, "wanted")["document"]
    rows = rows_of(wanted)
    keys = shard_keys(shard, job)[0]
    for kind in ("copies", "winners"):
        keys["copied"][rows_of(job.read(file_name(shard.number, kind))["winner"])] = True
    job.write(file_name(shard.number, "keys"), keys[rows])
    with ExitStack() as stack:
        letters, written = (
            stack.enter_context(SetWriter(job.path(file_name(shard.number, form))))
            for form in FORMS
        )
        for sets in _sets_of(shard, job, rows):
            letters.write(sets.letters)
            written.write(sets.written)


def _sets_of(shard: Shard, job: Job, rows: np.ndarray) -> Iterator[BothForms]:
    first = 0
    for batch in read_batches(job.file(shard.number, "clean"), ["text"]) if len(rows) else ():
        start, stop = np.searchsorted(rows, [first, first + batch.num_rows])
        here = rows[start:stop]
        texts = batch["text"].take(pa.array(here - first))
        yield shingle_sets(texts, document_numbers(shard.number, here), job.settings.shingle)
        first += batch.num_rows


class _Sets:
    """The sets of some documents of a shard (default: of all), from a file for each form."""

    def __init__(self, job: Job, shard: int, documents: np.ndarray | None = None):
        self.letters, self.written = (
            SetFile(job.path(file_name(shard, form)), documents) for form in FORMS
        )

    def sizes(self, documents: np.ndarray) -> np.ndarray:
        return self.letters.sizes(documents) + self.written.sizes(documents)

    def read(self, documents: np.ndarray) -> BothForms:
        return BothForms(self.letters.read(documents), self.written.read(documents))


# 4. Verification, and the components of what is verified.


def verify_shard(shard: Shard, job: Job) -> bytes:
    """Write the verified edges of the pairs whose a is in the shard; returns their forest."""
    pairs = _all_rounds(shard, job, "pairs")
    left = _Sets(job, shard.number)
    edges = [np.zeros(0, EDGE)]
    for other, blob in split(pairs, shards_of(pairs["b"])):
        there = np.frombuffer(blob, PAIR)
        right = left if other == shard.number else _Sets(job, other, np.unique(there["b"]))
        sizes = left.sizes(there["a"]) + right.sizes(there["b"])
        for part in slices_by_size(sizes, _HASHES_AT_ONCE):
            a, b = (np.unique(there[part][field]) for field in ("a", "b"))
            edges.append(verify(there[part], left.read(a), right.read(b), job.settings))
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
