"""`python -m trainer RUN`, or `python -m trainer RECIPE --out RUN`.

In several processes, `torchrun --nproc-per-node 2 -m trainer RECIPE --out RUN`.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tokenizer.errors import MalmoiError, RecipeError
from trainer.checkpoint import checkpoints, step_of
from trainer.config import TrainConfig, resolve_model
from trainer.train import train


def main() -> None:
    """Trains RUN/tokens by RUN/recipe.yaml, or by RECIPE, into RUN/checkpoints.

    Prints the summary as JSON.
    """
    parser = argparse.ArgumentParser(prog="python -m trainer", description=main.__doc__)
    parser.add_argument("recipe", type=Path, help="a run directory, or a recipe file")
    parser.add_argument("--out", type=Path, help="with a recipe file: the run directory")
    told = "do not train: end with 0 if the last step is done, else with 1"
    parser.add_argument("--is-done", action="store_true", help=told)
    given = parser.parse_args()
    try:
        if given.is_done:
            sys.exit(not is_done(given.recipe, given.out))
        summary = train_run(given.recipe, given.out)
    except MalmoiError as error:
        sys.exit(f"error: {error}")
    if os.environ.get("RANK", "0") == "0":
        print(json.dumps(summary, indent=1))


def train_run(recipe_or_run: Path, out: Path | None = None) -> dict[str, object]:
    """Train a run directory by its own recipe, or the run directory `out` by a recipe file.

    The recipe's `model`, `train` and `seed` are read, the rest is not; RecipeError for faults.
    """
    recipe, settings, run = _read(recipe_or_run, out)
    tokenizer = run / "tokenizer"
    return train(
        resolve_model(recipe.get("model", "demo")),
        settings,
        run / "tokens",
        run / "checkpoints",
        recipe.get("seed", 0),
        tokenizer_dir=tokenizer if (tokenizer / "malmoi.model").is_file() else None,
    )


def is_done(recipe_or_run: Path, out: Path | None = None) -> bool:
    """Whether the newest checkpoint is that of the last step: one that was stopped is none."""
    _, settings, run = _read(recipe_or_run, out)
    saved = checkpoints(run / "checkpoints")
    return bool(saved) and step_of(saved[-1]) >= settings.steps


def _read(recipe_or_run: Path, out: Path | None) -> tuple[dict[str, Any], TrainConfig, Path]:
    if out is None and recipe_or_run.is_file():
        raise RecipeError(f"{recipe_or_run}: a recipe; say with --out which run directory to train")
    path, run = (recipe_or_run, out) if out else (recipe_or_run / "recipe.yaml", recipe_or_run)
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = TrainConfig.model_validate(recipe.get("train", {}))
    except OSError as error:
        raise RecipeError(
            f"{path}: cannot be read ({error.strerror}); give a run directory, or recipe and --out"
        ) from error
    except (yaml.YAMLError, ValidationError, AttributeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    if settings.start_from is not None:  # counts from the recipe's folder
        start = Path(os.path.expandvars(settings.start_from)).expanduser()
        settings = settings.model_copy(update={"start_from": str(path.absolute().parent / start)})
    return recipe, settings, run


if __name__ == "__main__":
    main()
