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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from tokenizer.errors import MalmoiError

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
            try:
                if isinstance(self._raw, io.BufferedWriter):
                    self._raw.flush()
                    os.fsync(self._raw.fileno())
            finally:
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
        with suppress(OSError):  # what could not be written may fail once more
            file.close()
        delete(prefix + unfinished, missing_ok=True)
        raise


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
