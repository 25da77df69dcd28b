"""What is left of HTML and Markdown in half-clean text, taken out; code is left alone.

Before the normal form: entities are still escaped, so `&lt;b&gt;` is text here.
"""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.kernels.line_gates import mark_markup
from pipeline.kernels.markup_cuts import AFTER, RULES, drop_overlapping, without
from pipeline.kernels.markup_decode import make_scratch
from pipeline.kernels.markup_scan import scan_rows
from pipeline.kernels.utf8 import buffers
from pipeline.text import lines_markdown as markdown
from pipeline.text.edits import Edit
from pipeline.text.lines_scan import Place, Scan
from pipeline.text.lines_tables import TABLES

REMNANT_RULES: dict[str, str] = {
    "front_matter": "YAML between two --- at the very start",
    "comment": "an HTML comment",
    "script": "a script or style element with what it holds",
    "tag": "an HTML tag; that of a block leaves a line break",
    "image": "an image's marks and address, its text kept",
    "link": "a link's brackets and target, its text kept",
    "definition": "a line that defines a link's target",
    "table": "the rule below a table's head, and the bars at the ends of its rows",
    "rule": "a line of dashes, stars, underscores or equals signs",
    "heading": "the number signs of a heading",
    "emphasis": "two stars or underscores on both sides of words",
    "directive": "a line for the site's generator: :::, {% %}, {: }, and the mark of an alert",
}
"""Edit rule to meaning."""

_MARKS = np.zeros(256, np.uint8)
_MARKS[list(b"\n<]*_{#")] = 1
_LONGEST = 1 << 24
"""Bytes of a text; longer ones are scanned in Python, which needs less memory."""
_FIRST_FOUND = 1 << 16

Places = npt.NDArray[np.int64]


def strip_remnants(texts: pa.StringArray) -> tuple[pa.StringArray, Counter[str]]:
    """(`texts` without what is left of HTML and Markdown, edits by rule); nulls stay null.

    `texts` is a string or large_string array (else TypeError). What `explain_remnants` says of a
    text is what happens to it. Blank lines and spaces are left to the normal form.
    """
    offsets, data = buffers(texts)
    marked = np.zeros(len(texts), np.bool_)
    mark_markup(data, offsets, _MARKS, marked)
    rows = np.flatnonzero(marked)
    if not len(rows):
        return texts, Counter()
    cuts = _find(data, offsets, rows)
    order = np.argsort(cuts[:, 0], kind="stable")
    by_rule = np.zeros(len(RULES), np.int64)
    order = order[: drop_overlapping(cuts, order, by_rule)]
    counts = Counter({rule: n for rule, n in zip(RULES, by_rule.tolist(), strict=True) if n})
    if not len(order):
        return texts, counts
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    ends = np.empty(len(offsets), np.int64)
    without(data, offsets, cuts, order, out, ends)
    return _column(texts, out, ends), counts


def _find(data: npt.NDArray[np.uint8], offsets: Places, rows: Places) -> Places:
    """int64[m, 4]: what the scan finds in texts `rows`; see `markup_scan.scan_rows`."""
    sizes = offsets[rows + 1] - offsets[rows]
    scratch = make_scratch(int(min(sizes.max(), _LONGEST)))
    left = np.zeros(len(rows), np.bool_)
    parts, room, done = [], _FIRST_FOUND, 0
    while done < len(rows):
        cuts = np.empty((room, 4), np.int64)
        count, stopped = scan_rows(data, offsets, rows, done, TABLES, scratch, cuts, left)
        parts.append(cuts[:count])
        room = room if count else 2 * room
        done = stopped
    numbers = {rule: number for number, rule in enumerate(RULES)}
    for row in rows[left].tolist():
        start = int(offsets[row])
        text = data[start : offsets[row + 1]].tobytes().decode()
        found = [
            (first, end, numbers[rule], AFTER.index(after))
            for first, end, rule, after in _edits(text)
        ]
        part = np.array(found, np.int64).reshape(-1, 4)
        part[:, :2] = _bytes_at(text, part[:, :2]) + start
        parts.append(part)
    return np.concatenate(parts)


def _bytes_at(text: str, places: Places) -> Places:
    """Bytes of `text` that its code points `places` start at."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    widths = 1 + (codes > 0x7F) + (codes > 0x7FF) + (codes > 0xFFFF)
    return np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])[places]


def _column(texts: pa.StringArray, data: npt.NDArray[np.uint8], ends: Places) -> pa.StringArray:
    """A column of the type of `texts` and with its nulls, of bytes and offsets."""
    large = pa.types.is_large_string(texts.type)
    valid = None
    if texts.null_count:
        valid = pa.py_buffer(np.packbits(texts.is_valid().to_numpy(False), bitorder="little"))
    offsets = pa.py_buffer(ends.astype(np.int64 if large else np.int32))
    return pa.Array.from_buffers(
        texts.type, len(texts), [valid, offsets, pa.py_buffer(data[: ends[-1]])]
    )


def explain_remnants(text: str) -> list[Edit]:
    """The edits that `strip_remnants` makes in `text`, in order, without overlap."""
    return [Edit(rule, start, end, after) for start, end, rule, after in _edits(text)]


def _edits(text: str) -> list[Place]:
    if markdown.JSON_START.match(text) and text[-100:].rstrip()[-1:] in ("}", "]"):
        return []  # a JSON document is code as a whole
    kept: list[Place] = []
    at = 0
    for place in sorted(Scan(text).places()):
        if place[0] >= at:
            kept.append(place)
            at = place[1]
    return kept
