"""Files that take their name when they are whole, on a disk and in an object store."""

import errno
import hashlib
import io
import os
import posixpath
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from pipeline.filesystems import OBJECT_STORES, resolve

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the system does not say where
_ONE_REQUEST = 8 << 20  # bytes that an object store takes at once, under their name


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


class _Object:
    """What is being written to an object store; nothing reaches it before one request is full.

    Arrow's streams know no abort: closing one, on an error too, completes the upload under the
    name it was opened with. So a longer object is streamed to `unfinished` and moved (which the
    stores do by a copy); a shorter one is put under its name whole, in one request.
    """

    def __init__(self, fs: pafs.FileSystem, unfinished: str):
        self._fs, self._unfinished = fs, unfinished
        self._held = bytearray()
        self._stream: pa.NativeFile | None = None

    def write(self, data: memoryview) -> None:
        if self._stream is None:
            self._held += data
            if len(self._held) <= _ONE_REQUEST:
                return
            self._stream = self._fs.open_output_stream(self._unfinished, compression=None)
            data, self._held = memoryview(self._held), bytearray()
        self._stream.write(data)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def publish(self, path: str) -> None:
        if self._stream is not None:
            self._fs.move(self._unfinished, path)
            return
        with self._fs.open_output_stream(path, compression=None) as stream:
            stream.write(self._held)

    def discard(self) -> None:
        if self._stream is not None:
            _delete(self._fs, self._unfinished)


@contextmanager
def write_atomic(uri: str) -> Iterator[HashedFile]:
    """A binary file to write to, which takes its name when the block ends without an exception.

    Until then, and after an exception, nothing new stands under `uri`. What an earlier writer left
    there stays until the new file is whole (on HDFS, which does not rename onto a file, it is
    deleted just before). A writer that is killed leaves at most a hidden `.name.tmp-...` beside it.
    """
    fs, prefix, path = resolve(uri)
    parent, name = posixpath.split(path)
    unfinished = posixpath.join(parent, f".{name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")
    if prefix in OBJECT_STORES:
        with _put_whole(_Object(fs, unfinished), path) as file:
            yield file
        return
    if parent:
        fs.create_dir(parent, recursive=True)
    if prefix:
        file = HashedFile(fs.open_output_stream(unfinished, compression=None))
    else:
        file = HashedFile(Path(unfinished).open("wb"))  # noqa: SIM115
    try:
        yield file
        file.close()
        if prefix:
            if prefix.startswith("hdfs:"):
                _delete(fs, path)
            fs.move(unfinished, path)
        else:
            Path(unfinished).replace(path)
            _sync_directory(parent or ".")
    except BaseException as error:
        with suppress(OSError):  # what could not be written may fail once more
            file.close()
        _delete(fs, unfinished)
        if isinstance(error, OSError) and error.errno in _FULL and not error.filename:
            raise OSError(error.errno, f"{error.strerror}; make room and go on", uri) from error
        raise


@contextmanager
def _put_whole(target: _Object, path: str) -> Iterator[HashedFile]:
    file = HashedFile(target)
    try:
        yield file
        file.close()
        target.publish(path)
    except BaseException:
        with suppress(OSError):
            file.close()
        target.discard()
        raise


def _delete(fs: pafs.FileSystem, path: str) -> None:
    with suppress(FileNotFoundError):
        fs.delete_file(path)


def _sync_directory(path: str) -> None:
    """Make a rename in a local directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
