"""What the rules remove from each source of a recipe, as a Markdown table.

    MALMOI_DATA=... python benchmarks/rule_table.py [--recipe recipes/korean-kinds.yaml] [--mb 4]

Each source is read, edited (mojibake, remnants of markup, normal form, page furniture), measured
and judged by its profile: the clean step without masks and files. `--mb` ends a source after so
many megabytes of edited text, a batch being the least; 0 reads all.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.filters.rules import judge
from pipeline.kernels.features import measure
from pipeline.recipe import Recipe, load
from pipeline.settings import Clean, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units
from pipeline.text.edit import edit_batch
from pipeline.text.furniture import strip_furniture

RECIPE = Path(__file__).parents[1] / "recipes" / "korean-kinds.yaml"


class Judged(NamedTuple):
    """The edited documents of a source; rule[n] names what removed one, "" where it was kept."""

    texts: pa.StringArray
    features: pa.StructArray
    rules: list[str]
    whole: bool  # the source was read to its end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--mb", type=float, default=0.0, help="text of each source; 0: all of it")
    arguments = parser.parse_args()
    recipe = load(arguments.recipe)
    print("| kind | profile | documents | kept % | removed |\n|---|---|---:|---:|---|")
    for source in recipe.sources:
        print(row(source, judged(source, recipe, arguments.mb)), flush=True)


def row(source: Source, found: Judged) -> str:
    """A line of the table."""
    removed = Counter(filter(None, found.rules))
    n = len(found.rules)
    share = 100 * (n - removed.total()) / n
    reasons = ", ".join(f"`{name}` {count:,}" for name, count in removed.most_common()) or "-"
    about = f"{n:,}" if found.whole else f"first {n:,}"
    return f"| {source.name} | `{source.profile}` | {about} | {share:.2f} | {reasons} |"


def judged(source: Source, recipe: Recipe, mb: float) -> Judged:
    """The documents of a source, edited, measured and judged."""
    clean = recipe.clean.model_copy(update={"batch_bytes": 4_000_000}) if mb else recipe.clean
    rules = clean.rules(source.profile)
    names = ["", *rules]
    texts, features, reasons, size, whole = [], [], [], 0, True
    for batch in edited(source, clean):
        if mb and size >= mb * 1e6:
            whole = False
            break
        texts.append(batch)
        features.append(measure(batch))
        reasons += [names[index + 1] for index in judge(features[-1], rules).rule_index]
        size += pc.sum(pc.binary_length(batch)).as_py() or 0
    return Judged(pa.concat_arrays(texts), pa.concat_arrays(features), reasons, whole)


def edited(source: Source, clean: Clean) -> Iterator[pa.StringArray]:
    """The texts of a source after the edits, in batches; documents left empty are not in it."""
    for unit in plan_units([source], str(Path.cwd()), clean.unit_bytes):
        for read in read_unit(unit, source, clean):
            texts = edit_batch(
                read.documents["text"],
                html=source.is_html,
                remnants=clean.remnants,
                max_jamo_run=clean.max_jamo_run,
                max_symbol_run=clean.max_symbol_run,
            ).texts
            if clean.furniture:
                texts, _ = strip_furniture(texts)
            lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
            yield texts.filter(pa.array(np.asarray(lengths > 0)))


if __name__ == "__main__":
    main()
