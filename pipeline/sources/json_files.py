"""JSON files that hold many documents in one value, such as a list, however large.

Only one document is held at a time: a kernel finds where values end, and the ones that the source's
`records` path does not lead to are passed over unread.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
import orjson

from pipeline.settings import Clean, Source
from pipeline.sources.fields import ITEMS, steps
from pipeline.sources.json_values import (
    BACKSLASH,
    BRACE,
    BRACKET,
    COLON,
    COMMA,
    END_BRACE,
    END_BRACKET,
    QUOTE,
    Bytes,
)
from pipeline.sources.jsonl import json_record
from pipeline.sources.lines import HEAD_BYTES, LineReader
from pipeline.sources.records import Block, Failed, Raw, blocks, excerpt, too_large
from pipeline.sources.units import Split

_BLANKS = b" \t\r\n"
_MAX_KEY = 1 << 16
_DEPTH, _IN_STRING, _ESCAPED, _DONE = range(4)


class _Value(NamedTuple):
    data: bytes  # of one above the limit some of its head
    length: int


class NotJson(Exception):
    """What stands where a value, a comma or a key should: its first bytes."""


def read_json(
    uri: str, place: str, split: Split | None, source: Source, clean: Clean
) -> Iterator[Block]:
    """The documents of a file, which are the values at `source.records`, numbered from 1.

    Several JSON values may follow each other in a file. A document that is no JSON costs no other;
    where the values around documents are none, the file ends with one `bad_json`. Raises OSError
    where the file cannot be opened.
    """
    yield from blocks(_documents(uri, place, source, clean))


def _documents(uri: str, place: str, source: Source, clean: Clean) -> Iterator[Raw | Failed]:
    reader = LineReader(uri, place, None, source, clean)
    scanner = Scanner(reader.chunks())
    number, is_empty = 0, True
    try:
        while scanner.peek() >= 0:
            is_empty = False
            for value in walk(scanner, steps(source.records), reader.limit):
                number += 1
                where = f"{place}:{number}"
                if value.length > len(value.data):
                    limit = clean.max_document_bytes
                    yield too_large(where, value.data, value.length, limit)
                elif record := json_record(value.data, where, source, reader.encoding, clean):
                    yield record
    except NotJson as error:
        if not reader.fault:
            yield Failed("bad_json", f"{place}:{number + 1}", excerpt(error.args[0]))
    else:
        if not (number or is_empty or reader.fault):
            yield Failed("bad_record", place, f"nothing at records '{source.records}'")
    if reader.fault:
        yield Failed(reader.fault, f"{place}:{number + 1}", "")


def walk(scanner: "Scanner", path: tuple[str, ...], limit: int) -> Iterator[_Value]:
    """The values that a path leads to in the value that stands next, which is passed."""
    if not path:
        yield scanner.take(limit)
        return
    step, rest, opening = path[0], path[1:], scanner.peek()
    if step == ITEMS and opening == BRACKET:
        for _ in scanner.items(BRACKET, END_BRACKET):
            yield from walk(scanner, rest, limit)
    elif step == ITEMS and opening == BRACE:  # one thing where other files have a list of them
        yield from walk(scanner, rest, limit)
    elif opening == BRACE:
        for _ in scanner.items(BRACE, END_BRACE):
            if scanner.key() == step:
                yield from walk(scanner, rest, limit)
            else:
                scanner.take(0)
    else:
        scanner.take(0)


class Scanner:
    """A JSON text, passed over a chunk at a time."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._data = b""
        self._at = 0

    def peek(self) -> int:
        """The next byte that is not blank, -1 at the end."""
        while True:
            while self._at < len(self._data):
                if self._data[self._at] not in _BLANKS:
                    return self._data[self._at]
                self._at += 1
            if not self._more():
                return -1

    def items(self, opening: int, closing: int) -> Iterator[None]:
        """Pass a list or an object but for its items, of which one stands next at each turn."""
        self._pass(opening)
        if self.peek() != closing:
            while True:
                yield
                if self.peek() == closing:
                    break
                self._pass(COMMA)
        self._pass(closing)

    def key(self) -> str | None:
        """Pass the key and the colon that stand next; None for a key that is no string."""
        data = self.take(_MAX_KEY).data
        self._pass(COLON)
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return None

    def _pass(self, byte: int) -> None:
        if self.peek() != byte:
            raise NotJson(self._shown())
        self._at += 1

    def take(self, limit: int) -> _Value:
        """Pass the value that stands next; it is held where it has at most `limit` bytes."""
        self.peek()
        state = np.zeros(4, np.int64)
        held, length = bytearray(), 0
        while not state[_DONE]:
            if self._at == len(self._data) and not self._more():
                raise NotJson(bytes(held[:HEAD_BYTES]))
            end = _end_of_value(np.frombuffer(self._data, np.uint8), self._at, state)
            if length <= limit:
                held += self._data[self._at : end]
            length += end - self._at
            self._at = end
            if length > limit:
                del held[min(HEAD_BYTES, limit) :]
        if not length:
            raise NotJson(self._shown())
        return _Value(bytes(held), length)

    def _more(self) -> bool:
        for chunk in self._chunks:
            if chunk:
                self._data, self._at = chunk, 0
                return True
        return False

    def _shown(self) -> bytes:
        return self._data[self._at : self._at + HEAD_BYTES]


@nb.njit(cache=True, nogil=True)
def _end_of_value(data: Bytes, at: int, state: npt.NDArray[np.int64]) -> int:
    """The place behind the value that goes on at `at`, or the end of the data if it does not end.

    Only strings and brackets are looked at. `state` goes from one piece of a value to the next.
    """
    depth, in_string, escaped = state[_DEPTH], state[_IN_STRING], state[_ESCAPED]
    done, place = 0, len(data)
    for i in range(at, len(data)):
        byte = data[i]
        if escaped:
            escaped = 0
        elif in_string:
            if byte == BACKSLASH:
                escaped = 1
            elif byte == QUOTE:
                in_string = 0
                if depth == 0:
                    done, place = 1, i + 1
                    break
        elif byte == QUOTE:
            in_string = 1
        elif byte in (BRACE, BRACKET):
            depth += 1
        elif byte in (END_BRACE, END_BRACKET):
            if depth <= 1:
                done, place = 1, i + depth  # a bare value ends before the bracket around it
                break
            depth -= 1
        elif depth == 0 and (byte in (COMMA, COLON) or byte <= 0x20):
            done, place = 1, i
            break
    state[_DEPTH], state[_IN_STRING], state[_ESCAPED] = depth, in_string, escaped
    state[_DONE] = done
    return place
