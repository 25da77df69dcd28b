"""The command that says beforehand what a corpus will take."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipeline import console
from pipeline.commands import Json
from pipeline.plan.sizes import parse_bytes
from pipeline.recipe import load

app = typer.Typer()


@contextmanager
def _folder(out: Path | None) -> Iterator[str]:
    """The folder given, or a temporary one that goes in the end."""
    if out is not None:
        yield str(out.absolute())
        return
    with tempfile.TemporaryDirectory(prefix="malmoi-plan-") as folder:
        yield str(Path(folder, "plan"))


def _tell(line: str) -> None:
    console.stderr.print(line, markup=False, soft_wrap=True)


def _size(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def plan(
    recipe: Annotated[Path, typer.Argument(help="the recipe (YAML)", show_default=False)],
    sample: Annotated[str, typer.Option(help="how much of the input is tried")] = "200MB",
    input_bytes: Annotated[
        str, typer.Option(help="predict for so much input of this kind instead, as 1.2TB")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="keep the sample and its run here", show_default=False)
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="prices (YAML) instead of the defaults", show_default=False)
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(help="one price, as machine_hour=0.25; may be given again"),
    ] = None,
    json: Json = False,
) -> None:
    """Do the steps on a sample of the input, and predict what the whole of it will take.

    Example: malmoi plan recipe.yaml --sample 200MB --price machines=20
    """
    from pipeline.plan.prices import load_prices
    from pipeline.plan.show import show

    loaded, paid = load(recipe), load_prices(prices, price or ())
    size, whole = _size(sample), _size(input_bytes) if input_bytes else None
    if out is not None and out.exists() and any(out.iterdir()):
        raise typer.BadParameter("the folder is not empty; give a new one", param_hint="--out")
    logging.getLogger().addHandler(console.Warnings())  # before Beam is imported, which logs
    from pipeline.jobs.trial import try_out

    with _folder(out) as folder:
        prediction = try_out(loaded, size, folder, paid, whole, tell=_tell)
    if json:
        console.print_json(prediction.to_json())
    else:
        show(prediction)
