"""Which benchmark items a document holds, and where."""

from typing import Any

import pyarrow as pa

from pipeline import storage
from pipeline.clean_batch import Screen
from pipeline.decontaminate import (
    Hits,
    Index,
    benchmark_files,
    build_index,
    decontaminate,
    find,
    read_items,
)
from pipeline.decontaminate.cut import stretches
from pipeline.explain.passages import differences
from pipeline.explain.run import Run
from pipeline.explain.shown import SHOWN_CHARS, Shown, masked_id
from pipeline.recipe import Recipe
from pipeline.steps import INDEX

CHEAP_BYTES = 64_000_000
"""Benchmark files up to this size, as they are stored, are indexed for one text."""
MOST = 20
"""So many items are told, and so many passages of one."""


def screen_of(run: Run) -> Screen | None:
    """The benchmarks the run compared its documents with; None without any."""
    where = run.path(INDEX)
    if not run.recipe.decontaminate.enabled or not storage.exists(where):
        return None
    return Screen(Index.load(where), run.recipe.decontaminate)


def screen_for(recipe: Recipe) -> tuple[Screen | None, str | None]:
    """The benchmarks of a recipe, indexed here, or None; and why not where it names some."""
    asked = recipe.decontaminate
    if not asked.enabled:
        return None, None
    size = sum(file.size for one in asked.benchmarks for file in benchmark_files(one))
    if size > CHEAP_BYTES:
        return None, (
            f"not compared with benchmarks: their files have {size / 1e6:,.0f} MB; in a run they "
            "are indexed once"
        )
    return Screen(build_index(read_items(asked.benchmarks), asked), asked), None


def overlap(text: str, screen: Screen) -> dict[str, Any]:
    """What of `text`, as rules judged it, benchmark items cover, and what became of it.

    `items`: rows {item: `benchmark:item`, part, overlap, threshold, passages, equal: other items
    with the same text}, the greatest overlap first. `cut`: the lines taken out, where
    the recipe asks for that and something is left.
    """
    index, column = screen.index, pa.array([text], pa.string())
    hits = find(column, index)
    shown = Shown(text)
    rows: dict[int, dict[str, Any]] = {}
    for place in sorted(range(len(hits.row)), key=lambda at: -hits.overlap[at]):
        probe = int(hits.probe[place])
        if probe in rows:
            continue
        first, *others = (
            f"{index.benchmark_of(item)}:{masked_id(index.item_names[item])}"
            for item in index.items_of(probe).tolist()
        )
        part = index.part_of(probe)
        own = hits.probe == probe
        found = stretches(text, Hits(*(column[own] for column in hits)), index)
        rows[probe] = {
            "item": first,
            "part": part,
            "overlap": float(hits.overlap[place]),
            "threshold": index.thresholds[part],
            "passages": [_passage(shown, start, end) for start, end in found[:MOST]],
            "equal": others[:MOST],
        }
    after = decontaminate(column, index, screen.settings)
    cut = len(after.cut) > 0
    return {
        "action": screen.settings.action,
        "removed": len(after.rows) > 0,
        "items_found": len(rows),
        "items": list(rows.values())[:MOST],
        "cut": differences(shown.whole, Shown(after.texts[0].as_py()).whole) if cut else None,
    }


def _passage(shown: Shown, start: int, end: int) -> dict[str, Any]:
    cut = end - start > SHOWN_CHARS
    text = shown.part(start, start + SHOWN_CHARS) + "…" if cut else shown.part(start, end)
    return {"start": start, "end": end, "text": text}


def text_after(text: str, screen: Screen | None) -> str:
    """The text with what the recipe cuts out of it, not masked."""
    if screen is None:
        return text
    column = pa.array([text], pa.string())
    return str(decontaminate(column, screen.index, screen.settings).texts[0].as_py())
