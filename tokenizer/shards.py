"""Token shards: Megatron-LM's and GPT-NeoX's indexed dataset, `<stem>.bin` beside `<stem>.idx`.

`.bin` holds token ids back to back without a header. `.idx`, little endian: the magic, uint64
version, uint8 dtype code, uint64 sequences N, uint64 document bounds D, int32 lengths[N] in tokens,
int64 offsets[N] in bytes, int64 bounds[D]. Here a sequence is a document with its end-of-text, so
D = N + 1 and the bounds are 0..N. Both trainers' own readers load these files as they are
(megatron/core/datasets/indexed_dataset.py; gpt-neox megatron/data/indexed_dataset.py).
"""

import os
import struct
from array import array
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from tokenizer.errors import CorruptFileError, MalmoiError

MAGIC = b"MMIDIDX\0\0"
VERSION = 1
HEADER = struct.Struct("<9sQBQQ")
CODES: dict[np.dtype, int] = {np.dtype("<i4"): 4, np.dtype("<u2"): 8}
LARGEST_UINT16_VOCABULARY = 65_500  # where both trainers change over to int32

Create = Callable[[str], AbstractContextManager[Any]]
"""Opens a binary file for writing under a name, inside `with`."""


def token_dtype(vocab_size: int) -> np.dtype:
    """uint16 for fewer than 65,500 entries, else int32: what both trainers choose."""
    return np.dtype("<u2" if vocab_size < LARGEST_UINT16_VOCABULARY else "<i4")


def bin_path(stem: Path) -> Path:
    """`<stem>.bin`; a dot in the stem's name is part of it."""
    return stem.with_name(stem.name + ".bin")


def idx_path(stem: Path) -> Path:
    """`<stem>.idx`; a dot in the stem's name is part of it."""
    return stem.with_name(stem.name + ".idx")


def encode_index(lengths: np.ndarray, dtype: np.dtype) -> bytes:
    """The bytes of an `.idx` file.

    `lengths`: tokens of each document, 1-D, all at least 1; `dtype` of the tokens: uint16 or int32.
    Raises MalmoiError for an empty document, one of 2**31 tokens or more, or another dtype.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    if np.dtype(dtype) not in CODES:
        raise MalmoiError(f"tokens of {np.dtype(dtype)} in a shard; use uint16 or int32")
    if lengths.size and not 0 < lengths.min() <= lengths.max() < 2**31:
        raise MalmoiError(
            f"a document of {lengths.min()} or {lengths.max()} tokens in a shard; "
            "it must have between 1 and 2**31 - 1"
        )
    n = len(lengths)
    ends = np.cumsum(lengths)
    header = HEADER.pack(MAGIC, VERSION, CODES[np.dtype(dtype)], n, n + 1)
    offsets = (ends - lengths) * np.dtype(dtype).itemsize
    bounds = np.arange(n + 1)
    return header + b"".join(
        values.astype(kind).tobytes()
        for values, kind in ((lengths, "<i4"), (offsets, "<i8"), (bounds, "<i8"))
    )


@contextmanager
def create_local(name: str) -> Iterator[BinaryIO]:
    """A file on a disk, which takes its name when the block ends without an exception."""
    partial = Path(f"{name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(name)
    finally:
        partial.unlink(missing_ok=True)


class ShardWriter:
    """Writes a shard document by document; a context manager.

    The files get their final names when the block ends cleanly; after an exception nothing new
    is left. Memory: 4 bytes a document. `create(name)` gives a file that takes its name at the end
    of a block without an exception; `files` holds what it gave, by suffix.
    """

    def __init__(self, stem: Path | str, dtype: np.dtype, create: Create = create_local) -> None:
        self.stem = str(stem)
        self.dtype = np.dtype(dtype)
        if self.dtype not in CODES:
            raise MalmoiError(f"{stem}: tokens of {self.dtype}; use uint16 or int32")
        self.lengths = array("i")
        self.tokens = 0
        self.files: dict[str, Any] = {}
        self._create = create

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.files["bin"] = self._open.enter_context(self._create(f"{self.stem}.bin"))
        return self

    def add(self, tokens: np.ndarray) -> None:
        """Append one document: 1-D integers, its end-of-text included.

        Raises MalmoiError if it is empty, not 1-D integers, or has an id the dtype cannot hold.
        """
        tokens = np.asarray(tokens)
        place = f"{self.stem}: document {len(self.lengths)}"
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
            raise MalmoiError(f"{place} is {tokens.dtype}{list(tokens.shape)}; give 1-D integers")
        if not 0 < len(tokens) < 2**31:
            raise MalmoiError(f"{place} has {len(tokens)} tokens; give 1 to 2**31 - 1")
        if tokens.dtype != self.dtype:
            limits = np.iinfo(self.dtype)
            if tokens.min() < 0 or tokens.max() > limits.max:
                raise MalmoiError(
                    f"{place} has ids {tokens.min()} to {tokens.max()}, {self.dtype} ends at "
                    f"{limits.max}; take the dtype from token_dtype(vocab_size)"
                )
        self.extend(tokens.astype(self.dtype), np.array([len(tokens)]))

    def extend(self, tokens: np.ndarray, lengths: np.ndarray) -> None:
        """Append documents: their tokens back to back, in the shard's dtype, and lengths int64[n].

        Raises MalmoiError for another dtype, or lengths that are not those of the tokens.
        """
        if tokens.dtype != self.dtype or int(lengths.sum()) != len(tokens):
            raise MalmoiError(
                f"{self.stem}: {len(tokens)} tokens of {tokens.dtype} for documents of "
                f"{int(lengths.sum())} tokens of {self.dtype}"
            )
        self.files["bin"].write(np.ascontiguousarray(tokens).data)
        self.lengths.frombytes(lengths.astype(np.int32).tobytes())
        self.tokens += len(tokens)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._open.__exit__(kind, error, trace)
            return
        lengths = np.frombuffer(self.lengths, dtype=np.int32)
        with self._open as tokens, self._create(f"{self.stem}.idx") as index:
            index.write(encode_index(lengths, self.dtype))
            self.files["idx"] = index
            tokens.close()  # the tokens take their name first, then their index


class Shard:
    """A shard opened for reading; the tokens stay on disk (memory map).

    `tokens`: 1-D, uint16 or int32. `lengths`: int32[N], tokens of each document. `offsets`:
    int64[N], its first token. `shard[i]`: the tokens of document i, a view.
    """

    def __init__(
        self, stem: Path, tokens: np.ndarray, lengths: np.ndarray, offsets: np.ndarray
    ) -> None:
        self.stem = stem
        self.tokens = tokens
        self.lengths = lengths
        self.offsets = offsets

    @classmethod
    def open(cls, stem: Path) -> Self:
        """Opens `<stem>.idx` and `<stem>.bin`, and checks every number of the index.

        Raises CorruptFileError, naming the file, where the two are not one whole shard;
        FileNotFoundError where one is missing.
        """
        stem = Path(stem)
        dtype, lengths = read_index(idx_path(stem).read_bytes(), idx_path(stem))
        offsets = np.cumsum(lengths, dtype=np.int64) - lengths
        total = int(lengths.sum(dtype=np.int64))
        size = bin_path(stem).stat().st_size
        if size != total * dtype.itemsize:
            raise _corrupt(
                bin_path(stem),
                f"{size} bytes, but its index counts {total} tokens of {dtype.itemsize} bytes",
            )
        if not total:  # an empty file cannot be mapped
            return cls(stem, np.empty(0, dtype), lengths, offsets)
        return cls(stem, np.memmap(bin_path(stem), dtype=dtype, mode="r"), lengths, offsets)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, i: int) -> np.ndarray:
        if not 0 <= i < len(self.lengths):
            raise IndexError(f"{self.stem}: document {i} of {len(self.lengths)}")
        start = int(self.offsets[i])
        return self.tokens[start : start + int(self.lengths[i])]


def read_index(data: bytes, path: Path | str) -> tuple[np.dtype, np.ndarray]:
    """(dtype of the tokens, lengths int32[N]) of an index whose every part agrees.

    Raises CorruptFileError, naming `path`, for one that does not.
    """
    if len(data) < HEADER.size:
        raise _corrupt(path, f"{len(data)} bytes, shorter than the header of {HEADER.size}")
    magic, version, code, n, n_bounds = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise _corrupt(path, f"starts with {magic!r}, not {MAGIC!r}")
    if version != VERSION:
        raise _corrupt(path, f"version {version}, not {VERSION}")
    dtype = next((dtype for dtype, known in CODES.items() if known == code), None)
    if dtype is None:
        raise _corrupt(path, f"dtype code {code}, neither 8 (uint16) nor 4 (int32)")
    if n_bounds != n + 1:
        raise _corrupt(path, f"{n_bounds} document bounds for {n} documents, not {n + 1}")
    size = HEADER.size + 12 * n + 8 * n_bounds
    if len(data) != size:
        raise _corrupt(path, f"{len(data)} bytes, but {n} documents take {size}")
    lengths = np.frombuffer(data, "<i4", n, HEADER.size)
    offsets = np.frombuffer(data, "<i8", n, HEADER.size + 4 * n)
    bounds = np.frombuffer(data, "<i8", n_bounds, HEADER.size + 12 * n)
    if n and lengths.min() <= 0:
        raise _corrupt(path, f"document {int(lengths.argmin())} has {lengths.min()} tokens")
    starts = (np.cumsum(lengths, dtype=np.int64) - lengths) * dtype.itemsize
    if not np.array_equal(offsets, starts):
        raise _corrupt(path, f"document {int((offsets != starts).argmax())} has a wrong offset")
    if not np.array_equal(bounds, np.arange(n + 1)):
        raise _corrupt(path, "its documents are not one sequence each")
    return dtype, lengths.astype(np.int32)


def _corrupt(path: Path | str, what: str) -> CorruptFileError:
    return CorruptFileError(f"{path}: {what}; delete it and run the tokenize step again")
