"""Where the documents of an id lie. Of the files only the column of ids is read, then one row."""

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.explain.run import Run
from pipeline.explain.shown import masked_id
from pipeline.parquet import read_batches, read_row, read_table
from tokenizer.errors import MalmoiError

NEAR = 3
"""So many ids of near spelling are named where there is none of the one asked for."""
_CANDIDATES = 2_000
_FOLDERS = {
    "assemble": ("curated/", "removed/part-"),
    "clean": ("clean/part-", "clean/removed/"),
}
"""A step's files with a row for each document that came in; the first step that is done serves."""


class Place(NamedTuple):
    """A row of a file of the run."""

    file: str  # from the run directory
    row: int
    unit: str  # part-00003
    source: str

    @property
    def kept(self) -> bool:
        return self.file.startswith(("curated/", "clean/part-"))


class _Ids(NamedTuple):
    """Consecutive ids of a file, from row `first` on."""

    file: str
    unit: str
    source: str
    first: int
    ids: pa.StringArray


def places(run: Run, identity: str, source: str | None = None) -> list[Place]:
    """Every row with the id, those that are kept first.

    Raises MalmoiError where there is none (with ids of near spelling, or what ids look like), for a
    source that the run has not, and where nothing is done yet.
    """
    found: list[Place] = []
    near: dict[str, str] = {}
    look: dict[str, str] = {}
    count = 0
    half = len(identity) // 2
    for part in _ids(run, source):
        count += len(part.ids) - part.ids.null_count
        rows = np.flatnonzero(pc.fill_null(pc.equal(part.ids, identity), False))
        found += [
            Place(part.file, part.first + row, part.unit, part.source) for row in rows.tolist()
        ]
        if part.source not in look and count:
            look[part.source] = next((one.as_py() for one in part.ids if one.is_valid), "")
        if not found and len(near) < _CANDIDATES and half:
            alike = pc.or_(
                pc.starts_with(part.ids, identity[:half]), pc.ends_with(part.ids, identity[half:])
            )
            alike = part.ids.filter(pc.fill_null(alike, False))
            near |= dict.fromkeys(alike[:_CANDIDATES].to_pylist(), part.source)
    if not found:
        raise _unknown(run, identity, source, count, near, look)
    return sorted(found, key=lambda place: not place.kept)


def _ids(run: Run, source: str | None) -> Iterator[_Ids]:
    if source is not None and source not in run.units.values():
        names = ", ".join(dict.fromkeys(run.units.values()))
        raise MalmoiError(f"{run.root}: no source is named '{source}'; there are {names}")
    for file in _searched(run):
        unit = unit_of(run, file)
        if source in (None, run.units[unit]):
            first = 0
            for batch in read_batches(run.path(file), ["id"]):
                yield _Ids(file, unit, run.units[unit], first, batch["id"])
                first += batch.num_rows


def _searched(run: Run) -> list[str]:
    """The files that have a row for each document."""
    step = next((step for step in _FOLDERS if step in run.manifests), None)
    if step is None:
        run.require("clean")
    return [file for prefix in _FOLDERS[step or "clean"] for file in run.files(step or "", prefix)]


def unit_of(run: Run, file: str) -> str:
    """The unit whose documents a file has."""
    name = file.rpartition("/")[2].removesuffix(".parquet")
    return run.curated[name] if file.startswith("curated/") else name


def _unknown(
    run: Run,
    identity: str,
    source: str | None,
    count: int,
    near: dict[str, str],
    look: dict[str, str],
) -> MalmoiError:
    close = difflib.get_close_matches(identity, near, n=NEAR)
    if close:
        hint = "near it are " + ", ".join(f"{masked_id(one)} ({near[one]})" for one in close)
    else:
        some = list(look.items())[:NEAR]
        hint = "ids look like " + ", ".join(f"{masked_id(one)} ({name})" for name, one in some)
    folders = " and ".join(dict.fromkeys(file.rpartition("/")[0] + "/" for file in _searched(run)))
    asked = masked_id(identity)
    derived = (
        "; an id that holds a personal value is replaced by a derived one of 32 hex digits"
        if asked != identity
        else ""
    )
    return MalmoiError(
        f"{run.root}: no document of {source or 'any source'} has the id '{asked}'; looked through "
        f"{count:,} ids in {folders}{derived}; {hint if count else 'there are no documents'}. "
        "Records that could not be read have no id"
    )


def stored(run: Run, place: Place) -> dict[str, Any]:
    """The row, without its features."""
    row = read_row(run.path(place.file), place.row)
    row.pop("features", None)
    return row


def clean_row(run: Run, place: Place) -> int | None:
    """The document's row in its unit's clean shard; None where cleaning removed it or it is gone.

    Rows that are kept follow each other in `curated/` as in `clean/`; those that are not stand
    behind what cleaning removed.
    """
    if "clean" not in run.manifests or place.file.startswith("clean/removed/"):
        return None
    if place.file.startswith("clean/"):
        return place.row
    dropped = dropped_rows(run, place.unit)
    if place.kept:
        count = run.rows("clean", f"clean/{place.unit}.parquet")
        return int(np.setdiff1d(np.arange(count), dropped)[place.row])
    behind = place.row - run.rows("clean", f"clean/removed/{place.unit}.parquet")
    return int(dropped[behind]) if 0 <= behind < len(dropped) else None


def dropped_rows(run: Run, unit: str) -> np.ndarray:
    """int32, ascending: the rows of a clean shard that dedup removed."""
    if not run.deduplicated:
        return np.zeros(0, np.int32)
    return np.asarray(read_table(run.path(f"drops/{unit}.parquet"), ["row"])["row"])


def cleaned(run: Run, place: Place, row: int, identity: str | None) -> dict[str, Any]:
    """The document in its clean shard, with its features.

    MalmoiError where another document stands there: `curated/` is of an earlier clean step.
    """
    where = f"clean/{place.unit}.parquet"
    try:
        found = read_row(run.path(where), row)
    except IndexError:
        found = {"id": None}
    if found["id"] != identity:
        raise MalmoiError(
            f"{run.path(place.file)}: row {place.row} is not of the documents that {where} has "
            "now; the run is not done: run `malmoi curate` on it again"
        )
    return found
