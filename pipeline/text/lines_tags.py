"""Which HTML tags of a text are left-over markup, and which the text speaks about."""

import re
from typing import NamedTuple

BREAKS = frozenset({"br", "hr"})
ROWS = frozenset({"p", "li", "tr", "dt", "dd", "option"})
CELLS = frozenset({"td", "th"})
_BLOCK_NAMES = (
    "address article aside blockquote body caption center details dialog div dl fieldset "
    "figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header html main menu nav "
    "noscript ol pre script section select style summary table tbody textarea tfoot thead "
    "title ul video audio iframe "
)
BLOCKS = frozenset(_BLOCK_NAMES.split())
_INLINE_NAMES = (
    "a abbr acronym area b base basefont bdi bdo big button canvas cite code col colgroup "
    "data del dfn em embed font frame i img input ins kbd label link map mark marquee meta "
    "meter nobr object output param picture progress q rp rt ruby s samp small source span "
    "strike strong sub sup svg template time track tt u var wbr "
)
INLINE = frozenset(_INLINE_NAMES.split())
ELEMENTS = BREAKS | ROWS | CELLS | BLOCKS | INLINE
"""Element names of the HTML standard and of its obsolete features (HTML LS, 4 and 16.2)."""
_VOID_WORDS = "area base br col embed hr img input link meta param source track wbr frame basefont "
VOID = frozenset(_VOID_WORDS.split())
LAYOUT = (
    ROWS
    | CELLS
    | frozenset(["div", "span", "center", "font", "html", "body", "ul", "ol", "table", "tbody"])
) - {"option"}

_ATTRIBUTES = re.compile(r"\s+[A-Za-z_:@][\w:.-]*\s*=\s*[\\\"'\w#/{(.&-]|\s+(?:hidden|controls)\b")
# What follows a tag that is spoken about: `<p> 태그는`, `"<b>"`, `<i>, <b>`, `<br>을`.
_NAMED = re.compile(
    r"['\"`’”)\]]*\s?(?:태그|요소|엘리먼트|테그|속성|컴포넌트|[Tt]ags?\b|[Ee]lements?\b|TAG)"
)
_LISTED = re.compile(r"\s?(?:[,·、]|[와과및]\s|또는\s|(?:이?나)\s|/\s?<)|['\"`’”]")
_PARTICLE = re.compile(
    r"(?:은|는|을|를|의|에|에서|로|으로|이|가|와|과|도|만|이라|라)(?=[\s,.은는])"
)
_QUOTES = frozenset("'\"`‘“\\")
MIN_BREAKS = 3
"""So many `<br>` in a text are its own line breaks, whatever follows them."""


class Tag(NamedTuple):
    start: int
    end: int
    name: str  # as written
    element: str  # in lower case
    closing: bool
    attributes: str
    in_table: bool  # in a row of a Markdown table, where a line break would end the row


def tag_edits(text: str, tags: list[Tag]) -> list[tuple[int, int, str, str]]:
    """(start, end, rule, after) of the left-over tags; a tag of block kind leaves a line break.

    `text` starts with a line feed that is not the text's own; places are without it.

    Left over are tags with attributes, tags with a partner, line breaks and closing tags, unless
    the text names them as tags; a lone opening tag only beside others that are certain. A text with
    more closing tags of no HTML element than of one is XML and is left alone.
    """
    unknown = sum(tag.closing and tag.element not in ELEMENTS for tag in tags)
    known = [tag for tag in tags if tag.element in ELEMENTS]
    if unknown > sum(tag.closing for tag in known):
        return []
    partners = _partners(known)
    spoken = [_is_spoken_of(text, tag) for tag in known]
    certain = [_is_certain(text, tag) for tag in known]
    for at, partner in partners.items():
        if not spoken[at] and not spoken[partner]:
            certain[at] = True
    for at, named in enumerate(spoken):
        certain[at] &= not named
    evidence = any(certain)
    loose = {tag.element: 0 for tag in known}
    for tag in known:
        loose[tag.element] += 1
    edits = []
    for at, tag in enumerate(known):
        if certain[at] or (
            at not in partners
            and not spoken[at]
            and _is_loose_markup(text, tag, evidence, loose[tag.element])
        ):
            edits.append((tag.start - 1, tag.end - 1, "tag", _after(text, tag)))
    return edits


def _partners(tags: list[Tag]) -> dict[int, int]:
    """Index of a tag to that of the tag that opens or closes the same element."""
    opened: dict[str, list[int]] = {}
    partners = {}
    for at, tag in enumerate(tags):
        if tag.element in VOID:
            continue
        if not tag.closing:
            opened.setdefault(tag.element, []).append(at)
        elif opened.get(tag.element):
            partner = opened[tag.element].pop()
            partners[at], partners[partner] = partner, at
    return partners


def _is_spoken_of(text: str, tag: Tag) -> bool:
    after = text[tag.end : tag.end + 12]
    before = text[tag.start - 1] if tag.start else ""
    if before == "\\":
        return True
    if before in _QUOTES and before and after[:1] in "'\"`’”":
        return True
    return _NAMED.match(after) is not None


def _is_certain(text: str, tag: Tag) -> bool:
    return not tag.closing and _ATTRIBUTES.match(tag.attributes) is not None


def _is_loose_markup(text: str, tag: Tag, evidence: bool, times: int) -> bool:
    """Whether a tag without attributes and partner is markup."""
    after = text[tag.end : tag.end + 8]
    if _LISTED.match(after) or (tag.name != tag.element and not tag.name.isupper()):
        return False
    named = _PARTICLE.match(after) is not None
    if tag.element in BREAKS:
        return evidence or times >= MIN_BREAKS or not named
    if tag.element == "wbr":
        return True
    before = text[tag.start - 1 : tag.start]
    if tag.closing:
        return evidence or not named
    if before.isascii() and before.isalnum():
        return False  # a type parameter: List<p>
    return tag.element in LAYOUT and (evidence or times >= 2) and not named


def _after(text: str, tag: Tag) -> str:
    if tag.element in INLINE:
        return ""
    if tag.element in CELLS or tag.in_table:
        return " "
    at_end = text.startswith("\n", tag.end) or tag.end == len(text)
    if tag.element == "br":
        return "" if at_end else "\n"
    return "" if at_end or tag.start == 0 or text[tag.start - 1] == "\n" else "\n"
