"""Signatures: exact hashes, short and empty texts, determinism, and the detection curve."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical
from pipeline.dedup.signatures import detection_curve, minhash, sign, signature_schema
from pipeline.settings import Dedup

TEXTS = st.lists(st.text("가나다라 ab1!?ㅠ\u0301", max_size=30), max_size=8)


@settings(deadline=None)
@given(TEXTS)
def test_exact_hash_is_blake2b_of_the_canonical_form(texts: list[str]) -> None:
    signed = sign(pa.array(texts, pa.string()), Dedup())
    assert signed.schema.equals(signature_schema(Dedup())) and signed.num_rows == len(texts)
    for text, row in zip(texts, signed.to_pylist(), strict=True):
        form = canonical(text)
        digest = hashlib.blake2b(form.encode("utf-32-le"), digest_size=16).digest()
        if form:
            assert row["exact_high"] << 64 | row["exact_low"] == int.from_bytes(digest, "big")
        assert row["n_chars"] == len(form)
        assert len(row["bands"]) == 25


@settings(deadline=None)
@given(TEXTS, st.integers(0, 3))
def test_a_signature_depends_on_its_text_alone(texts: list[str], start: int) -> None:
    array = pa.array(texts, pa.string())
    alone = [sign(pa.array([text], pa.string()), Dedup()) for text in texts[start:]]
    assert sign(array.slice(start), Dedup()).to_pylist() == [
        row for batch in alone for row in batch.to_pylist()
    ]


def test_texts_of_symbols_are_told_apart_and_have_no_bands() -> None:
    rows = sign(pa.array(["!!!", "★", "", "!!!", None, "가"]), Dedup()).to_pylist()
    hashes = [(row["exact_high"], row["exact_low"]) for row in rows]
    assert hashes[0] == hashes[3] and hashes[2] == hashes[4]
    assert len(set(hashes)) == 4
    assert [row["n_chars"] for row in rows] == [0, 0, 0, 0, 0, 1]
    assert all(set(row["bands"]) == {0} for row in rows[:5])
    assert 0 not in rows[5]["bands"]


def test_short_texts_meet_only_their_equals() -> None:
    bands = [
        row["bands"] for row in sign(pa.array(["네", "네!", "아니", "네네"]), Dedup()).to_pylist()
    ]
    assert bands[0] == bands[1]
    assert not set(bands[0]) & set(bands[2]) and not set(bands[0]) & set(bands[3])


def test_settings_decide_the_signature() -> None:
    text = pa.array(["말모이는 우리말 사전을 만들려던 사람들의 이야기이다"])
    by_seed = [sign(text, Dedup(seed=seed)).to_pylist()[0] for seed in (1, 2)]
    assert by_seed[0]["exact_low"] == by_seed[1]["exact_low"]
    assert not set(by_seed[0]["bands"]) & set(by_seed[1]["bands"])
    few, many = Dedup(bands=2, rows=3), Dedup(bands=30, rows=7)
    assert np.array_equal(minhash(text, few), minhash(text, many)[:, :6])
    assert sign(text, few).schema.field("bands").type.list_size == 2


def test_many_batches_of_text_are_one_after_the_other() -> None:
    texts = [f"{i}번째 문서입니다 " * 2000 for i in range(60)]  # more than is signed at a time
    signed = sign(pa.array(texts), Dedup())
    for row in (0, 29, 59):
        assert signed.slice(row, 1).to_pylist() == sign(pa.array([texts[row]]), Dedup()).to_pylist()


def test_detection_curve() -> None:
    curve = detection_curve(25, 5)
    assert len(curve) == 101 and curve[0] == 0 and curve[100] == 1
    assert np.all(np.diff(curve) >= 0)
    assert curve[80] == pytest.approx(1 - (1 - 0.8**5) ** 25) and curve[80] > 0.9999
    assert detection_curve(1, 1, np.array([0.25])).tolist() == [0.25]


def test_pairs_share_a_bucket_as_often_as_the_curve_says() -> None:
    """300 pairs a similarity: the share that meets lies within four deviations of the curve."""
    rng = np.random.default_rng(5)
    plan = Dedup(shingle=1, bands=4, rows=3)
    for same in (40, 70, 90):
        left, right = [], []
        for _ in range(300):
            points = rng.choice(11172, 200 - same, replace=False) + 0xAC00
            shared, rest = points[:same], points[same:]
            half = len(rest) // 2
            left.append("".join(map(chr, [*shared, *rest[:half]])))
            right.append("".join(map(chr, [*shared, *rest[half:]])))
        similarity = same / (200 - same)
        a, b = (
            np.array(sign(pa.array(texts), plan)["bands"].to_pylist()) for texts in (left, right)
        )
        expected = detection_curve(4, 3, np.array([similarity]))[0]
        met = np.mean((a == b).any(axis=1))
        assert abs(met - expected) < 4 * np.sqrt(expected * (1 - expected) / 300) + 0.01
