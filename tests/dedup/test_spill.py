"""Blobs that travel by file, and pieces that are read by document."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.dedup.records import document_numbers
from pipeline.dedup.scratch import Job, Shard
from pipeline.dedup.set_files import PieceFile, PieceWriter
from pipeline.dedup.spill import NOWHERE, Receiving, Sending, size_of
from pipeline.settings import Dedup
from tokenizer.errors import CorruptFileError


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(((str(tmp_path), 0),), str(tmp_path / "scratch"), Dedup(), 4, 1, 1)


def test_only_places_travel_and_blobs_arrive_in_one_order(job: Job) -> None:
    blobs = {0: [(1, b"abc"), ((0, 2), b"")], 1: [(1, b"d" * 100_000)]}
    shards = [Shard(number, f"part-{number:05d}", 0, 0, 5, "") for number in blobs]
    sending = Sending(lambda shard: blobs[shard.number], job, "some blobs")
    sent = [pair for shard in shards for pair in sending(shard)]
    assert [key for key, _ in sent] == [1, (0, 2), 1]
    assert sent[1][1] == NOWHERE and [size_of(place) for _, place in sent] == [3, 0, 100_000]
    assert sending(shards[0]) == sent[:2]  # a second try names the same places
    places = [place for key, place in sent if key == 1]
    receiving = Receiving(lambda group: group, job)
    assert receiving((1, places)) == receiving((1, places[::-1])) == (1, [b"abc", b"d" * 100_000])
    assert receiving((2, [NOWHERE])) == (2, [])


ROWS = np.concatenate([np.arange(3), [1023, 1024, 1025, 5_000], np.arange(70_000, 70_400)])


def write_pieces(path: Path) -> np.ndarray:
    documents = document_numbers(7, ROWS)
    with PieceWriter(str(path)) as writer:
        for part in (slice(0, 5), slice(5, 5), slice(5, None)):
            pieces = [str(row).encode() for row in ROWS[part]]
            sizes = np.array([len(piece) for piece in pieces], np.int64)
            writer.add(documents[part], sizes, b"".join(pieces))
    return documents


@pytest.mark.parametrize("wanted", [[], [0], [3, 4], [2, 6, 7, 200], list(range(len(ROWS)))])
def test_pieces_of_some_documents_are_those_of_all(tmp_path: Path, wanted: list[int]) -> None:
    documents = write_pieces(tmp_path / "ids")[wanted]
    for file in (PieceFile(str(tmp_path / "ids")), PieceFile(str(tmp_path / "ids"), documents)):
        assert np.isin(documents, file.documents).all()
        found = file.read_pieces(file.entries(documents))
        assert found == b"".join(str(row).encode() for row in ROWS[wanted])


def test_few_documents_need_few_entries_and_no_file_is_trusted(tmp_path: Path) -> None:
    documents = write_pieces(tmp_path / "ids")
    assert len(PieceFile(str(tmp_path / "ids"), documents[4:5]).documents) == 1
    data = tmp_path / "ids.data"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(CorruptFileError, match=r"ids\.data"):
        PieceFile(str(tmp_path / "ids"), documents[:1])
