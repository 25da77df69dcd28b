"""Bytes of a file, decompressed, up to the point where it is damaged."""

from collections.abc import Iterator

import pyarrow as pa

from pipeline import storage

CHUNK = 1 << 18
EXPANSION_FREE = 16_000_000
"""Bytes that any compressed file may give before its expansion is judged."""

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


class ByteStream:
    """Reads a plain, gzip or zstd file, told by its first bytes, from start to end.

    Members and frames that follow each other are read as one stream. `fault` is None after a whole
    file, else `truncated_file`, `corrupt_file` or `decompression_bomb`; every byte before the
    damage has been given. A bomb is a compressed file that has given more than `EXPANSION_FREE`
    bytes and more than `max_expansion` for each of its own that were read (64 KiB at a time).

    Raises OSError where the file cannot be opened.
    """

    def __init__(self, uri: str, max_expansion: int):
        self.uri = uri
        self.fault: str | None = None
        self._max_expansion = max_expansion
        self._position = 0
        self._stream = self._open()

    @property
    def is_compressed(self) -> bool:
        return self._stream is not self._file

    @property
    def consumed(self) -> int:
        """Bytes of the file itself that were read so far; of a compressed one 64 KiB at a time."""
        return self._file.tell()

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes, at most `CHUNK` at a time; of a plain file from byte `start` on."""
        with self:
            if start:
                self._position = self._stream.seek(start)
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
                if self._is_bomb():
                    self.fault = "decompression_bomb"
                    return
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
        self._file = storage.open_read(self.uri)
        start = self._file.read(4)
        self._file.seek(0)
        for magic, codec in _MAGIC.items():
            if start.startswith(magic):
                return pa.CompressedInputStream(self._file, codec)
        return self._file

    def _is_bomb(self) -> bool:
        if not self.is_compressed or self._position <= EXPANSION_FREE:
            return False
        return self._position > self._max_expansion * self._file.tell()

    def _salvage(self) -> Iterator[bytes]:
        """Read the failed stretch again, by bytes: a failed read gives nothing of what it has."""
        self._stream.close()
        compressed = self.is_compressed
        self._stream = self._open()
        if not compressed:  # a disk or a network that fails: nothing can be saved
            self.fault = "unreadable_file"
            return
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
