"""The detection curve and what is told of a plan: formulas against their inverses and real text."""

import itertools
import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.dedup.curve import (
    SURE,
    anchor_shared,
    detection_curve,
    explain,
    percent,
    print_explanation,
    similarity_at,
)
from pipeline.dedup.signatures import sign
from pipeline.settings import Dedup

PLAN = Dedup(bands=25, rows=5, threshold=0.75, containment=0.9)
bands = st.integers(1, 100)
rows = st.integers(1, 20)
shares = st.floats(0.001, 0.999)


def printed(settings: Dedup, width: int = 200) -> str:
    console = Console(width=width, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as capture:
        print_explanation(settings, console)
    return capture.get()


def test_the_curve_is_that_of_the_book() -> None:
    curve = detection_curve(25, 5)
    assert len(curve) == 101 and curve[0] == 0 and curve[100] == 1
    assert curve[80] == pytest.approx(1 - (1 - 0.8**5) ** 25) and curve[80] > 0.9999
    assert detection_curve(1, 1, np.array([0.25])).tolist() == [0.25]
    # Section 3.4.2, figure 3.8: 20 bands of 5 rows.
    of_book = {0.2: 0.006, 0.3: 0.047, 0.4: 0.186, 0.5: 0.470, 0.6: 0.802, 0.7: 0.975, 0.8: 0.9996}
    computed = detection_curve(20, 5, np.array(list(of_book)))
    assert computed == pytest.approx(list(of_book.values()), abs=6e-4)


@given(bands, rows)
def test_likelier_with_similarity_and_bands_rarer_with_rows(bands: int, rows: int) -> None:
    curve = detection_curve(bands, rows)
    assert np.all(np.diff(curve) >= 0) and np.all((curve >= 0) & (curve <= 1))
    assert np.all(detection_curve(bands + 1, rows) >= curve)
    assert np.all(detection_curve(bands, rows + 1) <= curve)


@given(shares, bands, rows)
def test_read_backwards_it_gives_the_similarity(proposed: float, bands: int, rows: int) -> None:
    similarity = similarity_at(proposed, bands, rows)
    assert 0 < similarity < 1
    assert detection_curve(bands, rows, np.array([similarity]))[0] == pytest.approx(proposed)


def test_bands_meet_as_often_as_the_curve_says() -> None:
    """600 pairs a similarity, by `sign`: within four deviations of the curve."""
    plan = Dedup(shingle=1, bands=6, rows=2)
    rng = np.random.default_rng(11)
    names = [f"band_{i:02}" for i in range(plan.bands)]
    for same in (20, 50, 80):
        sides: tuple[list[str], list[str]] = ([], [])
        for _ in range(600):
            points = rng.choice(11_172, 200 - same, replace=False) + 0xAC00
            shared, rest = points[:same], np.split(points[same:], 2)
            for side, own in zip(sides, rest, strict=True):
                side.append("".join(map(chr, [*shared, *own])))
        a, b = (np.array([sign(pa.array(side), plan)[name] for name in names]) for side in sides)
        expected = detection_curve(6, 2, np.array([same / (200 - same)]))[0]
        deviation = math.sqrt(expected * (1 - expected) / 600)
        assert abs(np.mean((a == b).any(axis=0)) - expected) < 4 * deviation


def test_parts_share_an_anchor_as_often_as_is_said() -> None:
    """800 passages in the middle of longer texts: within four deviations of the formula."""
    rng = random.Random(7)
    for letters in (31, 32, 100, 200):
        wholes = [
            "".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(600)) for _ in range(800)
        ]
        parts = [whole[150 : 150 + letters] for whole in wholes]
        of_wholes, of_parts = (
            sign(pa.array(texts), PLAN)["anchors"].to_pylist() for texts in (wholes, parts)
        )
        shared = np.mean([bool({*a} & {*b}) for a, b in zip(of_wholes, of_parts, strict=True)])
        expected = anchor_shared(letters)
        deviation = math.sqrt(expected * (1 - expected) / 800)
        assert abs(shared - expected) <= 4 * deviation
    assert anchor_shared(31) == 0 and anchor_shared(32) == pytest.approx(1 / 64)


def test_bytes_are_those_of_a_signature() -> None:
    rng = random.Random(3)
    texts = ["".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(40_000)) for _ in range(25)]
    for settings in (PLAN, Dedup(bands=3, rows=2)):
        told = explain(settings)
        signed = sign(pa.array(texts), settings)
        anchors = signed["anchors"]
        fixed = signed.nbytes - anchors.nbytes
        assert fixed == told["signature_bytes"] * len(texts)
        assert anchors.flatten().nbytes / 1000 == pytest.approx(told["anchor_bytes"], rel=0.05)


def test_explanation_of_a_plan() -> None:
    told = explain(PLAN)
    assert told["permutations"] == 125
    assert [row["similarity"] for row in told["curve"]] == [n / 100 for n in range(30, 101, 5)]
    assert told["proposed"][0] == {
        "similarity": 0.75,
        "proposed": pytest.approx(1 - (1 - 0.75**5) ** 25),
    }
    assert [row["similarity"] for row in told["proposed"]] == [0.75, 0.8, 0.85, 0.9]
    assert told["standard_error"] == pytest.approx(math.sqrt(0.16 / 125))
    assert told["warnings"] == []
    assert json.loads(json.dumps(told)) == told


def test_the_shipped_plan_needs_no_warning() -> None:
    assert explain(Dedup())["warnings"] == []


def test_threshold_off_the_grid_has_a_row_of_its_own() -> None:
    told = explain(Dedup(threshold=0.22, containment=0.9))
    assert told["curve"][0]["similarity"] == told["proposed"][0]["similarity"] == 0.22
    marked = [line for line in printed(Dedup(threshold=0.77)).splitlines() if "threshold" in line]
    assert len(marked) == 1 and marked[0].startswith("0.77")


@given(bands, st.integers(1, 60), st.floats(0.05, 1))
def test_a_plan_that_misses_is_warned_of_and_the_cure_cures(
    bands: int, rows: int, threshold: float
) -> None:
    settings = Dedup(bands=bands, rows=rows, threshold=threshold, containment=1)
    proposed = detection_curve(bands, rows, np.array([threshold]))[0]
    assume(abs(proposed - SURE) > 1e-9)
    warnings = explain(settings)["warnings"]
    assert len(warnings) == (proposed < SURE)
    for warning, name in itertools.product(warnings, ("bands", "rows")):
        if f"{name}: " in warning:
            value = int(warning.split(f"{name}: ")[1].split()[0].rstrip(")"))
            cured = settings.model_copy(update={name: value})
            at = np.array([threshold])
            assert detection_curve(cured.bands, cured.rows, at)[0] >= SURE - 1e-9
            worse = {"bands": value - 1, "rows": value + 1}[name]
            missed = settings.model_copy(update={name: worse})
            assert detection_curve(missed.bands, missed.rows, at)[0] < SURE + 1e-9


def test_what_cannot_be_cured_by_one_setting_names_none() -> None:
    (warning,) = explain(Dedup(bands=1, rows=5_000, threshold=0.5, containment=1))["warnings"]
    assert warning.endswith("fewer rows")


@given(st.floats(0.05, 1), st.floats(0.05, 1))
def test_containment_below_that_of_the_threshold_is_warned_of(
    threshold: float, containment: float
) -> None:
    """Of n and n shingles with c n in common the Jaccard similarity is c / (2 - c)."""
    assume(abs(containment / (2 - containment) - threshold) > 1e-9)
    settings = Dedup(bands=100, rows=1, threshold=threshold, containment=containment)
    undone = containment / (2 - containment) < threshold
    warnings = [w for w in explain(settings)["warnings"] if "containment" in w]
    assert len(warnings) == undone
    for warning in warnings:
        cured = float(warning.split("set it to ")[1].split()[0])
        assert cured / (2 - cured) >= threshold - 1e-9 and cured <= 1


def tables(page: str) -> list[list[list[str]]]:
    """The cells of each Markdown table of a page, header first."""
    blocks = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    rows = [[line.strip("|").split("|") for line in block.splitlines()] for block in blocks]
    return [[[cell.strip() for cell in row] for row in (t[0], *t[2:])] for t in rows]


def test_the_tables_of_the_guide_are_the_formulas() -> None:
    of_page = tables((Path(__file__).parents[2] / "docs" / "dedup.md").read_text("utf-8"))
    by_corner = {table[0][0]: table for table in of_page}
    header, *body = by_corner["similarity"]
    plans = [tuple(map(int, cell.split(" × "))) for cell in header[1:]]
    assert (Dedup().bands, Dedup().rows) == plans[0]
    *curve, permutations, sure = body
    for cell, *shown in curve:
        at = np.array([float(cell)])
        assert shown == [percent(detection_curve(*plan, at)[0]) for plan in plans]
    assert permutations[1:] == [str(b * r) for b, r in plans]
    assert sure[1:] == [f"{similarity_at(0.99, *plan):.3f}" for plan in plans]
    letters, shared = by_corner["letters"]
    assert shared[1:] == [percent(anchor_shared(int(n.replace(",", "")))) for n in letters[1:]]
    thresholds, least = by_corner["threshold"]
    assert len(thresholds) == 6
    for threshold, shown in zip(map(float, thresholds[1:]), least[1:], strict=True):
        assert shown == f"{math.ceil(1000 * 2 * threshold / (1 + threshold)) / 1000:.3f}"
    shown = {row[0]: row[1] for row in by_corner["setting"][1:]}
    assert shown == {
        f"`{name}`": f"{getattr(Dedup(), name):g}"
        for name in ("threshold", "bands", "rows", "shingle", "containment", "contained_shingles")
    }


def test_what_is_printed() -> None:
    text = printed(PLAN, width=80)
    for part in ("125 = 25 bands x 5 rows", "0.487", "> 99.99 %", "99.89 %", "66.27 %", "220"):
        assert part in text, part
    assert "warning" not in text and "100.00 %" not in text
    assert max(map(len, text.splitlines())) <= 80
    lengths = [line.count("█") for line in text.splitlines() if "█" in line]
    assert lengths == sorted(lengths) and lengths[-1] == 40 and lengths[0] == 2
    warned = printed(PLAN.model_copy(update={"bands": 14, "rows": 8}))
    assert "warning: of the pairs at the threshold of 0.75 only 77.16 %" in warned
    assert "(bands: 44 or rows: 4)" in warned
