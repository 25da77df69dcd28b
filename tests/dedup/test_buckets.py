"""Buckets to candidate pairs: distinct, linear, independent of order."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.buckets import bucket_members, candidate_pairs
from pipeline.dedup.exact import document_keys
from pipeline.dedup.records import MEMBER, hash_parts, part_count, split, unpack
from pipeline.dedup.signatures import sign
from pipeline.settings import Dedup

MEMBERS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 20)), max_size=60)


def pairs_of(members: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    return [tuple(pair) for pair in candidate_pairs(np.array(members, MEMBER)).tolist()]


@settings(deadline=None)
@given(MEMBERS, st.randoms())
def test_pairs_are_the_star_and_the_chain_of_each_bucket(members, random) -> None:
    members = list(
        {
            (bucket, document): (bucket, rank, document) for bucket, rank, document in members
        }.values()
    )
    buckets = defaultdict(list)
    for bucket, rank, document in members:
        buckets[bucket].append((-rank, document))
    expected = set()
    for bucket in buckets.values():
        documents = [document for _, document in sorted(bucket)]
        for before, document in pairwise(documents):
            expected |= {(min(o, document), max(o, document)) for o in (before, documents[0])}
    assert pairs_of(members) == sorted(expected)
    random.shuffle(members)
    assert pairs_of(members) == sorted(expected)


def test_a_bucket_of_a_million_costs_two_pairs_a_member() -> None:
    for size in (1_000, 1_000_000):
        members = np.zeros(size, MEMBER)
        members["bucket"] = 7
        members["document"] = np.arange(size)
        assert len(candidate_pairs(members)) == 2 * size - 3
        members["bucket"] = np.arange(size)
        assert len(candidate_pairs(members)) == 0


def test_members_leave_out_texts_without_shingles_and_follow_the_key() -> None:
    texts = pa.array(["말모이 사전", "!!!", "말모이사전 ", "", "말모이 사전"])
    signed = sign(texts, Dedup())
    documents = np.arange(10, 15, dtype=np.uint64)
    lengths = np.array([len(text) for text in texts.to_pylist()], np.int32)
    keys = document_keys(signed, documents, lengths)
    keys["priority"][4] = -1
    members = bucket_members(signed, keys)
    assert len(members) == 3 * 25 and set(members["document"].tolist()) == {10, 12, 14}
    ranks = {int(m["document"]): int(m["rank"]) for m in members}
    assert ranks[12] == ranks[10] > ranks[14]  # six characters each; a lower priority loses
    few = bucket_members(signed, keys, slice(5, 7))
    assert set(few["bucket"].tolist()) == set(signed["bands"].to_pylist()[0][5:7])


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(0, 6))
def test_splitting_keeps_equal_hashes_together_and_every_record(hashes, power) -> None:
    records = np.zeros(len(hashes), MEMBER)
    records["bucket"], records["document"] = hashes, np.arange(len(hashes))
    parts = hash_parts(records["bucket"], 1 << power)
    blobs = dict(split(records, parts))
    assert all(0 <= part < 1 << power for part in blobs)
    back = unpack(blobs.values(), MEMBER)
    assert sorted(back.tolist()) == sorted(records.tolist())
    found = defaultdict(set)
    for part, blob in blobs.items():
        for record in np.frombuffer(blob, MEMBER):
            found[int(record["bucket"])].add(part)
    assert all(len(where) == 1 for where in found.values())


def test_part_count_is_the_least_power_of_two_that_suffices() -> None:
    assert [part_count(n, 100) for n in (0, 1, 100, 101, 200, 201, 1000)] == [1, 1, 1, 2, 2, 4, 16]
