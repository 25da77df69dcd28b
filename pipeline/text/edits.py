"""What a text stage changed, said in its own terms: edits, their rules, and how to apply them."""

from collections.abc import Iterable
from typing import NamedTuple


class Edit(NamedTuple):
    """One replacement; places are code points of the text that the stage was given."""

    rule: str  # a key of EDIT_RULES
    start: int
    end: int  # one past the last replaced code point; equal to `start` for an insertion
    after: str  # what stands there now


EDIT_RULES: dict[str, str] = {
    "html": "markup of a page taken away, its readable text kept",
    "mojibake": "Hangul restored that had been read in the wrong charset",
    "full_width": "a full-width or half-width form to the ordinary character",
    "invisible": "a control, zero-width, direction or filler character taken out",
    "surrogate": "half of a surrogate pair to U+FFFD",
    "composed": "letters and marks, or conjoining jamo, to the composed form (NFC)",
    "entity": "an HTML entity to its character, or a doubly escaped one left escaped",
    "spaces": "a kind of space to a space, a run of spaces to one, spaces before a line end out",
    "newlines": "a kind of line end to a newline, three or more newlines to two",
    "jamo_run": "a run of one jamo cut to the limit",
    "symbol_run": "a run of one mark, symbol or emoji cut to the limit",
}
"""Edit rule to meaning: the names under which edits are counted and explained."""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` with `edits` made; they are in order of place and do not overlap.

    Raises ValueError where they are not in order, overlap or lie outside the text.
    """
    pieces: list[str] = []
    at = 0
    for edit in edits:
        if not at <= edit.start <= edit.end <= len(text):
            raise ValueError(
                f"edit {edit.rule!r} at {edit.start}:{edit.end} does not follow {at} in a text of "
                f"{len(text)} characters; sort edits by place and let none overlap"
            )
        pieces += (text[at : edit.start], edit.after)
        at = edit.end
    pieces.append(text[at:])
    return "".join(pieces)
