"""The record a document came from, read from its source again."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.documents import derived_id
from pipeline.explain.find import Place
from pipeline.explain.run import Run
from pipeline.sources.read import read_file
from pipeline.sources.units import WorkUnit, place, plan_units
from tokenizer.errors import MalmoiError


def records(run: Run, where: Place, identity: str, at: str | None) -> Iterator[pa.RecordBatch]:
    """The records with that id in the files of the document's unit, each a batch of one row.

    Args:
        at: its `place`, where that is stored.

    Raises MalmoiError where the source's files are gone or not those that the run had.
    """
    source = run.source(where.source)
    unit = _unit(run, where)
    for file in unit.files:
        name = place(file.uri, source)
        if at is not None and not at.startswith(name):
            continue
        for block in read_file(file, unit.split, source, run.recipe.clean):
            documents = block.documents
            for row in _rows(documents, source.name, identity, at):
                yield documents.slice(row, 1)


def _unit(run: Run, where: Place) -> WorkUnit:
    """The work unit: it is as far on in the plan of its source as in the run's units of it."""
    source = run.source(where.source)
    planned = plan_units([source], "", run.recipe.clean.unit_bytes)
    own = [unit for unit, name in run.units.items() if name == where.source]
    if len(own) != len(planned):
        raise MalmoiError(
            f"source '{where.source}' makes {len(planned)} units now and made {len(own)}: its "
            "files are not those of the run"
        )
    return planned[own.index(where.unit)]


def _rows(documents: pa.RecordBatch, source: str, identity: str, at: str | None) -> list[int]:
    """Rows with that id, their own or the one that is derived from their text, at that place."""
    here = np.ones(documents.num_rows, bool)
    if at is not None:
        here = np.asarray(pc.fill_null(pc.equal(documents["place"], at), False))
    own = np.asarray(pc.fill_null(pc.equal(documents["id"], identity), False))
    rows: list[int] = np.flatnonzero(here & own).tolist()
    if len(identity) == 32 and not set(identity) - set("0123456789abcdef"):
        rows += [
            row
            for row in np.flatnonzero(here & ~own).tolist()
            if derived_id(source, documents["text"][row].as_py()) == identity
        ]
    return sorted(rows)
