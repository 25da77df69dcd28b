"""What the clean step would change in a text, edit by edit: what `malmoi edits` prints."""

import codecs
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from pipeline.explain.shown import Shown, masked_id, veiled
from pipeline.pii.scrub import read_record
from pipeline.settings import Clean
from pipeline.text.edit import explain_text
from pipeline.text.edits import Edit, apply
from pipeline.text.furniture import explain_furniture
from tokenizer.special import mask_token

Stages = list[tuple[str, list[Edit]]]


def explain(text: str, clean: Clean, *, html: bool) -> Stages:
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
    text = edited(text, stages)
    if clean.furniture:
        stages = [*stages, ("furniture", explain_furniture(text))]
    return [(stage, edits) for stage, edits in stages if edits]


def edited(text: str, stages: Stages) -> str:
    """The text with all edits of `explain` made."""
    for _, edits in stages:
        text = apply(text, edits)
    return text


def explain_lines(lines: Iterable[bytes], clean: Clean, *, html: bool = False) -> Iterator[bytes]:
    """For each line `{"id", "text"}` a line `{"id", "edits"}`, personal values masked.

    The edits are those of `edit_rows`. A line that is no such object gives `{"error", "line"}`.
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
    rows = edit_rows(text, explain(text, clean, html=html))
    return {"id": masked_id(name) if isinstance(name, str) else name, "edits": rows}


def edit_rows(text: str, stages: Stages, most: int | None = None) -> list[dict[str, Any]]:
    """Edits as they are shown: `{"round", "stage", "rule", "start", "end", "before", "after"}`.

    Places are code points of the text as the rounds before left it. An edit that touches a personal
    value, of the text before or after it, shows its mask alone. `most`: rows of each rule.
    """
    rows: list[dict[str, Any]] = []
    seen = Counter[str]()
    before = Shown(text)
    for number, (stage, edits) in enumerate(stages, 1):
        after = Shown(apply(before.text, edits))
        shift = 0
        for edit in edits:
            start = edit.start + shift
            shift += len(edit.after) - (edit.end - edit.start)
            seen[edit.rule] += 1
            if most is None or seen[edit.rule] <= most:
                told = {"round": number, "stage": stage, "rule": edit.rule}
                place = {"start": edit.start, "end": edit.end}
                rows.append({**told, **place, **_sides(before, after, edit, start)})
        before = after
    sides = [(row, side) for row in rows for side in ("before", "after")]
    texts = veiled([row[side] for row, side in sides])
    for (row, side), shown in zip(sides, texts, strict=True):
        row[side] = shown
    return rows


def _sides(before: Shown, after: Shown, edit: Edit, start: int) -> dict[str, str]:
    """What stood at an edit and what stands there now, masked; or the masks alone.

    A whole page around values is shown with masks in it, unless one side has values that the other
    has not: they are there, in a form that is not known for one.
    """
    end = start + len(edit.after)
    old, new = before.touching(edit.start, edit.end), after.touching(start, end)
    larger = [
        span
        for spans, size in ((old, edit.end - edit.start), (new, end - start))
        for span in spans
        if size <= span.end - span.start
    ]
    if larger:
        token = mask_token(larger[0].kind)
        return {"before": token, "after": token}
    sides = {"before": before.part(edit.start, edit.end), "after": after.part(start, end)}
    values = [Counter(span.kind for span in spans) for spans in (old, new)]
    if edit.end > edit.start and edit.after and values[0] != values[1]:
        poorer = "before" if values[0].total() < values[1].total() else "after"
        kinds = sorted({*values[0], *values[1]})
        sides[poorer] = " ".join(map(mask_token, kinds))
    return sides
