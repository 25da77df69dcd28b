"""What the scripts of near-duplicate removal share: documents in, removals and their cost out.

Standard library only, for it runs in every peer's environment.
"""

import json
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Found(NamedTuple):
    """Removed ids in input order, the kept id that stands for each where there is one, the cost."""

    removed: list[str]
    witness: dict[str, str]
    cost: dict[str, float]


def cpu_seconds() -> float:
    """CPU time, user and system, of this process and its ended children so far."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def cost_since(started: float) -> dict[str, float]:
    """CPU seconds since `started` (of `cpu_seconds`) and the peak RSS so far, in MB of 10^6 bytes.

    The peak is that of the process or of its largest child, libraries and models included.
    """
    spent = cpu_seconds() - started
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"cpu_seconds": spent, "peak_mb": peak * _RSS_UNIT / 1e6}


def read_documents(path: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of each line of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            yield document["id"], document["text"]


def shingles(text: str, length: int = 5) -> list[str]:
    """Character n-grams of the text as it is, in order; a shorter text is one shingle."""
    return [text[i : i + length] for i in range(max(1, len(text) - length + 1))]


def clusters_to_witnesses(clusters: Iterable[tuple[str, Any]], kept: set[str]) -> dict[str, str]:
    """Witnesses of the removed of (id, cluster) pairs: each the kept member of its cluster."""
    pairs = list(clusters)
    stands = {cluster: document for document, cluster in pairs if document in kept}
    return {
        document: stands[cluster]
        for document, cluster in pairs
        if document not in kept and cluster in stands
    }


def main(package: str, remove: Callable[..., Found]) -> None:
    """Run `remove(documents, **settings)` as `SCRIPT DOCUMENTS.jsonl OUTPUT.json NAME SETTINGS`.

    SETTINGS is a JSON object. OUTPUT gets name, version, cpu_seconds, peak_mb, removed, witness.
    """
    documents, output, name, settings = sys.argv[1:]
    found = remove(Path(documents), **json.loads(settings))
    result = {
        "name": name,
        "version": f"{package} {version(package)}",
        **found.cost,
        "removed": found.removed,
        "witness": found.witness,
    }
    Path(output).write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
