"""The curated corpus as later steps take it: its shards, and some text of every source."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pipeline import storage
from pipeline.parquet import read_batches
from pipeline.workspace import Workspace

SHARDS = 8
"""Curated shards of a source, evenly spaced, whose beginnings are taken."""
SOURCE_BYTES, ALL_BYTES = 500_000, 16_000_000
"""Text of a source, and of all sources together, at most (and a document more of each shard)."""
DOCUMENT_CHARS = 20_000
"""A document's beginning stands for it."""


class Curated(NamedTuple):
    """A curated shard: its name without suffix, its source, and its file's hash and bytes."""

    name: str
    source: str
    sha256: str
    size: int


def curated(workspace: Workspace) -> Iterator[Curated]:
    """The curated shards, in order."""
    for name, stamp in workspace.require("assemble")["files"].items():
        if name.startswith("curated/"):
            stem = name.removeprefix("curated/").removesuffix(".parquet")
            yield Curated(stem, stem.rsplit("-", 1)[0], stamp["sha256"], stamp["bytes"])


def chosen(shards: Iterable[Curated]) -> dict[str, list[Curated]]:
    """The shards that texts are taken from, by source."""
    by_source: dict[str, list[Curated]] = {}
    for shard in shards:
        by_source.setdefault(shard.source, []).append(shard)
    places = {
        source: np.unique(np.linspace(0, len(some) - 1, SHARDS).round().astype(int)).tolist()
        for source, some in by_source.items()
    }
    return {source: [by_source[source][at] for at in places[source]] for source in by_source}


def excerpts(root: str, shards: dict[str, list[Curated]]) -> dict[str, list[str]]:
    """The texts of each source, from the beginnings of its shards in `<root>/curated`.

    They depend on the shards alone. Raises CorruptFileError for one that is not whole.
    """
    of_source = min(SOURCE_BYTES, ALL_BYTES // max(len(shards), 1))
    return {
        source: [
            text
            for shard in some
            for text in _beginning(
                storage.join(root, "curated", f"{shard.name}.parquet"), of_source // len(some)
            )
        ]
        for source, some in shards.items()
    }


def _beginning(where: str, n_bytes: int) -> Sequence[str]:
    """The first documents of a shard, until they have `n_bytes`."""
    texts: list[str] = []
    left = n_bytes
    for batch in read_batches(where, ["text"]):
        for text in batch["text"]:
            texts.append(text.as_py()[:DOCUMENT_CHARS])
            left -= len(texts[-1].encode())
            if left <= 0:
                return texts
    return texts
