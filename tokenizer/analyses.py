"""Kiwi's analyses by word, so that another dial or more text analyses only what is new."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Cuts = bytes
"""The boundaries in a word: four bytes each, see morphemes.boundaries."""

ANALYSES = pa.schema([("word", pa.large_string()), ("cuts", pa.large_binary())])


def analyser() -> str:
    """What the analyses depend on beside the word: versions of Kiwi and of its model."""
    names = ("kiwipiepy", "kiwipiepy-model")
    return " ".join(f"{name}={version(name)}" for name in names)


class Analyses:
    """Words with their boundaries. `added`: how many it has learned since it was read."""

    def __init__(self, table: pa.Table | None = None) -> None:
        self._tables = [ANALYSES.empty_table() if table is None else table]
        self.added = 0

    @classmethod
    def read(cls, file: Any) -> "Analyses":
        """From a Parquet file that `write` made; nothing from one of another analyser.

        Raises pa.ArrowInvalid or OSError for a file that is not whole.
        """
        table = pq.read_table(file)
        metadata = table.schema.metadata or {}
        if metadata.get(b"analyser") != analyser().encode():
            return cls()
        return cls(table.cast(ANALYSES))

    def write(self, file: Any) -> None:
        """The same words give the same bytes, in whatever order they came."""
        table = pa.concat_tables(self._tables)
        table = table.take(pc.sort_indices(table["word"])).combine_chunks()
        pq.write_table(
            table.replace_schema_metadata({"analyser": analyser()}), file, compression="zstd"
        )

    def find(self, words: pa.ChunkedArray) -> pa.ChunkedArray:
        """The cuts of each word, null where they are not known."""
        table = pa.concat_tables(self._tables)
        words = words.cast(pa.large_string())
        return table["cuts"].take(pc.index_in(words, table["word"]))

    def add(self, words: Sequence[str], cuts: Sequence[Cuts | None]) -> None:
        """Words with what Kiwi said of them; those on which it failed (None) are left out."""
        pairs = [pair for pair in zip(words, cuts, strict=True) if pair[1] is not None]
        if pairs:
            self.added += len(pairs)
            self._tables.append(
                pa.table(list(map(list, zip(*pairs, strict=True))), schema=ANALYSES)
            )
