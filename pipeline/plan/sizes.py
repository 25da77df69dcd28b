"""Numbers of bytes as people write them."""

import re

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15}
_BINARY = {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40, "pi": 1 << 50}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?i?)b?", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """The bytes that `200MB`, `1.2 TB`, `64MiB` or `1000` say. ValueError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    units = {**_UNITS, **_BINARY}
    if not found or found[2].lower() not in units:
        raise ValueError(f"'{text}' is no size; write it as 200MB, 1.2TB or 64MiB")
    return round(float(found[1]) * units[found[2].lower()])


def show_bytes(count: float) -> str:
    """`1.2 TB`, `863 GB`, `512 B`: three figures and a decimal unit."""
    for unit, size in reversed(_UNITS.items()):
        if unit and abs(count) >= size:
            return f"{count / size:.3g} {unit.upper() if unit != 'k' else unit}B"
    return f"{count:.0f} B"
