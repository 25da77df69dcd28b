"""The commands about training that train nothing: what a step reads, what a model would cost."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline import console, storage, training
from pipeline.commands import Json, RunFolder, resolved_recipe
from pipeline.run_options import complete_models, completed
from pipeline.workspace import Workspace
from trainer.config import resolve_model
from trainer.plan import GPUS, plan

KEPT = ("none", "full")

app = typer.Typer()
data = typer.Typer(help="Look at the data that a run trains on.", no_args_is_help=True)
app.add_typer(data, name="data")


@data.command()
def show(
    run: RunFolder,
    step: Annotated[int, typer.Option(min=1, help="a step of the training", show_default=False)],
    characters: Annotated[int, typer.Option(min=1, help="of each document's text")] = 60,
    json: Json = False,
) -> None:
    """Print the documents that a training step reads, whether it has been done or not.

    Example: malmoi data show runs/demo --step 100
    """
    from trainer.show import step_samples

    workspace = Workspace(run)
    workspace.require("tokenize")
    recipe = resolved_recipe(workspace)
    tokens, tokenizer = (storage.local_path(workspace.path(n)) for n in ("tokens", "tokenizer"))
    samples = step_samples(
        recipe.model, recipe.train, tokens, tokenizer, recipe.seed, step, characters
    )
    if json:
        console.print_json(samples)
        return
    for sample in samples:
        name, window = sample["source"], sample["window"]
        typer.echo(f"sample {sample['sample']}, epoch {sample['epoch']}: {name}, window {window}")
        for document in sample["documents"]:
            typer.echo(
                f"  {document['shard']} document {document['document']}, {document['tokens']} "
                f"tokens from {document['first']}: {' '.join(document['text'].split())}"
            )


@app.command("plan-train")
def plan_train(
    preset: Annotated[
        str,
        typer.Argument(
            help="a model's name, as in a recipe",
            show_default=False,
            autocompletion=complete_models,
        ),
    ],
    gpus: Annotated[int, typer.Option(min=2, help="that share the model (FSDP)")] = 256,
    gpu: Annotated[
        str, typer.Option(help=f"their kind: {', '.join(GPUS)}", autocompletion=completed(GPUS))
    ] = "a100-80g",
    micro_batch: Annotated[int, typer.Option(min=1, help="sequences a GPU holds at once")] = 4,
    checkpointing: Annotated[
        str, typer.Option(help="full: activations are computed again; none: all are kept")
    ] = "full",
    vocabulary: Annotated[int, typer.Option(min=1, help="entries of the tokenizer")] = 30_003,
    tokens: Annotated[
        int, typer.Option(min=0, help="to train on; 0: 20 a parameter, as Hoffmann et al. 2022")
    ] = 0,
    mfu: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="share of its FLOPs that a GPU reaches")
    ] = 0.4,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="count a step of all processes as well (minutes)")
    ] = False,
    json: Json = False,
) -> None:
    """Tell what training a model in bf16 takes: parameters, memory, messages, FLOPs and days.

    Example: malmoi plan-train polyglot-ko-12.8b --gpus 256 --gpu a100-80g
    """
    model = resolve_model(preset)
    for name, value, valid in (("--gpu", gpu, GPUS), ("--checkpointing", checkpointing, KEPT)):
        if value not in valid:
            raise typer.BadParameter(f"'{value}' is none of {', '.join(valid)}", param_hint=name)
    shape = (model, model.rows(vocabulary), gpus, micro_batch, checkpointing == "full")
    figures = {
        "model": preset,
        "gpus": gpus,
        "gpu": gpu,
        "micro_batch": micro_batch,
        "checkpointing": checkpointing,
        **plan(*shape, GPUS[gpu], tokens, mfu),
    }
    if simulate:
        training.need_torch()
        from trainer.simulate import simulate as count

        figures["simulated"] = count(*shape)
    if json:
        console.print_json(figures)
    else:
        print_plan(figures)


def print_plan(figures: Mapping[str, Any]) -> None:
    """The figures of `plan-train`, a line each."""
    messages = ", ".join(f"{n} {kind}" for kind, n in figures["collectives_a_step"].items())
    lines = {
        "parameters": f"{figures['parameters']:,} ({figures['vocab_rows']:,} embedding rows)",
        "on a GPU": f"{figures['parameters_on_a_gpu']:,} of them",
        "peak memory a GPU": f"{figures['peak_memory_bytes'] / 2**30:.1f} GiB, "
        f"{figures['memory_share']:.0%} of a {figures['gpu']}; CUDA and NCCL take some more",
        "a step": f"{figures['batch_tokens']:,} tokens; {messages}",
        "FLOPs": f"{figures['flops_per_token']:.4g} a token, {figures['flops']:.3g} in all",
        "time": f"{figures['days']:.1f} days for {figures['tokens']:,} tokens, if "
        f"{figures['mfu']:.0%} of the GPUs' FLOPs are reached",
    }
    if "simulated" in figures:
        counted = figures["simulated"]
        messages = ", ".join(f"{n} {kind}" for kind, n in counted["collectives_a_step"].items())
        lines["simulated"] = f"{counted['peak_memory_bytes'] / 2**30:.1f} GiB; {messages}"
    for name, text in lines.items():
        typer.echo(f"{name:18} {text}")
