"""The edits of the clean step over a column of texts: HTML, mojibake, remnants, normal form."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from pipeline.text.decode import explain_mojibake, repair_batch
from pipeline.text.edits import EDIT_RULES, Edit, apply
from pipeline.text.html import extract
from pipeline.text.normal import explain_normal, normalise_batch
from pipeline.text.remnants import REMNANT_RULES, explain_remnants, strip_remnants

ALL_EDIT_RULES = {**EDIT_RULES, **REMNANT_RULES}
"""Every rule under which `edit_batch` counts, and what it means."""

Column = tuple[pa.StringArray, Counter[str]]
_Stage = Callable[[pa.StringArray], Column]


class Edited(NamedTuple):
    texts: pa.StringArray  # in normal form, as many as came in; null never
    failed: frozenset[int]  # rows on which a stage raised; their text is empty
    counts: Counter[str]  # by rule: edits for those of remnants, for all others documents


def edit_batch(
    texts: pa.StringArray, *, html: bool, remnants: bool, max_jamo_run: int, max_symbol_run: int
) -> Edited:
    """The texts of a column edited, stage after stage, each over the whole column.

    `html` extracts each text as a page; `remnants` cuts what markup is left. A stage that raises
    is tried again on halves of the column, down to the documents that make it fail.
    """
    stages: list[_Stage] = [
        repair_batch,
        partial(normalise_batch, max_jamo_run=max_jamo_run, max_symbol_run=max_symbol_run),
    ]
    if remnants:
        stages.insert(1, strip_remnants)
    if html:
        stages.insert(0, extract_batch)
    failed: set[int] = set()
    counts = Counter[str]()
    for stage in stages:
        texts, found = _run(stage, texts, 0, failed)
        counts.update(found)
    return Edited(texts, frozenset(failed), counts)


def explain_text(
    text: str, *, html: bool, remnants: bool, max_jamo_run: int, max_symbol_run: int
) -> list[tuple[str, list[Edit]]]:
    """(Stage, edits) in the order of `edit_batch`, of stages that change something.

    Each entry's edits are of the text that the entries before leave: applied one after the other
    they give what `edit_batch` gives. The stages are html, mojibake, remnants and normal, which has
    an entry for each of its rules' turns. Raises what a stage raises.
    """
    rounds: list[tuple[str, list[Edit]]] = []

    def take(stage: str, edits: list[Edit]) -> None:
        nonlocal text
        if edits:
            rounds.append((stage, edits))
            text = apply(text, edits)

    if html and (page := extract(text)) != text:
        take("html", [Edit("html", 0, len(text), page)])
    take("mojibake", explain_mojibake(text))
    if remnants:
        take("remnants", explain_remnants(text))
    limits = {"max_jamo_run": max_jamo_run, "max_symbol_run": max_symbol_run}
    for edits in explain_normal(text, **limits):
        take("normal", edits)
    return rounds


def extract_batch(texts: pa.StringArray) -> Column:
    """`extract` of every text, and how many it changed."""
    pages = texts.to_pylist()
    extracted = [extract(page or "") for page in pages]
    changed = sum(text != page for text, page in zip(extracted, pages, strict=True))
    return pa.array(extracted, pa.string()), Counter(html=changed) if changed else Counter()


def _run(stage: _Stage, texts: pa.StringArray, first: int, failed: set[int]) -> Column:
    """A stage over the rows from `first` on; those it raises on become empty and go to `failed`."""
    try:
        return stage(texts)
    except Exception:
        if len(texts) == 0:
            raise
        if len(texts) == 1:
            failed.add(first)
            return pa.array([""], texts.type), Counter()
    half = len(texts) // 2
    left, found = _run(stage, texts[:half], first, failed)
    right, more = _run(stage, texts[half:], first + half, failed)
    return pa.concat_arrays([left, right]), found + more
