"""A trial: the steps done on a sample of a recipe's input, to predict what the whole will take.

They are done in processes of their own, three times: on an eighth of the sample so that everything
is loaded, on the eighth again and on all of it, which are measured.
"""

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import pyarrow as pa

from pipeline import storage
from pipeline.dedup.in_memory import deduplicate
from pipeline.jobs import measured as runs
from pipeline.plan import child
from pipeline.plan.calibrate import UnitCosts, unit_costs
from pipeline.plan.extrapolate import scale_of
from pipeline.plan.measure import measure
from pipeline.plan.predict import Done, Prediction, predict
from pipeline.plan.prices import Prices
from pipeline.plan.sample import EIGHTH, sampled_recipe, take_sample
from pipeline.plan.sizes import show_bytes
from pipeline.plan.use import StepUse
from pipeline.recipe import Recipe
from pipeline.sources.units import plan_units
from tokenizer.errors import MalmoiError

FIRST = tuple(step for step in runs.STEPS if step not in ("tokenizer", "tokenize"))


@dataclass(frozen=True)
class _Trial:
    """A recipe with the sample as its input, or an eighth of it, and where it is run."""

    recipe: Recipe
    root: str


def try_out(
    recipe: Recipe,
    size: int,
    folder: str,
    prices: Prices,
    input_bytes: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Prediction:
    """Predict what the recipe's input, or `input_bytes` of its kind, will take.

    Args:
        size: bytes of the input, decompressed, that are tried.
        folder: a local one, for the sample and what becomes of it; nothing of it is used again.
        tell: is given a line as the work goes on.

    Raises MalmoiError where the sample is too small for the tokenizer, and what the steps raise.
    """
    storage.delete_dir(folder)
    units = len(plan_units(recipe.sources, "", recipe.clean.unit_bytes))
    taken = take_sample(recipe, size, storage.join(folder, "sample"))
    sampled, whole = (sum(one.sampled for one in taken), sum(one.raw for one in taken))
    tell(f"sample: {show_bytes(sampled)} of {show_bytes(whole)}")
    ratio = (input_bytes or whole) / sampled
    eighth, every = (
        _Trial(
            sampled_recipe(recipe, storage.join(folder, "sample"), ratio * part, parts),
            storage.join(folder, name),
        )
        for name, part, parts in (("eighth", 8, EIGHTH), ("run", 1, (*EIGHTH, "rest")))
    )
    with (
        child.pool() as process,
        child.pool(fresh=True) as other,
    ):
        process.submit(_warm, eighth, storage.join(folder, "first")).result()
        used_eighth = steps(eighth.recipe, eighth.root, process, other, is_eighth=True)
        tell(f"an eighth of it: {_seconds(used_eighth)}")
        used = steps(every.recipe, every.root, process, other)
        tell(f"all of it: {_seconds(used)}")
    names = [source.name for source in recipe.sources]
    made = measure(every.root, names, recipe.seed)
    done = Done(
        made,
        measure(eighth.root, names, recipe.seed, words=False),
        used,
        used_eighth,
        _costs(every),
    )
    scale = scale_of(taken, units, made.units, recipe.clean.unit_bytes, input_bytes)
    return predict(recipe, taken, scale, done, prices)


def _warm(trial: _Trial, root: str) -> None:
    """Do the first steps in this process, and compile what looks at copies: there may be none."""
    runs.do(trial.recipe, root, FIRST)
    texts = [f"{number} 번째 문장입니다. " * 20 for number in range(4)]
    deduplicate(pa.array(texts * 2), trial.recipe.dedup)


def steps(
    recipe: Recipe, root: str, process: Executor, other: Executor, is_eighth: bool = False
) -> list[StepUse]:
    """Do all steps in `process`, but the tokenizer in `other`: it takes memory that is not given
    back. `is_eighth`: go without it where there is too little for one.
    """
    used = process.submit(runs.do, recipe, root, FIRST).result()
    try:
        cores = os.cpu_count() or 1
        used += other.submit(runs.do, recipe, root, ("tokenizer",), cores).result()
    except MalmoiError as error:
        if is_eighth:
            return used
        raise MalmoiError(f"{error} (of the sample: give a larger --sample)") from error
    return used + process.submit(runs.do, recipe, root, ("tokenize",)).result()


def _costs(trial: _Trial) -> UnitCosts | None:
    """What documents with copies cost; None where copies are not looked for."""
    if not trial.recipe.dedup.enabled:
        return None
    files = storage.list_files(storage.join(trial.root, "clean"), recursive=False)
    shards = [file.uri for file in files if file.uri.endswith(".parquet")]
    return unit_costs(shards, trial.recipe.dedup, trial.recipe.seed)


def _seconds(used: list[StepUse]) -> str:
    return ", ".join(f"{use.step} {use.cpu_seconds:.1f} s" for use in used) + " of one core"
