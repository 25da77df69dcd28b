"""Figures that both cards are made of."""

from typing import Any


def look(**changes: Any) -> dict[str, Any]:
    found = {"texts": 120, "bytes": 456_000, "values": {}, "with_values": 0}
    return {**found, "with_slurs": 3, "with_spam": 0, **changes}


def figures() -> dict[str, Any]:
    numbers = {
        "documents_in": 2000,
        "documents_out": 1234,
        "bytes_in": 10**7,
        "bytes_out": 8 * 10**6,
    }
    return {
        "name": "시험",
        "recipe_sha256": "ab" * 32,
        "versions": {"malmoi": "0.1.0", "pyarrow": "25"},
        "outputs": {"clean": "cd" * 32, "assemble": "ef" * 32},
        "sources": [
            {"source": "news", "licence": "CC-BY-4.0", "format": "jsonl", "weight": 1.0, **numbers}
        ],
        "funnel": [{"step": "clean", **numbers}, {"step": "dedup", **numbers}],
        "reasons": [{"step": "clean", "rule": "too_short", "documents": 766}],
        "models": {},
        "pii": {"masked": True, "kinds": ["tel", "rrn"], "values": {"tel": 41}},
        "look": {"all": look(), "sources": {"news": look()}},
        "slurs": 29,
        "decontaminated": None,
        "contamination": [],
    }
