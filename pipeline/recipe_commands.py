"""The commands that help to write a recipe: one made from files, and its schema."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def init(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="files and folders to look at", show_default=False),
    ] = None,
) -> None:
    """Print a recipe: for files and folders one that reads them, else one with every default.

    Example: malmoi init > recipe.yaml

    Example: malmoi init corpus/ more.jsonl.gz > recipe.yaml
    """
    if paths:
        from pipeline.init.write import recipe_of

        typer.echo(recipe_of(paths), nl=False)
    else:
        from pipeline.template import commented_recipe

        typer.echo(commented_recipe(), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of recipes, by which editors check and complete them.

    Example: malmoi schema > recipe.schema.json
    """
    from pipeline.schema import recipe_schema_text

    typer.echo(recipe_schema_text(), nl=False)
