"""One pattern of RE2 that any line with furniture matches: wider than the rules, and much faster.

It is made of the rules' own patterns: look-arounds are left out and repetitions unbounded, which
only lets more through; what it lets through is judged by the rules.
"""

import re

import re2

from pipeline.text.lines_furniture import HEADS, TAILS, WHOLE_LINES
from pipeline.text.lines_items import ITEM, SEPARATOR

_SPACE = r"\s\p{Z}\x{1c}-\x{1f}\x{85}"
_CLASSES = {r"\s": _SPACE, r"\d": r"\p{Nd}", r"\S": r"\x{0}-\x{10ffff}", r"\Z": r"\z"}
_TOKENS = re.compile(
    r"(?P<escape>\\.)|(?P<look>\(\?(?:=|!|<=|<!))|(?P<name>\(\?P<\w+>)|(?P<open>\()|(?P<close>\))"
    r"|(?P<times>\{(?P<least>\d+)(?:,\d*)?\})|(?P<class>\[(?:\\.|[^\]\\])*\])|.",
    re.S,
)


def widened(pattern: str) -> str:
    """`pattern` of `re` as one of RE2 that matches wherever it matches, and elsewhere too."""
    made: list[str] = []
    depth, hidden = 0, 0  # parentheses open; how many when a look-around opened
    for token in _TOKENS.finditer(pattern):
        kind = token.lastgroup if token["times"] is None else "times"
        if kind in ("look", "name", "open"):
            depth += 1
            if kind == "look" and not hidden:
                hidden = depth
        if not hidden:
            made.append(_one(token, kind))
        if kind == "close":
            if hidden == depth:
                hidden = 0
            depth -= 1
    return "".join(made)


def _one(token: re.Match[str], kind: str | None) -> str:
    text = token[0]
    if kind == "name":
        return "(?:"
    if kind == "times":
        return "*" if token["least"] == "0" else "+"
    if kind == "class" and not text.startswith("[^"):  # where not, RE2's fewer spaces let more by
        return re.sub(r"\\[sdS]", lambda escape: _CLASSES[escape[0]], text)
    if kind == "escape" and text in _CLASSES:
        return _CLASSES[text] if text == r"\Z" else f"[{_CLASSES[text]}]"
    return text


def _pattern() -> str:
    whole = "|".join(f"(?:{widened(pattern.pattern)})" for pattern in WHOLE_LINES)
    items = f"{widened(SEPARATOR)}(?:{widened(ITEM.pattern)})+"
    tails = "|".join(f"(?:{widened(pattern.pattern)})" for _, _, pattern in TAILS)
    space = f"[{_SPACE}]*"
    return rf"\A{space}(?:{whole}|{items}){space}\z|\A(?:{widened(HEADS.pattern)})|(?:{tails})"


def _options() -> re2.Options:
    options = re2.Options()
    options.never_capture = True
    options.max_mem = 64 << 20  # bytes, for the automaton's states
    return options


MAY_HOLD = re2.compile(_pattern(), _options())
"""To be searched for in a line, as bytes of UTF-8."""
