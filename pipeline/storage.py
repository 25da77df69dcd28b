"""Files by name: local paths and gs://, s3://, hdfs:// URIs through `pyarrow.fs`.

A place is a plain string, so it can be pickled, hashed and put into a manifest; the filesystem
behind it is found by its scheme, once a process. Files take their name when whole: a name that can
be read is a file that is complete.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.fs as pafs

from pipeline.atomic import HashedFile as HashedFile
from pipeline.atomic import write_atomic as write_atomic
from pipeline.filesystems import OBJECT_STORES, resolve
from tokenizer.errors import MalmoiError

_WILDCARD = re.compile(r"[*?\[]")
_FEW = 8  # files of a directory that are asked for by name; of more the directory is listed
_AT_ONCE = 32  # requests to a remote store

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    fs, _, path = resolve(uri)
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
    _, prefix, path = resolve(uri)
    if prefix:
        raise MalmoiError(f"{uri}: this step writes to a local disk; give --out a local directory")
    return Path(path)


def size(uri: str) -> int | None:
    """Bytes of a file; None where there is no such file."""
    fs, _, path = resolve(uri)
    info = fs.get_file_info(path)
    return info.size if info.is_file else None


def sizes(uris: Iterable[str]) -> dict[str, int]:
    """Bytes of each file that is there, by its name as given.

    Many files of one directory cost a listing, in which a request names a thousand of them.
    """
    by_directory: dict[str, list[str]] = defaultdict(list)
    for uri in uris:
        by_directory[uri.rpartition("/")[0]].append(uri)
    found: dict[str, int | None] = {}
    for directory, wanted in by_directory.items():
        if len(wanted) <= _FEW:
            found |= {uri: size(uri) for uri in wanted}
            continue
        listed = list_files(directory, recursive=False)
        by_name = {info.uri.rpartition("/")[2]: info.size for info in listed}
        found |= {uri: by_name.get(uri.rpartition("/")[2]) for uri in wanted}
    return {uri: n_bytes for uri, n_bytes in found.items() if n_bytes is not None}


def each(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`function` of every item, in order; many at once, for functions that wait for a store."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(function, items))


def exists(uri: str) -> bool:
    """Whether there is a file or a directory of this name."""
    fs, _, path = resolve(uri)
    return fs.get_file_info(path).type != pafs.FileType.NotFound


def list_files(uri: str, *, recursive: bool = True) -> list[FileInfo]:
    """The files below a directory, sorted by name; none where there is no such directory."""
    fs, prefix, path = resolve(uri)
    selector = pafs.FileSelector(path, allow_not_found=True, recursive=recursive)
    found = [_info(prefix, info) for info in fs.get_file_info(selector) if info.is_file]
    return sorted(found)


def glob(pattern: str) -> list[FileInfo]:
    """The files a pattern names, sorted: `*`, `?` and `[..]` within a name, `**` over directories.

    Only what lies below the longest literal directory is listed. A wildcard at the start of a name
    matches no hidden file (`.name`).
    """
    pattern = pattern.removeprefix("file://")
    if "://" not in pattern:
        pattern = str(Path(pattern).absolute())
    parts = pattern.split("/")
    first = next((at for at, part in enumerate(parts) if _WILDCARD.search(part)), None)
    if first is None:
        fs, prefix, path = resolve(pattern)
        info = fs.get_file_info(path)
        return [_info(prefix, info)] if info.is_file else []
    wanted, directory = parts[first:], "/".join(parts[:first]) or "/"
    listed = list_files(directory, recursive=len(wanted) > 1 or wanted[0] == "**")
    return [info for info in listed if _matches(relative(info.uri, directory).split("/"), wanted)]


def delete(uri: str, *, missing_ok: bool = False) -> None:
    """Delete a file. FileNotFoundError unless `missing_ok`."""
    fs, _, path = resolve(uri)
    try:
        fs.delete_file(path)
    except FileNotFoundError:
        if not missing_ok:
            raise


def delete_dir(uri: str) -> None:
    """Delete a directory and all in it, if it is there."""
    fs, _, path = resolve(uri)
    if fs.get_file_info(path).type == pafs.FileType.Directory:
        fs.delete_dir(path)


def make_dirs(uri: str) -> None:
    """Make a directory and those above it; nothing to do in an object store, which has none."""
    fs, prefix, path = resolve(uri)
    if path and prefix not in OBJECT_STORES:
        fs.create_dir(path, recursive=True)


def _info(prefix: str, info: pafs.FileInfo) -> FileInfo:
    return FileInfo(prefix + info.path, info.size, info.mtime_ns or 0)


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
