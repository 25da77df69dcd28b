"""The tokens of Markdown and HTML in a text, in one scan from left to right; code is stepped over.

Every pattern stops at the next character that could start it again, so that the scan is linear in
the text, whatever it holds. The text is scanned behind a line feed, so that every line starts with
one; places are of that text, one more than in the text itself.
"""

import re

FRONT_START = re.compile(r"\ufeff?\s*---[ \t]*\n")
FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M)
FRONT_KEY = re.compile(r"[\w.\"'/@-]+(?: [\w.-]+){0,3}[ \t]*:(?:[ \t]|\Z)")
FRONT_LINE = re.compile(r"[ \t]|-(?:[ \t]|\Z)|#|\Z|[\]}]")
FRONT_MAX = 20_000
"""Characters; a longer head between two `---` is no front matter."""

JSON_START = re.compile(r"\s{0,50}[{\[]\s*+[{\[\"]")
MARKDOWN = re.compile(r"\]\([^\s()]*[/#.][^\s()]*\)|^ {0,3}(?:```|#{2,6} \S)", re.M)
"""What tells that a text is Markdown: a link, a fence, a heading of the second level."""

_LINE_END = r"[ \t]*(?=\n|\Z)"
_LINES = {
    "fence": r"[ \t>]{0,20}(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?(?P<ticked>`{3,}|~{3,})[^`\n]*(?=\n|\Z)",
    "heading": r"[ \t]{0,3}(?:>[ \t]?)?(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?#{1,6}[ \t]+(?=[^\s#])",
    "table": r"[ \t>]{0,12}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*+\|?" + _LINE_END,
    "row": r"[ \t]{0,12}\|",
    "rule": r"[ \t]{0,3}(?:-{3,}|={3,}|\*{3}|_{3}|(?:- ){2,}-|(?:\* ){2,}\*|(?:_ ){2,}_)"
    + _LINE_END,
    "alert": r"[ \t]{0,12}(?:>[ \t]?){1,3}\\?\[![A-Za-z]{2,12}\\?\]" + _LINE_END,
    "directive": r"[ \t>]{0,12}(?::::+[^\n]*|\{%[^\n{}]*%\}|\{:[^\n{}]*\}|\{\{[<%][^\n{}]*[%>]\}\})"
    + _LINE_END,
    "definition": r"[ \t]{0,3}\[(?!\^)(?P<label>[^\[\]\n]{1,200})\]:[ \t]*+"
    r"(?:<[^<>\n]*+>|(?:[A-Za-z][A-Za-z0-9+.-]{1,20}://|mailto:|\.{0,2}/|#|www\.)\S*+|"
    r"[!-~]{1,200}\.(?:md|html?)(?:#[!-~]*)?)"
    r"(?:[ \t]+(?:\"[^\"\n]*+\"|'[^'\n]*+'|\([^()\n]*+\)))?" + _LINE_END,
    "indented": r"(?P<indent> {4}| {0,3}\t)(?=[ \t]*+[^\s])(?![ \t]*+(?:[-*+>|]\s|\d{1,3}[.)] ))",
}
_TARGET = (
    r"[ \t]*+(?P<url><[^<>\n]*+>|[^\s()<>]*+(?:\([^\s()]*+\)[^\s()]*+)*+)"
    r"(?:[ \t]+(?:\"[^\"\n]*+\"|'[^'\n]*+'))?[ \t]*+"
)
_INLINE = {
    "code": r"(?<=`)(?<!``)(?:(?P<ticks>`{1,3})(?!`)[^\n]{1,300}?(?<!`)`(?P=ticks)(?!`)"
    r"|(?!`)(?:[^`\n]|\n(?![ \t>]*\n))*+`)",
    "tag": r"(?<=<)(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9-]{0,20})(?![A-Za-z0-9-])"
    r"(?P<attrs>[^<>]*+)>",
    "comment": r"(?<=<)!(?:--|(?:DOCTYPE|doctype)\b[^<>]*+>)",
    "link": r"(?<=\])\(" + _TARGET + r"\)",
    "reference": r"(?<=\])\[(?P<ref>[^\[\]\n]{0,200})\]",
    "close": r"(?<=\])",
    "open": r"(?<=\[)|(?<=!)\[",
    "emphasis": r"(?<=\*)\*+|(?<=_)_+",
    "anchor": r"(?<=\{)(?:[:#][\w .:#=\"'/-]{1,200}|/\*[^\n{}]{0,200}\*/)\}" + _LINE_END,
}
KINDS = (*_LINES, *_INLINE)
TOKEN = re.compile(
    r"[\n`<\[\]!*_{](?:(?<=\n)(?=[ \t>#|:\-*_=\[{`~+0-9])(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _LINES.items())
    + ")|"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _INLINE.items())
    + ")"
)
"""One token; `lastgroup` is its kind. All start with one of a few characters, which `re` skips to;
which one it was, the alternatives ask by looking back."""

FENCE = re.compile(r"\n[ \t>]{0,20}(`{3,}|~{3,})" + _LINE_END)
INDENTED_BLOCK = re.compile(r"(?:\n(?:(?: {4}| {0,3}\t)[^\n]*|[ \t]*(?=\n)))++")
LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])(?:[ \t]|\Z)")
RULE = re.compile(r"\n" + _LINES["rule"])
HEADING_END = re.compile(r"[ \t]+#+[ \t]*\Z")
FIRST_BAR = re.compile(r"\n[ \t>]*\|[ \t]*")
LAST_BAR = re.compile(r"[ \t]*(?<!\\)\|[ \t]*\Z")
QUOTE = re.compile(r"\n[ \t]{0,12}(?:>[ \t]?){1,3}(?!\[!)")
ENDS = {
    name: re.compile(rf"</{name}\s*>", re.I)
    for name in ("script", "style", "pre", "code", "textarea")
}
"""Elements that hold no markup of the text, and their ends."""
SCRIPT_BODY = re.compile(r"[{}();=]")
DEFINITIONS = re.compile(r"\n" + _LINES["definition"])

_ADDRESS = re.compile(
    r"<|[A-Za-z][A-Za-z0-9+.-]{1,20}://|(?:mailto|tel|data|xref|javascript):|www\.|[/#]|\.{1,2}/"
)
_PATH = re.compile(
    r"[!-~]+/[!-~]*|[!-~]+\.(?:md|mdx|html?|png|jpe?g|gif|svg|webp|pdf|ya?ml|php|aspx?|ipynb)(?:#.*)?"
    r"|"
)


def is_address(url: str) -> bool:
    """Whether what stands in `[…](url)` is a link's target and no remark in brackets."""
    return _ADDRESS.match(url) is not None or _PATH.fullmatch(url) is not None


def front_matter_end(text: str) -> int:
    """Where the YAML between two `---` at the very start ends, with its line; 0 without one."""
    start = FRONT_START.match(text)
    if start is None:
        return 0
    end = FRONT_END.search(text, start.end(), start.end() + FRONT_MAX)
    if end is None:
        return 0
    lines = text[start.end() : end.start()].split("\n")
    if FRONT_KEY.match(lines[0]) is None:
        return 0
    for line in lines:
        if FRONT_LINE.match(line) is None and FRONT_KEY.match(line) is None:
            return 0
    return end.end()
