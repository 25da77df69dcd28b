"""Jaccard of shingle sets, in memory and in scratch files."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical
from pipeline.dedup.records import PAIR
from pipeline.dedup.set_files import SetFile, slices_by_size, write_sets
from pipeline.dedup.verify import ShingleSets, shingle_sets, verify
from pipeline.kernels.jaccard import jaccard
from tokenizer.errors import CorruptFileError

SETS = st.sets(st.integers(0, 30), max_size=20)


def as_array(values: set[int]) -> np.ndarray:
    return np.array(sorted(values), np.uint64)


@settings(deadline=None)
@given(SETS, SETS)
def test_jaccard_is_that_of_sets(a: set[int], b: set[int]) -> None:
    found = jaccard(as_array(a), as_array(b))
    assert found == (len(a & b) / len(a | b) if a | b else 0)
    assert found == jaccard(as_array(b), as_array(a))


def similarity(a: str, b: str, size: int) -> float:
    sets = []
    for text in map(canonical, (a, b)):
        grams = {text[i : i + size] for i in range(max(1, len(text) - size + 1))}
        sets.append(grams if text else set())
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1]) if sets[0] | sets[1] else 0.0


@settings(deadline=None)
@given(
    st.lists(st.text("가나다 a!", max_size=12), min_size=2, max_size=6),
    st.integers(1, 5),
    st.sampled_from([0.1, 0.5, 0.8, 1.0]),
)
def test_verified_pairs_are_those_at_the_threshold(texts, size, threshold) -> None:
    documents = np.arange(len(texts), dtype=np.uint64) * np.uint64(3)
    sets = shingle_sets(pa.array(texts), documents, size)
    pairs = [(a, b) for a in range(len(texts)) for b in range(a + 1, len(texts))]
    edges = verify(
        np.array([(3 * a, 3 * b) for a, b in pairs], PAIR), sets, sets, threshold
    ).tolist()
    exact = {(3 * a, 3 * b): similarity(texts[a], texts[b], size) for a, b in pairs}
    assert edges == [(*pair, value) for pair, value in exact.items() if value >= threshold]


def test_a_document_without_a_set_is_an_error() -> None:
    sets = shingle_sets(pa.array(["말모이"]), np.array([4], np.uint64), 5)
    with pytest.raises(KeyError, match="1 documents"):
        verify(np.array([(4, 9)], PAIR), sets, sets, 0.8)


def batches(texts: list[str]) -> list[ShingleSets]:
    documents = np.arange(len(texts), dtype=np.uint64) * np.uint64(2)
    return [
        shingle_sets(pa.array(texts[i : i + 3], pa.string()), documents[i : i + 3], 5)
        for i in range(0, len(texts), 3)
    ]


def test_sets_come_back_from_a_file(tmp_path: Path) -> None:
    texts = ["", *(f"{i}째 문서는 길이가 {i * i}만큼이다" * (i % 4) for i in range(20)), "끝"]
    write_sets(str(tmp_path / "sets"), batches(texts))
    file = SetFile(str(tmp_path / "sets"))
    whole = shingle_sets(pa.array(texts), np.arange(len(texts), dtype=np.uint64), 5)
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
    hashes = tmp_path / "sets.hashes"
    hashes.write_bytes(hashes.read_bytes()[:-8])
    with pytest.raises(CorruptFileError, match=r"sets\.hashes"):
        SetFile(str(tmp_path / "sets"))


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 60))
def test_slices_cover_all_and_stay_under_the_limit(sizes: list[int], limit: int) -> None:
    found = list(slices_by_size(np.array(sizes, np.int64), limit))
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(len(sizes)))
    for part in found:
        assert part.stop - part.start == 1 or sum(sizes[part]) <= limit
