"""The one normal form of stored text: NFC, no invisible characters, plain spaces, capped runs.

Hangul syllables and digits pass unchanged (a full-width digit keeps its value); lines and
paragraphs stay. NFKC is not used: it turns ㅋ into a conjoining jamo and ½ into three characters.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

REPLACEMENT = "\ufffd"

# What carries no text of its own: controls, zero-width and direction marks, fillers, tags, BOM.
# U+200D (joiner) and U+FE0E/F (emoji style) belong to an emoji where they follow one.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff"
)
_JOINER, _STYLE = "\u200d", "\ufe0e\ufe0f"
_SPACES = "\t\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_BREAKS = "\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_WIDE = "\uff01-\uff5e\uff61-\uff9f\uffa1-\uffdc\uffe0-\uffee"
_SURROGATE = "\ud800-\udfff"
_EMOJI = (
    "#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_PICTURE = _EMOJI.removeprefix("#*0-9")  # a digit takes a style (keycap 1️⃣) but no joiner
_TONE = "\U0001f3fb-\U0001f3ff"

_ODD = _INVISIBLE + _SPACES + _BREAKS + _WIDE + _SURROGATE
_ORPHAN = f"(?<![{_PICTURE}{_STYLE}]){_JOINER}|{_JOINER}(?![{_PICTURE}])|(?<![{_EMOJI}])[{_STYLE}]"
# Invisible characters between conjoining jamo: without them a syllable would be there that was not.
_INVISIBLE_RUN = re.compile(
    f"(?P<apart>(?<=[\u1100-\u1112\uac00-\ud7a3])[{_INVISIBLE}{_JOINER}{_STYLE}]+(?=[\u1161-\u11c2]))"
    f"|[{_INVISIBLE}]+"
)
_ORPHANS = re.compile(f"(?:{_ORPHAN})")
_FOLDED = re.compile(f"\r\n|[{_SPACES}{_BREAKS}{_WIDE}{_SURROGATE}]")
_UNCLEAN = re.compile(f"[{_ODD}{_JOINER}{_STYLE}]")
_SEQUENCE = re.compile(
    f"[\U0001f1e6-\U0001f1ff{_STYLE}{_TONE}{_JOINER}]"
)  # emoji of several characters
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLANKS = re.compile(r"  +")
_NEWLINES = re.compile(r"\n{3,}")


def normalise(text: str, *, max_jamo_run: int, max_symbol_run: int) -> str:
    """`text` in normal form; applying it twice changes nothing more.

    - Unicode form C, lone surrogates to U+FFFD, full-width ASCII and half-width jamo folded;
    - HTML entities decoded once (an `&` that would then read as a new entity stays `&amp;`);
    - control, zero-width and filler characters out, joiners kept inside emoji;
    - every kind of space to a space, runs to one, none at line ends; two newlines at most;
    - runs of one jamo cut to `max_jamo_run`, of one mark, symbol or emoji to `max_symbol_run`.
    """
    patterns = _patterns(max_jamo_run, max_symbol_run)
    if _is_normal(text, patterns):
        return text
    text = _characters(text)
    if "&" in text:
        decoded = _ENTITY.sub(_decode_entity, text)
        if decoded != text:
            text = _ENTITY.sub(_keep_escaped, _characters(decoded))
    text = _spaces(text)
    text = patterns.jamo.sub(lambda run: run[1] * max_jamo_run, text)
    if patterns.has_symbol_run(text):
        text = patterns.symbol.sub(lambda run: run[1] * max_symbol_run, text)
    return text


def _is_normal(text: str, patterns: "_Runs") -> bool:
    """Whether nothing is to be done; every search is for one literal or one set, the cheapest."""
    return not (
        "  " in text
        or " \n" in text
        or "\n\n\n" in text
        or text.strip(" \n") != text
        or _UNCLEAN.search(text)
        or _ENTITY.search(text)
        or not unicodedata.is_normalized("NFC", text)
        or patterns.jamo.search(text)
        or patterns.has_symbol_run(text)
    )


def _characters(text: str) -> str:
    """Fold and drop single characters, then compose."""
    text = _FOLDED.sub(_fold, text)
    text = _INVISIBLE_RUN.sub(lambda run: " " if run["apart"] else "", text)
    if _JOINER in text or "\ufe0f" in text or "\ufe0e" in text:
        text = _settle(text, lambda given: _ORPHANS.sub("", given))
    return unicodedata.normalize("NFC", text)


def _spaces(text: str) -> str:
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    text = text.replace(" \n", "\n")
    return _NEWLINES.sub("\n\n", text).strip(" \n")


def _settle(text: str, edit: Callable[[str], str]) -> str:
    while (edited := edit(text)) != text:
        text = edited
    return text


def _fold(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\r\n" or char in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
        return "\n"
    if "\ud800" <= char <= "\udfff":
        return REPLACEMENT
    if char < "\uff00":
        return " "
    form = unicodedata.decomposition(char)  # "<wide> 0041", "<narrow> 3131"
    return chr(int(form.split()[1], 16)) if form else char


def _decode_entity(match: re.Match[str]) -> str:
    return html.unescape(match[0]) if _is_entity(match[0]) else match[0]


def _keep_escaped(match: re.Match[str]) -> str:
    return f"&amp;{match[0][1:]}" if _is_entity(match[0]) else match[0]


def _is_entity(body: str) -> bool:
    if body[1] != "#":
        return body[1:] in html5
    code = int(body[3:-1], 16) if body[2] in "xX" else int(body[2:-1])
    return 0 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF


class _Runs(NamedTuple):
    """Patterns of a run above the limit; group 1 is what is repeated."""

    jamo: re.Pattern[str]
    symbol: re.Pattern[str]
    plain: re.Pattern[str]

    def has_symbol_run(self, text: str) -> bool:
        """`symbol` is slow; two fast searches tell whether it can match (spaces being capped)."""
        if self.plain.search(text):
            return True
        return bool(_SEQUENCE.search(text) and self.symbol.search(text))


@lru_cache(maxsize=8)
def _patterns(jamo: int, symbols: int) -> _Runs:
    emoji = f"[{_PICTURE}][{_STYLE}{_TONE}]?(?:{_JOINER}[{_PICTURE}][{_STYLE}{_TONE}]?){{0,5}}"
    unit = f"[\U0001f1e6-\U0001f1ff]{{2}}|{emoji}|[^\\w\\s]|_"
    return _Runs(
        jamo=re.compile(rf"([ㄱ-ㅣ\u1100-\u11ff])\1{{{jamo},}}"),
        symbol=re.compile(rf"({unit})\1{{{symbols},}}(?![{_STYLE}{_TONE}{_JOINER}])"),
        plain=re.compile(rf"([\W_])\1{{{symbols}}}"),
    )
