"""The tokens directory: its manifest, its shards, and the windows a model is trained on.

The documents of a source are one stream, in the order of its shards, cut into windows of `context`
targets. Window i holds tokens i*context .. (i+1)*context, so neighbours share one token and every
token but the stream's first is a target exactly once; the last window of a stream is shorter.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ValidationError

from tokenizer.errors import CorruptFileError, MalmoiError
from tokenizer.shards import Shard, bin_path, idx_path

IGNORED = -100
"""Target of a position that has none; torch's cross-entropy skips it."""

CHECKED_AT_ONCE = 1 << 22  # tokens


class ShardEntry(BaseModel):
    """A shard as the manifest describes it; `path` has no suffix."""

    path: str
    source: str
    weight: float
    documents: int
    tokens: int


class Stamp(BaseModel):
    bytes: int
    sha256: str


class Description(BaseModel):
    tokenizer_sha256: str
    vocab_size: int
    end_of_text: int
    dtype: Literal["uint16", "int32"]
    splits: dict[str, list[ShardEntry]]


class Manifest(BaseModel):
    """The part of `tokens/manifest.json` that the trainer reads; other keys are ignored."""

    dataset: Description
    files: dict[str, Stamp]

    def stamp(self, path: str) -> Stamp:
        return self.files[f"tokens/{path}"]


@dataclass(frozen=True)
class Piece:
    """Tokens `first`, `first` + 1, ... of document `document` (from 0) of a shard."""

    shard: Path
    document: int
    first: int
    tokens: np.ndarray


class Stream:
    """The tokens of one source, end to end over its shards, cut into windows."""

    def __init__(self, name: str, weight: float, shards: list[Shard], context: int) -> None:
        self.name, self.weight, self.context = name, weight, context
        self._shards = shards
        self._ends = np.cumsum([len(shard.tokens) for shard in shards])
        self.tokens = int(self._ends[-1])
        self.windows = -(-(self.tokens - 1) // context)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Tokens start..stop-1 of the stream, int64."""
        parts = []
        for index in range(
            int(np.searchsorted(self._ends, start, side="right")), len(self._shards)
        ):
            tokens = self._shards[index].tokens
            first = int(self._ends[index]) - len(tokens)
            if first >= stop:
                break
            parts.append(tokens[max(0, start - first) : stop - first])
        return np.concatenate(parts).astype(np.int64)

    def window(self, index: int) -> np.ndarray:
        """Up to context + 1 tokens, int64: inputs and, one further, targets."""
        start = index * self.context
        return self.read(start, min(start + self.context + 1, self.tokens))

    def pieces(self, index: int) -> Iterator[Piece]:
        """The documents in a window, each with what the window has of it."""
        start = index * self.context
        stop = min(start + self.context + 1, self.tokens)
        for shard, end in zip(self._shards, self._ends.tolist(), strict=True):
            first = end - len(shard.tokens)
            low, high = max(start - first, 0), min(stop - first, len(shard.tokens))
            if low < high:
                edges = np.searchsorted(shard.offsets, (low, high - 1), side="right") - 1
                for number in range(int(edges[0]), int(edges[1]) + 1):
                    begin = int(shard.offsets[number])
                    within = slice(max(low - begin, 0), high - begin)
                    yield Piece(shard.stem, number, within.start, shard[number][within])

    def targets(self, windows: np.ndarray) -> np.ndarray:
        """Targets in each of the windows."""
        return np.minimum(self.context, self.tokens - 1 - windows * self.context)


@dataclass(frozen=True)
class Split:
    """The streams of one split: `train` or `validation`. Windows are named by (source, window)."""

    streams: list[Stream]
    context: int

    def batch(self, source: np.ndarray, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets, int64 [len(source), context]; 0 and `IGNORED` past the end."""
        inputs = np.zeros((len(source), self.context), dtype=np.int64)
        targets = np.full_like(inputs, IGNORED)
        for row, (s, w) in enumerate(zip(source.tolist(), window.tolist(), strict=True)):
            tokens = self.streams[s].window(w)
            inputs[row, : len(tokens) - 1] = tokens[:-1]
            targets[row, : len(tokens) - 1] = tokens[1:]
        return inputs, targets

    def targets(self, source: np.ndarray, window: np.ndarray) -> int:
        """Targets in all these windows, counted without reading them."""
        return sum(
            int(stream.targets(window[source == s]).sum()) for s, stream in enumerate(self.streams)
        )

    def spread(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(source, window) of up to `count` windows, evenly spread over the split; 0: of all."""
        ends = np.cumsum([stream.windows for stream in self.streams], dtype=np.int64)
        total = int(ends[-1]) if len(ends) else 0
        count = min(count or total, total)
        chosen = np.arange(count, dtype=np.int64) * total // max(count, 1)
        source = np.searchsorted(ends, chosen, side="right")
        return source, chosen - np.concatenate(([0], ends))[source]


class Dataset:
    """An opened tokens directory. `token_bytes`: uint16[vocab_size], UTF-8 bytes of each token."""

    def __init__(
        self, root: Path, manifest: Manifest, token_bytes: np.ndarray, context: int
    ) -> None:
        self.root = root
        self.manifest = manifest
        self.description = manifest.dataset
        self.token_bytes = token_bytes
        self._opened: list[Shard] = []
        splits = {name: self._split(name, context) for name in ("train", "validation")}
        self.train, self.validation = splits["train"], splits["validation"]

    @classmethod
    def open(cls, root: Path, context: int) -> Self:
        """Opens every shard the manifest names and checks its sizes and counts; reads no tokens.

        Raises CorruptFileError that names the file, MalmoiError where there is nothing to train on.
        """
        root = Path(root)
        path = root / "manifest.json"
        if not path.is_file():
            raise MalmoiError(
                f"{path}: no manifest, so no tokens to train on; run `malmoi tokenize`"
            )
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(str(part) for part in fault["loc"])
            raise _corrupt(path, f"{place}: {fault['msg']}") from error
        data = cls(root, manifest, _token_bytes(root, manifest.dataset), context)
        if not any(stream.windows for stream in data.train.streams):
            raise MalmoiError(f"{path}: the train split holds no two tokens; curate more text")
        return data

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the sorted SHA-256 of the shards: the identity of the training data."""
        paths = [entry.path for entries in self.description.splits.values() for entry in entries]
        hashes = [
            self.manifest.stamp(f"{path}.{suffix}").sha256
            for path in paths
            for suffix in ("bin", "idx")
        ]
        return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()

    def check_ids(self, rank: int = 0, world: int = 1) -> None:
        """Reads the tokens of this rank's share of the shards: CorruptFileError if one is no id."""
        limit = self.description.vocab_size
        for shard in self._opened[rank::world]:
            for start in range(0, len(shard.tokens), CHECKED_AT_ONCE):
                part = shard.tokens[start : start + CHECKED_AT_ONCE]
                if part.min() < 0 or part.max() >= limit:
                    at = start + int(((part < 0) | (part >= limit)).argmax())
                    raise _corrupt(
                        bin_path(shard.stem),
                        f"token {at} is id {shard.tokens[at]}, the tokenizer has {limit} entries",
                    )

    def _split(self, name: str, context: int) -> Split:
        shards: dict[str, list[Shard]] = {}
        weights: dict[str, float] = {}
        for entry in self.description.splits.get(name, []):
            shards.setdefault(entry.source, []).append(self._shard(entry))
            weights[entry.source] = entry.weight
        streams = [Stream(source, weights[source], shards[source], context) for source in shards]
        return Split([stream for stream in streams if stream.windows > 0], context)

    def _shard(self, entry: ShardEntry) -> Shard:
        stem = self.root / entry.path
        for path, suffix in ((bin_path(stem), "bin"), (idx_path(stem), "idx")):
            name = f"{entry.path}.{suffix}"
            if f"tokens/{name}" not in self.manifest.files:
                raise _corrupt(self.root / "manifest.json", f"names no file tokens/{name}")
            if not path.is_file():
                raise _corrupt(path, "missing, but the manifest names it")
            size, expected = path.stat().st_size, self.manifest.stamp(name).bytes
            if size != expected:
                raise _corrupt(path, f"{size} bytes, {expected} in the manifest")
        shard = Shard.open(stem)
        counts = (len(shard.lengths), len(shard.tokens), shard.tokens.dtype)
        if counts != (entry.documents, entry.tokens, np.dtype(self.description.dtype)):
            raise _corrupt(
                idx_path(stem),
                f"{counts[0]} documents and {counts[1]} tokens of {counts[2]}; the manifest says "
                f"{entry.documents}, {entry.tokens} and {self.description.dtype}",
            )
        self._opened.append(shard)
        return shard


def _token_bytes(root: Path, description: Description) -> np.ndarray:
    path = root / "token_bytes.npy"
    if not path.is_file():
        raise _corrupt(path, "missing; bits per byte needs it")
    try:
        token_bytes = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _corrupt(path, str(error)) from error
    if token_bytes.shape != (description.vocab_size,) or token_bytes.dtype != np.uint16:
        raise _corrupt(
            path,
            f"{token_bytes.dtype}{list(token_bytes.shape)}, not uint16[{description.vocab_size}]",
        )
    return token_bytes


def _corrupt(path: Path, what: str) -> CorruptFileError:
    return CorruptFileError(f"{path}: {what}; run `malmoi tokenize` again")
