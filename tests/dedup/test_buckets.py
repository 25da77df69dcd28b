"""Buckets to candidate pairs: distinct, linear, independent of order."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.buckets import (
    anchor_members,
    band_members,
    candidate_pairs,
    candidates_of_shared,
    shared_anchors,
)
from pipeline.dedup.exact import document_keys
from pipeline.dedup.records import (
    KEY,
    MEMBER,
    SETTLED,
    hash_parts,
    part_count,
    ranked,
    ranks,
    split,
    unpack,
)
from pipeline.dedup.signatures import band_name, sign
from pipeline.settings import Dedup

MEMBERS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 20)), max_size=60)


def pairs_of(members: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    return [tuple(pair) for pair in candidate_pairs(np.array(members, MEMBER)).tolist()]


def distinct_members(members: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return list(
        {(bucket, document): (bucket, r, document) for bucket, r, document in members}.values()
    )


@settings(deadline=None)
@given(MEMBERS, st.randoms())
def test_in_a_small_bucket_everybody_meets_everybody(members, random) -> None:
    members = distinct_members(members)
    buckets = defaultdict(list)
    for bucket, _, document in members:
        buckets[bucket].append(document)
    expected = set()
    for documents in buckets.values():
        expected |= set(combinations(sorted(documents), 2))
    assert pairs_of(members) == sorted(expected)
    random.shuffle(members)
    assert pairs_of(members) == sorted(expected)


@settings(deadline=None, max_examples=20)
@given(st.integers(17, 600), st.randoms())
def test_in_a_large_bucket_a_member_meets_the_best_and_its_neighbours(size, random) -> None:
    members = [(7, size - place, place) for place in range(size)]  # the best first
    far = max(1, 256 // size)
    expected = {
        (other, place)
        for place in range(size)
        for other in (*range(max(0, place - far), place), *range(min(far, place)))
    }
    random.shuffle(members)
    assert pairs_of(members) == sorted(expected)


def test_pairs_grow_with_the_members_of_a_bucket_not_with_their_square() -> None:
    for size in (16, 1_000, 10_000, 1_000_000):
        members = np.zeros(size, MEMBER)
        members["bucket"] = 7
        members["document"] = np.arange(size)
        assert len(candidate_pairs(members)) <= 8 * size
        members["bucket"] = np.arange(size)
        assert len(candidate_pairs(members)) == 0
    members["bucket"] = 7
    assert len(candidate_pairs(members)) == 2 * size - 3


def test_members_leave_out_texts_without_shingles_and_follow_the_key() -> None:
    texts = pa.array(["말모이 사전", "!!!", "말모이사전 ", "", "말모이 사전"])
    signed = sign(texts, Dedup())
    documents = np.arange(10, 15, dtype=np.uint64)
    lengths = np.array([len(text) for text in texts.to_pylist()], np.int32)
    keys = document_keys(signed, documents, lengths, texts)
    keys["priority"][4] = -1
    bands = signed.select([band_name(i) for i in range(5, 7)])
    members = band_members(bands, np.asarray(signed["n_chars"]), ranked(keys))
    assert len(members) == 2 * 3 and set(members["document"].tolist()) == {10, 12, 14}
    ranks = {int(m["document"]): int(m["rank"]) for m in members}
    assert ranks[12] == ranks[10] > ranks[14]  # six characters each; a lower priority loses
    assert set(members["bucket"].tolist()) == {bands[0][0].as_py(), bands[1][0].as_py()}


def test_anchors_bring_a_passage_and_what_it_was_taken_from_together() -> None:
    rng = np.random.default_rng(3)
    text = "".join(map(chr, rng.integers(0xAC00, 0xD7A4, 6_000)))
    other = "".join(map(chr, rng.integers(0xAC00, 0xD7A4, 2_000)))
    passage = text[1_000:1_600]
    texts = pa.array([text, passage, text[:50][::-1], passage[:200] + other])
    signed = sign(texts, Dedup())
    lengths = np.array([len(text) for text in texts.to_pylist()], np.int32)
    keys = document_keys(signed, np.arange(4, dtype=np.uint64), lengths, texts)
    members = anchor_members(signed["anchors"], ranked(keys))
    anchors = [set(row) for row in signed["anchors"].to_pylist()]
    assert len(members) == sum(map(len, anchors))
    shared = shared_anchors(members)
    expected = {
        (a, b): (len(anchors[a] & anchors[b]), -(-min(len(anchors[a]), len(anchors[b])) // 4))
        for a, b in combinations(range(4), 2)
        if anchors[a] & anchors[b]
    }
    assert {(a, b): rest for a, b, *rest in shared.tolist()} == {
        pair: list(rest) for pair, rest in expected.items()
    }
    assert (0, 3) in expected  # one phrase in common makes no candidate of a pair
    halves = [shared_anchors(members[members["bucket"] % 2 == odd]) for odd in (0, 1)]
    found = candidates_of_shared(np.concatenate(halves))
    assert found.tolist() == candidates_of_shared(shared).tolist()
    assert (0, 1) in found.tolist() and (0, 3) not in found.tolist()


@given(
    st.lists(st.tuples(st.integers(-200, 200), st.integers(0, 2**31 - 1)), min_size=2, max_size=9)
)
def test_ranks_order_as_keys_do(keys: list[tuple[int, int]]) -> None:
    """By priority and then length, settled documents above all, within the bits there are."""
    records = np.zeros(len(keys), KEY)
    records["priority"], records["letters"] = np.array(keys).T
    records["priority"][0] = SETTLED
    found = ranks(records)
    by_hand = [
        (not place, min(126, max(-127, priority)) if place else 0, min(length, 2**26 - 1))
        for place, (priority, length) in enumerate(keys)
    ]
    order = sorted(range(len(keys)), key=lambda i: by_hand[i])
    assert (np.diff(found[order].astype(object)) >= 0).all()
    assert (found[0] > found[1:]).all()


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
