"""A copy of a text to match patterns on: no invisible characters, look-alikes in ASCII."""

import re
import unicodedata
from bisect import bisect_right
from typing import NamedTuple

INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u3164\ufeff\uffa0"
)
DASHES = "\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d\u30fc\u3161"
DOTS = "\u00b7\u318d\u30fb\u2027\u2219\u2022\uff65\u22c5"
SPACES = "\t\u00a0\u2000-\u200a\u202f\u205f\u3000"
_FOLDED = re.compile(f"[{DASHES}{DOTS}{SPACES}\u3002\uff61\uff01-\uff5e]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_ANY = re.compile(f"{_FOLDED.pattern[:-1]}{INVISIBLE}]")
_DASH, _DOT, _SPACE = (re.compile(f"[{chars}]") for chars in (DASHES, DOTS, SPACES))


class Folded(NamedTuple):
    """`text`, and where it lies: from `points[i]` on the original is `shifts[i]` further."""

    text: str
    points: list[int]
    shifts: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that a span of the folded text came from."""
        return self._place(start), self._place(end - 1) + 1

    def folded(self, at: int) -> int:
        """Where the character at `at` of the original text, or the next one that stayed, lies."""
        if not self.points:
            return at
        ended = range(len(self.points))
        runs = bisect_right(ended, at, key=lambda run: self.points[run] + self.shifts[run])
        visible = at - self.shifts[runs - 1] if runs else at
        return min(visible, self.points[runs]) if runs < len(self.points) else visible

    def _place(self, at: int) -> int:
        index = bisect_right(self.points, at) - 1
        return at if index < 0 else at + self.shifts[index]


def fold(text: str) -> Folded:
    """Dashes to `-`, middle dots to `·`, spaces to a space, full-width forms to ASCII, one for one.

    Zero-width and other invisible characters go; nothing here is ever written to a document.
    """
    if (text.isascii() and "\t" not in text) or not _ANY.search(text):
        return Folded(text, [], [])
    folded = _FOLDED.sub(_fold_one, text)
    points: list[int] = []
    shifts: list[int] = []
    removed = 0
    for run in _INVISIBLE.finditer(folded):
        points.append(run.start() - removed)
        removed += run.end() - run.start()
        shifts.append(removed)
    return Folded(_INVISIBLE.sub("", folded) if removed else folded, points, shifts)


def _fold_one(match: re.Match[str]) -> str:
    char = match[0]
    if _DASH.match(char):
        return "-"
    if _DOT.match(char):
        return "·"
    if _SPACE.match(char):
        return " "
    return "." if char in "\u3002\uff61" else unicodedata.normalize("NFKC", char)
