"""The dataset card: front matter that can be read, figures as they are, no broken table."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from card_figures import figures, look
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.cards.dataset import render, size_category
from pipeline.cards.figures import recipe_sha256
from pipeline.recipe import parse

DOCS = Path(__file__).parents[2] / "docs"


def changed(**changes: Any) -> str:
    return render({**figures(), **changes})


def front(card: str) -> dict[str, Any]:
    _, matter, _ = card.split("---\n", 2)
    return yaml.safe_load(matter)


def with_licences(*licences: str | None) -> str:
    (source,) = figures()["sources"]
    return changed(sources=[{**source, "licence": licence} for licence in licences])


def test_the_front_matter_says_what_and_where_the_data_are() -> None:
    matter = front(render(figures()))
    assert matter["language"] == ["ko"] and matter["license"] == ["cc-by-4.0"]
    assert matter["size_categories"] == ["1K<n<10K"] and matter["pretty_name"] == "시험"
    assert matter["configs"][0]["data_files"] == [{"split": "train", "path": "curated/*.parquet"}]


@pytest.mark.parametrize(
    ("given_licences", "names"),
    [
        (("MIT", "Apache-2.0", "MIT"), ["apache-2.0", "mit"]),
        (("KOGL type 1", "CC0-1.0"), ["cc0-1.0", "other"]),
        ((None, "mit"), ["mit", "unknown"]),
    ],
)
def test_licences_get_the_hubs_names(given_licences: tuple, names: list[str]) -> None:
    assert front(with_licences(*given_licences))["license"] == names


def test_a_source_without_a_licence_is_pointed_out() -> None:
    assert "no licence is stated" in with_licences("mit", None)
    assert "no licence is stated" not in with_licences("mit")


@pytest.mark.parametrize(
    ("documents", "name"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (100_000, "100K<n<1M"),
        (5_000_000, "1M<n<10M"),
        (200_000_000_000, "100B<n<1T"),
        (10**12, "n>1T"),
    ],
)
def test_sizes_have_the_hubs_names(documents: int, name: str) -> None:
    assert size_category(documents) == name


@settings(deadline=None, max_examples=50)
@given(name=st.text(max_size=40), licence=st.text(max_size=40))
@example(name="\x85", licence="\u2028a")
def test_no_name_breaks_front_matter_or_tables(name: str, licence: str) -> None:
    (source,) = figures()["sources"]
    card = changed(name=name, sources=[{**source, "licence": licence}])
    assert front(card)["pretty_name"] == name
    (row,) = [line for line in card.split("\n") if line.startswith("| news | ")]
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 8
    assert card.count("\n## ") == render(figures()).count("\n## ")


def test_equal_figures_give_equal_bytes_in_any_order_of_keys() -> None:
    again = json.loads(json.dumps(figures()))
    assert render(again) == render(copy.deepcopy(figures()))


def test_what_is_left_of_personal_data_is_counted_and_called_a_lower_bound() -> None:
    found = look(values={"tel": 2, "plate": 1}, with_values=3)
    card = changed(look={"all": found, "sources": {}})
    assert "3 values in\n3 documents" in card and "| plate | 1 |" in card
    assert "lower bound" in card
    assert "Not measured on this corpus" in changed(look=None)


def test_a_corpus_that_was_not_masked_says_so() -> None:
    card = changed(pii={"masked": False, "kinds": ["tel"], "values": {}})
    assert "Personal data was not masked" in card and "were replaced" not in card


def test_recall_is_what_the_page_of_measurements_says() -> None:
    page = (DOCS / "benchmarks.md").read_text("utf-8")
    assert "`python -m benchmarks.pii --seed 77`: 2,500 generated texts" in page
    assert "| micro | | 1.000 | 0.998 |" in page
    assert "share of 0.998 (`python -m benchmarks.pii --seed 77`" in render(figures())


def test_benchmarks_that_were_found_stand_there() -> None:
    row = {"benchmark": "q_z", "part": "passage", "items": 9, "items_hit": 2, "documents": 3}
    card = changed(decontaminated="cut", contamination=[row])
    assert "| q\\_z | passage | 9 | 2 | 3 |" in card and "cut out" in card
    assert "not compared with any benchmark" in render(figures())


RECIPE = "sources: [{{name: a, paths: [{path}], licence: MIT}}]\ndedup: {{threshold: {t}}}\n{more}"


def test_the_recipes_hash_is_of_what_makes_the_corpus_wherever_it_lies() -> None:
    def hashed(path: str = "/x/a", t: float = 0.8, more: str = "") -> str:
        return recipe_sha256(parse(RECIPE.format(path=path, t=t, more=more)))

    assert hashed() == hashed(path="/elsewhere/b") == hashed(more="train: {steps: 7}\n")
    assert hashed() != hashed(t=0.7)
