"""Charts and figures as the page shows them."""

import re

import pytest

from pipeline.report import charts
from pipeline.report.formats import number, share, size


def test_the_threshold_is_marked_where_it_is() -> None:
    """The rule of the drawing stands at its share of the axis."""
    places = []
    for at in (0.25, 0.5, 1.0):
        svg = charts.lines({"p": [(0, 0), (1, 1)]}, "x", "y", "what", mark=(at, f"threshold {at}"))
        assert f"threshold {at}" in svg
        (rule,) = re.findall(r"<line transform=\"translate\(([0-9.]+),[0-9.]+\)\"[^>]*dash", svg)
        places.append(float(rule))
    assert places[2] - places[1] == pytest.approx(2 * (places[1] - places[0]), abs=2)
    assert places[0] > 10


def test_long_curves_are_thinned_and_kept_in_range() -> None:
    short = charts.lines({"loss": [(1, 1.0), (2, 0.5)]}, "step", "loss", "loss")
    long = charts.lines({"loss": [(n, 1 / (n + 1)) for n in range(50_000)]}, "step", "loss", "loss")
    assert len(long) < 30_000 and long.count("<path") >= short.count("<path") - 2
    flat = charts.lines({"loss": [(1, 2.0), (2, 2.0)]}, "step", "loss", "loss")
    assert "NaN" not in short + long + flat


def test_bars_are_as_long_as_their_values() -> None:
    svg = charts.bars([("가", 100, "100"), ("나", 50, "50"), ("나", 0, "0")], 'what "it" is <now>')
    widths = sorted({float(w) for w in re.findall(r'd="M0,0L([0-9.]+),0', svg)}, reverse=True)
    assert len(widths) == 2 and widths[1] + 3 == pytest.approx((widths[0] + 3) / 2, abs=0.1)
    assert 'aria-label="what &quot;it&quot; is &lt;now>"' in svg
    assert svg.count("나") == 2 and "#0001" not in svg
    assert "NaN" not in charts.bars([("only", 0, "0")], "zero")
    assert charts.bars([("very-long-label-" * 3, 1, "1")], "x").count("very-long-label-very-…") == 1


def test_numbers() -> None:
    assert [number(n) for n in (0, 1234567, 2.0, 0.123456, 12345.6, float("inf"))] == [
        "0",
        "1,234,567",
        "2",
        "0.1235",
        "12,346",
        "inf",
    ]
    assert [size(n) for n in (0, 999, 1000, 999_700, 1_234_567, 3.2e9, 5e15)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1 MB",
        "1.23 MB",
        "3.2 GB",
        "5,000 TB",
    ]
    assert share(1, 3) == "33.3 %" and share(0, 0) == "–"
