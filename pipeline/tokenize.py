"""The tokenize step: curated shards to Megatron / GPT-NeoX token shards. No Beam."""

import hashlib
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.counts import Counts
from pipeline.parquet import read_batches
from pipeline.receipts import Finished, Task
from pipeline.settings import Shards
from tokenizer.encode import Encoder
from tokenizer.shards import ShardWriter, token_dtype
from tokenizer.special import END_OF_TEXT_ID


@dataclass(frozen=True)
class TokenizeWork:
    """One curated shard and the model that encodes it."""

    curated: str
    source: str
    model: str  # location of malmoi.model
    vocab_size: int
    shards: Shards
    seed: int


@dataclass
class Split:
    """Totals of one written shard."""

    documents: int = 0
    tokens: int = 0  # end-of-text included
    bytes: int = 0  # UTF-8 bytes of the encoded text

    def add(self, tokens: np.ndarray, n_bytes: int) -> None:
        self.documents += 1
        self.tokens += len(tokens)
        self.bytes += n_bytes


@dataclass
class _Writers:
    """The splits' writers of one curated shard, opened when their first document comes."""

    task: Task
    work: TokenizeWork
    stack: ExitStack
    totals: dict[str, Split] = field(default_factory=dict)
    open: dict[str, ShardWriter] = field(default_factory=dict)

    def add(self, split: str, tokens: np.ndarray, n_bytes: int) -> None:
        if split not in self.open:
            stem = self.task.path("tokens", split, self.work.curated)
            storage.delete(f"{stem}.idx", missing_ok=True)  # never an old index on new tokens
            writer = ShardWriter(stem, token_dtype(self.work.vocab_size), storage.write_atomic)
            self.open[split] = self.stack.enter_context(writer)
            self.totals[split] = Split()
        self.open[split].add(tokens)
        self.totals[split].add(tokens, n_bytes)


def tokenize_unit(task: Task) -> Finished:
    """Encode one curated shard into a shard for each split, and write the receipt."""
    work: TokenizeWork = task.payload
    started = time.monotonic()
    encoder = _encoder(work.model)
    counts = Counts()
    with ExitStack() as stack:
        writers = _Writers(task, work, stack)
        path = task.path("curated", f"{work.curated}.parquet")
        for batch in read_batches(path, ["id", "text", "n_bytes"]):
            n_bytes = batch["n_bytes"].to_pylist()
            ids = batch["id"].to_pylist()
            for row, tokens in enumerate(with_end_of_text(encoder, batch["text"])):
                split = split_of(ids[row], work.shards.validation, work.seed)
                writers.add(split, tokens.astype(token_dtype(work.vocab_size)), n_bytes[row])
            counts.documents_in += batch.num_rows
            counts.bytes_in += sum(n_bytes)
    counts.documents_out = sum(split.documents for split in writers.totals.values())
    counts.bytes_out = sum(split.bytes for split in writers.totals.values())
    files = {
        f"tokens/{split}/{work.curated}.{suffix}": storage.FileStamp(file.size, file.sha256)
        for split, writer in writers.open.items()
        for suffix, file in writer.files.items()
    }
    facts: dict[str, Any] = {split: vars(total) for split, total in sorted(writers.totals.items())}
    return task.finish(
        files, counts, source=work.source, facts=facts, seconds=time.monotonic() - started
    )


def with_end_of_text(encoder: Encoder, texts: pa.StringArray) -> list[np.ndarray]:
    """Token ids of each text, the end-of-text id last (neither GPT data loader adds it)."""
    flat, lengths = encoder.encode_batch(texts)
    ends = np.cumsum(lengths)
    return [
        np.append(flat[end - length : end], END_OF_TEXT_ID)
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def split_of(identity: str, validation: float, seed: int) -> str:
    """`validation` for the given share of ids, else `train`: by keyed hash, so for ever."""
    digest = hashlib.blake2b(
        identity.encode(), key=seed.to_bytes(8, "little"), digest_size=8
    ).digest()
    return "validation" if int.from_bytes(digest, "little") < validation * 2**64 else "train"


@lru_cache(maxsize=1)
def _encoder(model: str) -> Encoder:
    return Encoder(storage.read_bytes(model))
