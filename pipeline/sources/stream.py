"""Bytes of a file, decompressed, up to the point where it is damaged."""

from collections.abc import Iterator

import pyarrow as pa

from pipeline import storage

CHUNK = 1 << 18
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


class ByteStream:
    """Reads a plain, gzip or zstd file, told by its first bytes, from start to end.

    Members and frames that follow each other are read as one stream. `fault` is None after a whole
    file, else `truncated_file` or `corrupt_file`; every byte before the damage has been given.

    Raises OSError where the file cannot be opened.
    """

    def __init__(self, uri: str):
        self.uri = uri
        self.fault: str | None = None
        self._position = 0
        self._stream = self._open()

    def chunks(self) -> Iterator[bytes]:
        """The bytes, at most `CHUNK` at a time."""
        with self:
            while True:
                try:
                    chunk = self._stream.read(CHUNK)
                except OSError:
                    yield from self._salvage()
                    if self.fault:
                        return
                    continue
                if not chunk:
                    return
                self._position += len(chunk)
                yield chunk

    def head(self, size: int) -> bytes:
        """The first `size` bytes, or all there are."""
        parts, wanted = [], size
        for chunk in self.chunks():
            parts.append(chunk[:wanted])
            wanted -= len(parts[-1])
            if wanted == 0:
                break
        return b"".join(parts)

    def __enter__(self) -> "ByteStream":
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def _open(self) -> pa.NativeFile:
        file = storage.open_read(self.uri)
        start = file.read(4)
        file.seek(0)
        for magic, codec in _MAGIC.items():
            if start.startswith(magic):
                return pa.CompressedInputStream(file, codec)
        return file

    def _salvage(self) -> Iterator[bytes]:
        """Read the failed stretch again, by bytes: a failed read gives nothing of what it has."""
        self._stream.close()
        self._stream = self._open()
        left = self._position
        while left:
            again = len(self._stream.read(min(CHUNK, left)))
            if not again:  # the file has shrunk under us
                self.fault = "corrupt_file"
                return
            left -= again
        saved = bytearray()
        try:
            while len(saved) < CHUNK and (byte := self._stream.read(1)):
                saved += byte
        except OSError as error:
            self.fault = "truncated_file" if "Truncated" in str(error) else "corrupt_file"
        self._position += len(saved)
        yield bytes(saved)
