"""Personal numbers and addresses in a text: gates, validators, then the words around."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import NamedTuple

import pyarrow as pa

from pipeline.pii import address, ip, name, plate
from pipeline.pii import windows as gates
from pipeline.pii.accounts import find_accounts, find_apart
from pipeline.pii.address import find_addresses
from pipeline.pii.candidates import only_digits
from pipeline.pii.documents import (
    Found,
    find_businesses,
    find_cards,
    find_lettered,
    find_licences,
    find_registrations,
)
from pipeline.pii.emails import find_emails
from pipeline.pii.fold import fold
from pipeline.pii.ip import find_ips
from pipeline.pii.name import find_names
from pipeline.pii.plate import find_plates
from pipeline.pii.spelled import find_spelled
from pipeline.pii.telephones import find_telephones
from pipeline.pii.windows import Column, Window, find_windows
from tokenizer.errors import RecipeError
from tokenizer.special import ALL_PII_KINDS, PII_KINDS

# The strongest evidence first: what is taken is not offered to the next kind.
_STRENGTH = {
    kind: rank
    for rank, kind in enumerate(
        [
            *("card", "rrn", "frn", "brn", "driver", "customs", "passport"),
            *("tel", "acc", "email", "ip", "plate", "address", "name"),
        ]
    )
}
_NUMBERS = (  # with the digits that the shortest has
    (14, find_cards),
    (13, find_registrations),
    (10, find_businesses),
    (10, find_licences),
    (9, find_telephones),
    (10, find_accounts),
    (10, find_apart),
)
_PLACES = {
    gates.IP: ("ip", find_ips, ip.BEFORE, ip.AFTER),
    gates.PLATE: ("plate", find_plates, plate.BEFORE, plate.AFTER),
    gates.ADDRESS: ("address", find_addresses, address.BEFORE, address.AFTER),
    gates.NAME: ("name", find_names, name.BEFORE, name.AFTER),
}


class Span(NamedTuple):
    start: int  # code points, of the text as given
    end: int
    kind: str


def detect(text: str, kinds: Collection[str] = PII_KINDS) -> list[Span]:
    """The values of `kinds` in `text`, in order and without overlap, each the value alone.

    Raises RecipeError for a kind that has no detector. Lone surrogates are characters like others.
    """
    data = text.encode("utf-8", "surrogatepass")
    spans = [span for _, found in byte_spans(Column.of_text(data), kinds) for span in found]
    return code_point_spans(data, spans)


def contains(text: str, kinds: Collection[str] = PII_KINDS) -> bool:
    """Whether `text` holds a value of one of `kinds`."""
    return bool(detect(text, kinds))


def spans_batch(
    texts: pa.StringArray, kinds: Collection[str] = PII_KINDS
) -> tuple[list[int], list[list[Span]]]:
    """(rows with a value, ascending; the spans of each, as `detect` gives them)."""
    column = Column.of_texts(texts)
    found = list(byte_spans(column, kinds))
    return (
        [row for row, _ in found],
        [code_point_spans(column.text(row), spans) for row, spans in found],
    )


def byte_spans(
    column: Column, kinds: Collection[str] = PII_KINDS, whole: bool = False
) -> Iterator[tuple[int, list[Span]]]:
    """(row, spans in bytes of its text) of every text with a value of `kinds`, in order.

    `whole` judges every value by its whole text in place of a window; the result is the same.
    """
    unknown = sorted(set(kinds) - set(ALL_PII_KINDS))
    if unknown:
        raise RecipeError(
            f"PII kind {unknown[0]!r} has no detector; there are {', '.join(ALL_PII_KINDS)}"
        )
    row = -1
    spans: list[Span] = []
    for window in find_windows(column, "name" in kinds, whole):
        found = [span for span in judge(window) if span.kind in kinds]
        if window.row != row:
            if spans:
                yield row, spans
            row, spans = window.row, []
        spans += found
    if spans:
        yield row, spans


def code_point_spans(data: bytes, spans: list[Span]) -> list[Span]:
    """Spans in bytes of UTF-8 `data`, in order, as spans in code points."""
    out, at, points = [], 0, 0
    for span in spans:
        points += _length(data[at : span.start])
        start = points
        points += _length(data[span.start : span.end])
        at = span.end
        out.append(Span(start, points, span.kind))
    return out


def _length(data: bytes) -> int:
    return len(data.decode("utf-8", "surrogatepass"))


def judge(window: Window) -> list[Span]:
    """The values in a window: spans in bytes of the text, in order and without overlap."""
    original = window.text.decode("utf-8", "surrogatepass")
    folded = fold(original)
    cores = [(gate, start, end) for gate, start, end in window.hits]
    if len(original) < len(window.text):
        place = _Counter(window.text).code_points
        cores = [(gate, place(start), place(end)) for gate, start, end in cores]
    if folded.points:
        cores = [(gate, folded.folded(start), folded.folded(end)) for gate, start, end in cores]
    taken: list[Span] = []
    for start, end, kind in sorted(
        _values(folded.text, cores), key=lambda value: _STRENGTH[value[2]]
    ):
        span = Span(*folded.original(start, end), kind)
        at = bisect_left(taken, span)
        free = at == 0 or taken[at - 1].end <= span.start
        if free and (at == len(taken) or span.end <= taken[at].start):
            taken.insert(at, span)
    if len(original) == len(window.text):
        return [Span(s.start + window.start, s.end + window.start, s.kind) for s in taken]
    out, at, size = [], 0, window.start
    for span in taken:
        size += len(original[at : span.start].encode("utf-8", "surrogatepass"))
        at = span.start
        end = size + len(original[at : span.end].encode("utf-8", "surrogatepass"))
        out.append(Span(size, end, span.kind))
    return out


class _Counter:
    """Code points before places in UTF-8 that come one behind the other, or nearly so."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = self._points = 0

    def code_points(self, at: int) -> int:
        step = _length(self._data[self._at : at]) if at >= self._at else 0
        if at < self._at:
            step = -_length(self._data[at : self._at])
        self._at, self._points = at, self._points + step
        return self._points


def _values(text: str, cores: list[tuple[int, int, int]]) -> Found:
    """Everything that a detector finds at the hits of a window of folded text."""
    for gate, start, end in cores:
        if gate == gates.DIGITS:
            digits = len(only_digits(text[start:end]))
            for least, find in _NUMBERS:
                if digits >= least:
                    yield from find(text, start, end)
        elif gate == gates.SPELLED:
            yield from find_spelled(text, start, end)
        elif gate == gates.LETTERED:
            yield from find_lettered(text, start, end)
        elif gate == gates.EMAIL:
            yield from find_emails(text, start, end)
    for gate, (kind, find_places, before, after) in _PLACES.items():
        places = [(start, end) for other, start, end in cores if other == gate]
        for start, end, inside in _merged(places, before, after):
            spans = find_places(text[start:end])
            yield from _touching([(a + start, b + start) for a, b in spans], inside, kind)


def _touching(spans: list[tuple[int, int]], hits: list[tuple[int, int]], kind: str) -> Found:
    """Those spans that overlap a hit; others may be torn by the window's edge."""
    i = 0
    for start, end in spans:
        while i < len(hits) and hits[i][1] <= start:
            i += 1
        if i < len(hits) and hits[i][0] < end:
            yield start, end, kind


def _merged(
    places: list[tuple[int, int]], before: int, after: int
) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """(start, end, hits inside) of the surroundings of hits, overlapping ones as one."""
    inside: list[tuple[int, int]] = []
    for place in places:
        if inside and place[0] - before > inside[-1][1] + after:
            yield max(0, inside[0][0] - before), inside[-1][1] + after, inside
            inside = []
        inside.append(place)
    if inside:
        yield max(0, inside[0][0] - before), inside[-1][1] + after, inside
