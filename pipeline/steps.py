"""Steps that one machine does in one go: benchmarks, tokenizer, train, export."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import memory, storage
from pipeline.counts import Counts
from pipeline.curated import chosen, curated, excerpts
from pipeline.decontaminate import benchmark_files, build_index, read_items
from pipeline.parquet import read_table
from pipeline.progress import Parts
from pipeline.receipts import Task
from pipeline.recipe import Recipe
from pipeline.workspace import STEPS, Outcome, Unit, Workspace
from tokenizer.analyses import Analyses
from tokenizer.build import build

INDEX = "benchmarks/index.arrow"
"""Where a run's index of benchmarks lies."""
ANALYSES = "cache/morphemes.parquet"
"""Kiwi's analyses of words, kept for the next tokenizer of the run. Nothing depends on them."""

logger = logging.getLogger(__name__)


def run_alone(
    workspace: Workspace,
    step: str,
    *,
    settings: Any,
    inputs: Any,
    make: Callable[[Path], Mapping[str, Any]],
    resumable: bool = False,
) -> Outcome:
    """Do a step by `make(directory)`, which fills a local directory and returns facts.

    In a local run that is the step's own; of a remote one it is a temporary one, copied when full.
    The directory is empty at the start, unless the step is `resumable`: then it is what an earlier
    run left, and `make` must know its own; such a step needs a local run (MalmoiError).
    """
    home = STEPS[step].home

    def work(tasks: list[Task]) -> None:
        for task in tasks:
            started = time.monotonic()
            memory.begin(True)
            with _directory(workspace.path(home), resumable) as directory:
                facts = make(directory)
                files = {
                    f"{home}/{name}": _kept(directory / name, workspace.path(home, name))
                    for name in _names(directory)
                }
            task.finish(files, Counts(), facts=facts, seconds=time.monotonic() - started)

    return workspace.perform(step, settings=settings, units=[Unit(step, inputs)], work=work)


@contextmanager
def _directory(home: str, resumable: bool) -> Iterator[Path]:
    """The step's directory where it is local, else a temporary one."""
    if "://" in home and not resumable:
        with tempfile.TemporaryDirectory(prefix="malmoi-") as folder:
            yield Path(folder)
        return
    directory = storage.local_path(home)
    if directory.exists() and not resumable:
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    yield directory


def _names(directory: Path) -> list[str]:
    """The files below a directory by their path in it, sorted; receipts are no part of it."""
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return [str(path.relative_to(directory)) for path in files if path.parent.name != "receipts"]


def _kept(made: Path, place: str) -> storage.FileStamp:
    """Size and hash of a file, copied to its place where that is another."""
    if str(made) == place:
        return storage.stamp(place)
    with storage.write_atomic(place) as out, made.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)
    return storage.FileStamp(out.size, out.sha256)


def benchmarks(workspace: Workspace, recipe: Recipe) -> Outcome:
    """Index the benchmarks that documents will be compared with."""
    screen = recipe.decontaminate
    files = [asdict(file) for benchmark in screen.benchmarks for file in benchmark_files(benchmark)]

    def work(tasks: list[Task]) -> None:
        for task in tasks:
            started = time.monotonic()
            index = build_index(read_items(screen.benchmarks), screen)
            where = task.path(INDEX)
            index.save(where)
            facts = {"items": index.n_items, "probes": index.n_probes, "ngrams": index.n_grams}
            stamp = storage.stamp(where)
            seconds = time.monotonic() - started
            task.finish({INDEX: stamp}, Counts(), facts=facts, seconds=seconds)

    settings = screen.model_dump(exclude={"enabled", "action"})
    units = [Unit("index", files)]
    return workspace.perform("benchmarks", settings=settings, units=units, work=work)


def tokenizer(workspace: Workspace, recipe: Recipe, workers: int) -> Outcome:
    """Train the tokenizer from the counts of the whole curated corpus; check it on some texts."""
    counts = workspace.require("count")
    names = [name for name in counts["files"] if name.startswith("counts/")]
    shards = chosen(curated(workspace))
    hashes = {source: [shard.sha256 for shard in some] for source, some in shards.items()}
    kinds = recipe.pii.tokens

    def make(directory: Path) -> Mapping[str, Any]:
        analyses = _analyses(workspace.path(ANALYSES))
        tables = _Tables([workspace.path(name) for name in names])
        texts = excerpts(workspace.root, shards)
        parts = Parts("counts")
        workspace.on_part(parts)
        facts = build(
            tables, recipe.tokenizer, kinds, directory, workers, analyses, texts, told=parts.tell
        )
        if analyses.added:
            with storage.write_atomic(workspace.path(ANALYSES)) as file:
                analyses.write(file)
        return facts

    return run_alone(
        workspace,
        "tokenizer",
        settings={"tokenizer": recipe.tokenizer.model_dump(), "kinds": kinds},
        inputs=[counts["outputs"], hashes],
        make=make,
    )


def _analyses(where: str) -> Analyses:
    """The analyses that an earlier tokenizer of this run left; none where they are not whole."""
    try:
        with storage.open_read(where) as file:
            return Analyses.read(file)
    except FileNotFoundError:
        return Analyses()
    except (pa.ArrowInvalid, OSError) as error:
        logger.warning("%s: cannot be read (%s); its words are analysed anew", where, error)
        return Analyses()


@dataclass(frozen=True)
class _Tables:
    """Parquet files as tables, one read at a time, as often as they are gone through."""

    places: list[str]

    def __iter__(self) -> Iterator[pa.Table]:
        return map(read_table, self.places)
