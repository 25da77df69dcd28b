"""What one step gives out the next takes in: every way to lose documents is told."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipeline import conservation
from tokenizer.errors import MalmoiError


def counts(documents_in: int, **removed: int) -> dict[str, Any]:
    by_rule = {name.replace("_", "/", 1): number for name, number in removed.items()}
    kept = documents_in - sum(removed.values())
    return {"documents_in": documents_in, "documents_out": kept, "removed": by_rule}


def manifest(rows: dict[str, int], sources: dict[str, dict[str, Any]], **more: Any) -> Any:
    total = {"documents_in": 0, "documents_out": 0, "removed": {}}
    for each in sources.values():
        for name in ("documents_in", "documents_out"):
            total[name] += each[name]
        for rule, number in each["removed"].items():
            total["removed"][rule] = total["removed"].get(rule, 0) + number
    files = {name: {"rows": number} for name, number in rows.items()}
    return {"counts": total, "sources": sources, "files": files, "facts": {}, **more}


CLEAN = manifest(
    {
        "clean/part-00000.parquet": 8,
        "clean/part-00001.parquet": 5,
        "signatures/part-00000.parquet": 8,
        "signatures/part-00001.parquet": 5,
        "clean/removed/part-00000.parquet": 2,
        "clean/removed/part-00001.parquet": 0,
    },
    {"blog": counts(10, clean_short=2), "news": counts(5)},
)
DEDUP = manifest(
    {
        "drops/part-00000.parquet": 1,
        "drops/part-00001.parquet": 2,
        "drops/clusters-00000.parquet": 9,
    },
    {"blog": counts(8, dedup_exact=1), "news": counts(5, dedup_near=2)},
)
ASSEMBLE = manifest(
    {
        "curated/blog-00000.parquet": 7,
        "curated/news-00000.parquet": 3,
        "removed/part-00000.parquet": 3,
        "removed/part-00001.parquet": 2,
        "removed/lines/part-00000.parquet": 40,
    },
    {"blog": counts(8, dedup_exact=1), "news": counts(5, dedup_near=2)},
    settings={"deduplicated": True},
)
TOKENIZE = manifest(
    {},
    {"blog": counts(7), "news": counts(3)},
    dataset={
        "splits": {"train": [{"documents": 6}, {"documents": 3}], "validation": [{"documents": 1}]}
    },
)
WAY = {"clean": CLEAN, "dedup": DEDUP, "assemble": ASSEMBLE, "tokenize": TOKENIZE}


@pytest.mark.parametrize("step", WAY)
def test_a_way_that_adds_up_passes(step: str) -> None:
    conservation.check(step, WAY[step], WAY.get)
    conservation.check(step, WAY[step], lambda other: None)


def fewer_rows(name: str) -> Callable[[Any], None]:
    def change(found: Any) -> None:
        found["files"][name]["rows"] -= 1

    return change


def other_source(found: Any) -> None:
    """Totals are right, but a document of one source came as another's."""
    found["sources"] = {"blog": counts(9, dedup_exact=1), "news": counts(4, dedup_near=2)}


def lost_before(found: Any) -> None:
    """A document that never came, so that in = kept + removed."""
    for each in (found["counts"], found["sources"]["blog"]):
        each["documents_in"] -= 1
        each["documents_out"] -= 1


def not_kept(found: Any) -> None:
    found["counts"]["documents_out"] -= 1


def other_rule(found: Any) -> None:
    found["counts"]["removed"] = {"dedup/exact": 2, "dedup/near": 1}


def fewer_tokens(found: Any) -> None:
    found["dataset"]["splits"]["train"][0]["documents"] -= 1


BROKEN = [
    ("clean", fewer_rows("clean/part-00001.parquet"), "rows in clean/part-.*13 and there are 12"),
    ("clean", fewer_rows("signatures/part-00000.parquet"), "rows in signatures/"),
    ("clean", fewer_rows("clean/removed/part-00000.parquet"), "rows in clean/removed/"),
    ("clean", not_kept, "all sources kept and removed.*15 and there are 14"),
    ("dedup", other_source, "documents of blog that step 'clean' kept"),
    ("dedup", fewer_rows("drops/part-00001.parquet"), "rows in drops/part-"),
    ("assemble", lost_before, "documents of blog that step 'clean' kept.*8 and there are 7"),
    ("assemble", fewer_rows("curated/blog-00000.parquet"), "rows in curated/"),
    ("assemble", fewer_rows("removed/part-00000.parquet"), "rows in removed/part-.*5 and .* 4"),
    ("assemble", other_rule, "documents that dedup/exact removes"),
    ("tokenize", lost_before, "documents of blog that step 'assemble' kept"),
    ("tokenize", fewer_tokens, "documents in token shards"),
]


@pytest.mark.parametrize(("step", "change", "told"), BROKEN)
def test_a_loss_is_told_with_the_step(step: str, change: Callable[[Any], None], told: str) -> None:
    found = copy.deepcopy(WAY[step])
    change(found)
    with pytest.raises(MalmoiError, match=f"step '{step}': .*{told}"):
        conservation.check(step, found, WAY.get)
