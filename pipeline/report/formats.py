"""Figures and texts as the page writes them."""

import math
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

_MASK = re.compile(r"(<\|\w+\|>)")


def number(value: float) -> str:
    """1234567 as `1,234,567`; a fraction with four significant digits."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def size(value: float) -> str:
    """Bytes in decimal units: `1.2 GB`."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:,.0f} {units[0]}" if value >= 999.5 else f"{value:.3g} {units[0]}"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent: `97.3 %`."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def plain(value: object) -> str:
    """Any figure as it is read."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(value)


def masked(text: str | None) -> Markup:
    """Text for the page, with its mask tokens set off."""
    parts = _MASK.split(text or "")
    return Markup("").join(
        Markup("<mark>{}</mark>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )


def environment(folder: Path) -> jinja2.Environment:
    """The templates of a folder, escaped, with the functions above as filters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": number,
        "size": size,
        "share": share,
        "plain": plain,
        "masked": masked,
        "svg": Markup,  # charts come from `charts`, which escapes their labels
    }
    return made
