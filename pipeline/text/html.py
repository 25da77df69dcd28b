"""The readable text of an HTML page, and the charset that its bytes declare."""

import html as entities
import re
import unicodedata

from resiliparse.extract.html2text import extract_plain_text

# The parser's time is quadratic in the depth, a minute at a million: `_strip` takes deeper pages.
MAX_DEPTH = 1_000
# Where the main content is less than this share of the page's text, it was not found.
MIN_MAIN_SHARE = 0.1

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)")
_UNSEEN = re.compile(
    r"<(script|style|noscript|template|svg|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.S | re.I
)
_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|tr|table|h[1-6]|section|article|blockquote|pre)\b[^>]*>?", re.I
)
_ANY_TAG = re.compile(r"<[/!?A-Za-z][^>]*>?")
# Elements without content, and those that the next of their kind closes.
_FLAT = re.compile(
    "area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|td|th|tr|dt|dd|option",
    re.I,
)
# A text node of one character and white space. resiliparse (2.0) takes one of three bytes for an
# icon and drops it where main content is asked for, and with it the 와 of <b>가</b>와 <b>나</b>.
_LONE = re.compile(
    r">[ \t\r\n\f]*"
    r"([\u0800-\ud7ff\uf900-\uffff]|&(?:#[0-9]{3,5}|#[xX][0-9A-Fa-f]{3,4}|[A-Za-z]{2,8});)"
    r"(?=[ \t\r\n\f]*<)"
)
_COMPANY = "\u2060"  # invisible; beside it a character is not alone
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I
)
_CHARSET_WINDOW = 4_096


def extract(html: str) -> str:
    """The main content of a page, or all its text where no main content is found.

    Paragraphs, lines, lists and preformatted text keep their line breaks; scripts, styles and
    navigation are left out. Broken markup never raises.
    """
    html = html.encode("utf-8", "replace").decode()  # a lone surrogate is no UTF-8
    if nesting(html) > MAX_DEPTH:
        return _strip(html)
    main = _plain(_LONE.sub(_accompanied, html), main_content=True).replace(_COMPANY, "")
    if len(main) < MIN_MAIN_SHARE * len(html):
        everything = _plain(html, main_content=False)
        if len(main) < MIN_MAIN_SHARE * len(everything):
            return everything
    return main


def nesting(html: str) -> int:
    """An upper bound of how deep the elements of a page are nested, in one linear scan."""
    depth = deepest = 0
    for closing, name in _TAG.findall(html):
        if _FLAT.fullmatch(name):
            continue
        depth = max(depth - 1, 0) if closing else depth + 1
        deepest = max(deepest, depth)
    return deepest


def declared_charset(raw: bytes) -> str | None:
    """The charset that a `<meta>` element or the XML declaration names, in lower case."""
    found = _CHARSET.search(raw[:_CHARSET_WINDOW])
    return found[1].decode("ascii").lower() if found else None


def _accompanied(lone: re.Match[str]) -> str:
    """A letter, number or punctuation mark with company; icons stay alone."""
    char = entities.unescape(lone[1])
    kept = len(char) == 1 and char > "\u07ff" and unicodedata.category(char)[0] in "LNP"
    return f"{lone[0]}{_COMPANY}" if kept else lone[0]


def _plain(html: str, main_content: bool) -> str:
    try:
        return extract_plain_text(
            html,
            preserve_formatting=True,
            main_content=main_content,
            list_bullets=True,
            alt_texts=False,
            links=False,
            form_fields=False,
            noscript=False,
        )
    except ValueError:  # the parser's exceptions
        return _strip(html)


def _strip(html: str) -> str:
    """Text without a tree: unseen elements and tags out, block tags to line ends."""
    text = _UNSEEN.sub(" ", html)
    text = _BLOCK.sub("\n", text)
    text = _ANY_TAG.sub("", text)
    lines = (" ".join(line.split()) for line in entities.unescape(text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
