"""The commands that ask why: one document's way through a run, and two runs side by side."""

from typing import Annotated

import typer

from pipeline import console
from pipeline.commands import Json, resolved_recipe
from pipeline.workspace import Workspace

app = typer.Typer()

SourceName = Annotated[str, typer.Option("--source", help="of this source alone; of --text: whose")]


@app.command()
def explain(
    run: Annotated[str, typer.Argument(help="the run directory", show_default=False)] = "",
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="the document's id", show_default=False)
    ] = "",
    text: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(help="instead of RUN and ID: a file with one text", show_default=False),
    ] = None,
    recipe: Annotated[str, typer.Option(help="of --text: the recipe", show_default=False)] = "",
    source: SourceName = "",
    json: Json = False,
) -> None:
    """Tell every decision on a document: edits, rules, masks, copies, benchmarks, tokens.

    Example: malmoi explain runs/demo menus-00056

    Example: malmoi explain --text page.txt --recipe recipe.yaml
    """
    from pipeline.explain.document import explain_id, explain_text
    from pipeline.explain.printed import print_explanation
    from pipeline.explain.run import Run
    from pipeline.recipe import load

    if text is not None:
        if run or not recipe:
            raise typer.BadParameter("takes --recipe, and no run", param_hint="--text")
        loaded = load(recipe)
        names = [one.name for one in loaded.sources]
        if source and source not in names:
            raise typer.BadParameter(
                f"'{source}' is none of {', '.join(names)}", param_hint="--source"
            )
        whose = loaded.source(source or names[0])
        name = text.name.rpartition("/")[2]
        told = explain_text(text.read(), name, loaded, whose)
    else:
        if not run or not identity:
            raise typer.BadParameter("missing: RUN and ID, or --text and --recipe")
        workspace = Workspace(run)
        opened = Run.opened(workspace, resolved_recipe(workspace))
        told = explain_id(opened, identity, source or None)
    if json:
        console.print_json(told)
    else:
        print_explanation(told)


@app.command()
def compare(
    run_a: Annotated[str, typer.Argument(help="a run directory", show_default=False)],
    run_b: Annotated[str, typer.Argument(help="another", show_default=False)],
    out: Annotated[
        str, typer.Option(help="write all of it as a page, one HTML file", show_default=False)
    ] = "",
    json: Json = False,
) -> None:
    """Compare two runs: funnels, removal reasons, documents that changed sides, tokens, recipes.

    Example: malmoi compare runs/first runs/second --out compared.html
    """
    from pipeline import storage
    from pipeline.compare.figures import compare as compare_runs
    from pipeline.compare.page import render
    from pipeline.compare.printed import print_comparison
    from pipeline.explain.run import Run

    runs = []
    for root in (run_a, run_b):
        workspace = Workspace(root)
        runs.append(Run.opened(workspace, resolved_recipe(workspace)))
    figures = compare_runs(*runs)
    if out:
        with storage.write_atomic(out) as file:
            file.write(render(figures).encode())
    if json:
        console.print_json(figures)
    else:
        print_comparison(figures)
        if out:
            console.stdout.print(f"page: {out}", markup=False, soft_wrap=True)
