"""The processes of the in-process runner's pool. No Beam: workers import this, and not that."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.forkserver import ensure_running

from pipeline.logs import format_workers
from tokenizer.pool import end_with_parent

_pools: dict[int, ProcessPoolExecutor] = {}


def prepare() -> None:
    """Begin the process that workers are forked from; it loads `pipeline.warm` by the way."""
    multiprocessing.set_forkserver_preload(["pipeline.warm"])
    ensure_running()


def pool(workers: int) -> ProcessPoolExecutor:
    """One pool a process, so that the imports of its workers are paid once a command."""
    if workers not in _pools:
        prepare()
        context = multiprocessing.get_context("forkserver")  # fork copies Beam's threads' locks
        _pools[workers] = ProcessPoolExecutor(workers, context, initializer=_begin)
    return _pools[workers]


def _begin() -> None:
    """In a worker that begins."""
    end_with_parent()
    format_workers()


def end_pool(workers: int) -> None:
    """End the workers at once; the next use begins a new pool."""
    ended = _pools.pop(workers, None)
    if ended is not None:
        processes = list((ended._processes or {}).values())
        ended.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
