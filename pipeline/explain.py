"""What the clean step would change in a text, edit by edit: what `malmoi edits` prints."""

import codecs
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from pipeline.pii.detect import Span, detect
from pipeline.pii.mask import mask
from pipeline.pii.scrub import read_record
from pipeline.settings import Clean
from pipeline.text.edit import explain_text
from pipeline.text.edits import Edit, apply
from pipeline.text.furniture import explain_furniture
from tokenizer.special import ALL_PII_KINDS, mask_token

SHOWN_CHARS = 200
"""An edit shows at most this much of what stood there, and of what stands there now."""


def explain(text: str, clean: Clean, *, html: bool) -> list[tuple[str, list[Edit]]]:
    """The edits of each stage in order; a stage's places count in the text it was given.

    Applied one after the other (`edits.apply`) they give the text that rules then judge.
    """
    stages = explain_text(
        text,
        html=html,
        remnants=clean.remnants,
        max_jamo_run=clean.max_jamo_run,
        max_symbol_run=clean.max_symbol_run,
    )
    for _, edits in stages:
        text = apply(text, edits)
    if clean.furniture:
        stages = [*stages, ("furniture", explain_furniture(text))]
    return [(stage, edits) for stage, edits in stages if edits]


def explain_lines(lines: Iterable[bytes], clean: Clean, *, html: bool = False) -> Iterator[bytes]:
    """For each line `{"id", "text"}` a line `{"id", "edits"}`, personal values masked.

    An edit is `{"round", "stage", "rule", "start", "end", "before", "after"}`; places are code
    points of the text as the rounds before left it, and an edit that touches a personal value
    shows its mask alone. A line that is no such object gives `{"error", "line"}`.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            record = read_record(line.removeprefix(codecs.BOM_UTF8))
            answer = (
                {"error": record, "line": number}
                if isinstance(record, str)
                else _answer(record, clean, html)
            )
            yield orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)


def _answer(record: dict[str, Any], clean: Clean, html: bool) -> dict[str, Any]:
    name = record.get("id")
    text = record["text"].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    shown: list[dict[str, Any]] = []
    for number, (stage, edits) in enumerate(explain(text, clean, html=html), 1):
        after = apply(text, edits)
        shown += [{"round": number, "stage": stage, **row} for row in _rows(text, after, edits)]
        text = after
    return {"id": mask(name)[0] if isinstance(name, str) else name, "edits": shown}


def _rows(before: str, after: str, edits: list[Edit]) -> Iterator[dict[str, Any]]:
    old, new = detect(before, ALL_PII_KINDS), detect(after, ALL_PII_KINDS)
    shift = 0
    for edit in edits:
        start = edit.start + shift
        shift += len(edit.after) - (edit.end - edit.start)
        hidden = _touched(old, edit.start, edit.end) or _touched(
            new, start, start + len(edit.after)
        )
        yield {
            "rule": edit.rule,
            "start": edit.start,
            "end": edit.end,
            "before": hidden or _shown(before[edit.start : edit.end]),
            "after": hidden or _shown(edit.after),
        }


def _touched(spans: list[Span], start: int, end: int) -> str | None:
    """The mask of a value that an edit lies in or at; a whole page around one is shown masked."""
    for span in spans[bisect_left(spans, start, key=lambda span: span.end) :]:
        if span.start > end:
            break
        if end - start <= span.end - span.start:
            return mask_token(span.kind)
    return None


def _shown(text: str) -> str:
    return mask(text, ALL_PII_KINDS)[0][:SHOWN_CHARS]
