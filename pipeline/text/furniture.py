"""Lines of page furniture taken out of text in normal form: bylines, copyright, buttons, counters.

A line goes where it consists of furniture only; at the head or tail of a line of prose only what
certainly is none of it. Lines of single buttons go only beside other furniture.
"""

import itertools
from collections import Counter
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.line_gates import HEAD_BYTES, TAIL_BYTES, find_lines, pair_table
from pipeline.kernels.utf8 import buffers
from pipeline.text.edits import Edit
from pipeline.text.lines_furniture import (
    HEAD_GUARD,
    HEADS,
    STARTS,
    TAIL_GUARD,
    TAILS,
    TERMS,
    whole_line,
)
from pipeline.text.lines_gate import MAY_HOLD

FURNITURE_RULES: dict[str, str] = {
    "byline": "who wrote or filmed it, with place, agency and address",
    "dateline": "when the page was entered and changed",
    "copyright": "whose it is and what is forbidden",
    "photo": "where a picture comes from",
    "share": "buttons for sharing, printing and the size of letters",
    "subscribe": "buttons of approval and subscription, and the plea for them",
    "comment": "the box for comments",
    "views": "how often it was seen, liked, commented on",
    "related": "headings of lists of other articles",
    "navigation": "ways to the page before, after and above",
}
"""Edit rule to meaning."""

_STARTS, _PAIRS = pair_table(STARTS), pair_table(TERMS)
_MARKS = np.zeros(128, np.uint8)
_MARKS[list(b"=])>@B")] = 1
_HEAD, _TAIL = HEAD_BYTES // 3, TAIL_BYTES // 3  # characters
_LINE_FEED = 10
_MIN_WEAK = 3
"""Lines of single buttons, each another, that are furniture together."""
_FIRST_FOUND = 1 << 16


class _Line(NamedTuple):
    """A line that is furniture as a whole; bytes of its text."""

    rule: str
    weight: int
    start: int
    end: int
    content: bytes


class _Cut(NamedTuple):
    rule: str
    start: int  # bytes
    end: int


def strip_furniture(texts: pa.StringArray) -> tuple[pa.StringArray, Counter[str]]:
    """(`texts` without page furniture, edits by rule); nulls stay null.

    `texts` is a string or large_string array (else TypeError) in normal form, and stays in it. What
    `explain_furniture` says of a text is what happens to it. A text that is furniture alone stays.
    """
    offsets, data = buffers(texts)
    counts: Counter[str] = Counter()
    changed: dict[int, bytes] = {}
    raw = data.data
    found = (line for line in _candidates(data, offsets).tolist() if _may_hold(raw, line))
    for row, lines in itertools.groupby(found, key=itemgetter(0)):
        start = int(offsets[row])
        text = raw[start : offsets[row + 1]].tobytes()
        cuts = _cuts(text, [(first - start, end - start) for _, first, end in lines])
        if cuts:
            counts.update(cut.rule for cut in cuts)
            changed[row] = _without(text, cuts)
    if not changed:
        return texts, counts
    hit = np.zeros(len(texts), np.bool_)
    hit[list(changed)] = True
    values = pa.array([text.decode() for text in changed.values()], texts.type)
    return pc.replace_with_mask(texts, hit, values), counts


def explain_furniture(text: str) -> list[Edit]:
    """The edits that `strip_furniture` makes in `text`, in order, without overlap."""
    raw = text.encode()
    offsets = np.array([0, len(raw)])
    lines = _candidates(np.frombuffer(raw, np.uint8), offsets)
    view = memoryview(raw)
    edits = []
    at = characters = 0
    places = [(line[1], line[2]) for line in lines.tolist() if _may_hold(view, line)]
    for rule, start, end in _cuts(raw, places):
        characters += len(raw[at:start].decode())
        width = len(raw[start:end].decode())
        edits.append(Edit(rule, characters, characters + width, ""))
        at, characters = end, characters + width
    return edits


def _may_hold(raw: memoryview, line: list[int]) -> bool:
    _, start, end = line
    return MAY_HOLD.search(raw[start:end].tobytes()) is not None


def _candidates(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """int64[m, 3]: (row, start, end) of every line to be asked, in order; bytes of `data`."""
    lines = np.empty((_FIRST_FOUND, 3), np.int64)
    n = find_lines(data, offsets, _MARKS, _STARTS, _PAIRS, lines)
    if n > len(lines):
        lines = np.empty((n, 3), np.int64)
        find_lines(data, offsets, _MARKS, _STARTS, _PAIRS, lines)
    return lines[:n]


def _cuts(text: bytes, places: list[tuple[int, int]]) -> list[_Cut]:
    """What is cut from a text whose lines at `places` are to be asked."""
    cuts: list[_Cut] = []
    whole: list[_Line] = []
    for start, end in places:
        if end - start <= HEAD_BYTES:
            line = text[start:end].decode()
            found = whole_line(line.strip())
            if found is not None:
                whole.append(_Line(*found, start, end, text[start:end].strip()))
            else:
                cuts += _ends(line, line, start, end)
        else:
            head = text[start : start + HEAD_BYTES].decode(errors="ignore")
            tail = text[end - TAIL_BYTES : end].decode(errors="ignore")
            cuts += _ends(head, tail, start, end)
    first, last = len(text) - len(text.lstrip(b" \n")), len(text.rstrip(b" \n"))
    for cluster in _clusters(text, whole):
        at_an_end = cluster[0].start <= first or cluster[-1].end >= last
        if _is_furniture(cluster, at_an_end):
            cuts += _line_cuts(text, cluster)
    cuts.sort(key=lambda cut: cut.start)
    return cuts if _is_something_left(text, cuts) else []


def _ends(head: str, tail: str, start: int, end: int) -> list[_Cut]:
    """Furniture at the head and the tail of a line of prose."""
    cuts = []
    at, length = 0, min(len(head), _HEAD)
    while HEAD_GUARD.match(head, at) and (found := HEADS.match(head, at, length)) is not None:
        at = found.end()
    if at:
        cuts.append(_Cut("byline", start, start + len(head[:at].encode())))
    floor = max(at, len(tail) - _TAIL) if head is tail else 0
    stop = len(tail)
    rest: tuple[str, int] | None = ("", stop) if TAIL_GUARD.search(tail, floor) else None
    while rest is not None:
        rest = next(
            (
                (rule, found.start())
                for rule, guard, pattern in TAILS
                if guard.search(tail, floor, stop)
                and (found := pattern.search(tail, floor, stop))
                and found.start() > floor
            ),
            None,
        )
        if rest is not None:
            rule, cut = rest
            length = len(tail[cut:].encode())
            cuts.append(_Cut(rule, end - length, end - len(tail[stop:].encode())))
            stop = cut
    return cuts


def _clusters(text: bytes, lines: list[_Line]) -> list[list[_Line]]:
    """Lines with nothing but blank lines between them."""
    clusters: list[list[_Line]] = []
    for line in lines:
        if clusters and not text[clusters[-1][-1].end : line.start].strip(b"\n"):
            clusters[-1].append(line)
        else:
            clusters.append([line])
    return clusters


def _is_furniture(cluster: list[_Line], at_an_end: bool) -> bool:
    """Whether lines that stand together are cut; a name alone only at the text's start or end."""
    if any(line.weight == 2 or (at_an_end and _is_name(line)) for line in cluster):
        return True
    return len({line.content for line in cluster if line.weight == 1}) >= _MIN_WEAK


def _is_name(line: _Line) -> bool:
    return line.rule == "byline" and line.weight == 1


def _line_cuts(text: bytes, cluster: list[_Line]) -> list[_Cut]:
    """Cuts of whole lines that leave one blank line where there was one on a side, else none."""
    after = _next_line(text, cluster[-1].end)
    starts = [line.start for line in cluster]
    if after == len(text):  # at the end the break before goes too
        while starts[0] and text[starts[0] - 1] == _LINE_FEED:
            starts[0] -= 1
    elif starts[0] and text[max(starts[0] - 2, 0) : starts[0]] != b"\n\n":
        after = cluster[-1].end + 1
    ends = [*starts[1:], after]
    return [
        _Cut(line.rule, start, end) for line, start, end in zip(cluster, starts, ends, strict=True)
    ]


def _next_line(text: bytes, at: int) -> int:
    """Where the next line that is not empty starts, or the text ends; `at` ends a line."""
    while at < len(text) and text[at] == _LINE_FEED:
        at += 1
    return at


def _without(text: bytes, cuts: list[_Cut]) -> bytes:
    pieces, at = [], 0
    for _, start, end in cuts:
        pieces.append(text[at:start])
        at = end
    return b"".join([*pieces, text[at:]])


def _is_something_left(text: bytes, cuts: list[_Cut]) -> bool:
    at = 0
    for _, start, end in cuts:
        if text[at:start].strip():
            return True
        at = end
    return bool(text[at:].strip())
