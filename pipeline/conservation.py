"""Nothing disappears between two steps: what one gives out, the next one takes in.

Counts are told by the workers that did the units; rows are what the files hold. A step's manifest
is written only when they agree with each other and with the manifests of the steps before it. No
engine is asked, so this holds on every one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tokenizer.errors import MalmoiError

Manifest = Mapping[str, Any]
Sum = tuple[str, int, int]
"""What is counted, how many documents it should be, and how many it is."""

BEFORE = {"dedup": "clean", "assemble": "clean", "tokenize": "assemble"}
"""The step whose kept documents a step takes in, source by source."""

KEPT = {
    "clean": ("clean/part-", "signatures/", "line_hashes/"),
    "assemble": ("curated/",),
}
"""Files with a row for each document that the step keeps."""

REMOVED = {
    "clean": ("clean/removed/",),
    "dedup": ("drops/part-",),
    "assemble": ("removed/part-",),
}
"""Files with a row for each document that it removes; assemble's hold those of clean too."""


def check(step: str, manifest: Manifest, of: Callable[[str], Manifest | None]) -> None:
    """Raise MalmoiError where the documents of a step do not add up.

    Args:
        step: the step that has been done.
        manifest: what is to become its manifest.
        of: gives the manifest of another step, None where that is not done.
    """
    before = of(BEFORE[step]) if step in BEFORE else None
    decided = of("dedup") if step == "assemble" and manifest["settings"]["deduplicated"] else None
    for what, expected, found in (
        *_within(manifest),
        *(_between(BEFORE[step], before, manifest) if before else ()),
        *_in_files(step, manifest, before),
        *_decided(decided, manifest),
    ):
        if expected != found:
            raise MalmoiError(
                f"step '{step}': {what}: there should be {expected:,} and there are {found:,}; "
                "delete what the step wrote and run the same command again; if that does not help, "
                "it is a defect of malmoi or of the runner: report it"
            )


def _within(manifest: Manifest) -> Iterator[Sum]:
    for source, counts in (("all sources", manifest["counts"]), *manifest["sources"].items()):
        done = counts["documents_out"] + _removed(counts)
        yield f"documents of {source} kept and removed", counts["documents_in"], done


def _between(name: str, before: Manifest, manifest: Manifest) -> Iterator[Sum]:
    for source in sorted(before["sources"].keys() | manifest["sources"].keys()):
        given, taken = (each["sources"].get(source, {}) for each in (before, manifest))
        what = f"documents of {source} that step '{name}' kept"
        yield what, given.get("documents_out", 0), taken.get("documents_in", 0)


def _in_files(step: str, manifest: Manifest, before: Manifest | None) -> Iterator[Sum]:
    kept, removed = manifest["counts"]["documents_out"], _removed(manifest["counts"])
    with_clean = step == "assemble"
    gone = () if with_clean and not before else REMOVED.get(step, ())
    if with_clean and before:
        removed += _removed(before["counts"])
    for expected, prefixes in ((kept, KEPT.get(step, ())), (removed, gone)):
        for prefix in prefixes:
            rows = [s["rows"] for name, s in manifest["files"].items() if name.startswith(prefix)]
            if rows:
                yield f"rows in {prefix}*", expected, sum(rows)
    if "dataset" in manifest:
        shards = [shard for split in manifest["dataset"]["splits"].values() for shard in split]
        yield "documents in token shards", kept, sum(shard["documents"] for shard in shards)


def _decided(dedup: Manifest | None, manifest: Manifest) -> Iterator[Sum]:
    if dedup:
        counts, done = dedup["counts"], manifest["counts"]
        yield "documents that dedup keeps", counts["documents_out"], done["documents_out"]
        for rule in sorted(counts["removed"].keys() | done["removed"].keys()):
            what = f"documents that {rule} removes"
            yield what, counts["removed"].get(rule, 0), done["removed"].get(rule, 0)


def _removed(counts: Mapping[str, Any]) -> int:
    return sum(counts["removed"].values())
