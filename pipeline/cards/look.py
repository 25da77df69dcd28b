"""A second look at text that is done: what the detectors still find in it, slurs, spam.

What is counted is a lower bound: a value or an insult that no detector and no list knows is not
seen. Nothing of the text leaves this module.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import storage
from pipeline.curated import chosen, curated, excerpts
from pipeline.kernels.features import measure
from pipeline.pii.detect import spans_batch
from pipeline.workspace import Workspace
from tokenizer.errors import CorruptFileError

SLURS = Path(__file__).parent / "slurs.txt"

Looked = dict[str, Any]


@lru_cache(maxsize=1)
def slurs() -> tuple[str, ...]:
    """The terms of slurs.txt, sorted."""
    lines = SLURS.read_text("utf-8").splitlines()
    return tuple(sorted({line for line in lines if line and not line.startswith("#")}))


def look(texts: Iterable[str], kinds: Collection[str]) -> Looked:
    """What is found in texts.

    {texts, bytes (UTF-8), values: {kind of personal data: values}, with_values, with_slurs,
    with_spam: texts}. `with_spam` counts texts of which the feature `spam_share` is over 0.
    """
    column = pa.array(texts, pa.string())
    rows, spans = spans_batch(column, kinds)
    values = Counter(span.kind for found in spans for span in found)
    spam = measure(column).field("spam_share")
    return {
        "texts": len(column),
        "bytes": pc.sum(pc.binary_length(column)).as_py() or 0,
        "values": dict(sorted(values.items())),
        "with_values": len(rows),
        "with_slurs": _count(pc.match_substring_regex(column, "|".join(map(re.escape, slurs())))),
        "with_spam": _count(pc.greater(spam, 0)),
    }


def look_at_corpus(workspace: Workspace, kinds: Collection[str]) -> dict[str, Looked] | None:
    """By source, what is found in the texts of `pipeline.curated.excerpts`: the same texts for
    the same shards, at most 16 MB. None where one of them is not there any more, or not whole: a
    report needs no more than manifests.
    """
    try:
        texts = excerpts(workspace.root, chosen(curated(workspace)))
    except CorruptFileError:
        return None
    return {source: look(some, kinds) for source, some in sorted(texts.items())}


def look_at_samples(workspace: Workspace, kinds: Collection[str]) -> Looked | None:
    """What is found in the texts that the model wrote while it was trained; None without any."""
    where = workspace.path("checkpoints", "samples.jsonl")
    if not storage.exists(where):
        return None
    lines = storage.read_bytes(where).splitlines()
    return look([orjson.loads(line)["text"] for line in lines], kinds) if lines else None


def total(parts: Iterable[Mapping[str, Any]]) -> Looked:
    """The sum of looks."""
    numbers, values = Counter[str](), Counter[str]()
    for part in parts:
        values.update(part["values"])
        numbers.update({name: n for name, n in part.items() if name != "values"})
    names = ("texts", "bytes", "with_values", "with_slurs", "with_spam")
    return {**{name: numbers[name] for name in names}, "values": dict(sorted(values.items()))}


def _count(mask: pa.BooleanArray) -> int:
    return pc.sum(mask).as_py() or 0
