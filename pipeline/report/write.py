"""The figures of a run from its manifests, and the two report files made of them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from pipeline import storage
from pipeline.cards.dataset import write_card
from pipeline.decontaminate import summarise
from pipeline.recipe import Recipe
from pipeline.report.copies import collect_clusters, collect_copies
from pipeline.report.page import render
from pipeline.report.thresholds import collect_thresholds
from pipeline.workspace import STEPS, Workspace

_ONE_PASS = ("clean", "assemble")
"""Steps whose receipts tell of all that their workers did; those of others have passes before."""


def write_report(workspace: Workspace, recipe: Recipe) -> dict[str, Any]:
    """Write `report.json`, `report.html` and the dataset's card of what is done so far; returns the
    figures.
    """
    figures = collect(workspace, recipe)
    with storage.write_atomic(workspace.path("report.json")) as out:
        out.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    with storage.write_atomic(workspace.path("report.html")) as out:
        out.write(render(figures).encode())
    write_card(workspace, recipe, figures)
    return figures


def collect(workspace: Workspace, recipe: Recipe) -> dict[str, Any]:
    """The figures that `report.page.render` shows and `report.json` holds."""
    manifests = {name: workspace.manifest(name) for name in STEPS}
    done = {name: manifest for name, manifest in manifests.items() if manifest}
    samples = [
        sample for name in ("clean", "assemble") if name in done for sample in done[name]["samples"]
    ]
    for sample in samples:
        del sample["order"]
    return {
        "name": recipe.name,
        "recipe": recipe.to_yaml(),
        "versions": {
            name: version
            for manifest in done.values()
            for name, version in manifest["versions"].items()
        },
        "funnel": list(_funnel(done)),
        "reasons": list(_reasons(done)),
        "edits": done["clean"]["counts"]["edited"] if "clean" in done else {},
        "pii": done["clean"]["counts"]["masked"] if "clean" in done else {},
        "pii_sources": list(_masked(done.get("clean"))),
        "thresholds": collect_thresholds(done.get("clean"), recipe),
        "contamination": _contamination(done.get("clean")),
        "samples": {
            "removed": [sample for sample in samples if sample["rule"] != "kept"],
            "kept": [sample for sample in samples if sample["rule"] == "kept"],
        },
        "clusters": collect_clusters(done.get("assemble")),
        "copies": collect_copies(done, recipe),
        "tokenizer": done["tokenizer"]["facts"]["tokenizer"] if "tokenizer" in done else None,
        "tokens": token_rows(done["tokenize"]) if "tokenize" in done else [],
        "training": _training(workspace, done["train"]) if "train" in done else None,
        "timings": [_timing(name, manifest) for name, manifest in done.items()],
        "manifests": [_manifest(name, manifest) for name, manifest in done.items()],
    }


def _funnel(done: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each step and source, in the order of the way; assemble's removals are dedup's."""
    for step, shown in (("clean", "clean"), ("assemble", "dedup")):
        for source, counts in done.get(step, {"sources": {}})["sources"].items():
            numbers = {
                name: counts[name]
                for name in ("documents_in", "documents_out", "bytes_in", "bytes_out")
            }
            yield {"step": shown, "source": source, **numbers}


def _reasons(done: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for step in ("clean", "assemble"):
        for source, counts in done.get(step, {"sources": {}})["sources"].items():
            for reason, documents in counts["removed"].items():
                name, rule = reason.split("/", 1)
                yield {"step": name, "rule": rule, "source": source, "documents": documents}


def _contamination(clean: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    units = (clean or {"facts": {}})["facts"].values()
    return summarise(facts["overlap"] for facts in units if "overlap" in facts)


def token_rows(tokenize: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Documents, tokens, bytes and bytes per token of each split and source, from the manifest."""
    totals: dict[tuple[str, str], Counter[str]] = {}
    for split, shards in tokenize["dataset"]["splits"].items():
        for shard in shards:
            total = totals.setdefault((split, shard["source"]), Counter())
            total.update({name: shard[name] for name in ("documents", "tokens", "bytes")})
    return [
        {
            "split": split,
            "source": source,
            **total,
            "bytes_per_token": round(total["bytes"] / max(total["tokens"], 1), 4),
        }
        for (split, source), total in sorted(totals.items())
    ]


def _training(workspace: Workspace, train: Mapping[str, Any]) -> dict[str, Any]:
    metrics = storage.read_bytes(workspace.path("checkpoints", "metrics.jsonl")).splitlines()
    return {
        "rows": [orjson.loads(line) for line in metrics],
        "summary": train["facts"]["train"]["summary"],
    }


def _masked(clean: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    for source, counts in (clean or {"sources": {}})["sources"].items():
        for kind, values in counts["masked"].items():
            yield {"kind": kind, "source": source, "values": values}


def _timing(step: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds on the clock and of workers, MB/s of both, peak memory of a process in bytes."""
    bytes_in, seconds = manifest["counts"]["bytes_in"], manifest["seconds"]
    worked = manifest["worker_seconds"] if step in _ONE_PASS else None
    return {
        "step": step,
        "seconds": seconds,
        "worker_seconds": worked,
        "bytes": bytes_in,
        "mb_per_second": _rate(bytes_in, seconds),
        "mb_per_core_second": _rate(bytes_in, worked),
        "peak_memory": manifest.get("peak_memory") or None,
        "stages": manifest.get("stage_seconds", {}),
    }


def _rate(n_bytes: int, seconds: float | None) -> float | None:
    return round(n_bytes / 1e6 / seconds, 2) if n_bytes and seconds else None


def _manifest(step: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a step was made of, and what came of it: its hashes, files and bytes."""
    return {
        "step": step,
        "key": manifest["key"],
        "outputs": manifest["outputs"],
        "units": len(manifest["units"]),
        "files": len(manifest["files"]),
        "bytes": sum(stamp["bytes"] for stamp in manifest["files"].values()),
    }
