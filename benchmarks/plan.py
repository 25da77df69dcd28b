"""What `malmoi plan` predicts against what then comes of it.

    python -m benchmarks.plan FILE.jsonl.gz ... [--times 20] [--recipe RECIPE] [--plain]
        [--folder FOLDER] [--json]

Takes a sample of one in `--times` bytes of the files (or of a recipe's own sources), predicts, does
all steps on all of them and prints both with the error of each figure. The steps are measured in
the same way in both: in one process, processor seconds of one core, the most memory it held, bytes
that were sent through shuffles and that lay in scratch folders. Documents, bytes and tokens depend
on nothing else that the machine does; seconds and memory want a quiet one. The analyser of
morphemes takes more time than all else on so little text; `--plain` does without it.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from pipeline.plan import child
from pipeline.plan.extrapolate import Estimate, at_hand, total
from pipeline.plan.measure import measure
from pipeline.plan.predict import Prediction
from pipeline.plan.prices import Prices
from pipeline.plan.sample import take_sample
from pipeline.plan.sizes import show_bytes
from pipeline.plan.use import StepUse
from pipeline.recipe import Recipe, load, parse


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="JSON lines, each a source")
    parser.add_argument("--recipe", type=Path, help="a recipe instead of files")
    parser.add_argument("--times", type=float, default=20.0)
    parser.add_argument("--plain", action="store_true", help="a tokenizer without morphemes")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if bool(arguments.files) == bool(arguments.recipe):
        sys.exit("give files, or --recipe")
    recipe = load(arguments.recipe) if arguments.recipe else recipe_of(arguments.files)
    if arguments.plain:
        plain = recipe.tokenizer.model_copy(update={"morphemes": False})
        recipe = recipe.model_copy(update={"tokenizer": plain})
    child.begin()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rows = compared(recipe, arguments.times, Path(folder))
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)


def recipe_of(files: list[Path]) -> Recipe:
    """A recipe with each file as a source under the shipped rules."""
    sources = [{"name": file.name.split(".")[0], "paths": [str(file.absolute())]} for file in files]
    return parse(json.dumps({"name": "plan", "sources": sources}))


def compared(recipe: Recipe, times: float, folder: Path) -> list[dict[str, Any]]:
    """Predicted and measured, figure by figure."""
    from pipeline.jobs import trial  # Beam's import logs; a process begins without it

    size = round(input_bytes(recipe, folder) / times)
    prediction = trial.try_out(recipe, size, str(folder / "plan"), Prices())
    root = str(folder / "run")
    with (
        child.pool() as process,
        child.pool(fresh=True) as other,
    ):
        used = {use.step: use for use in trial.steps(recipe, root, process, other)}
    names = [source.name for source in recipe.sources]
    whole = measure(root, names, recipe.seed, words=False)
    facts = at_hand(whole)
    rows = [row(name, one, facts[name]) for name, one in prediction.corpus.items() if name in facts]
    rows += [
        row(f"bytes of {name}", one, whole.bytes[name]) for name, one in prediction.outputs.items()
    ]
    return rows + of_steps(prediction, used)


def input_bytes(recipe: Recipe, folder: Path) -> float:
    """Bytes of the input once decompressed, by a sample that is thrown away."""
    return sum(one.raw for one in take_sample(recipe, 1_000_000, str(folder / "first")))


def of_steps(prediction: Prediction, used: dict[str, StepUse]) -> list[dict[str, Any]]:
    """Rows of seconds, memory, shuffles and scratch space."""
    rows = [
        row(f"core-seconds of {step}", one, used[step].cpu_seconds)
        for step, one in prediction.seconds.items()
    ]
    everything = total(prediction.seconds.values())
    rows.append(row("core-seconds", everything, sum(use.cpu_seconds for use in used.values())))
    rows += [
        row(f"memory of {step}", one, used[step].memory) for step, one in prediction.memory.items()
    ]
    if "dedup" in used:
        sent = sum(graph.bytes for graph in used["dedup"].graphs)
        rows.append(row("shuffled bytes", prediction.shuffled["blob_bytes"], sent))
    for step, one in prediction.scratch.items():
        most = max(graph.scratch for graph in used[step].graphs)
        rows.append(row(f"scratch bytes of {step}", one, most))
    return rows


def row(name: str, predicted: Estimate, found: float) -> dict[str, Any]:
    return {
        "figure": name.replace("_", " "),
        "predicted": predicted.value,
        "low": predicted.low,
        "high": predicted.high,
        "measured": float(found),
        "error": predicted.value / found - 1 if found else None,
    }


def show(rows: list[dict[str, Any]]) -> None:
    print(f"{'':<30}{'predicted':>16}{'measured':>16}{'error':>9}   range")
    for one in rows:
        shown = show_bytes if "bytes" in one["figure"] or "memory" in one["figure"] else _number
        error = "" if one["error"] is None else f"{one['error']:+.1%}"
        inside = "" if one["low"] <= one["measured"] <= one["high"] else " outside"
        print(
            f"{one['figure']:<30}{shown(one['predicted']):>16}{shown(one['measured']):>16}"
            f"{error:>9}   {shown(one['low'])} to {shown(one['high'])}{inside}"
        )


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < 1_000 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
