"""The commands that look at a run or at texts: no step is done, no Beam is needed."""

import sys
from typing import Annotated, Any

import typer

from pipeline import console, screen, storage
from pipeline.recipe import Recipe, parse
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError
from tokenizer.special import PII_KINDS

app = typer.Typer()

RunFolder = Annotated[str, typer.Argument(help="the run directory", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="print the figures as JSON")]
Lines = Annotated[typer.FileBinaryRead, typer.Argument(help="JSON lines with id and text")]


def resolved_recipe(workspace: Workspace) -> Recipe:
    """The recipe that a run directory was last worked on with."""
    where = workspace.path("recipe.yaml")
    if not storage.exists(where):
        raise MalmoiError(f"{workspace.root}: no run directory (it has no recipe.yaml)")
    return parse(storage.read_bytes(where).decode(), where)


def show(figures: dict[str, Any], workspace: Workspace, as_json: bool) -> None:
    """Print a report's figures and where the report lies; a quiet command prints JSON alone."""
    if as_json:
        console.print_json(figures)
    elif not screen.voice.quiet:
        console.print_figures(figures)
        console.stdout.print(f"report: {workspace.path('report.html')}")


@app.command()
def generate(
    run: RunFolder,
    prompt: Annotated[str, typer.Option(help="the text to go on from")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="after the prompt, at most")] = 100,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="0: always the likeliest token")
    ] = 0.8,
    top_p: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="of the likeliest tokens that make up this probability"
        ),
    ] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="the same one gives the same text")] = 0,
    json: Json = False,
) -> None:
    """Let the exported model go on from a prompt.

    Example: malmoi generate runs/demo --prompt "문서를 저장하려면"
    """
    from trainer.generate import Sampling
    from trainer.generate import generate as continue_text

    workspace = Workspace(run)
    workspace.require("export")
    export = storage.local_path(workspace.path("export"))
    how = Sampling(max_tokens, temperature, top_p=top_p, seed=seed)
    text = continue_text(export, prompt, how)
    if json:
        console.print_json({"prompt": prompt, "text": text})
    else:
        typer.echo(text)


@app.command()
def evaluate(
    run: RunFolder,
    kobest: Annotated[
        str, typer.Option(help="a folder of kobest_TASK_SPLIT.jsonl.gz: answer these instead")
    ] = "",
    shots: Annotated[str, typer.Option(help="of KoBEST: examples shown, by commas")] = "0",
    limit: Annotated[int, typer.Option(min=0, help="of KoBEST: items of a task; 0: all")] = 0,
    json: Json = False,
) -> None:
    """Measure the exported model on the held-out documents, by source, or on KoBEST.

    Example: malmoi evaluate runs/demo --kobest kobest --shots 0,5,10,50
    """
    from pipeline import training

    if kobest:
        counts = [int(each) if each.strip().isdecimal() else -1 for each in shots.split(",")]
        if min(counts) < 0:
            raise typer.BadParameter(f"'{shots}': give numbers, as 0,5", param_hint="--shots")
        figures = training.kobest(Workspace(run), kobest, counts, limit or None)
    else:
        figures = training.evaluate(Workspace(run))
    if json:
        console.print_json(figures)
    elif kobest:
        print_kobest(figures)
    else:
        console.print_evaluation(figures)


def print_kobest(figures: dict[str, dict[str, Any]]) -> None:
    """What `trainer.kobest` gives, as a table on standard output."""
    keys = ("macro_f1", "accuracy", "accuracy_norm")
    rows = [
        (
            f"{task} {shots}",
            one["items"],
            *(f"{one[key]:.4f}" if key in one else "" for key in keys),
            one["truncated"],
        )
        for shots, tasks in figures.items()
        for task, one in tasks.items()
    ]
    header = ("KoBEST", "items", *(key.replace("_", " ") for key in keys), "truncated")
    console.stdout.print(console.table("", header, rows))


@app.command()
def report(run: RunFolder, json: Json = False) -> None:
    """Write report.html and report.json anew from the manifests.

    Example: malmoi report runs/demo
    """
    from pipeline.report.write import write_report

    workspace = Workspace(run)
    show(write_report(workspace, resolved_recipe(workspace)), workspace, json)


@app.command()
def status(run: RunFolder, json: Json = False) -> None:
    """Tell what has become of a run: while a command is at work on it, and after.

    Example: malmoi status runs/demo
    """
    from pipeline.status import collect

    workspace = Workspace(run)
    figures = collect(workspace, resolved_recipe(workspace))
    if json:
        console.print_json(figures)
    else:
        console.print_status(figures)


@app.command()
def tokens(run: RunFolder, json: Json = False) -> None:
    """Tell tokens, documents and bytes per token of a run, by split and source.

    Example: malmoi tokens runs/demo
    """
    from pipeline.report.write import token_rows

    rows = token_rows(Workspace(run).require("tokenize"))
    if json:
        console.print_json(rows)
    else:
        console.print_tokens(rows)


@app.command()
def verify(run: RunFolder, json: Json = False) -> None:
    """Read every file of a run and compare it with the manifests.

    Example: malmoi verify runs/demo
    """
    checked, faults = Workspace(run).verify()
    if json:
        console.print_json({"files": checked, "faults": faults})
    else:
        for fault in faults:
            console.stdout.print(fault)
        console.stdout.print(f"{checked} files, {len(faults)} faults")
    if faults:
        raise typer.Exit(1)


@app.command()
def scrub(
    file: Lines = "-",  # type: ignore[assignment]
    spans_only: Annotated[bool, typer.Option(help="leave the text out")] = False,
    kinds: Annotated[
        str, typer.Option(help="what is masked, by commas; `name` (persons) can be added")
    ] = ",".join(PII_KINDS),
) -> None:
    """Mask personal data in JSON lines: {"id", "text"} in, {"id", "text", "spans"} out.

    Example: malmoi scrub texts.jsonl > masked.jsonl
    """
    from pipeline.pii.scrub import scrub_lines

    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    for line in scrub_lines(file, wanted, spans_only):
        sys.stdout.buffer.write(line.rstrip(b"\n") + b"\n")


@app.command()
def edits(
    file: Lines = "-",  # type: ignore[assignment]
    html: Annotated[bool, typer.Option(help="the texts are HTML pages")] = False,
) -> None:
    """Show what the clean step would change in texts: {"id", "text"} in, {"id", "edits"} out.

    Example: malmoi edits texts.jsonl | head
    """
    from pipeline.explain.edits import explain_lines
    from pipeline.settings import Clean

    for line in explain_lines(file, Clean(), html=html):
        sys.stdout.buffer.write(line)
