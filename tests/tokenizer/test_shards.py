"""The .bin/.idx format: golden bytes, round trips, refusals."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.errors import CorruptFileError, MalmoiError
from tokenizer.shards import Shard, ShardWriter, bin_path, encode_index, idx_path, token_dtype

U16, I32 = np.dtype("<u2"), np.dtype("<i4")


def write(stem: Path, documents: list[list[int]], dtype: np.dtype = U16) -> Path:
    with ShardWriter(stem, dtype) as writer:
        for document in documents:
            writer.add(np.array(document))
    return stem


def test_golden_bytes_of_three_documents(tmp_path):
    stem = write(tmp_path / "news-train", [[7, 30002, 2], [2], [500, 2]])
    assert bin_path(stem).read_bytes().hex() == "07003275020002 00f401 0200".replace(" ", "")
    assert idx_path(stem).read_bytes().hex() == (
        "4d4d494449445800 00"  # MMIDIDX\0\0
        "0100000000000000 08"  # version 1, uint16
        "0300000000000000 0400000000000000"  # 3 sequences, 4 bounds
        "03000000 01000000 02000000"  # lengths in tokens
        "0000000000000000 0600000000000000 0800000000000000"  # offsets in bytes
        "0000000000000000 0100000000000000 0200000000000000 0300000000000000"
    ).replace(" ", "")


@given(
    documents=st.lists(st.lists(st.integers(0, 65_499), min_size=1, max_size=9), max_size=9),
    dtype=st.sampled_from([U16, I32]),
)
def test_round_trip(tmp_path_factory, documents, dtype):
    shard = Shard.open(write(tmp_path_factory.mktemp("s") / "a.b-c", documents, dtype))
    assert len(shard) == len(documents)
    assert [shard[i].tolist() for i in range(len(shard))] == documents
    assert (shard.tokens.dtype, shard.lengths.dtype, shard.offsets.dtype) == (dtype, "i4", "i8")
    assert shard.tokens.tolist() == [token for document in documents for token in document]
    assert shard.offsets.tolist() == [sum(map(len, documents[:i])) for i in range(len(documents))]


def test_nothing_is_left_after_an_exception(tmp_path):
    stem = write(tmp_path / "x", [[1, 2]])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RuntimeError), ShardWriter(stem, U16) as writer:
        writer.add(np.array([3, 2]))
        raise RuntimeError
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(MalmoiError, match="y: document 1"), ShardWriter(tmp_path / "y", U16) as w:
        w.add(np.array([3, 2]))
        w.add(np.array([], dtype=np.int64))
    assert {path.name for path in tmp_path.iterdir()} == set(before)


def test_index_and_documents_are_out_of_reach_of_bad_numbers(tmp_path):
    shard = Shard.open(write(tmp_path / "x", [[1, 2]]))
    for i in (-1, 1):
        with pytest.raises(IndexError):
            shard[i]


@pytest.mark.parametrize("tokens", [[], [[1, 2]], [1.0, 2.0], [-1, 2], [65_536, 2]], ids=repr)
def test_writer_refuses(tmp_path, tokens):
    with pytest.raises(MalmoiError, match="document 0"), ShardWriter(tmp_path / "x", U16) as writer:
        writer.add(np.array(tokens))


def test_only_the_two_token_dtypes(tmp_path):
    assert token_dtype(30_003) == token_dtype(65_499) == U16
    assert token_dtype(65_500) == I32
    for dtype in (np.int64, np.uint8, ">u2"):
        with pytest.raises(MalmoiError, match="uint16 or int32"):
            ShardWriter(tmp_path / "x", np.dtype(dtype))
        with pytest.raises(MalmoiError, match="uint16 or int32"):
            encode_index(np.array([1]), np.dtype(dtype))
    with pytest.raises(MalmoiError, match="a document of 0"):
        encode_index(np.array([3, 0]), U16)


def test_every_damage_is_refused_with_the_name_of_the_file(tmp_path):
    stem = write(tmp_path / "x", [[7, 8, 2], [2], [5, 2]])
    index, tokens = idx_path(stem).read_bytes(), bin_path(stem).read_bytes()
    damaged = [index[:cut] for cut in range(len(index))] + [index + b"\0"]
    # every byte of the index is checked: a flipped bit anywhere is noticed
    damaged += [index[:at] + bytes([index[at] ^ 1]) + index[at + 1 :] for at in range(len(index))]
    for bad in damaged:
        idx_path(stem).write_bytes(bad)
        with pytest.raises(CorruptFileError, match=r"x\.(idx|bin): "):
            Shard.open(stem)
    idx_path(stem).write_bytes(index)
    for bad in (b"", tokens[:-1], tokens + b"\0\0"):
        bin_path(stem).write_bytes(bad)
        with pytest.raises(CorruptFileError, match=r"x\.bin: "):
            Shard.open(stem)
    bin_path(stem).unlink()
    with pytest.raises(FileNotFoundError):
        Shard.open(stem)


def test_sequences_that_are_not_documents_are_refused(tmp_path):
    stem = write(tmp_path / "x", [[1, 2], [1, 2]])
    index = idx_path(stem).read_bytes()
    idx_path(stem).write_bytes(index[:-24] + struct.pack("<qqq", 0, 0, 2))
    with pytest.raises(CorruptFileError, match="one sequence each"):
        Shard.open(stem)
