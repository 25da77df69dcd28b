"""The tokenize step: curated shards to Megatron / GPT-NeoX token shards. No Beam."""

import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from pipeline import storage
from pipeline.counts import Counts
from pipeline.parquet import read_batches
from pipeline.receipts import Finished, Task
from pipeline.settings import Shards
from tokenizer.encode import Encoder
from tokenizer.errors import CorruptFileError
from tokenizer.shards import ShardWriter, encode_index, read_index, token_dtype
from tokenizer.special import END_OF_TEXT_ID
from tokenizer.words import stable_hashes

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Encoding:
    """What curated shards are encoded with, and the folder of the parts that come of it."""

    model: str  # location of malmoi.model
    vocab_size: int
    shards: Shards
    seed: int
    scratch: str

    def part(self, *names: str) -> str:
        return storage.join(self.scratch, *names)


@dataclass(frozen=True)
class Pack:
    """Curated shards of one source, in order, whose tokens become one token shard of each split."""

    names: tuple[str, ...]
    source: str
    encoding: Encoding


@dataclass(frozen=True)
class Part:
    """A shard in the scratch folder: where it lies, and the hash of its tokens."""

    stem: str
    sha256: str


@dataclass
class Split:
    """Totals of one written shard."""

    documents: int = 0
    tokens: int = 0  # end-of-text included
    bytes: int = 0  # UTF-8 bytes of the encoded text

    def add(self, other: "Split") -> None:
        self.documents += other.documents
        self.tokens += other.tokens
        self.bytes += other.bytes


def encode_shard(shard: tuple[str, str], encoding: Encoding) -> None:
    """Encode one curated shard, (name, path), into a part for each split.

    The part's totals are written last: a part without them is not there. Raises CorruptFileError
    where the shard is not whole, or the model is of another vocabulary.
    """
    name, path = shard
    encoder = _encoder(encoding.model, encoding.vocab_size)
    dtype = token_dtype(encoding.vocab_size)
    totals = {split: Split() for split in SPLITS}
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(
                ShardWriter(encoding.part(split, name), dtype, storage.write_atomic)
            )
            for split in SPLITS
        }
        for batch in read_batches(path, ["id", "text", "n_bytes"]):
            held_out = in_validation(batch["id"], encoding.shards.validation, encoding.seed)
            n_bytes = batch["n_bytes"].to_numpy()
            tokens, lengths = with_end_of_text(encoder, batch["text"], dtype)
            for split, rows in (("train", ~held_out), ("validation", held_out)):
                own = tokens if rows.all() else tokens[np.repeat(rows, lengths)]
                writers[split].extend(own, lengths[rows])
                totals[split].add(Split(int(rows.sum()), len(own), int(n_bytes[rows].sum())))
    told = {
        split: {**vars(total), "sha256": writers[split].files["bin"].sha256}
        for split, total in totals.items()
    }
    with storage.write_atomic(encoding.part(f"{name}.json")) as out:
        out.write(orjson.dumps(told))


def pack(task: Task) -> Finished:
    """Join the parts of some curated shards to a shard for each split, and write the receipt.

    A split that no document fell to has no file.
    """
    work: Pack = task.payload
    started = time.monotonic()
    totals = {split: Split() for split in SPLITS}
    parts: dict[str, list[Part]] = {split: [] for split in SPLITS}
    for name in work.names:
        told = orjson.loads(storage.read_bytes(work.encoding.part(f"{name}.json")))
        for split, found in told.items():
            parts[split].append(Part(work.encoding.part(split, name), found.pop("sha256")))
            totals[split].add(Split(**found))
    files: dict[str, storage.FileStamp] = {}
    for split, total in totals.items():
        stem = f"tokens/{split}/{task.unit}"
        # an index of an earlier shard must never stand beside new tokens
        storage.delete(f"{task.path(stem)}.idx", missing_ok=True)
        if not total.documents:
            storage.delete(f"{task.path(stem)}.bin", missing_ok=True)
            continue
        written = join(parts[split], task.path(stem), token_dtype(work.encoding.vocab_size))
        for suffix, file in written.items():
            files[f"{stem}.{suffix}"] = storage.FileStamp(file.size, file.sha256)
    documents = sum(total.documents for total in totals.values())
    n_bytes = sum(total.bytes for total in totals.values())
    return task.finish(
        files,
        Counts(documents, documents, n_bytes, n_bytes),
        source=work.source,
        facts={split: vars(total) for split, total in totals.items() if total.documents},
        seconds=time.monotonic() - started,
    )


def join(parts: Sequence[Part], stem: str, dtype: np.dtype) -> dict[str, Any]:
    """Write the documents of shards, one after the other, as one; its files by suffix.

    Holds the lengths of the documents, and of the tokens a megabyte. Raises CorruptFileError for a
    part that is not as it was written.
    """
    lengths = [
        read_index(storage.read_bytes(f"{part.stem}.idx"), f"{part.stem}.idx")[1] for part in parts
    ]
    with storage.write_atomic(f"{stem}.bin") as tokens:
        for part in parts:
            digest = hashlib.sha256()
            with storage.open_read(f"{part.stem}.bin") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
                    tokens.write(piece)
            if digest.hexdigest() != part.sha256:
                raise CorruptFileError(
                    f"{part.stem}.bin: is not as it was written; delete the folder and run "
                    "`malmoi tokenize` again"
                )
    with storage.write_atomic(f"{stem}.idx") as index:
        index.write(encode_index(np.concatenate(lengths), dtype))
    return {"bin": tokens, "idx": index}


def with_end_of_text(
    encoder: Encoder, texts: pa.StringArray, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """(ids of all texts back to back, ids of each int64[n]), the end-of-text id last in each.

    Neither GPT data loader adds it.
    """
    ids, lengths = encoder.encode_batch(texts)
    with_end = lengths.astype(np.int64) + 1
    ends = np.cumsum(with_end) - 1
    inside = np.ones(len(ids) + len(lengths), bool)
    inside[ends] = False
    tokens = np.empty(len(inside), dtype)
    tokens[inside] = ids
    tokens[ends] = END_OF_TEXT_ID
    return tokens, with_end


def in_validation(ids: pa.StringArray, validation: float, seed: int) -> np.ndarray:
    """bool[n]: which documents are held out, by keyed hash of the id, and so for ever.

    `validation`: the share of them, below 1.
    """
    key = hashlib.blake2b(seed.to_bytes(8, "little"), digest_size=8).digest()
    drawn = stable_hashes(ids) ^ np.frombuffer(key, "<u8")
    drawn = (drawn ^ (drawn >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)  # nearby ones apart
    held_out: np.ndarray = drawn ^ (drawn >> np.uint64(32)) < np.uint64(int(validation * 2**64))
    return held_out


def split_of(identity: str, validation: float, seed: int) -> str:
    """The split of one id, `validation` or `train`, as `in_validation` draws it."""
    held_out = in_validation(pa.array([identity], pa.string()), validation, seed)
    return SPLITS[int(held_out[0])]


@lru_cache(maxsize=1)
def _encoder(model: str, vocab_size: int) -> Encoder:
    encoder = Encoder(storage.read_bytes(model))
    if encoder.vocab_size != vocab_size:
        raise CorruptFileError(
            f"{model}: a vocabulary of {encoder.vocab_size} entries, its manifest tells of "
            f"{vocab_size}; run `malmoi tokenizer` again"
        )
    return encoder
