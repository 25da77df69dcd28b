"""Charts as inline SVG, drawn here: the page that holds them needs neither network nor script.

Every chart is at most `WIDTH` pixels wide, so that a telephone shows it at full size. Colours are
names of the page's style, so that one drawing serves light and dark.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

import altair as alt
import vl_convert

WIDTH = 344
MOST_LINES = 6
_MAX_BARS = 16
_MAX_LABEL = 22
_CHARACTER = 7.5  # pixels
_MAX_POINTS = 300

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Vega knows no style names: it is given these, and they are exchanged in the drawing.
_COLOURS = {
    "#000101": "var(--ink)",
    "#000102": "var(--muted)",
    "#000103": "var(--line)",
    "#000104": "var(--series-1)",
    "#000105": "var(--series-2)",
    "#000106": "var(--series-3)",
    "#000107": "var(--series-4)",
    "#000108": "var(--series-5)",
    "#000109": "var(--series-6)",
}
_INK, _MUTED, _LINE, *_SERIES = _COLOURS


def bars(rows: Sequence[tuple[str, float, str]], what: str) -> str:
    """Horizontal bars in the order given, from rows of (label, value, value as it is written).

    Of more than 16 the rest is left to the table. `what` says to a screen reader what is shown.
    """
    rows = [(_shortened(label), value, drawn(shown)) for label, value, shown in rows[:_MAX_BARS]]
    data = [{"at": at, "value": value, "shown": shown} for at, (_, value, shown) in enumerate(rows)]
    labels = json.dumps(
        [label for label, _, _ in rows]
    )  # two may be alike: the place tells bars apart
    # The reader's font may be wider than the one measured here: leave room for a wide one.
    before = _CHARACTER * max((len(label) for label, _, _ in rows), default=0)
    after = _CHARACTER * max((len(shown) for _, _, shown in rows), default=0) + 8
    top = max((value for _, value, _ in rows), default=0) or 1
    scale = alt.Scale(domain=[0, top / (1 - after / (WIDTH - before - 10))])
    base = alt.Chart(alt.Data(values=data)).encode(
        y=alt.Y(
            "at:O",
            title=None,
            axis=alt.Axis(minExtent=before, labelExpr=f"{labels}[datum.value]"),
        ),
        x=alt.X("value:Q", title=None, axis=None, scale=scale),
    )
    bar = base.mark_bar(size=12, color=_SERIES[0], cornerRadiusEnd=3)
    text = base.mark_text(align="left", dx=5, color=_INK).encode(text="shown:N")
    return _draw(bar + text, height=24 * len(data) + 8, what=what)


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    x: str,
    y: str,
    what: str,
    mark: tuple[float, str] | None = None,
) -> str:
    """At most `MOST_LINES` lines of (x, y) points; a long one is drawn through means of its parts.

    `mark`: an x with a rule and its words beside it.
    """
    series = {_shortened(name): points for name, points in series.items()}
    x, y = drawn(x), drawn(y)
    data = [
        {"name": name, "x": at, "y": value}
        for name, points in series.items()
        for at, value in _thinned(points)
    ]
    values = [value for points in series.values() for _, value in _thinned(points)]
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or 1
    scale = alt.Scale(domain=[low - room, high + room], nice=False, zero=False)
    colour = alt.Color(
        "name:N",
        sort=None,
        scale=alt.Scale(domain=list(series), range=_SERIES[: len(series)]),
        legend=alt.Legend(title=None, orient="top", columns=2) if len(series) > 1 else None,
    )
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_line(strokeWidth=2, point={"size": 12} if len(data) < 40 else False)
        .encode(
            x=alt.X("x:Q", title=x, axis=alt.Axis(grid=False, tickCount=5)),
            y=alt.Y("y:Q", title=y, scale=scale, axis=alt.Axis(tickCount=5, minExtent=36)),
            color=colour,
        )
    )
    whole = chart if mark is None else _ruled(mark[0], drawn(mark[1]), y=low + room) + chart
    return _draw(whole, height=220, what=what)


def _ruled(x: float, words: str, y: float) -> alt.LayerChart:
    base = alt.Chart(alt.Data(values=[{"x": x, "y": y, "shown": words}])).encode(x="x:Q")
    rule = base.mark_rule(strokeWidth=2, strokeDash=[4, 3], color=_SERIES[1])
    text = base.mark_text(align="right", dx=-6, color=_INK).encode(y="y:Q", text="shown:N")
    return rule + text


def drawn(text: str) -> str:
    """Text that an SVG can hold: what XML does not allow would end the process that draws it."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _shortened(label: str) -> str:
    label = drawn(label)
    return label if len(label) <= _MAX_LABEL else label[: _MAX_LABEL - 1] + "…"


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = -(-len(points) // _MAX_POINTS)
    parts = [points[at : at + size] for at in range(0, len(points), size)] if points else []
    return [(part[-1][0], sum(value for _, value in part) / len(part)) for part in parts]


def _draw(chart: alt.Chart | alt.LayerChart, height: int, what: str) -> str:
    specification = (
        chart.properties(
            width=WIDTH,
            height=height,
            background="transparent",
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
            padding=2,
        )
        .configure(font="sans-serif", aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_MUTED,
            titleColor=_MUTED,
            titleFontWeight="normal",
            labelFontSize=12,
            titleFontSize=12,
            gridColor=_LINE,
            domainColor=_LINE,
            tickColor=_LINE,
        )
        .configure_axisY(ticks=False, labelPadding=6)
        .configure_legend(labelColor=_INK, labelFontSize=12, symbolType="stroke")
        .configure_text(fontSize=12)
        .to_dict()
    )
    svg = str(vl_convert.vegalite_to_svg(specification))
    for colour, name in _COLOURS.items():
        svg = svg.replace(colour, name)
    # Vega counts its clips through the life of a process: name them by the drawing instead.
    own = hashlib.sha256(json.dumps(specification, sort_keys=True).encode()).hexdigest()[:8]
    counted = list(dict.fromkeys(re.findall(r'id="(clip\d+)"', svg)))
    for at, name in enumerate(counted):
        svg = re.sub(rf"\b{name}\b", f"{own}-{at}", svg)
    label = drawn(what).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
