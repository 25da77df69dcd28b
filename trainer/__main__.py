"""`python -m trainer RUN`; in several processes, `torchrun --nproc-per-node 2 -m trainer RUN`."""

import argparse
import json
import os
import sys
from pathlib import Path

import yaml
from pydantic import ValidationError

from tokenizer.errors import MalmoiError, RecipeError
from trainer.config import TrainConfig, resolve_model
from trainer.train import train


def main() -> None:
    """Trains RUN/tokens by RUN/recipe.yaml into RUN/checkpoints; prints the summary as JSON."""
    parser = argparse.ArgumentParser(prog="python -m trainer", description=main.__doc__)
    parser.add_argument("run", type=Path, help="the run directory")
    run: Path = parser.parse_args().run
    try:
        summary = train_run(run)
    except MalmoiError as error:
        sys.exit(f"error: {error}")
    if os.environ.get("RANK", "0") == "0":
        print(json.dumps(summary, indent=1))


def train_run(run: Path) -> dict[str, object]:
    """Train a run directory; its recipe's `model`, `train` and `seed` are read, the rest is not."""
    path = run / "recipe.yaml"
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = TrainConfig.model_validate(recipe.get("train", {}))
    except OSError as error:
        raise RecipeError(
            f"{path}: cannot be read ({error.strerror}); give a run directory"
        ) from error
    except (yaml.YAMLError, ValidationError, AttributeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    tokenizer = run / "tokenizer"
    return train(
        resolve_model(recipe.get("model", "demo")),
        settings,
        run / "tokens",
        run / "checkpoints",
        recipe.get("seed", 0),
        tokenizer_dir=tokenizer if (tokenizer / "malmoi.model").is_file() else None,
    )


if __name__ == "__main__":
    main()
