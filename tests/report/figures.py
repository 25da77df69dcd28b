"""The figures of a run, made up, with text that would break a page."""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dedup.curve import explain
from pipeline.filters.histograms import count, merge
from pipeline.filters.rules import SHIPPED
from pipeline.kernels.feature_list import FEATURES
from pipeline.kernels.features import FEATURE_TYPE
from pipeline.settings import Dedup

NAMES = ("too_short", "fragment", "links", "spam_density")
"""Rules that the documents were judged by."""

QUALITY = {
    "bytes": 600_000,
    "tokens": 150_000,
    "bytes_per_token": 4.0123,
    "characters_per_token": 1.7,
    "tokens_per_eojeol": 2.6661,
    "crossing": 0.0071,
    "renyi": 0.4891,
    "byte_fallback": 0.0042,
}
HOSTILE = "<script>alert('말')</script>&amp; \"인용\" <|tel|> </div></pre>"


def figures() -> dict[str, Any]:
    sample = {
        "rule": "spam_density",
        "step": "clean",
        "source": "news",
        "id": "n-1",
        "place": "a.jsonl.gz:7",
        "text": f"광고입니다 {HOSTILE}",
        "value": 0.3125,
        "threshold": 0.05,
        "duplicate_of": None,
        "similarity": None,
    }
    copy = {**sample, "rule": "near_duplicate", "step": "dedup", "value": None, "threshold": None}
    counts = {
        "documents_in": 2000,
        "documents_out": 1500,
        "bytes_in": 10**7,
        "bytes_out": 8 * 10**6,
    }
    return {
        "name": "시험 <b>run</b>",
        "recipe": f"name: x\nnote: {HOSTILE}\n",
        "versions": {"malmoi": "0.1.0"},
        "funnel": [
            {"step": "clean", "source": "news", **counts},
            {
                "step": "dedup",
                "source": "news",
                **counts,
                "documents_in": 1500,
                "documents_out": 1234,
            },
        ],
        "reasons": [
            {"step": "read", "rule": "empty_text", "source": "news", "documents": 11},
            {"step": "clean", "rule": "empty_text", "source": "news", "documents": 22},
            {"step": "dedup", "rule": "near_duplicate", "source": "chat", "documents": 266},
        ],
        "edits": {"spaces": 812, "entity": 40},
        "pii": {"tel": 41, "rrn": 3},
        "pii_sources": [
            {"kind": "tel", "source": "news", "values": 30},
            {"kind": "tel", "source": "chat", "values": 11},
            {"kind": "rrn", "source": "chat", "values": 3},
        ],
        "thresholds": thresholds(),
        "contamination": [
            {
                "benchmark": "boolq",
                "part": "passage",
                "items": 1404,
                "items_hit": 31,
                "documents": 29,
            }
        ],
        "samples": {"removed": [sample, copy], "kept": [{**sample, "rule": "kept", "id": None}]},
        "clusters": [{"size": 2, "count": 90}, {"size": 3, "count": 7}, {"size": 4, "count": 5}],
        "copies": copies(),
        "tokenizer": {
            "vocabulary": 30003,
            "lossless": True,
            "absent": None,
            "by": {"eojeol": 2.25},
            "examples": {
                "longest": {"hangul": [" 대한민국은", HOSTILE], "other": [" representation"]},
                "sentences": [
                    {
                        "source": "news",
                        "tokens": ["말모", "이를", " 읽", "<0xEB>"],
                        "morphemes": ["말모이", "를", " 읽", HOSTILE],
                        "crossing": [1],
                    }
                ],
            },
            "quality": {
                "all": {**QUALITY, "bytes": 1_200_000},
                "sources": {"news": QUALITY, "chat": {**QUALITY, "crossing": 0.0312}},
            },
        },
        "tokens": [
            {"split": "train", "source": "news", "documents": 9, "tokens": 1000, "bytes": 4400},
            {"split": "validation", "source": "news", "documents": 1, "tokens": 100, "bytes": 550},
        ],
        "training": {
            "rows": [
                {
                    "step": n,
                    "loss": 9 / n,
                    "bpb": 3 / n,
                    **(
                        {
                            "validation_bpb": 1.25,
                            "validation_sources": {"news": 1.0 + 1 / n, "chat": 1.5},
                        }
                        if n in (1, 9)
                        else {}
                    ),
                }
                for n in range(1, 10)
            ],
            "summary": {"steps": 9, "last_loss": 1.0},
        },
        "timings": [
            {
                "step": "clean",
                "seconds": 12.34,
                "worker_seconds": 23.5,
                "bytes": 10**7,
                "mb_per_second": 0.81,
                "mb_per_core_second": 0.43,
                "peak_memory": 345 * 10**6,
                "stages": {"read": 3.0, "edit": 17.0},
            },
            {"step": "train", "seconds": 5.0, "bytes": 0, "mb_per_second": None},
        ],
        "manifests": [
            {
                "step": "clean",
                "key": "f00d" * 16,
                "outputs": "beef" * 16,
                "units": 3,
                "files": 12,
                "bytes": 4_560_000,
            }
        ],
    }


def thresholds() -> list[dict[str, Any]]:
    """Two sources of one profile, as the manifest has them."""
    rules = {name: SHIPPED["korean"][name] for name in NAMES}
    rng = np.random.default_rng(5)
    units = []
    for source, n in (("news", 40), ("chat", 15)):
        rows = [
            {
                f.name: rng.random() if f.unit == "share" else float(rng.integers(1, 300))
                for f in FEATURES
            }
            for _ in range(n)
        ]
        found = count(pa.array(rows, FEATURE_TYPE), np.full(n, 1000), np.ones(n, bool), rules)
        found.near = {
            "spam_density": [
                {"id": f"{source}-1", "value": 0.07, "distance": 0.01, "text": f"링크 {HOSTILE}"}
            ]
        }
        units.append((source, found.to_json()))
    merged = merge(units, {"news": rules, "chat": rules})
    return [{"source": source, "profile": "korean", **told} for source, told in merged.items()]


def copies() -> dict[str, Any]:
    return {
        "plan": explain(Dedup(bands=25, rows=5, threshold=0.75)),
        "documents_in": 1500,
        "bytes_in": 9 * 10**6,
        "bytes_removed": 10**6,
        "removed": [
            {"rule": "exact_duplicate", "documents": 61, "bytes": 123_456},
            {"rule": "near_duplicate", "documents": 205, "bytes": None},
        ],
        "candidates": 4321,
        "verified": 2345,
        "similarity": [{"from": 0.75, "documents": 17}, {"from": 1.0, "documents": 188}],
        "largest": [
            {
                "id": "n-2",
                "source": "news",
                "cluster_size": 212,
                "text": f"큰 무리 {HOSTILE}",
                "pairs": [pair()],
            },
            {"id": None, "source": "news", "cluster_size": 7, "text": HOSTILE, "pairs": []},
        ],
        "pairs": [{**pair(), "rule": "contained", "duplicate_of": None, "similarity": None}],
        "lines": {"dropped": 913, "documents": 307, "bytes": 45_600},
        "line_sources": [{"source": "news", "dropped": 913, "documents": 307, "bytes": 45_600}],
        "top_lines": [{"source": "news", "text": f"무단전재 금지 {HOSTILE}", "documents": 299}],
    }


def pair() -> dict[str, Any]:
    return {
        "rule": "near_duplicate",
        "similarity": 0.9134,
        "id": "n-1",
        "source": "chat",
        "duplicate_of": "n-2",
        "removed": [["same", f"같은 글 {HOSTILE}"], ["other", f"여기만 {HOSTILE}"]],
        "kept": [["left out", 1234], ["same", "같은 글 "], ["other", "저기만"]],
    }
