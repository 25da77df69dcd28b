"""Imported by the process that workers are forked from, so that each finds all of it ready.

Loading the compiled kernels and the tables of the normal form takes longer than the work on a
small corpus. Here one document goes through the clean step once, while the command itself still
imports Beam; a worker shares what that left behind. No threads may run when it is forked: nothing
here starts one.
"""

import pyarrow as pa

import pipeline.assemble
import pipeline.tokenize  # noqa: F401
from pipeline.clean import CleanWork, Stages
from pipeline.documents import RAW
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.read import Read
from pipeline.sources.units import WorkUnit

_TEXT = "말모이는 낱말을 모은다는 뜻이다.\n문의는 02-123-4567, 또는 people@example.com 으로 한다."


def _clean_one() -> None:
    source = Source(name="warm", paths=["warm"])
    work = CleanWork(WorkUnit(0, source.name, ()), source, Clean(), Pii(), Dedup())
    documents = pa.RecordBatch.from_pylist([{"text": _TEXT}], schema=RAW)
    Stages(work).treat(Read(documents, []))


_clean_one()
