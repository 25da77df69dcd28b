"""The files that a sample is written to: of the source's format, one record in eight apart."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.settings import Source
from pipeline.storage import FileInfo

FOLDERS = ("eighth", "rest")
AS_LINES = ("json", "csv", "tsv")
CODECS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


class Sink:
    """Two files below `place`, `eighth/` and `rest/`, and what was written to both together."""

    def __init__(self, place: str, suffix: str, stack: ExitStack):
        self.sampled = self.records = 0
        self._place, self._suffix, self._stack = place, suffix, stack
        self._files: dict[int, pa.NativeFile] = {}
        self._tables: dict[int, pq.ParquetWriter] = {}

    def put(self, records: Sequence[bytes], draws: np.ndarray, raw: int | None = None) -> None:
        """Write records as they are; `draws` (float64 in 0 to 1): below an eighth goes apart.

        `raw`: the bytes that they have in the input, where these are others.
        """
        for record, rest in zip(records, (draws >= 1 / 8).tolist(), strict=True):
            self._file(int(rest)).write(record)
        self.sampled += sum(map(len, records)) if raw is None else raw
        self.records += len(records)

    def put_table(self, table: pa.Table, draws: np.ndarray, codec: str, raw: float) -> None:
        """Write rows of Parquet; `raw`: the bytes that all of them have in the input, unpacked."""
        for part in (0, 1):
            rows = table.filter(pa.array((draws >= 1 / 8) == bool(part)))
            if rows.num_rows:
                if part not in self._tables:
                    writer = pq.ParquetWriter(self._file(part), table.schema, compression=codec)
                    self._tables[part] = self._stack.enter_context(writer)
                self._tables[part].write_table(rows.cast(self._tables[part].schema))
        self.sampled += round(raw)
        self.records += table.num_rows

    def put_file(self, file: FileInfo, content: bytes, raw: int, draw: float) -> None:
        """Write a document that is a file of its own; `raw`: its bytes once decompressed."""
        name = f"{self.records:08d}-{file.uri.rpartition('/')[2]}"
        where = storage.join(self._place, FOLDERS[int(draw >= 1 / 8)], name)
        with storage.write_atomic(where) as out:
            out.write(content)
        self.sampled += raw
        self.records += 1

    def _file(self, part: int) -> pa.NativeFile:
        if part not in self._files:
            name = f"sample{self._suffix}"
            where = storage.join(self._place, FOLDERS[part], name)
            out = self._stack.enter_context(storage.write_atomic(where))
            codec = CODECS.get("." + self._suffix.rpartition(".")[2])
            if codec:
                out = self._stack.enter_context(pa.CompressedOutputStream(out, codec))
            self._files[part] = out
        return self._files[part]


@contextmanager
def sink_for(source: Source, files: Sequence[FileInfo], place: str) -> Iterator[Sink]:
    """The sink of a source, below `place`; compressed as the source's first file is."""
    names = [file.uri.lower() for file in files[:1]]
    codec = next((end for name in names for end in CODECS if name.endswith(end)), "")
    with ExitStack() as stack:
        yield Sink(place, f".{sampled_format(source.format)}{codec}", stack)


def sampled_format(format: str) -> str:
    """The format that a sample is written in: what must be read as a whole becomes JSON lines."""
    return "jsonl" if format in AS_LINES else format
