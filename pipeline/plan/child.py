"""The processes that do the steps of a trial."""

import logging
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tokenizer.pool import end_with_parent


def pool(fresh: bool = False) -> ProcessPoolExecutor:
    """One process; `fresh`: another for each thing that it is given."""
    once = 1 if fresh else None
    context = get_context("spawn")
    return ProcessPoolExecutor(1, context, initializer=begin, max_tasks_per_child=once)


def begin() -> None:
    """End with the command; and let nothing that Beam's import logs reach the terminal."""
    logging.getLogger().addHandler(logging.NullHandler())
    end_with_parent()
