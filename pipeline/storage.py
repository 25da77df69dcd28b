"""Files by name: local paths and gs://, s3://, hdfs:// URIs through `pyarrow.fs`.

A place is a plain string, so it can be pickled, hashed and put into a manifest; the filesystem
behind it is found by its scheme, once a process. Files are written beside their name and moved
onto it when whole: a name that can be read is a file that is complete.
"""

import functools
import hashlib
import io
import os
import posixpath
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from tokenizer.errors import MalmoiError

ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 16_000_000
"""A row group ends with the row that fills either; how rows came in batches has no say."""

_OBJECT_STORES = ("s3://", "gs://", "gcs://")
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, order=True)
class FileInfo:
    """A file as its listing shows it; `mtime_ns` is 0 where the store keeps no time."""

    uri: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class FileStamp:
    """A whole file: its bytes, the SHA-256 of them in hex, and its rows where it has rows."""

    bytes: int
    sha256: str
    rows: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value is not None}


def join(base: str, *parts: str) -> str:
    """`base/part/part`; a part that is absolute or has a scheme replaces what stands before it."""
    for part in parts:
        base = part if "://" in part or part.startswith("/") else f"{base.rstrip('/')}/{part}"
    return base


def relative(uri: str, base: str) -> str:
    """`uri` as seen from the directory `base`; `uri` itself where it lies elsewhere."""
    return uri.removeprefix(base.rstrip("/") + "/")


def open_read(uri: str) -> pa.NativeFile:
    """The file's bytes as they are (not decompressed), seekable. FileNotFoundError, OSError."""
    fs, _, path = _resolve(uri)
    return fs.open_input_file(path)


def read_bytes(uri: str) -> bytes:
    with open_read(uri) as file:
        return file.read()


def sha256(uri: str) -> str:
    """SHA-256 of a file's bytes, in hex, read a megabyte at a time."""
    digest = hashlib.sha256()
    with open_read(uri) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def stamp(uri: str) -> FileStamp:
    """Size and SHA-256 of a file that is there."""
    return FileStamp(size(uri) or 0, sha256(uri))


def local_path(uri: str) -> Path:
    """The path of a local place, for code that needs one. MalmoiError for a remote place."""
    _, prefix, path = _resolve(uri)
    if prefix:
        raise MalmoiError(f"{uri}: this step writes to a local disk; give --out a local directory")
    return Path(path)


def size(uri: str) -> int | None:
    """Bytes of a file; None where there is no such file."""
    fs, _, path = _resolve(uri)
    info = fs.get_file_info(path)
    return info.size if info.is_file else None


def exists(uri: str) -> bool:
    """Whether there is a file or a directory of this name."""
    fs, _, path = _resolve(uri)
    return fs.get_file_info(path).type != pafs.FileType.NotFound


def list_files(uri: str, *, recursive: bool = True) -> list[FileInfo]:
    """The files below a directory, sorted by name; none where there is no such directory."""
    fs, prefix, path = _resolve(uri)
    selector = pafs.FileSelector(path, allow_not_found=True, recursive=recursive)
    found = [_info(prefix, info) for info in fs.get_file_info(selector) if info.is_file]
    return sorted(found)


def glob(pattern: str) -> list[FileInfo]:
    """The files a pattern names, sorted: `*`, `?` and `[..]` within a name, `**` over directories.

    Only what lies below the longest literal directory is listed. A wildcard at the start of a name
    matches no hidden file (`.name`).
    """
    if "://" not in pattern:
        pattern = str(Path(pattern).absolute())
    parts = pattern.split("/")
    first = next((at for at, part in enumerate(parts) if _WILDCARD.search(part)), None)
    if first is None:
        fs, prefix, path = _resolve(pattern)
        info = fs.get_file_info(path)
        return [_info(prefix, info)] if info.is_file else []
    wanted, directory = parts[first:], "/".join(parts[:first]) or "/"
    listed = list_files(directory, recursive=len(wanted) > 1 or wanted[0] == "**")
    return [info for info in listed if _matches(relative(info.uri, directory).split("/"), wanted)]


def delete(uri: str, *, missing_ok: bool = False) -> None:
    """Delete a file. FileNotFoundError unless `missing_ok`."""
    fs, _, path = _resolve(uri)
    try:
        fs.delete_file(path)
    except FileNotFoundError:
        if not missing_ok:
            raise


def delete_dir(uri: str) -> None:
    """Delete a directory and all in it, if it is there."""
    fs, _, path = _resolve(uri)
    if fs.get_file_info(path).type == pafs.FileType.Directory:
        fs.delete_dir(path)


def make_dirs(uri: str) -> None:
    """Make a directory and those above it; nothing to do in an object store, which has none."""
    fs, prefix, path = _resolve(uri)
    if path and prefix not in _OBJECT_STORES:
        fs.create_dir(path, recursive=True)


class HashedFile(io.RawIOBase):
    """A file being written; `sha256` and `size` are of what has been written so far."""

    def __init__(self, raw: Any):
        self._raw, self._digest, self.size = raw, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._raw.write(view)
        self._digest.update(view)
        self.size += len(view)
        return len(view)

    def tell(self) -> int:
        return self.size

    def close(self) -> None:
        if not self.closed:
            super().close()
            if isinstance(self._raw, io.BufferedWriter):
                self._raw.flush()
                os.fsync(self._raw.fileno())
            self._raw.close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def write_atomic(uri: str) -> Iterator[HashedFile]:
    """A binary file to write to, which takes its name when the block ends without an exception.

    Until then, and after an exception, nothing new stands under `uri`. What an earlier writer left
    there stays until the new file is whole (on HDFS, which does not rename onto a file, it is
    deleted just before).
    """
    fs, prefix, path = _resolve(uri)
    parent, name = posixpath.split(path)
    unfinished = posixpath.join(parent, f".{name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")
    make_dirs(prefix + parent)
    if prefix:
        file = HashedFile(fs.open_output_stream(unfinished, compression=None))
    else:
        file = HashedFile(Path(unfinished).open("wb"))  # noqa: SIM115
    try:
        yield file
        file.close()
        if prefix:
            if prefix.startswith("hdfs:"):
                delete(uri, missing_ok=True)
            fs.move(unfinished, path)
        else:
            Path(unfinished).replace(path)
            _sync_directory(parent or ".")
    except BaseException:
        file.close()
        delete(prefix + unfinished, missing_ok=True)
        raise


class ParquetSink:
    """A Parquet file written batch by batch, inside `with`; it is there once the block has ended.

    The file depends on the rows and the schema alone, not on how the rows were cut into batches.
    `stamp` describes it afterwards; after an exception there is no file. Holds one row group
    (about `ROW_GROUP_BYTES`) in memory.
    """

    stamp: FileStamp

    def __init__(self, uri: str, schema: pa.Schema):
        self.uri, self.schema = uri, schema.remove_metadata()
        self._held: list[pa.RecordBatch] = []
        self._held_rows = self._held_bytes = self._rows = 0

    def __enter__(self) -> "ParquetSink":
        self._context = write_atomic(self.uri)
        self._file = self._context.__enter__()
        self._writer = pq.ParquetWriter(
            self._file,
            self.schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            use_dictionary=True,
            write_statistics=False,  # of text they repeat the text, of hashes they say nothing
            write_page_index=False,
            store_schema=True,  # fixed-size lists and binaries come back as they went in
        )
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. MalmoiError where the batch has other columns or types than the file."""
        if not batch.schema.equals(self.schema):
            raise MalmoiError(
                f"{self.uri}: a batch is not of the file's schema; this is a defect of malmoi.\n"
                f"batch: {batch.schema}\nfile: {self.schema}"
            )
        weights = np.cumsum(_row_bytes(batch))
        start, before = 0, 0
        while start < batch.num_rows:
            # the first row with which the group is full, counted from what is held already
            by_bytes = int(np.searchsorted(weights, ROW_GROUP_BYTES - self._held_bytes + before))
            end = min(by_bytes + 1, start + ROW_GROUP_ROWS - self._held_rows)
            full = end <= batch.num_rows
            end = min(end, batch.num_rows)
            self._held.append(batch.slice(start, end - start))
            self._held_rows += end - start
            self._held_bytes += int(weights[end - 1]) - before
            start, before = end, int(weights[end - 1])
            if full:
                self._flush()

    def _flush(self) -> None:
        if self._held_rows:
            # One chunk a column: the writer also ends pages at the ends of chunks.
            table = pa.Table.from_batches(self._held, self.schema).combine_chunks()
            self._writer.write_table(table, row_group_size=self._held_rows)
            self._rows += self._held_rows
        self._held, self._held_rows, self._held_bytes = [], 0, 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._flush()
            self._writer.close()
        except BaseException as failure:
            if error is None:
                self._context.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._context.__exit__(kind, error, trace)
        self.stamp = FileStamp(self._file.size, self._file.sha256, self._rows)


def write_parquet(uri: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> FileStamp:
    """Write a whole Parquet file; equal rows give equal bytes, however they are batched."""
    with ParquetSink(uri, schema) as sink:
        for batch in batches:
            sink.write(batch)
    return sink.stamp


def _row_bytes(batch: pa.RecordBatch) -> np.ndarray:
    """int64 (rows,): about the bytes each row takes; depends on the row alone."""
    total = np.full(batch.num_rows, 8 * batch.num_columns, np.int64)
    for column in batch.columns:
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind):
            total += np.asarray(pc.fill_null(pc.binary_length(column), 0))
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            total += 8 * np.asarray(pc.fill_null(pc.list_value_length(column), 0))
        elif pa.types.is_fixed_size_binary(kind):
            total += kind.byte_width
        elif pa.types.is_fixed_size_list(kind):
            total += 8 * kind.list_size
    return total


def _info(prefix: str, info: pafs.FileInfo) -> FileInfo:
    return FileInfo(prefix + info.path, info.size, info.mtime_ns or 0)


def _resolve(uri: str) -> tuple[pafs.FileSystem, str, str]:
    """(filesystem, prefix, path in the filesystem) with prefix + path naming the same place."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return _filesystem("", ""), "", uri
    if scheme == "file":
        return _filesystem("", ""), "", rest
    root, slash, path = rest.partition("/")
    if scheme in ("hdfs", "viewfs"):
        return _filesystem(scheme, root), f"{scheme}://{root}", slash + path or "/"
    return _filesystem(scheme, root), f"{scheme}://", rest.strip("/")


@functools.cache
def _filesystem(scheme: str, root: str) -> pafs.FileSystem:
    """The filesystem of a scheme and its bucket or host; credentials come from the environment."""
    if not scheme:
        return pafs.LocalFileSystem()
    if scheme == "s3" and any(
        map(os.environ.get, ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"))
    ):
        return pafs.S3FileSystem()  # from_uri would ask AWS for the bucket's region
    try:
        return pafs.FileSystem.from_uri(f"{scheme}://{root}/")[0]
    except (pa.ArrowInvalid, OSError) as error:
        raise MalmoiError(
            f"{scheme}://{root}: cannot be opened ({error}); paths are local, gs://, s3:// or hdfs://"
        ) from error


def _sync_directory(path: str) -> None:
    """Make a rename in a local directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _matches(names: list[str], wanted: list[str]) -> bool:
    """Whether the parts of a path fit the parts of a pattern."""
    if not names or not wanted:
        return not names and not wanted
    hidden = names[0].startswith(".")
    if wanted[0] == "**":
        below = not hidden and (_matches(names[1:], wanted) or len(names) == len(wanted) == 1)
        return below or _matches(names, wanted[1:])
    if hidden and wanted[0][:1] in "*?[":
        return False
    return fnmatchcase(names[0], wanted[0]) and _matches(names[1:], wanted[1:])
