"""One pass over a text that finds its HTML and Markdown, steps over code and says what is cut."""

import re

from pipeline.text import lines_markdown as markdown
from pipeline.text.lines_tags import Tag, tag_edits

Place = tuple[int, int, str, str]
"""Start, end, rule, and what stands there afterwards: sorts by place."""

_BRACKETS_MAX = 1_000  # characters between the brackets of a link, or what is emphasised
_WORD = re.compile(r"\w")
_OPENERS = frozenset(" \t\n([{\"'“‘<>~:,·/|《「『")


class Scan:
    """One pass over a text behind a line feed; the places it keeps are of the text itself."""

    def __init__(self, text: str) -> None:
        self._text = "\n" + text
        self._places: list[Place] = []
        self._front = markdown.front_matter_end(text)
        self._markdown = bool(self._front) or markdown.MARKDOWN.search(text) is not None
        self._labels = {
            found["label"].lower()
            for found in (markdown.DEFINITIONS.finditer(self._text) if "]:" in text else ())
        }
        self._tags: list[Tag] = []
        self._open: list[int] = []  # where `[` and `![` stand that no `]` has closed
        self._emphasis: tuple[int, str] | None = None  # stars or underscores that wait for a pair
        self._emphasised: list[Place] = []
        self._marks = self._filled = 0  # stars or underscores in all; pairs that fill a line
        self._table_end = self._row_end = self._alert_end = -1
        self._list_context = (0, False)  # up to where it was looked, and what it was there
        self._missing: set[str] = set()  # ends that no longer come

    def places(self) -> list[Place]:
        """What is to be cut, in no order; some may overlap."""
        if self._front:
            self._cut("front_matter", 1, self._front + 1)
        at, length, search = self._front, len(self._text), markdown.TOKEN.search
        take = {name: getattr(self, f"_{name}_token") for name in markdown.KINDS if name != "code"}
        while at < length and (token := search(self._text, at)) is not None:
            at = token.end()
            kind = token.lastgroup or ""
            if kind != "code" and (further := take[kind](token)) is not None:
                at = max(at, further)
        self._places += tag_edits(self._text, self._tags)
        if self._is_emphasis():
            self._places += self._emphasised
        return self._places

    def _cut(self, rule: str, start: int, end: int) -> None:
        self._places.append((start - 1, end - 1, rule, ""))

    def _cut_line(self, rule: str, start: int, end: int) -> None:
        """Cut a line behind the line feed at `start`, with that; the first line with the next."""
        if start:
            self._cut(rule, start, end)
        else:
            self._cut(rule, 1, min(end + 1, len(self._text)))

    # Each of these takes the token of its name; where it returns a place, the scan goes on there.

    def _fence_token(self, token: re.Match[str]) -> int:
        fence = self._text[token.start("ticked") : token.end("ticked")]
        for end in markdown.FENCE.finditer(self._text, token.end()):
            if end[1].startswith(fence):
                return end.end()
        return len(self._text)

    def _indented_token(self, token: re.Match[str]) -> int | None:
        """Indented code stands behind a blank line and in no list; in one it is indented twice."""
        start, text = token.start(), self._text
        before = text[max(start - 80, 0) : start].rstrip(" \t")
        if not self._markdown or (start and not before.endswith("\n")):
            return None
        deep = text.startswith((" " * 8, "\t\t"), start + 1)
        if not deep and self._in_list(start):
            return None
        block = markdown.INDENTED_BLOCK.match(text, start)
        return block.end() if block else None

    def _in_list(self, start: int) -> bool:
        """Whether the line before `start` that is not indented, or opens an item, opens one."""
        looked, answer = self._list_context
        at = start
        while at > looked:
            line_feed = self._text.rfind("\n", 0, at)
            line = self._text[line_feed + 1 : at]
            item = markdown.LIST_ITEM.match(line) is not None
            if item or (line.strip() and line[0] not in " \t") or line_feed < 0:
                answer = item
                break
            at = line_feed
        self._list_context = (start, answer)
        return answer

    # Lines

    def _heading_token(self, token: re.Match[str]) -> None:
        text, end = self._text, token.end()
        line_end = text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end
        blank_before = token.start() <= 1 or text[token.start() - 1] in "\n"
        if not self._markdown or not (blank_before or text.startswith("\n", line_end + 1)):
            return
        mark = len(token[0]) - len(token[0].rstrip().rstrip("#"))
        self._cut("heading", end - mark, end)
        closing = markdown.HEADING_END.search(text, max(end, line_end - 40), line_end)
        if closing:
            self._cut("heading", closing.start(), line_end)

    def _table_token(self, token: re.Match[str]) -> None:
        start, end, text = token.start(), token.end(), self._text
        if "|" not in token[0]:  # `---` and `:--`
            if markdown.RULE.fullmatch(token[0]):
                self._cut_line("rule", start, end)
            return
        head = text.rfind("\n", 0, start)
        if "|" not in text[head + 1 : start]:
            return
        self._cut_row(head, start)
        self._cut("table", start, end)
        self._table_end = end

    def _row_token(self, token: re.Match[str]) -> int:
        end = self._text.find("\n", token.end())
        end = len(self._text) if end < 0 else end
        self._row_end = end
        if token.start() == self._table_end:
            self._cut_row(token.start(), end)
            self._table_end = end
        return token.end()

    def _cut_row(self, start: int, end: int) -> None:
        """Cut the bars at the ends of the row between two line feeds."""
        if (bar := markdown.FIRST_BAR.match(self._text, start, end)) is not None:
            self._cut("table", start + 1, bar.end())
        if (
            bar := markdown.LAST_BAR.search(self._text, max(start + 2, end - 200), end)
        ) is not None:
            self._cut("table", bar.start(), end)

    def _rule_token(self, token: re.Match[str]) -> None:
        self._cut_line("rule", token.start(), token.end())

    def _directive_token(self, token: re.Match[str]) -> None:
        self._cut_line("directive", token.start(), token.end())

    def _alert_token(self, token: re.Match[str]) -> None:
        self._cut_line("directive", token.start(), token.end())
        at = token.end()
        if at <= self._alert_end:
            return  # the lines below are those below an alert further up
        while (quote := markdown.QUOTE.match(self._text, at)) is not None:
            self._cut("directive", at + 1, quote.end())
            line_feed = self._text.find("\n", quote.end())
            at = len(self._text) if line_feed < 0 else line_feed
        self._alert_end = at

    def _definition_token(self, token: re.Match[str]) -> None:
        self._cut_line("definition", token.start(), token.end())

    # Inside lines

    def _comment_token(self, token: re.Match[str]) -> int | None:
        if token[0].endswith(">"):  # the document's type
            self._cut("comment", token.start(), token.end())
            return None
        if "-->" in self._missing:
            return None
        end = self._text.find("-->", token.end())
        if end < 0:
            self._missing.add("-->")
            return None
        end += 3
        self._cut("comment", token.start(), end)
        return end

    def _tag_token(self, token: re.Match[str]) -> int | None:
        text, start, end = self._text, token.start(), token.end()
        in_table = start < self._row_end
        slash, name, attributes = token.group("slash", "name", "attrs")
        element = name.lower()
        self._tags.append(Tag(start, end, name, element, bool(slash), attributes, in_table))
        if slash or element not in markdown.ENDS or element in self._missing:
            return None
        closing = markdown.ENDS[element].search(text, end)
        if closing is None:
            self._missing.add(element)
            return None
        if element not in ("script", "style"):
            return closing.start()  # code: only its tags are looked at
        if markdown.SCRIPT_BODY.search(text, end, closing.start()) or "=" in attributes:
            self._tags.pop()
            self._cut("script", start, closing.end())
            return closing.end()
        return None

    def _open_token(self, token: re.Match[str]) -> None:
        self._open.append(token.start())

    def _close_token(self, token: re.Match[str]) -> None:
        if (start := self._opened(token.start())) is not None and self._labels:
            label = self._text[start + 1 : token.start()].lower()
            if label in self._labels:
                self._cut_brackets("link", start, token)

    def _reference_token(self, token: re.Match[str]) -> None:
        if (start := self._opened(token.start())) is not None and self._labels:
            label = token["ref"] or self._text[start : token.start()].lstrip("![")
            if label.lower() in self._labels:
                self._cut_brackets("link", start, token)

    def _link_token(self, token: re.Match[str]) -> None:
        start = self._opened(token.start())
        if start is None:
            return
        image = self._text[start] == "!"
        before, url = self._text[start - 1], token["url"]
        call = before in "_)]" or (before.isascii() and before.isalnum())
        if image or (markdown.is_address(url) and not (call and "://" not in url)):
            self._cut_brackets("image" if image else "link", start, token)

    def _opened(self, end: int) -> int | None:
        """Where the bracket opens that closes at `end`, in the same paragraph; None without one."""
        if not self._open:
            return None
        start = self._open.pop()
        if end - start > _BRACKETS_MAX:
            self._open.clear()
            return None
        return None if self._text.find("\n\n", start, end) >= 0 else start

    def _cut_brackets(self, rule: str, start: int, token: re.Match[str]) -> None:
        self._cut(rule, start, start + (2 if self._text[start] == "!" else 1))
        self._cut(rule, token.start(), token.end())

    def _emphasis_token(self, token: re.Match[str]) -> None:
        text, mark, (start, end) = self._text, token[0], token.span()
        self._marks += 1
        if len(mark) > 3:
            self._emphasis = None
            return
        before, after = text[start - 1], text[end : end + 1]
        waiting, self._emphasis = self._emphasis, None
        closes = not before.isspace() and not (after.isascii() and after.isalnum())
        if waiting is not None and waiting[1] == mark and closes:
            inner = text[waiting[0] + len(mark) : start][:_BRACKETS_MAX]
            plain = mark[0] == "_" and inner.isascii() and " " not in inner
            if "\n" not in inner and start - waiting[0] < _BRACKETS_MAX and not plain:
                if inner[0] != "/" and inner[-1] != "/" and _WORD.search(inner):
                    opening = (waiting[0] - 1, waiting[0] - 1 + len(mark), "emphasis", "")
                    self._emphasised += (opening, (start - 1, end - 1, "emphasis", ""))
                    self._filled += text[waiting[0] - 1] == "\n" and after in ("", "\n")
                return
        if before in _OPENERS and after and not after.isspace():
            self._emphasis = (start, mark)

    def _is_emphasis(self) -> bool:
        """Whether the pairs found are emphasis and not blanks for names (김**, **에서).

        In a text that is not Markdown by other signs every mark must have its pair, and there must
        be two pairs or one that fills its line.
        """
        pairs = len(self._emphasised) // 2
        alone = self._marks == 2 * pairs and (pairs > 1 or self._filled > 0)
        return self._markdown or alone

    def _anchor_token(self, token: re.Match[str]) -> None:
        start = token.start()
        start -= len(self._text[max(start - 20, 0) : start]) - len(
            self._text[max(start - 20, 0) : start].rstrip(" \t")
        )
        self._cut("directive", start, token.end())
