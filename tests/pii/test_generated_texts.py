"""The detectors on labelled texts that a seed makes: values of 13 kinds, and hard negatives."""

from collections import Counter
from typing import Any

import pytest

from benchmarks.pii import judge
from benchmarks.pii_score import Place, Score, score
from benchmarks.pii_texts import KINDS, generate
from pipeline.pii.validate import registration_check

TEXTS = 2_500
MAX_FALSE_POSITIVES = 8  # in about 1,050 texts that hold nothing to find


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return generate(TEXTS, seed=20)


@pytest.fixture(scope="module")
def found(records: list[dict[str, Any]]) -> Score:
    return judge(records)


def test_all_kinds_together_are_found(found: Score) -> None:
    assert found.rates(KINDS)[2] >= 0.95, (found.missed, found.wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found(found: Score, kind: str) -> None:
    assert found.right[kind] + found.missed[kind] >= 80
    assert found.rates([kind])[2] >= 0.9, (found.missed[kind], found.wrong[kind])


def test_hard_negatives_are_left_alone(found: Score) -> None:
    assert found.negatives.total() <= MAX_FALSE_POSITIVES, found.negatives


def test_generated_texts_are_what_their_labels_say(records: list[dict[str, Any]]) -> None:
    share = sum(record["neg"] for record in records) / len(records)
    assert share == pytest.approx(0.42)
    kinds: Counter[str] = Counter()
    for record in records:
        end = 0
        for span in record["spans"]:
            assert record["text"][span["start"] : span["end"]] == span["value"]
            assert end <= span["start"]
            end = span["end"]
        held = [span["type"] for span in record["spans"] if span["type"] in KINDS]
        assert bool(held) is not record["neg"]
        assert "{" not in record["text"].replace('{"', "").replace("{\n", "").replace("{at}", "")
        kinds.update(held)
    assert set(kinds) == set(KINDS)
    assert generate(50, seed=3) == generate(50, seed=3) != generate(50, seed=4)


def test_generated_check_digits_are_right_where_nothing_else_tells(
    records: list[dict[str, Any]],
) -> None:
    checked = [
        registration_check(span["value"])
        for record in records
        for span in record["spans"]
        if span["type"] in ("rrn", "frn") and span["value"].isascii() and span["value"].isdigit()
    ]
    assert len(checked) >= 10 and all(checked)


def labelled(text: str, *spans: tuple[int, int, str], neg: bool = False) -> dict[str, Any]:
    places = [{"start": start, "end": end, "type": kind} for start, end, kind in spans]
    return {"text": text, "neg": neg, "spans": places}


def test_a_span_counts_from_half_an_overlap_on_and_once() -> None:
    record = labelled("x" * 40, (10, 20, "tel"), (30, 40, "acc"))
    half, less = Place(10, 15, "tel"), Place(10, 14, "tel")
    assert score([record], [[half]]).right == Counter(tel=1)
    assert score([record], [[less]]).wrong == Counter(tel=1)
    both = score([record], [[half, Place(10, 20, "tel"), Place(30, 40, "tel")]])
    assert (both.right, both.wrong) == (Counter(tel=1), Counter(tel=2))
    assert both.missed == Counter(acc=1)
    assert both.rates(["tel"]) == (1 / 3, 1.0, 0.5)


def test_neutral_spans_are_neither_required_nor_a_mistake() -> None:
    record = labelled("대표 1588-1234, 이름 하나둘", (3, 12, "tel_public"), neg=True)
    result = score([record], [[Place(3, 12, "tel"), Place(17, 20, "name")]])
    assert not result.wrong and not result.missed and not result.negatives
    outside = score([record], [[Place(0, 12, "tel"), Place(13, 19, "acc")]])
    assert outside.negatives == Counter(tel=0, acc=1) - Counter()
    assert outside.negatives_per_mb() == pytest.approx(1e6 / len(record["text"].encode()))
