"""What dedup decided about a document: its witness and where they differ, or whom it stands for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.records import PAIR
from pipeline.dedup.verify import shingle_sets, verify
from pipeline.explain.find import Place, places, stored
from pipeline.explain.passages import differences
from pipeline.explain.run import Run
from pipeline.explain.shown import Shown, masked_id
from pipeline.parquet import read_batches, read_row, read_table
from pipeline.settings import Dedup
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError

MEMBERS = 10
"""So many of the documents that a kept one stands for are named."""


def removed_copy(
    run: Run, place: Place, row: int | None, gone: Mapping[str, Any], text: str
) -> dict[str, Any]:
    """Why a document went: its witness, how alike they are, and where they differ.

    Args:
        row: its row in the clean shard, where that is there.
        gone: rule, duplicate_of and similarity.
        text: it, as it was cleaned.
    """
    dedup = run.recipe.dedup
    told: dict[str, Any] = {
        "decision": gone["rule"],
        "witness": masked_id(gone["duplicate_of"]),
        "similarity": gone["similarity"],
        "threshold": dedup.containment if gone["rule"] == "contained" else dedup.threshold,
    }
    witness = _witness(run, place, row, gone["duplicate_of"])
    if witness is None:
        return {**told, "note": "the witness's text is not there any more"}
    told |= {"witness_source": witness["source"], "witness_run": witness["run"]}
    ours, theirs = Shown(text), Shown(witness["text"])
    return {
        **told,
        "measured": similarities(text, witness["text"], dedup),
        "differences": differences(ours.whole, theirs.whole),
    }


def _witness(run: Run, place: Place, row: int | None, identity: str) -> dict[str, Any] | None:
    """`source`, `text` (as cleaned) and `run` (None: this one) of a witness; None where it is gone.

    Removal lists say where it lies; where they have been deleted it is looked for by its id.
    """
    if row is not None:
        drops = read_table(run.path(f"drops/{place.unit}.parquet"))
        drop = drops.filter(pc.equal(drops["row"], row)).to_pylist()[0]
        number = drop["witness_run"]
        root = run.root if number is None else run.recipe.dedup.against[number]
        where = Workspace(root).path("clean", f"part-{drop['witness_shard']:05d}.parquet")
        try:
            found = read_row(where, drop["witness_row"], ["source", "text"])
        except MalmoiError:  # the earlier run has been deleted
            return None
        return {**found, "run": None if number is None else root}
    try:
        kept = next((one for one in places(run, identity) if one.kept), None)
    except MalmoiError:
        return None
    return {**stored(run, kept), "run": None} if kept else None


def similarities(document: str, witness: str, dedup: Dedup) -> dict[str, float]:
    """Jaccard similarity of the shingles of `letters` and digits and of the texts as `written`, and
    which share of the document's is `held` by the witness."""
    pair = np.array([(0, 1)], PAIR)
    sets = shingle_sets(
        pa.array([document, witness], pa.string()), np.arange(2, dtype=np.uint64), dedup.shingle
    )
    anything = dedup.model_copy(update={"threshold": 0.0, "contained_shingles": 1})
    (edge,) = verify(pair, sets, sets, anything)
    return {
        "letters": float(edge["letters"]),
        "written": float(edge["written"]),
        "held": float(edge["a_in_b"]),
    }


def cluster(run: Run, unit: str, row: int) -> dict[str, Any]:
    """The copies that a kept document stands for: how many by rule, and some of them by id."""
    shard = int(unit.removeprefix("part-"))
    rules: dict[str, int] = {}
    members: list[dict[str, Any]] = []
    for name in run.files("dedup", "drops/part-"):
        columns = ["row", "rule", "witness_run", "witness_shard", "witness_row", "similarity"]
        for batch in read_batches(run.path(name), columns):
            own = pc.and_(
                pc.is_null(batch["witness_run"]),
                pc.and_(
                    pc.equal(batch["witness_shard"], shard), pc.equal(batch["witness_row"], row)
                ),
            )
            for drop in batch.filter(own).to_pylist():
                rules[drop["rule"]] = rules.get(drop["rule"], 0) + 1
                if len(members) < MEMBERS:
                    members.append(_member(run, name, drop))
    return {"rules": rules, "members": members}


def _member(run: Run, drops: str, drop: Mapping[str, Any]) -> dict[str, Any]:
    where = run.path("clean", drops.rpartition("/")[2])
    found = read_row(where, drop["row"], ["id", "source"])
    return {
        "id": masked_id(found["id"]),
        "source": found["source"],
        "rule": drop["rule"],
        "similarity": drop["similarity"],
    }


def dropped_lines(run: Run, place: Place, identity: str) -> list[dict[str, Any]]:
    """Boilerplate lines taken out of a document of `curated/`: {line, documents, text}."""
    where = f"removed/lines/{place.unit}.parquet"
    if where not in run.manifests["assemble"]["files"]:
        return []
    rows: list[dict[str, Any]] = []
    first = 0
    for batch in read_batches(run.path(where), ["id"]):
        own = np.flatnonzero(np.asarray(pc.equal(batch["id"], identity)))
        rows += [
            read_row(run.path(where), first + at, ["line", "documents", "text"])
            for at in own.tolist()
        ]
        first += batch.num_rows
    return [{**row, "text": Shown(row["text"]).beginning()} for row in rows]
