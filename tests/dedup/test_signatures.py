"""Signatures: exact hashes, short and empty texts, determinism, and how often pairs meet."""

import hashlib

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical
from pipeline.dedup.signatures import band_name, minhash, sign, signature_schema
from pipeline.settings import Dedup

TEXTS = st.lists(st.text("가나다라 ab1!?ㅠ\u0301", max_size=30), max_size=8)
BANDS = [f"band_{i:02}" for i in range(25)]


def bands_of(texts: list[str | None]) -> list[list[int]]:
    """The 25 band hashes of each text."""
    rows = sign(pa.array(texts, pa.string()), Dedup()).to_pylist()
    return [[row[name] for name in BANDS] for row in rows]


def test_schema_has_a_plain_column_a_band_and_the_anchors_last() -> None:
    schema = signature_schema(Dedup())
    assert schema.names == ["exact_high", "exact_low", "n_chars", *BANDS, "anchors"]
    assert [band_name(i) for i in range(25)] == BANDS
    assert {schema.field(name).type for name in BANDS} == {pa.uint64()}
    assert schema.field("anchors").type.value_type == pa.uint64()
    assert len(signature_schema(Dedup(bands=100)).names) == 104


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


@settings(deadline=None)
@given(TEXTS, st.integers(0, 3))
def test_a_signature_depends_on_its_text_alone(texts: list[str], start: int) -> None:
    texts = [text * (1 + 7 * (i % 3) ** 3) for i, text in enumerate(texts)]  # some have anchors
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
    assert all(row["anchors"] == [] for row in rows)
    bands = bands_of(["!!!", "★", "", None, "가"])
    assert all(set(row) == {0} for row in bands[:4])
    assert 0 not in bands[4]


def test_short_texts_meet_only_their_equals() -> None:
    bands = bands_of(["네", "네!", "아니", "네네"])
    assert bands[0] == bands[1]
    assert not set(bands[0]) & set(bands[2]) and not set(bands[0]) & set(bands[3])


def test_settings_decide_the_signature() -> None:
    text = pa.array(["말모이는 우리말 사전을 만들려던 사람들의 이야기이다"])
    by_seed = [sign(text, Dedup(seed=seed)).to_pylist()[0] for seed in (1, 2)]
    assert by_seed[0]["exact_low"] == by_seed[1]["exact_low"]
    assert not {by_seed[0][name] for name in BANDS} & {by_seed[1][name] for name in BANDS}
    few, many = Dedup(bands=2, rows=3), Dedup(bands=30, rows=7)
    assert np.array_equal(minhash(text, few), minhash(text, many)[:, :6])
    assert sign(text, few).schema.names[3:] == ["band_00", "band_01", "anchors"]


def test_many_batches_of_text_are_one_after_the_other() -> None:
    points = np.random.default_rng(6).integers(0xAC00, 0xD7A3, (60, 20_000))
    texts = ["".join(map(chr, row)) for row in points]  # 3.6 MB: more than is signed at a time
    signed = sign(pa.array(texts), Dedup())
    alone = [sign(pa.array([text]), Dedup()).to_pylist() for text in texts]
    assert signed.to_pylist() == [row for rows in alone for row in rows]
    assert min(map(len, signed["anchors"].to_pylist())) > 200


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
        a, b = (sign(pa.array(texts), plan) for texts in (left, right))
        shared = [np.asarray(a[band_name(i)]) == np.asarray(b[band_name(i)]) for i in range(4)]
        expected = 1 - (1 - similarity**3) ** 4
        met = np.mean(np.any(shared, axis=0))
        assert abs(met - expected) < 4 * np.sqrt(expected * (1 - expected) / 300) + 0.01
