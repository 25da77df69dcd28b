"""Where in a column a personal value can stand: gates over the whole of it, windows around hits.

The gates (one numba pass for digits, RE2 for the rest) are loose and cheap; what judges is Python
that sees a window of a hit's surroundings. `Column` lays the texts one a line, so that a gate runs
once over all of them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import re2

from pipeline.kernels import pii_windows as kernel
from pipeline.pii import address, candidates, context, documents, emails, ip, name, plate
from pipeline.pii.fold import DASHES, DOTS, INVISIBLE, SPACES

DIGITS, SPELLED, LETTERED, EMAIL, IP, PLATE, ADDRESS, NAME = range(8)
_TOGETHER = {
    LETTERED: re2.compile(documents.GATE),
    EMAIL: re2.compile(emails.GATE),
    IP: re2.compile(ip.GATE),
    PLATE: re2.compile(plate.GATE),
    ADDRESS: re2.compile(address.GATE),
}
_ANY_OF_THEM = re2.compile("|".join(f"(?:{gate.pattern})" for gate in _TOGETHER.values()))
_REACH = 300  # bytes that a match reaches beyond one that hides it
_SPELLED_GATE = re2.compile(candidates.SPELLED_GATE)
_SPELLED_DIGIT = re.compile("|".join(candidates.SPELLED).encode())
_NAME_GATE = re2.compile(name.GATE)
_PLACES = (address, ip, plate, name)
BEFORE = max(context.READ_BEFORE + emails.MAX_LOCAL, *(place.BEFORE for place in _PLACES))
AFTER = max(emails.MAX_DOMAIN + 10, context.WINDOW_AFTER, *(place.AFTER for place in _PLACES))


def _classes() -> npt.NDArray[np.uint8]:
    """uint8[65536]: the class of a character for the kernel."""
    characters = [chr(code) for code in range(0x10000)]
    table = np.zeros(0x10000, np.uint8)
    for pattern, kind in (
        ("[-./_~·() （）．／＿～。｡" + DASHES + DOTS + SPACES + "]", kernel.BETWEEN),
        ("[,，]", kernel.COMMA),
        (f"[{INVISIBLE}]", kernel.INVISIBLE),
        ("[0-9０-９]", kernel.DIGIT),
    ):
        member = re.compile(pattern)
        table[[code for code, char in enumerate(characters) if member.match(char)]] = kind
    return table


CLASSES = _classes()


class Hit(NamedTuple):
    """A match of a gate: bytes `start` to `end` of its window."""

    gate: int
    start: int
    end: int


class Window(NamedTuple):
    """Bytes `start` to `end` of text `row`, and the hits inside, in order."""

    row: int
    start: int  # of the text, not of the column
    text: bytes
    hits: list[Hit]


class Column(NamedTuple):
    """`data`: the texts in UTF-8, each followed by a line's end; `starts` int64[n + 1]."""

    data: bytes
    starts: npt.NDArray[np.int64]

    @classmethod
    def of_texts(cls, texts: pa.Array) -> "Column":
        """The column of a string array; a null is empty."""
        large = texts.cast(pa.large_string())
        if large.null_count:
            large = large.fill_null("")
        n = len(large)
        joined = pc.binary_join(
            pa.ListArray.from_arrays(pa.array([0, n], pa.int32()), large),
            pa.scalar("\n", pa.large_string()),
        )
        starts = np.zeros(n + 1, np.int64)
        np.cumsum(pc.binary_length(large).to_numpy(zero_copy_only=False) + 1, out=starts[1:])
        return cls(joined[0].as_buffer().to_pybytes() if n else b"", starts)

    @classmethod
    def of_encoded(cls, texts: list[bytes]) -> "Column":
        """The column of texts in UTF-8; lone surrogates may be in them."""
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
        return cls(b"\n".join(texts), starts)

    @classmethod
    def of_text(cls, text: bytes) -> "Column":
        """The column of one text."""
        return cls(text, np.array([0, len(text) + 1], np.int64))

    def text(self, row: int) -> bytes:
        """The bytes of one text."""
        return self.data[self.starts[row] : self.starts[row + 1] - 1]


def find_windows(column: Column, with_names: bool, whole: bool = False) -> Iterator[Window]:
    """The windows of a column with a hit, in order; `whole` makes each text one window."""
    data = np.frombuffer(column.data, np.uint8)
    hits = _hits(column.data, data, with_names)
    if not len(hits):
        return
    rows = np.searchsorted(column.starts, hits[:, 0], "right") - 1
    # A gate may begin with the line's end before its text.
    late = (hits[:, 0] == column.starts[rows + 1] - 1) & (hits[:, 1] > column.starts[rows + 1])
    rows += late
    limits = np.stack([column.starts[rows], column.starts[rows + 1] - 1], axis=1)
    spans = np.clip(hits[:, :2], limits[:, :1], limits[:, 1:])
    reach = len(column.data) if whole else 0
    places = kernel.widen(data, spans, limits, BEFORE + reach, AFTER + reach, CLASSES)
    firsts = np.flatnonzero(np.diff(places[:, 2], prepend=-1))
    lasts = np.append(firsts[1:], len(places))
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        start, end = int(places[first, 0]), int(places[last - 1, 1])
        row = int(rows[first])
        inside = [
            Hit(gate, hit_start - start, hit_end - start)
            for gate, (hit_start, hit_end) in zip(
                hits[first:last, 2].tolist(), spans[first:last].tolist(), strict=True
            )
        ]
        yield Window(row, start - int(column.starts[row]), column.data[start:end], inside)


def _hits(text: bytes, data: npt.NDArray[np.uint8], with_names: bool) -> npt.NDArray[np.int64]:
    """int64[k, 3]: (first byte, byte behind, gate), in order."""
    spans = list(_in_one_pass(text))
    # The gate for spelled digits cannot ask for a spelled one among them.
    spans += [
        (*match.span(), SPELLED)
        for match in _SPELLED_GATE.finditer(text)
        if _SPELLED_DIGIT.search(match[0])
    ]
    if with_names:
        spans += [(*match.span(), NAME) for match in _NAME_GATE.finditer(text)]
    found = [np.insert(kernel.digit_runs(data, CLASSES), 2, DIGITS, axis=1)]
    if spans:
        found.append(np.array(spans, np.int64))
    hits = np.concatenate(found)
    return hits[np.lexsort((hits[:, 2], hits[:, 0]))]


def _in_one_pass(text: bytes) -> Iterator[tuple[int, int, int]]:
    """The matches of five gates: one pass for all, then each where any of them matches.

    Five passes would cost five times as much, for matches are few.
    """
    for place in _ANY_OF_THEM.finditer(text):
        start, end = place.span()
        for gate, pattern in _TOGETHER.items():
            for match in pattern.finditer(text, start, end + _REACH):
                if match.start() >= end:
                    break
                yield *match.span(), gate
