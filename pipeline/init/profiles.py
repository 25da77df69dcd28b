"""Which profile fits a source, and what it would remove of some documents."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.clean_batch import clean_batch
from pipeline.kernels.features import measure
from pipeline.settings import Clean, Pii, Source
from pipeline.sources.read import read_file
from pipeline.sources.records import raw_batch
from pipeline.storage import FileInfo

MOST = 40  # documents of a file
_BYTES = 4_000_000
_SHORT = 100  # characters
_LAW = re.compile(r"제\s?\d+조|판결|피고인|원고|상고|법률 제\d+호")
_LITERATURE = re.compile(r"소설|문학|시집|성경|novel|fiction|poem|literat|bible", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """What was seen of a source's documents."""

    documents: int
    failed: Counter[str]  # records that gave none, by rule
    characters: float  # a document, on average
    hangul: float  # share of the characters that are not white space
    profile: str
    removed: Counter[str]  # by the profile's rules


def judge(source: Source, files: Sequence[FileInfo]) -> Judged:
    """Read the first documents of some files of a source, guess the profile and try it on them."""
    batches, failed = [], Counter[str]()
    for file in files:
        batch, rules = _first(file, source)
        batches.append(batch)
        failed += rules
    documents = pa.concat_batches(batches)
    if not documents.num_rows:
        return Judged(0, failed, 0.0, 0.0, "korean", Counter())
    texts = documents["text"]
    if source.is_html:
        texts = _extracted(documents, source)
    profile = _guess(texts, source)
    chosen = source.model_copy(update={"profile": profile})
    removed = clean_batch(documents, chosen, Clean(), Pii()).removed["rule"].to_pylist()
    features = measure(texts)
    return Judged(
        documents.num_rows,
        failed,
        _mean(features, "n_chars"),
        _mean(features, "hangul_share"),
        profile,
        Counter(removed),
    )


def _first(file: FileInfo, source: Source) -> tuple[pa.RecordBatch, Counter[str]]:
    """The first documents of a file, and the rules of records that are none."""
    clean = Clean(max_document_bytes=_BYTES)
    batches, failed, rows = [raw_batch([])], Counter[str](), 0
    for block in read_file(file, None, source, clean):
        batches.append(block.documents.slice(0, MOST - rows))
        rows += batches[-1].num_rows
        failed.update(each.rule for each in block.failed[:MOST])
        if rows >= MOST or failed.total() >= MOST:
            break
    return pa.concat_batches(batches), failed


def _extracted(documents: pa.RecordBatch, source: Source) -> pa.Array:
    unjudged = source.model_copy(update={"profile": "none"})
    return clean_batch(documents, unjudged, Clean(), Pii()).kept["text"]


def _guess(texts: pa.Array, source: Source) -> str:
    """short, law, technical, literature, or korean: by length, words and scripts of the texts."""
    features = measure(texts)
    if not len(texts):
        return "korean"
    if float(np.median(features.field("n_chars"))) < _SHORT:
        return "short"
    legal = sum(len(_LAW.findall(text)) > 3 for text in texts.to_pylist())
    if legal * 3 > len(texts):
        return "law"
    if _mean(features, "latin_share") > 0.15:
        return "technical"
    named = any(_LITERATURE.search(path) for path in [*source.paths, source.name])
    if named or _mean(features, "han_share") > 0.1:
        return "literature"
    return "korean"


def _mean(features: pa.StructArray, name: str) -> float:
    return float(pc.mean(features.field(name)).as_py() or 0)
