"""What charts in the page need: Vega itself, and the drawing of a histogram.

The drawing is described by Altair and compiled here, so that the page carries Vega alone.
"""

import json
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from pipeline import storage

_USED = "window.vegaEmbed = vegaEmbed;"
_ROUND = [digit * 10**power for power in range(8) for digit in (1, 2, 5)]
_COUNTS = [0, *(10**power for power in range(13))]


@lru_cache(maxsize=1)
def library() -> str:
    """Vega as JavaScript for a `<script>`: sets `window.vegaEmbed`.

    Bundling takes a second, so the result is kept beside the compiled modules, as numba keeps its
    own, and made again for another version of vl-convert.
    """
    kept = Path(__file__).parent / "__pycache__" / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError):
        return kept.read_text("utf-8")
    bundle = str(vl_convert.javascript_bundle(_USED))
    if "</script" in bundle.lower():
        raise ValueError("the bundle of Vega would end its own <script>")
    with suppress(OSError), storage.write_atomic(str(kept)) as out:  # else made again the next time
        out.write(bundle.encode())
    return bundle


@lru_cache(maxsize=2)
def histogram(is_log: bool) -> str:
    """The Vega specification of a histogram, as JSON; over a logarithmic axis or a linear one.

    Its data: `bins`, rows {x1, x2, documents, alone, beyond, shown}, and `marks`, rows {x, kind},
    of which `kind` is `recipe` or `slider`. Heights are logarithmic, so that a few documents beside
    a million can be seen; both bars of a bin stand on the ground.
    """
    scale = alt.Scale(type="log" if is_log else "linear", nice=False, zero=False)
    label = f"format(datum.value, '{'~s' if is_log else '.3~g'}')"
    ticks = {"values": _ROUND} if is_log else {"tickCount": 5}
    axis = alt.Axis(grid=False, labelOverlap=True, labelExpr=label, **ticks)
    x = alt.X("x1:Q", title=None, scale=scale, axis=axis)
    y_scale = alt.Scale(type="symlog", constant=1, domainMin=0, nice=False)
    counts = "format(datum.value, '~s')"
    y_axis = alt.Axis(values=_COUNTS, labelExpr=counts, labelOverlap=True, minExtent=30)
    bins = alt.Chart(alt.NamedData(name="bins"))
    beyond = alt.condition("datum.beyond", alt.value("var(--gone)"), alt.value("var(--stays)"))

    def bar(field: str, opacity: float) -> alt.Chart:
        return bins.mark_bar(binSpacing=0, clip=True, opacity=opacity).encode(
            x=x,
            x2="x2:Q",
            y=alt.Y(f"{field}:Q", title=None, scale=y_scale, axis=y_axis),
            y2=alt.datum(0),
            color=beyond,
            tooltip="shown:N",
        )

    is_recipe = "datum.kind === 'recipe'"
    marks = (
        alt.Chart(alt.NamedData(name="marks"))
        .mark_rule(strokeWidth=2)
        .encode(
            x=alt.X("x:Q", scale=scale),
            strokeDash=alt.condition(is_recipe, alt.value([3, 3]), alt.value([1, 0])),
            color=alt.condition(is_recipe, alt.value("var(--ink)"), alt.value("var(--gone)")),
        )
    )
    chart = (
        alt.layer(bar("documents", 0.35), bar("alone", 1), marks)
        .properties(
            width=300,
            height=120,
            background="transparent",
            padding={"left": 0, "top": 4, "right": 6, "bottom": 0},
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        )
        .configure(font="inherit", aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--muted)",
            gridColor="var(--line)",
            domainColor="var(--line)",
            tickColor="var(--line)",
            labelFontSize=11,
        )
        .configure_axisY(ticks=False, domain=False)
    )
    specification: dict[str, Any] = vl_convert.vegalite_to_vega(chart.to_dict(validate=False))
    return json.dumps(specification, sort_keys=True)
