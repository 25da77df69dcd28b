"""The steps of a run, done in this one process, and what each graph of them takes.

With one worker the in-process runner calls every function in place, so that the processor time and
the memory of this process are those of a worker, and nothing waits for a core.
"""

import ctypes
import gc
import importlib
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor

from pipeline import console, memory, steps, storage
from pipeline.jobs.job import quiet_beam
from pipeline.jobs.runners import engine
from pipeline.jobs.session import Session
from pipeline.plan.use import Graph, StepUse
from pipeline.receipts import Counted
from pipeline.recipe import Recipe
from pipeline.temporary import temporary_files
from pipeline.workspace import Outcome, Workspace

STEPS = ("benchmarks", "clean", "dedup", "assemble", "count", "tokenizer", "tokenize")


@dataclass(frozen=True)
class MeasuredSession(Session):
    """A session that notes what each graph takes."""

    root: str = ""
    graphs: list[Graph] = field(default_factory=list)

    def run(self, build: Callable[[beam.Pipeline], None]) -> Counted | None:
        first = _First()

        def built(pipeline: beam.Pipeline) -> None:
            build(pipeline)
            pipeline.visit(first)

        before = cpu_seconds()
        found = super().run(built)
        values = found.values if found else {}
        self.graphs.append(
            Graph(
                first.label,
                cpu_seconds() - before,
                memory.peak(),
                values.get("blobs_sent", 0),
                values.get("bytes_sent", 0),
                _scratch_bytes(self.root),
            )
        )
        return found


class _First(PipelineVisitor):
    """Finds the label of a graph's first transform; what stands behind a colon is left out."""

    label = ""

    def visit_transform(self, transform_node: AppliedPTransform) -> None:
        self.label = self.label or transform_node.full_label.split("/")[0].split(":")[0]


def do(
    recipe: Recipe, root: str, through: Sequence[str] = STEPS, workers: int = 1
) -> list[StepUse]:
    """Do steps from the raw files to token shards in the run directory `root`, a local one.

    The steps are `through`, in order; all that a run has, by default. The tokenizer alone may take
    more `workers`: their processor time is counted when they end. Raises what the steps raise.
    """
    workspace, used = Workspace(root), []
    with workspace.locked(), temporary_files(workspace.root) as folder, ExitStack() as stack:
        quiet_beam()
        follower = console.Follower(workspace.root, quiet=True)
        follower.attach(workspace)
        stack.callback(follower.close)
        with engine("local", [], 1, workspace.root, folder) as found:
            for step in through:
                session = MeasuredSession(found.pipeline, root=workspace.root)
                _give_back()
                base, before, others = _resident(), cpu_seconds(), _of_children()
                outcome = _do(step, session, workspace, recipe, workers)
                if outcome is not None:
                    spent = cpu_seconds() - before
                    held = [base, outcome.manifest["peak_memory"]]
                    held += [graph.memory for graph in session.graphs]
                    others = _of_children() - others
                    used.append(StepUse(step, spent, max(held), base, others, session.graphs))
    return used


def _do(
    step: str, session: Session, workspace: Workspace, recipe: Recipe, workers: int
) -> Outcome | None:
    """Do one step; None where the recipe has it switched off."""
    if step == "benchmarks":
        return steps.benchmarks(workspace, recipe) if recipe.decontaminate.enabled else None
    if step == "tokenizer":
        return steps.tokenizer(workspace, recipe, workers)
    if step == "dedup" and not recipe.dedup.enabled:
        return None
    return importlib.import_module(f"pipeline.jobs.{step}").run(session, workspace, recipe)


def _give_back() -> None:
    """Give free memory back to the system, so that a step's peak has nothing of the one before."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> int:
    """Bytes of this process that are resident; 0 where the system does not say (Linux does)."""
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def cpu_seconds() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _of_children() -> float:
    return sum(os.times()[2:4])


def _scratch_bytes(root: str) -> int:
    """Bytes of the files in scratch folders of a run."""
    homes = ("drops", "counts", "tokens")
    places = [storage.join(root, home, "scratch") for home in homes]
    return sum(file.size for place in places for file in storage.list_files(place))
