"""The terminal: standard output and error, and how much a command says there."""

import os
import sys
from dataclasses import dataclass

import orjson
from rich.console import Console

from pipeline.logs import line

_WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
"""Columns of tables in a file or a pipe, where there is no terminal to ask for its own."""

stdout = Console(highlight=False, width=_WIDTH)
stderr = Console(stderr=True, highlight=False)


@dataclass
class Voice:
    """How this command speaks: nothing but errors (`quiet`), or JSON lines on standard error."""

    quiet: bool = False
    json: bool = False


voice = Voice()
"""Of the process, which is one command; its options set it before anything is done."""


def say(message: str) -> None:
    """A remark on standard error, which a quiet command does not make."""
    if voice.json:
        put_json(orjson.dumps(line("said", message=message)).decode())
    elif not voice.quiet:
        stderr.print(message, markup=False, soft_wrap=True)


def complain(message: str, level: str = "error") -> None:
    """An error, which every command tells, or a warning, which a quiet one does not."""
    if voice.json:
        put_json(orjson.dumps(line("said", level, message=message)).decode())
    elif level == "error" or not voice.quiet:
        stderr.print(f"malmoi: {message}", markup=False, soft_wrap=True)


def put_json(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def duration(seconds: float | None) -> str:
    """`3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
