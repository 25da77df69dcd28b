"""Shingle sets in scratch files: written by the worker that has the text, read piece by piece."""

from collections.abc import Iterator
from types import TracebackType

import numpy as np

from pipeline import storage
from pipeline.dedup.verify import ShingleSets
from tokenizer.errors import CorruptFileError

_INDEX = np.dtype([("document", "<u8"), ("end", "<i8"), ("limit", "<u8")])


class SetWriter:
    """Writes sets, documents ascending, to `path`.hashes and `path`.index, a batch at a time.

    The files are there once the `with` block has ended.
    """

    def __init__(self, path: str):
        self._path, self._index, self._end = path, list[bytes](), 0

    def __enter__(self) -> "SetWriter":
        self._context = storage.write_atomic(f"{self._path}.hashes")
        self._file = self._context.__enter__()
        return self

    def write(self, sets: ShingleSets) -> None:
        self._file.write(sets.hashes.tobytes())
        entries = np.empty(len(sets.documents), _INDEX)
        entries["document"], entries["end"] = sets.documents, self._end + sets.bounds[1:]
        entries["limit"] = sets.limits
        self._index.append(entries.tobytes())
        self._end += len(sets.hashes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.__exit__(kind, error, trace)
        if error is None:
            with storage.write_atomic(f"{self._path}.index") as out:
                out.write(b"".join(self._index))


class SetFile:
    """Sets of one file by document; holds the index (32 bytes a document), not the sets."""

    def __init__(self, path: str):
        index = np.frombuffer(storage.read_bytes(f"{path}.index"), _INDEX)
        self.path = f"{path}.hashes"
        self.documents, self.limits = index["document"], index["limit"]
        self.bounds = np.concatenate([np.zeros(1, np.int64), index["end"]])
        size = storage.size(self.path)
        if size != 8 * self.bounds[-1]:
            raise CorruptFileError(
                f"{self.path}: {size} bytes, {8 * self.bounds[-1]} by its index; "
                "delete the directory and run the step again"
            )

    def sizes(self, documents: np.ndarray) -> np.ndarray:
        """int64: number of shingles of each of `documents`."""
        return np.diff(self.bounds)[np.searchsorted(self.documents, documents)]

    def read(self, documents: np.ndarray) -> ShingleSets:
        """The sets of `documents` (uint64, ascending, all in the file); neighbours in one read."""
        places = np.searchsorted(self.documents, documents)
        runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1) if len(places) else []
        pieces = []
        with storage.open_read(self.path) as file:
            for run in runs:
                start, end = self.bounds[run[0]], self.bounds[run[-1] + 1]
                pieces.append(file.read_at(8 * int(end - start), 8 * int(start)))
        bounds = np.zeros(len(documents) + 1, np.int64)
        np.cumsum(np.diff(self.bounds)[places], out=bounds[1:])
        hashes = np.frombuffer(b"".join(pieces), "<u8")
        return ShingleSets(documents, bounds, hashes, self.limits[places])


def slices_by_size(sizes: np.ndarray, limit: int) -> Iterator[slice]:
    """Slices of consecutive items whose `sizes` add up to `limit` at most, or of one item."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + limit, side="right")))
        yield slice(start, stop)
        start = stop
