"""Jaccard of shingle sets, in memory and in scratch files."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical
from pipeline.dedup.records import PAIR
from pipeline.dedup.set_files import SetFile, SetWriter, slices_by_size
from pipeline.dedup.verify import ShingleSets, shingle_sets, verify
from pipeline.kernels.jaccard import common
from pipeline.settings import Dedup
from tokenizer.errors import CorruptFileError

SETS = st.sets(st.integers(0, 30), max_size=20)


def as_array(values: set[int]) -> np.ndarray:
    return np.array(sorted(values), np.uint64)


@settings(deadline=None)
@given(SETS, SETS)
def test_common_is_that_of_sets(a: set[int], b: set[int]) -> None:
    assert common(as_array(a), as_array(b)) == common(as_array(b), as_array(a)) == len(a & b)


def grams(form: str, size: int) -> set[str]:
    return {form[i : i + size] for i in range(max(1, len(form) - size + 1))} if form else set()


def share(part: set[str], whole: set[str], least: int) -> np.float32:
    return np.float32(len(part & whole) / len(part) if len(part) >= least else 0)


@settings(deadline=None)
@given(
    st.lists(st.text("가나다 a!", max_size=12), min_size=2, max_size=6),
    st.integers(1, 5),
    st.sampled_from([0.1, 0.5, 0.8, 1.0]),
    st.sampled_from([0.5, 0.9, 1.0]),
    st.integers(1, 6),
)
def test_verified_pairs_are_those_that_are_alike_or_hold_one_another(
    texts, size, threshold, containment, least
) -> None:
    plan = Dedup(
        shingle=size, threshold=threshold, containment=containment, contained_shingles=least
    )
    documents = np.arange(len(texts), dtype=np.uint64) * np.uint64(3)
    sets = shingle_sets(pa.array(texts), documents, size)
    pairs = [(a, b) for a in range(len(texts)) for b in range(a + 1, len(texts))]
    found = verify(np.array([(3 * a, 3 * b) for a, b in pairs], PAIR), sets, sets, plan)
    expected = []
    for a, b in pairs:
        x, y = (grams(texts[i], size) for i in (a, b))
        written = np.float32(len(x & y) / len(x | y) if x | y else 0)
        x, y = (grams(canonical(texts[i]), size) for i in (a, b))
        letters = np.float32(len(x & y) / len(x | y) if x | y else 0)
        parts = share(x, y, least), share(y, x, least)
        if max(letters, written) >= np.float32(threshold) or max(parts) >= np.float32(containment):
            expected.append((3 * a, 3 * b, letters, written, *parts))
    assert found.tolist() == expected


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.integers(100, 2000))
def test_large_sets_are_compared_by_their_hashes_under_a_limit(first, second, largest) -> None:
    """The share that is compared is chosen by hash, so the estimate has a known error."""
    rng = np.random.default_rng([first, second])
    texts = ["".join(map(chr, rng.integers(0xAC00, 0xD7A4, 8_000))) for _ in range(2)]
    texts.append(texts[0][:6_000] + texts[1][:2_000])
    documents = np.arange(3, dtype=np.uint64)
    thin = shingle_sets(pa.array(texts), documents, 5, largest)
    whole = shingle_sets(pa.array(texts), documents, 5)
    for row in range(3):
        some, all_ = thin.letters[row], whole.letters[row]
        assert some.tolist() == all_[all_ <= thin.letters.limits[row]].tolist()
        assert largest / 3 < len(some) <= largest
    pairs = np.array([(0, 2)], PAIR)
    plan = Dedup(threshold=0.01, contained_shingles=1)
    for left, right in ((thin, thin), (thin, whole), (whole, thin)):
        (edge,) = verify(pairs, left, right, plan)
        (exact,) = verify(pairs, whole, whole, plan)
        assert abs(edge["letters"] - exact["letters"]) < 6 * np.sqrt(0.25 / (largest / 3))


def test_a_document_without_a_set_is_an_error() -> None:
    sets = shingle_sets(pa.array(["말모이"]), np.array([4], np.uint64), 5)
    with pytest.raises(KeyError, match="1 documents"):
        verify(np.array([(4, 9)], PAIR), sets, sets, Dedup())


def batches(texts: list[str]) -> list[ShingleSets]:
    documents = np.arange(len(texts), dtype=np.uint64) * np.uint64(2)
    return [
        shingle_sets(pa.array(texts[i : i + 3], pa.string()), documents[i : i + 3], 5).letters
        for i in range(0, len(texts), 3)
    ]


def write_sets(path: str, sets: list[ShingleSets]) -> None:
    with SetWriter(path) as writer:
        for batch in sets:
            writer.write(batch)


def test_sets_come_back_from_a_file(tmp_path: Path) -> None:
    texts = ["", *(f"{i}째 문서는 길이가 {i * i}만큼이다" * (i % 4) for i in range(20)), "끝"]
    write_sets(str(tmp_path / "sets"), batches(texts))
    file = SetFile(str(tmp_path / "sets"))
    whole = shingle_sets(pa.array(texts), np.arange(len(texts), dtype=np.uint64), 5).letters
    wanted = np.array([0, 2, 4, 10, 40, 42], np.uint64)
    found = file.read(wanted)
    for index, document in enumerate(wanted.tolist()):
        assert found[index].tolist() == whole[document // 2].tolist()
    assert file.sizes(wanted).tolist() == [len(whole[d // 2]) for d in wanted.tolist()]
    assert len(file.read(wanted[:0]).hashes) == 0


def test_empty_and_truncated_files(tmp_path: Path) -> None:
    write_sets(str(tmp_path / "none"), [])
    assert len(SetFile(str(tmp_path / "none")).documents) == 0
    write_sets(str(tmp_path / "sets"), batches(["말모이 사전 편찬", "조선어 학회"]))
    hashes = tmp_path / "sets.data"
    hashes.write_bytes(hashes.read_bytes()[:-8])
    with pytest.raises(CorruptFileError, match=r"sets\.data"):
        SetFile(str(tmp_path / "sets"))


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 60))
def test_slices_cover_all_and_stay_under_the_limit(sizes: list[int], limit: int) -> None:
    found = list(slices_by_size(np.array(sizes, np.int64), limit))
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(len(sizes)))
    for part in found:
        assert part.stop - part.start == 1 or sum(sizes[part]) <= limit
