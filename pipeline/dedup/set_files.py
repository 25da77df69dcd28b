"""Pieces of bytes by document in scratch files: shingle sets, ids.

Written by the worker that has the text, read by those that need some. Whoever needs a few documents
of a file reads a few blocks of its index, not all of it: in a corpus of S shards there are S * S
such readings.
"""

from collections.abc import Iterator
from types import TracebackType

import numpy as np

from pipeline import storage
from pipeline.dedup.records import rows_of
from pipeline.dedup.verify import ShingleSets
from tokenizer.errors import CorruptFileError

_ENTRY = np.dtype([("document", "<u8"), ("start", "<i8"), ("end", "<i8"), ("limit", "<u8")])
_HEAD = np.dtype([("blocks", "<i8"), ("bytes", "<i8")])
_BLOCK_BITS = 10
"""A block of the index holds the entries of 1,024 rows of a shard."""


class PieceWriter:
    """Writes pieces, documents of one shard ascending, to `path`.data and `path`.index.

    The files are there once the `with` block has ended.
    """

    def __init__(self, path: str):
        self._path, self._end = path, 0
        self._entries = [np.zeros(0, _ENTRY)]

    def __enter__(self) -> "PieceWriter":
        self._context = storage.write_atomic(f"{self._path}.data")
        self._file = self._context.__enter__()
        return self

    def add(
        self, documents: np.ndarray, sizes: np.ndarray, data: bytes, limits: np.ndarray | int = 0
    ) -> None:
        """`data` holds the piece of each document (uint64), of `sizes` bytes, one after another."""
        entries = np.empty(len(documents), _ENTRY)
        entries["document"], entries["limit"] = documents, limits
        entries["end"] = self._end + np.cumsum(sizes)
        entries["start"] = entries["end"] - sizes
        self._file.write(data)
        self._entries.append(entries)
        self._end += len(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.__exit__(kind, error, trace)
        if error is None:
            entries = np.concatenate(self._entries)
            blocks = rows_of(entries["document"]) >> _BLOCK_BITS
            count = int(blocks[-1]) + 1 if len(blocks) else 0
            bounds = np.searchsorted(blocks, np.arange(count + 1)).astype("<i8")
            with storage.write_atomic(f"{self._path}.index") as out:
                out.write(np.array([(count, self._end)], _HEAD).tobytes() + bounds.tobytes())
                out.write(entries.tobytes())


class PieceFile:
    """Pieces of one file by document; holds 32 bytes for each of `documents` (default: of all).

    `documents`: uint64, ascending, all in the file.
    """

    def __init__(self, path: str, documents: np.ndarray | None = None):
        self._path = f"{path}.data"
        with storage.open_read(f"{path}.index") as file:
            (head,) = np.frombuffer(file.read_at(_HEAD.itemsize, 0), _HEAD)
            start = _HEAD.itemsize + 8 * (int(head["blocks"]) + 1)
            bounds = np.frombuffer(file.read_at(start - _HEAD.itemsize, _HEAD.itemsize), "<i8")
            wanted = (
                np.arange(head["blocks"])
                if documents is None
                else np.unique(rows_of(documents) >> _BLOCK_BITS)
            )
            pieces = [
                file.read_at(
                    _ENTRY.itemsize * int(bounds[last + 1] - bounds[first]),
                    start + _ENTRY.itemsize * int(bounds[first]),
                )
                for first, last in _runs(wanted)
            ]
        entries = np.frombuffer(b"".join(pieces), _ENTRY)
        if documents is not None:
            entries = entries[np.searchsorted(entries["document"], documents)]
        self.documents, self._entries = entries["document"], entries
        size = storage.size(self._path)
        if size != head["bytes"]:
            raise CorruptFileError(
                f"{self._path}: {size} bytes, {head['bytes']} by its index; "
                "delete the directory and run the step again"
            )

    def entries(self, documents: np.ndarray) -> np.ndarray:
        return self._entries[np.searchsorted(self.documents, documents)]

    def read_pieces(self, entries: np.ndarray) -> bytes:
        """The pieces of `entries` (ascending), one after another; neighbours in one read."""
        new = np.ones(len(entries), bool)
        new[1:] = entries["start"][1:] != entries["end"][:-1]
        starts = entries["start"][new].tolist()
        ends = entries["end"][np.roll(new, -1)].tolist()
        with storage.open_read(self._path) as file:
            return b"".join(
                file.read_at(end - start, start) for start, end in zip(starts, ends, strict=True)
            )


class SetWriter(PieceWriter):
    """Writes shingle sets, a batch at a time."""

    def __enter__(self) -> "SetWriter":
        super().__enter__()
        return self

    def write(self, sets: ShingleSets) -> None:
        sizes = 8 * np.diff(sets.bounds)
        self.add(sets.documents, sizes, sets.hashes.tobytes(), sets.limits)


class SetFile(PieceFile):
    """Shingle sets of one file by document; holds their index entries, not the sets."""

    def sizes(self, documents: np.ndarray) -> np.ndarray:
        """int64: number of shingles of each of `documents`."""
        entries = self.entries(documents)
        return (entries["end"] - entries["start"]) // 8

    def read(self, documents: np.ndarray) -> ShingleSets:
        """The sets of `documents` (uint64, ascending)."""
        entries = self.entries(documents)
        bounds = np.zeros(len(documents) + 1, np.int64)
        np.cumsum((entries["end"] - entries["start"]) // 8, out=bounds[1:])
        hashes = np.frombuffer(self.read_pieces(entries), "<u8")
        return ShingleSets(documents, bounds, hashes, entries["limit"])


def slices_by_size(sizes: np.ndarray, limit: int) -> Iterator[slice]:
    """Slices of consecutive items whose `sizes` add up to `limit` at most, or of one item."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + limit, side="right")))
        yield slice(start, stop)
        start = stop


def _runs(numbers: np.ndarray) -> Iterator[tuple[int, int]]:
    """(first, last) of the runs of consecutive numbers in ascending `numbers`."""
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    if len(numbers):
        firsts = numbers[np.concatenate([[0], breaks + 1])]
        lasts = numbers[np.concatenate([breaks, [len(numbers) - 1]])]
        yield from zip(firsts.tolist(), lasts.tolist(), strict=True)
