"""Attempts at a unit: whether it is done already, and whether a process died over it.

While a unit is worked on, a marker with its task's key lies at `<home>/attempts/<unit>`. It is
taken away when the work ends or fails; a process that is killed, runs out of memory or crashes in a
C library leaves it behind. It is a file, so the next attempt sees it on every engine.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline import memory, storage
from pipeline.receipts import Finished, Task, counters_of, receipt_path
from pipeline.records import read_record


def whole_receipt(task: Task) -> dict[str, Any] | None:
    """The receipt of the task's unit, if it has the task's key and the files it names are there.

    Files are compared by size.
    """
    receipt = read_record(receipt_path(task.root, task.home, task.unit))
    if receipt is None or receipt["key"] != task.key:
        return None
    whole = all(
        storage.size(task.path(name)) == stamp["bytes"] for name, stamp in receipt["files"].items()
    )
    return receipt if whole else None


def unless_done(function: Callable[[Any], Any], item: Any) -> Any:
    """`function(item)`; for a task whose unit is done already, what it handed back then.

    Engines try whole bundles again when one of their units fails.
    """
    receipt = whole_receipt(item) if isinstance(item, Task) else None
    memory.begin(isinstance(item, Task))
    return function(item) if receipt is None else Finished(item.unit, counters_of(receipt))


@contextmanager
def attempt(task: Task) -> Iterator[bool]:
    """Mark that the unit is being worked on; gives whether a process died at an earlier attempt.

    An attempt that follows a death and fails leaves the mark, so that the next one is careful too.
    """
    where = task.path(task.home, "attempts", task.unit)
    again = storage.exists(where) and storage.read_bytes(where) == task.key.encode()
    with storage.write_atomic(where) as out:
        out.write(task.key.encode())
    try:
        yield again
    except BaseException:
        if not again:
            storage.delete(where, missing_ok=True)
        raise
    storage.delete(where, missing_ok=True)
