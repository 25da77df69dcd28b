"""The pool: whatever kills, hangs or raises costs one item, and a killed process costs none."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable

import pytest

from tokenizer.errors import MalmoiError
from tokenizer.pool import Pool

ITEMS = [str(i) for i in range(1000)]


def load_length() -> Callable[[str], int]:
    return len


def load_fragile() -> Callable[[str], int]:
    return fragile


def load_slow() -> Callable[[str], int]:
    return slow


def load_nothing() -> Callable[[str], int]:
    os._exit(3)


def fragile(item: str) -> int:
    if item == "dies":
        os._exit(1)
    if item == "hangs":
        time.sleep(3600)
    if item == "raises":
        raise ValueError(item)
    return len(item)


def slow(item: str) -> int:
    time.sleep(0.002)
    return len(item)


@pytest.mark.parametrize("workers", [1, 3])
def test_values_come_in_order(workers):
    with Pool(load_length, workers, 60) as pool:
        for items in (ITEMS, [], ["a"], ITEMS[:257]):
            assert pool.map(items) == [len(item) for item in items]


@pytest.mark.parametrize("workers", [1, 2])
def test_only_what_breaks_it_is_lost(workers):
    items = [*ITEMS[:300], "dies", "raises", *ITEMS[300:320], "hangs", "dies"]
    with Pool(load_fragile, workers, seconds=1.0) as pool:
        found = pool.map(items)
        assert pool.map(["abc"]) == [3]
    want = [None if item in ("dies", "hangs", "raises") else len(item) for item in items]
    assert found == want


def test_a_process_killed_from_outside_costs_nothing():
    killed = []

    def kill_one(pool: Pool[int]) -> None:
        while True:
            for worker in pool.workers:
                if worker.is_ready and worker.task is not None:
                    killed.append(worker.process.pid)
                    worker.process.kill()
                    return
            time.sleep(0.001)

    with Pool(load_slow, 2, 60) as pool:
        killer = threading.Thread(target=kill_one, args=(pool,))
        killer.start()
        found = pool.map(ITEMS)
        killer.join()
        assert killed[0] not in [worker.process.pid for worker in pool.workers]
    assert found == [len(item) for item in ITEMS]
    assert not multiprocessing.active_children()


def test_a_process_that_cannot_start_is_said():
    with pytest.raises(MalmoiError, match="exit code 3"), Pool(load_nothing, 2, 60) as pool:
        pool.map(ITEMS)
    assert not multiprocessing.active_children()
