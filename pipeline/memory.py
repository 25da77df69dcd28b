"""The peak memory of this process while it worked on a unit."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc/self")


_finished = True  # whether what was begun last is the last thing of its unit


def begin(finishes: bool) -> None:
    """Say that work begins; `finishes`: it ends a unit, whose receipt then asks for the `peak`.

    The peak starts anew from what is resident now, unless passes of the same step, that end no
    unit, came before: they belong to it. Where the system cannot do that (other than Linux) the
    peak is that of the process since it began (`proc(5)`, `clear_refs`).
    """
    global _finished
    if _finished:
        with suppress(OSError):
            (_PROC / "clear_refs").write_text("5")
    _finished = finishes


def peak() -> int:
    """The most bytes of this process that were resident since `begin`."""
    with suppress(OSError):
        for line in (_PROC / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
