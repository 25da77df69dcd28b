"""All that was decided about a document, in order: of a run's by its id, or of a text at hand."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.clean_batch import Screen
from pipeline.explain import clean as told
from pipeline.explain.clean import BEFORE_RULES, Known
from pipeline.explain.copies import cluster, dropped_lines, removed_copy
from pipeline.explain.find import Place, clean_row, cleaned, places, stored
from pipeline.explain.overlap import screen_for, screen_of, text_after
from pipeline.explain.raw import records
from pipeline.explain.run import Run
from pipeline.explain.shown import Shown, masked_id
from pipeline.explain.stages import Gone, go, record_of
from pipeline.explain.tokens import tokens
from pipeline.kernels.features import FEATURE_TYPE, measure
from pipeline.recipe import Recipe
from pipeline.settings import Source
from pipeline.sources.records import Failed, too_large
from pipeline.sources.text import document as decoded
from pipeline.text.html import declared_charset
from tokenizer.errors import MalmoiError

MOST = 5
"""So many documents of one id are told."""

_SAME_TEXT = "the record was read again; the clean step does with it what it did in the run"
_OTHER = (
    "the record was read again, and the clean step now does something else with it: the source, "
    "the recipe or Malmoi has changed since the run. What follows is of what the run stored"
)


def explain_id(run: Run, identity: str, source: str | None = None) -> dict[str, Any]:
    """`{"run", "id", "matches", "documents"}`: every document of the id, those kept first.

    Of more than `MOST` the first ones. Texts are masked. Raises MalmoiError as `find.places` does.
    """
    found = places(run, identity, source)
    screen = screen_of(run)
    return {
        "run": run.root,
        "id": masked_id(identity),
        "matches": len(found),
        "documents": [_document(run, place, screen) for place in found[:MOST]],
    }


def explain_text(content: bytes, name: str, recipe: Recipe, source: Source) -> dict[str, Any]:
    """The same of a text that is in no run: `content` as a file of the source would hold it.

    It goes through the clean step; copies are not looked for.
    """
    limit = recipe.clean.max_document_bytes
    declared = declared_charset(content) if source.is_html else None
    record = (
        too_large(name, content, len(content), limit)
        if len(content) > limit
        else decoded(content, name, source.encoding, declared)
    )
    answer = {"recipe": recipe.name, "id": None, "matches": 1}
    if isinstance(record, Failed):
        row = {"step": "read", **record._asdict(), "source": source.name}
        return {**answer, "documents": [{**_head(row, None), "read": _read(row, None, None)}]}
    screen, why = screen_for(recipe)
    gone = go(record_of(record.text, name), source, recipe.clean, recipe.pii, screen)
    row = {"source": source.name, "step": None, "rule": None, **gone.outcome}
    row["id"] = None  # the file has none, and a derived one would be of this text alone
    document = {
        **_head(row, None),
        "read": _read(row, gone, None),
        **_clean(row, gone, None, source, recipe, screen),
        "copies": {"note": "copies are looked for in a run alone"},
        "text": Shown(row["text"]).beginning(),
    }
    if why:
        document["benchmarks"] = {"note": why}
    return {**answer, "documents": [document]}


def _document(run: Run, place: Place, screen: Screen | None) -> dict[str, Any]:
    row = stored(run, place)
    at = clean_row(run, place)
    shard = cleaned(run, place, at, row["id"]) if at is not None else None
    gone, why = _again(run, place, row, shard)
    source = run.source(place.source)
    document = {**_head(row, place), "read": _read(row, gone, why, place.unit)}
    if row.get("step") == "read":
        return {**document, "text": Shown(row["text"] or "").beginning()}
    return {
        **document,
        **_clean(row, gone, shard, source, run.recipe, screen),
        "copies": _copies(run, place, row, at, shard),
        **_kept(run, place, row),
        "text": Shown(row["text"]).beginning(),
    }


def _head(row: Mapping[str, Any], place: Place | None) -> dict[str, Any]:
    removed = row.get("rule") is not None
    return {
        "id": masked_id(row["id"]),
        "source": row["source"],
        "kept": not removed,
        "step": row.get("step"),
        "rule": row.get("rule"),
        "value": row.get("value"),
        "threshold": row.get("threshold"),
        "file": place and place.file,
        "row": place and place.row,
    }


def _again(
    run: Run, place: Place, row: Mapping[str, Any], shard: Mapping[str, Any] | None
) -> tuple[Gone | None, str]:
    """The document's way through the clean step again, if that ends where it ended; and a word."""
    if row.get("step") == "read":
        return None, "it is no document"
    if row.get("rule") == "crashed":
        return None, "not read again: the process that did so ended over it"
    recipe, source = run.recipe, run.source(place.source)
    by_clean = row.get("step") == "clean"
    wanted = row if by_clean or shard is None else shard
    tried = False
    try:
        screen = screen_of(run)
        for record in records(run, place, row["id"], row.get("place")):
            gone = go(record, source, recipe.clean, recipe.pii, screen)
            tried = True
            same_end = gone.kept != by_clean and gone.outcome.get("rule") == (
                row["rule"] if by_clean else None
            )
            if same_end and gone.outcome["text"] == wanted["text"]:
                return gone, _SAME_TEXT
    except (MalmoiError, OSError) as error:
        return None, f"the record was not read again: {error}"
    return None, _OTHER if tried else "its record is not in the source's files any more"


def _read(
    row: Mapping[str, Any], gone: Gone | None, why: str | None, unit: str | None = None
) -> dict[str, Any]:
    return {
        "place": masked_id(gone.place if gone else row.get("place")),
        "unit": unit,
        "again": gone is not None,
        "note": why,
        "chars": len(gone.raw) if gone else None,
        "bytes": len(gone.raw.encode()) if gone else None,
        "rule": row.get("rule") if row.get("step") == "read" else None,
    }


def _clean(
    row: Mapping[str, Any],
    gone: Gone | None,
    shard: Mapping[str, Any] | None,
    source: Source,
    recipe: Recipe,
    screen: Screen | None,
) -> dict[str, Any]:
    """The sections of the clean step."""
    edits = told.edits_told(gone.raw, gone.edits) if gone else {"note": "the record is not there"}
    removed = row.get("rule") if row.get("step") == "clean" else None
    if removed in BEFORE_RULES:
        return {"edits": edits, "rules": {"note": f"not asked: {removed} comes before them"}}
    known = _known(row, gone, shard)
    rules = told.rules_told(known, source, recipe, removed)
    answer: dict[str, Any] = {"edits": edits, "rules": rules}
    if removed in recipe.clean.rules(source.profile):
        return {**answer, "personal": _personal(known, recipe, None)}
    if recipe.clean.models:
        answer["models"] = told.models_told(known, recipe)
        if removed in [model.name for model in recipe.clean.models]:
            return {**answer, "personal": _personal(known, recipe, None)}
    answer["benchmarks"] = told.benchmarks_told(known, screen, recipe, row)
    return {**answer, "personal": _personal(known, recipe, screen)}


def _personal(known: Known, recipe: Recipe, screen: Screen | None) -> dict[str, Any]:
    if known.masked:
        return told.masks_told(known.text, recipe.pii)
    return told.personal_told(text_after(known.text, screen), recipe.pii)


def _known(row: Mapping[str, Any], gone: Gone | None, shard: Mapping[str, Any] | None) -> Known:
    text = gone.text if gone else (shard or row)["text"]
    if shard:
        features = pa.array([shard["features"]], FEATURE_TYPE)
        return Known(text, features, "the clean step, stored", gone is None)
    if gone:
        return Known(text, gone.features, "the record, measured again", False)
    features = measure(pa.array([text], pa.string()))
    return Known(text, features, "the masked text that is stored, measured again", True)


def _copies(
    run: Run,
    place: Place,
    row: Mapping[str, Any],
    at: int | None,
    shard: Mapping[str, Any] | None,
) -> dict[str, Any]:
    if row.get("step") == "clean":
        return {"note": "not looked for: it was removed before"}
    if not run.recipe.dedup.enabled:
        return {"note": "the recipe does not look for copies"}
    if row.get("step") == "dedup":
        return removed_copy(run, place, at, row, (shard or row)["text"])
    if not place.file.startswith("curated/"):
        return {"note": "step 'dedup' or 'assemble' is not done; run `malmoi curate`"}
    answer: dict[str, Any] = {"decision": "kept", "cluster_size": row["cluster_size"]}
    if row["cluster_size"] > 1 and at is not None:
        answer |= cluster(run, place.unit, at)
    return answer


def _kept(run: Run, place: Place, row: Mapping[str, Any]) -> dict[str, Any]:
    """What comes after dedup, of a document that is in `curated/`."""
    if not place.file.startswith("curated/"):
        return {}
    answer: dict[str, Any] = {"lines": dropped_lines(run, place, row["id"])}
    if "tokenizer" in run.manifests:
        return {**answer, "tokens": tokens(run, row["id"], row["text"])}
    return {**answer, "tokens": {"note": "the run has no tokenizer yet"}}
