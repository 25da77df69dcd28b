"""What the clean step decided about a document, from its text and its features."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.clean_batch import Screen
from pipeline.explain.edits import Stages, edit_rows
from pipeline.explain.overlap import overlap
from pipeline.explain.rules import model_rows, rule_rows
from pipeline.explain.shown import Shown
from pipeline.pii.detect import detect
from pipeline.recipe import Recipe
from pipeline.settings import Pii, Source
from tokenizer.errors import MalmoiError
from tokenizer.special import ALL_PII_KINDS, mask_token

EDITS_EACH = 10
"""Edits of one rule that are shown."""
SURROUNDINGS = 50
"""Personal values whose surroundings are shown."""
BEFORE_RULES = ("crashed", "stage_failed", "empty_text")
"""Reasons of the clean step that come before any rule."""


class Known(NamedTuple):
    """What is known of a document when its rules are asked."""

    text: str  # as they judged it; where `masked`, with its values replaced
    features: pa.StructArray
    of: str  # what the features are of
    masked: bool


def edits_told(raw: str, stages: Stages | None) -> dict[str, Any]:
    """`count`, `by_rule`, and `shown`: rows of `edits.edit_rows`, the first of each rule."""
    if stages is None:
        return {"note": "a stage failed on this text, so the document was removed"}
    by_rule = Counter(edit.rule for _, edits in stages for edit in edits)
    return {
        "count": by_rule.total(),
        "by_rule": dict(by_rule.most_common()),
        "shown": edit_rows(raw, stages, EDITS_EACH),
    }


def rules_told(known: Known, source: Source, recipe: Recipe, removed: str | None) -> dict[str, Any]:
    """Every rule of the source's profile; `removed`: the clean step's own reason, or None."""
    rules = recipe.clean.rules(source.profile)
    rows = rule_rows(known.features, rules)
    decided = next((row["rule"] for row in rows if row["decided"]), None)
    told = {
        "profile": source.profile,
        "features_of": known.of,
        "decided": decided,
        "rows": rows,
        "features": known.features.to_pylist()[0],
    }
    if decided != (removed if removed in rules else None):
        told["note"] = (
            f"the run says {removed or 'kept'}: the recipe has changed since, or these are not "
            "the features it had"
        )
    return told


def models_told(known: Known, recipe: Recipe) -> list[dict[str, Any]] | dict[str, Any]:
    """What the user's models said, or why that is not known."""
    if known.masked:
        return {"note": "models judge the text before masking, which is not stored"}
    try:
        return model_rows(known.text, recipe.clean.models)
    except MalmoiError as error:
        return {"note": str(error)}


def benchmarks_told(
    known: Known, screen: Screen | None, recipe: Recipe, outcome: Mapping[str, Any]
) -> dict[str, Any]:
    """The benchmark items in the document, as `overlap` tells them."""
    if not recipe.decontaminate.enabled:
        return {"note": "the recipe names no benchmarks"}
    stored = (
        {"removed_for": outcome["duplicate_of"], "overlap": outcome["value"]}
        if outcome.get("rule") == "contaminated"
        else {}
    )
    if screen is None:
        return {**stored, "note": "no index of benchmarks is there"}
    told = {**stored, **overlap(known.text, screen)}
    if known.masked:
        told["note"] = "of the text as it is stored: masked, and without what was cut out"
    return told


def personal_told(text: str, pii: Pii) -> dict[str, Any]:
    """Personal values of a text before masking: `by_kind`; `shown`, rows {kind, token, around}.

    The surroundings are masked too, by every kind there is.
    """
    spans = detect(text, pii.kinds) if pii.enabled else []
    shown = Shown(text)
    return {
        "masked": pii.enabled,
        "by_kind": dict(Counter(span.kind for span in spans).most_common()),
        "shown": [
            {
                "kind": span.kind,
                "token": mask_token(pii.masks.get(span.kind, span.kind)),
                "around": shown.around(span.start, span.end),
            }
            for span in spans[:SURROUNDINGS]
        ],
    }


def masks_told(text: str, pii: Pii) -> dict[str, Any]:
    """The same of a text that has been masked: what stands there now are the tokens."""
    shown = Shown(text)
    found: list[tuple[int, str]] = []
    for kind in ALL_PII_KINDS if pii.enabled else ():
        token, at = mask_token(kind), -1
        while (at := text.find(token, at + 1)) >= 0:
            found.append((at, kind))
    found.sort()
    return {
        "masked": pii.enabled,
        "by_kind": dict(Counter(kind for _, kind in found).most_common()),
        "shown": [
            {
                "kind": kind,
                "token": mask_token(kind),
                "around": shown.around(at, at + len(mask_token(kind))),
            }
            for at, kind in found[:SURROUNDINGS]
        ],
    }
