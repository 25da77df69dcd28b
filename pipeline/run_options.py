"""What the commands that work on a run have in common: their arguments, and how they speak."""

import functools
import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import screen
from pipeline.jobs import RUNNERS
from trainer.config import PRESETS


def completed(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Completes the beginning of one of these names."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def _recipes(incomplete: str) -> list[str]:
    """Files that may be recipes, and folders on the way to one."""
    head, slash, begin = incomplete.rpartition("/")
    folder = Path(head + slash or ".").expanduser()
    if not folder.is_dir():
        return []
    found = [each for each in sorted(folder.iterdir()) if each.name.startswith(begin)]
    return [
        f"{head}{slash}{each.name}{'/' if each.is_dir() else ''}"
        for each in found
        if not each.name.startswith(".") and (each.is_dir() or each.suffix in (".yaml", ".yml"))
    ]


complete_models = completed(PRESETS)

RecipeFile = Annotated[
    Path,
    typer.Argument(help="the recipe (YAML)", show_default=False, autocompletion=_recipes),
]
Out = Annotated[str, typer.Option(help="the run directory", show_default=False)]
Workers = Annotated[int, typer.Option(min=0, help="processes for the data; 0: one a core")]
Runner = Annotated[
    str,
    typer.Option(help=f"where Beam runs: {', '.join(RUNNERS)}", autocompletion=completed(RUNNERS)),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        help="an earlier run, whose documents stay; may be given again", show_default=False
    ),
]
Processes = Annotated[int, typer.Option(min=1, help="processes that train together (torchrun)")]
Quiet = Annotated[bool, typer.Option("--quiet", help="say nothing but errors")]
JsonLogs = Annotated[
    bool, typer.Option("--json-logs", help="say everything as JSON lines, on standard error")
]


def speaking(command: Callable[..., None]) -> Callable[..., None]:
    """A command with `--quiet` and `--json-logs` beside its own options."""

    @functools.wraps(command)
    def spoken(*arguments: Any, quiet: bool, json_logs: bool, **options: Any) -> None:
        screen.voice.quiet, screen.voice.json = quiet, json_logs
        if json_logs:
            os.environ["MALMOI_LOG"] = "json"  # of the worker processes too
        command(*arguments, **options)

    own = inspect.signature(command)
    kind, added = inspect.Parameter.KEYWORD_ONLY, {"quiet": Quiet, "json_logs": JsonLogs}
    further = [
        inspect.Parameter(name, kind, default=False, annotation=annotation)
        for name, annotation in added.items()
    ]
    spoken.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), *further]
    )
    spoken.__annotations__ = {**command.__annotations__, **added}
    return spoken
