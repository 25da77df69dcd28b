"""One command at work on one run directory: which step is done by what, and its runner."""

import importlib
import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.follower import Follower
from pipeline.jobs import workers
from pipeline.recipe import Recipe
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.jobs.session import Session


@dataclass
class Job:
    """One command at work on one run directory."""

    recipe: Recipe
    workspace: Workspace
    follower: Follower
    runner: str
    workers: int
    processes: int
    arguments: list[str]  # Beam's own
    folder: Path  # of this machine, for logs of servers and what is short-lived
    stack: ExitStack
    _session: "Session | None" = field(default=None, init=False)

    def session(self) -> "Session":
        """The runner, started when the first step needs it; it ends with the command."""
        if self._session is None:
            if self.workers > 1:
                workers.prepare()  # while Beam is imported
            quiet_beam()
            from pipeline.jobs.runners import engine
            from pipeline.jobs.session import Session

            engine_ = self.stack.enter_context(
                engine(self.runner, self.arguments, self.workers, self.workspace.root, self.folder)
            )
            self._session = Session(
                engine_.pipeline,
                engine_.workers,
                engine_.spread,
                engine_.attempts,
                engine_.is_there,
            )
        return self._session

    def do(self, step: str) -> None:
        """Do one step; a part that the recipe switches off has none."""
        if step in ("benchmarks", "tokenizer"):
            from pipeline import steps

            if step == "tokenizer":
                steps.tokenizer(self.workspace, self.recipe, self.workers)
            elif self.recipe.decontaminate.enabled:
                steps.benchmarks(self.workspace, self.recipe)
        elif step in ("train", "export"):
            from pipeline import training

            if step == "train":
                training.train(self.workspace, self.recipe, self.processes)
            else:
                training.export(self.workspace, self.recipe)
        elif step != "dedup" or self.recipe.dedup.enabled:
            session = self.session()
            job = importlib.import_module(f"pipeline.jobs.{step}")
            job.run(session, self.workspace, self.recipe)


def quiet_beam() -> None:
    """Drop the warning of Beam's import about a storage client that no local run needs."""
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())
