"""The one normal form of stored text: NFC, no invisible characters, plain spaces, capped runs.

Hangul syllables and digits pass unchanged (a full-width digit keeps its value); lines and
paragraphs stay. NFKC is not used: it turns ㅋ into a conjoining jamo and ½ into three characters.

`normalise` is the definition; `normalise_batch` gives the same for a column, many times as fast.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.normal import judge_texts
from pipeline.kernels.normal_blocks import LONGEST_RUN
from pipeline.kernels.normal_rewrite import rewrite_texts
from pipeline.kernels.normal_tables import (
    BLANK,
    BREAKS,
    EMOJI,
    FLAG,
    FOLLOWING_JAMO,
    INVISIBLE,
    JAMO,
    JOINER,
    N_KINDS,
    NEWLINE,
    PICTURE,
    RULES,
    RUN_JAMO,
    SPACES,
    STYLE,
    SURROGATE,
    SYMBOL,
    TO_PYTHON,
    TONE,
    WIDE,
    canonical,
    folded_form,
    tables,
)
from pipeline.kernels.utf8 import buffers
from pipeline.text.edits import Edit

REPLACEMENT = "\ufffd"

# One set, for one fast search.
_UNCLEAN = re.compile(f"[{INVISIBLE}{SPACES}{BREAKS}{WIDE}{SURROGATE}{JOINER}{STYLE}]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SEQUENCE = re.compile(f"[{FLAG}{STYLE}{TONE}{JOINER}]")  # emoji of several characters
_BEFORE_STYLE, _BEFORE_JOINER = re.compile(f"[{EMOJI}]"), re.compile(f"[{PICTURE}{STYLE}]")
_PICTURED = re.compile(f"[{PICTURE}]")
_COMPOSING, _COMPOSED_WITH = (
    re.compile("[\u1100-\u1112\uac00-\ud7a3]"),
    re.compile(f"[{FOLLOWING_JAMO}]"),
)
_ALL_UNSEEN = re.compile(f"[{INVISIBLE}]+")


class Step(NamedTuple):
    """One rule's way over a text: what it finds, and what stands there then."""

    rule: str
    pattern: re.Pattern[str]
    after: str | Callable[[re.Match[str]], str]
    whole: Callable[[str], str] | None = None  # the same over a whole text, where that is faster

    def run(self, text: str) -> str:
        return self.pattern.sub(self.after, text) if self.whole is None else self.whole(text)

    def edits(self, text: str) -> list[Edit]:
        """What `run` changes."""
        return [
            Edit(self.rule, *match.span(), after)
            for match in self.pattern.finditer(text)
            if (after := self.after if isinstance(self.after, str) else self.after(match))
            != match[0]
        ]


class Change(NamedTuple):
    step: Step
    before: str
    text: str


def normalise(text: str, *, max_jamo_run: int, max_symbol_run: int) -> str:
    """`text` in normal form; applying it twice changes nothing more.

    - Unicode form C, lone surrogates to U+FFFD, full-width ASCII and half-width jamo folded;
    - HTML entities decoded once (an `&` that would then read as a new entity stays `&amp;`);
    - control, zero-width and filler characters out, joiners kept inside emoji;
    - every kind of space to a space, runs to one, none at line ends; two newlines at most;
    - runs of one jamo cut to `max_jamo_run`, of one mark, symbol or emoji to `max_symbol_run`.
    """
    for change in _changes(text, _runs(max_jamo_run, max_symbol_run)):
        text = change.text
    return text


def explain_normal(text: str, *, max_jamo_run: int, max_symbol_run: int) -> list[list[Edit]]:
    """What `normalise` does, as rounds of edits: each round is applied to what the one before left.

    A round is the work of one rule.
    """
    changes = _changes(text, _runs(max_jamo_run, max_symbol_run))
    return [change.step.edits(change.before) for change in changes]


def normalise_batch(
    texts: pa.StringArray, *, max_jamo_run: int, max_symbol_run: int
) -> tuple[pa.StringArray, Counter[str]]:
    """`normalise` of every text of a column, and in how many documents each rule changed something.

    Nulls become empty. A column that is all in normal form comes back as it is. Raises ValueError
    where `max_symbol_run` is below 3, the least that a recipe takes.
    """
    if max_symbol_run < LONGEST_RUN:
        raise ValueError(f"max_symbol_run is {max_symbol_run}; give {LONGEST_RUN} or more")
    runs = _runs(max_jamo_run, max_symbol_run)
    limits = np.full(N_KINDS, np.iinfo(np.int64).max)
    limits[[SYMBOL, RUN_JAMO, BLANK, NEWLINE]] = max_symbol_run, max_jamo_run, 1, 2
    skips, kinds, forms, names, values = tables()
    starts, data = buffers(texts)
    n = len(texts)
    verdicts = np.zeros(n, np.uint8)
    if not judge_texts(starts, data, limits, skips, kinds, names, values, verdicts):
        return (texts.fill_null("") if texts.null_count else texts), Counter()
    rules, offsets = np.zeros(n, np.uint16), np.zeros(n + 1, np.int32)
    out = np.empty(starts[-1] - starts[0], np.uint8)
    size = rewrite_texts(
        starts, data, limits, skips, kinds, forms, names, values, verdicts, rules, offsets, out
    )
    done = pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(out[:size]))
    changed = Counter[str]()
    for bit, rule in enumerate(RULES):
        if count := np.count_nonzero(rules & (1 << bit)):
            changed[rule] = int(count)
    left = verdicts == TO_PYTHON
    if left.any():
        mask, rewritten = pa.array(left), []
        for text in texts.filter(mask).to_pylist():
            changes = list(_changes(text, runs))
            changed.update({change.step.rule for change in changes})
            rewritten.append(changes[-1].text if changes else text)
        done = pc.replace_with_mask(done, mask, pa.array(rewritten, pa.string()))
    return done, changed


def _changes(text: str, runs: "_Runs") -> Iterator[Change]:
    """The steps that change a text, in the order they are taken."""
    if _is_normal(text, runs):
        return

    def take(*steps: Step) -> Iterator[Change]:
        nonlocal text
        for step in steps:
            after = step.run(text)
            if after != text:
                before, text = text, after
                yield Change(step, before, after)

    def characters() -> Iterator[Change]:
        if _UNCLEAN.search(text):
            yield from take(*_FOLDS)
        if _STYLED.search(text):
            while orphans := list(take(_ORPHANS)):
                yield from orphans
        yield from take(_composed())

    yield from characters()
    if "&" in text and (decoded := list(take(_DECODED))):
        yield from decoded
        yield from characters()
        yield from take(_KEPT_ESCAPED)
    yield from take(*_BLANKS, runs.jamo, runs.symbol)
    if _SEQUENCE.search(text):
        yield from take(runs.sequence)


def _is_normal(text: str, runs: "_Runs") -> bool:
    """Whether nothing is to be done; every search is for one literal or one set, the cheapest."""
    return not (
        "  " in text
        or " \n" in text
        or "\n\n\n" in text
        or text.strip(" \n") != text
        or _UNCLEAN.search(text)
        or _ENTITY.search(text)
        or not unicodedata.is_normalized("NFC", text)
        or runs.jamo.pattern.search(text)
        or runs.symbol.pattern.search(text)
        or (_SEQUENCE.search(text) and runs.sequence.run(text) != text)
    )


def _decode_entity(match: re.Match[str]) -> str:
    return html.unescape(match[0]) if _is_entity(match[0]) else match[0]


def _keep_escaped(match: re.Match[str]) -> str:
    return f"&amp;{match[0][1:]}" if _is_entity(match[0]) else match[0]


def _is_entity(body: str) -> bool:
    if body[1] != "#":
        return body[1:] in html5
    code = int(body[3:-1], 16) if body[2] in "xX" else int(body[2:-1])
    return 0 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF


def _drop_unseen(run: re.Match[str]) -> str:
    """Between conjoining jamo a space: without it a syllable would be there that was not."""
    text, start, end = run.string, *run.span()
    if start and _COMPOSING.match(text, start - 1) and _COMPOSED_WITH.match(text, end):
        return " "
    return _ALL_UNSEEN.sub("", run[0])


def _drop_orphan(found: re.Match[str]) -> str:
    """A joiner stays between pictures, a style after what takes one."""
    text, at = found.string, found.start()
    before = _BEFORE_JOINER if found[0] == JOINER else _BEFORE_STYLE
    kept = at and before.match(text, at - 1)
    return found[0] if kept and (found[0] != JOINER or _PICTURED.match(text, at + 1)) else ""


_FOLDS = (
    Step("full_width", re.compile(f"[{WIDE}]"), lambda match: folded_form(match[0])),
    Step("surrogate", re.compile(f"[{SURROGATE}]"), REPLACEMENT),
    Step("newlines", re.compile(f"\\r\\n|[{BREAKS}]"), "\n"),
    Step("spaces", re.compile(f"[{SPACES}]"), " "),
    Step("invisible", re.compile(f"[{INVISIBLE}{JOINER}{STYLE}]+"), _drop_unseen),
)
_STYLED = re.compile(f"[{JOINER}{STYLE}]")
_ORPHANS = Step("invisible", _STYLED, _drop_orphan)
_DECODED = Step("entity", _ENTITY, _decode_entity)
_KEPT_ESCAPED = Step("entity", _ENTITY, _keep_escaped)
_BLANKS = (
    Step("spaces", re.compile("  +"), " "),
    Step("spaces", re.compile(" \n"), "\n"),
    Step("newlines", re.compile("\n{3,}"), "\n\n"),
    Step("newlines", re.compile(r"\A\n+"), "", whole=lambda text: text.lstrip("\n")),
    Step("spaces", re.compile(r"\A | \Z"), "", whole=lambda text: text.strip(" ")),
    Step("newlines", re.compile(r"\n{1,2}\Z"), "", whole=lambda text: text.rstrip("\n")),
)


@lru_cache(maxsize=1)
def _composed() -> Step:
    """NFC by stretches: a character and those after it that act on what stands before them."""
    meets, mapped = canonical()
    acting = "".join(map(chr, sorted(meets | mapped.keys())))
    return Step(
        "composed",
        re.compile(f".?[{acting}]+", re.S),
        lambda stretch: unicodedata.normalize("NFC", stretch[0]),
        whole=lambda text: unicodedata.normalize("NFC", text),
    )


class _Runs(NamedTuple):
    """Steps that cut a run above the limit."""

    jamo: Step
    symbol: Step  # of one character
    sequence: Step  # of one emoji of several


@lru_cache(maxsize=8)
def _runs(jamo: int, symbols: int) -> _Runs:
    joined = f"{JOINER}[{PICTURE}][{STYLE}{TONE}]?"
    emoji = f"[{PICTURE}](?:[{STYLE}{TONE}](?:{joined}){{0,5}}|(?:{joined}){{1,5}})"
    not_split = f"(?![{STYLE}{TONE}{JOINER}])"
    sequence = re.compile(rf"([{FLAG}]{{2}}|{emoji})\1{{{symbols},}}{not_split}")

    def cut(stretch: re.Match[str]) -> str:
        return sequence.sub(lambda run: run[1] * symbols, stretch[0])

    return _Runs(
        Step("jamo_run", re.compile(rf"([{JAMO}])\1{{{jamo},}}"), lambda run: run[1] * jamo),
        Step(
            "symbol_run",
            re.compile(rf"([\W_])\1{{{symbols},}}{not_split}"),
            lambda run: run[1] * symbols,
        ),
        Step("symbol_run", re.compile(f"[{PICTURE}{STYLE}{JOINER}]+"), cut),
    )
