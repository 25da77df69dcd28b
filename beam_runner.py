"""The command line `malmoi`: what is done, on which run directory, on which runner."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import (
    commands,
    console,
    look_commands,
    plan_commands,
    recipe_commands,
    screen,
    storage,
    training_commands,
)
from pipeline.commands import Json, show
from pipeline.follower import Follower
from pipeline.jobs import RUNNERS
from pipeline.jobs.job import Job
from pipeline.recipe import Recipe, load
from pipeline.run_options import (
    Against,
    Out,
    Processes,
    RecipeFile,
    Runner,
    Workers,
    complete_models,
    speaking,
)
from pipeline.temporary import temporary_files
from pipeline.workspace import Workspace
from tokenizer.errors import MalmoiError, RecipeError

app = typer.Typer(
    help="Raw Korean text in; a curated corpus, a tokenizer, token shards and a trained model out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

STEPS = {
    "curate": ("benchmarks", "clean", "dedup", "assemble"),
    "count": ("count",),
    "tokenizer": ("tokenizer",),
    "tokenize": ("tokenize",),
    "train": ("train",),
    "export": ("export",),
}
"""The steps of each command; `run` does all of them."""

beam_arguments: list[str] = []
"""What stands behind `--` on the command line."""


@contextmanager
def at_work(
    recipe: Recipe, out: str, runner: str = "local", workers: int = 0, processes: int = 1
) -> Iterator[Job]:
    """Hold a run directory for one command; another command on it meanwhile is refused."""
    if runner not in RUNNERS:
        raise typer.BadParameter(
            f"'{runner}' is none of {', '.join(RUNNERS)}", param_hint="--runner"
        )
    workspace = Workspace(out)
    follower = Follower(workspace.root)
    with workspace.locked(), ExitStack() as stack:
        with storage.write_atomic(workspace.path("recipe.yaml")) as file:
            file.write(recipe.to_yaml().encode())
        try:
            follower.attach(workspace)
            yield Job(
                recipe,
                workspace,
                follower,
                runner,
                workers or len(os.sched_getaffinity(0)),
                processes,
                beam_arguments,
                stack.enter_context(temporary_files(workspace.root)),
                stack,
            )
        finally:
            follower.close()


def perform(command: str, recipe: Recipe, job: Job) -> dict[str, Any]:
    """Do a command's steps and write the report; returns its figures."""
    from pipeline.report.write import write_report

    for step in [step for name in STEPS if command in (name, "run") for step in STEPS[name]]:
        job.do(step)
    return write_report(job.workspace, recipe)


def _do(name: str, recipe: Recipe, out: str, json: bool, *how: Any) -> None:
    with at_work(recipe, out, *how) as job:
        show(perform(name, recipe, job), job.workspace, json)


def _command(name: str, summary: str) -> None:
    def command(
        recipe: RecipeFile,
        out: Out,
        workers: Workers = 0,
        runner: Runner = "local",
        processes: Processes = 1,
        json: Json = False,
    ) -> None:
        _do(name, load(recipe), out, json, runner, workers, processes)

    command.__doc__ = f"{summary}\n\nExample: malmoi {name} recipe.yaml --out runs/first"
    app.command(name)(speaking(command))


@app.command()
@speaking
def run(
    recipe: RecipeFile,
    out: Out,
    against: Against = None,
    workers: Workers = 0,
    runner: Runner = "local",
    processes: Processes = 1,
    json: Json = False,
) -> None:
    """Go the whole way: curate, count, tokenizer, tokenize, train, export.

    Example: malmoi run recipe.yaml --out runs/first
    """
    _do("run", _compared(load(recipe), against), out, json, runner, workers, processes)


@app.command()
@speaking
def curate(
    recipe: RecipeFile,
    out: Annotated[str, typer.Option(help="the run directory", show_default=False)] = "",
    against: Against = None,
    explain_dedup: Annotated[
        bool, typer.Option("--explain-dedup", help="say what `dedup` will find, and do nothing")
    ] = False,
    workers: Workers = 0,
    runner: Runner = "local",
    json: Json = False,
) -> None:
    """Clean, deduplicate and assemble: raw files to curated/ and removed/.

    Example: malmoi curate recipe.yaml --out runs/second --against runs/first
    """
    loaded = _compared(load(recipe), against)
    if explain_dedup:
        from pipeline.dedup import curve

        if json:
            console.print_json(curve.explain(loaded.dedup))
        else:
            curve.print_explanation(loaded.dedup)
        return
    if not out:
        raise typer.BadParameter("missing: the run directory", param_hint="--out")
    _do("curate", loaded, out, json, runner, workers)


def _compared(recipe: Recipe, against: list[str] | None) -> Recipe:
    """The recipe with the earlier runs that the command line names instead of its own."""
    if not against:
        return recipe
    roots = [Workspace(run).root for run in against]
    return recipe.model_copy(update={"dedup": recipe.dedup.model_copy(update={"against": roots})})


_command("count", "Count the eojeol of curated/.")
_command("tokenizer", "Train the tokenizer from the counts.")
_command("tokenize", "Encode curated/ into Megatron / GPT-NeoX token shards.")
_command("train", "Train the model on the token shards; resumes from the newest checkpoint.")
_command("export", "Write the model for transformers, and check that it gives the same logits.")


@app.command()
@speaking
def demo(
    out: Out = "runs/demo",
    corpus: Annotated[
        Path | None,
        typer.Option(help="a folder of Korean HTML pages instead of the generated text"),
    ] = None,
    workers: Workers = 0,
    json: Json = False,
) -> None:
    """Go the whole way on Korean text with planted mess, and say what was found of it.

    Example: malmoi demo --corpus pages --out runs/demo
    """
    from pipeline import demo as demonstration

    recipe = demonstration.prepare(Path(out), corpus)
    with at_work(recipe, out, workers=workers) as job:
        report = perform("run", recipe, job)
        from trainer.generate import Sampling
        from trainer.generate import generate as continue_text

        export = storage.local_path(job.workspace.path("export"))
        figures = demonstration.figures(job.workspace, recipe)
        how = Sampling(max_tokens=60, seed=recipe.seed)
        figures["sentence"] = continue_text(export, demonstration.PROMPT, how)
    if json:
        console.print_json(figures)
    elif not screen.voice.quiet:
        console.print_figures(report)
        demonstration.show(figures)


@app.command()
@speaking
def ablate(
    recipe: RecipeFile,
    out: Out,
    seeds: Annotated[int, typer.Option(min=1, help="models of each side")] = 3,
    tokens: Annotated[int, typer.Option(min=1, help="that each model trains on")] = 614_400,
    model: Annotated[
        str, typer.Option(help="a preset's name", autocompletion=complete_models)
    ] = "demo",
    workers: Workers = 0,
    runner: Runner = "local",
    json: Json = False,
) -> None:
    """Train the same small model on a corpus before and after curation; compare their bits a byte.

    Example: malmoi ablate recipe.yaml --out runs/ablation --seeds 3
    """
    from pipeline import ablate as ablation
    from pipeline import training

    training.need_torch()
    loaded = load(recipe)
    plan = ablation.Plan.made(loaded, model, seeds, tokens)
    with at_work(loaded, f"{out}/curated", runner, workers) as job:
        for step in ("curate", "count", "tokenizer", "tokenize"):
            for part in STEPS[step]:
                job.do(part)
        curated = job.workspace
    with at_work(ablation.raw_side(loaded), f"{out}/raw", runner, workers) as job:
        for part in STEPS["curate"]:
            job.do(part)
        ablation.share_tokenizer(curated, job.workspace)
        job.do("tokenize")
        raw = job.workspace
    figures = ablation.compare(plan, raw, curated, Path(out))
    if json:
        console.print_json(figures)
    elif not screen.voice.quiet:
        ablation.show(figures)


app.add_typer(commands.app)
app.add_typer(training_commands.app)
app.add_typer(recipe_commands.app)
app.add_typer(look_commands.app)
app.add_typer(plan_commands.app)


def main() -> None:
    """Entry of the console script.

    Exit codes: 0 done, 1 failed with a cause, 2 wrong use, 130 and 143 stopped (SIGINT, SIGTERM).
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is ended
    arguments: list[Any] = sys.argv[1:]
    if "--" in arguments:
        at = arguments.index("--")
        arguments, beam_arguments[:] = arguments[:at], arguments[at + 1 :]
    try:
        app(arguments)
    except RecipeError as error:
        screen.complain(str(error))
        sys.exit(2)
    except (MalmoiError, OSError) as error:  # no space, no permission, a remote that is gone
        screen.complain(str(error))
        sys.exit(1)
    except SystemExit as stop:
        if stop.code in (130, 143):  # typer makes 130 of a Ctrl-C
            screen.complain("stopped; the same command goes on from here", "warning")
        raise


if __name__ == "__main__":
    main()
