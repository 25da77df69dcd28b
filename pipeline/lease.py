"""One command at a time on a run directory that several machines can reach.

An object store has no locks, and Arrow has no conditional write. So each command lays a ticket of
its own below the lock and then lists them: whoever finds another's is refused and takes its own
away. A listing shows every write that ended before it (S3, GCS and HDFS promise that), so of two
commands at least one finds the other, and never do both go on; both may be refused.

A ticket is renewed while its command lives, and counts as dead when it was not for `EXPIRY`
seconds, by the store's clock alone: no machine's clock matters. On the machine that wrote it a
dead command is known at once. A command that finds its ticket gone, or cannot renew it in time
(it slept, or the store was out of reach), is stopped. The limit: one that was frozen for longer
than `EXPIRY` may still write for the moment until it notices. Two that do the same work write the
same bytes, so what is left to fear is another recipe in the same directory at that moment.
"""

import _thread
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline import storage
from tokenizer.errors import MalmoiError

HEARTBEAT = 15.0
EXPIRY = 120.0
"""Seconds between two renewals, and after the last one until a ticket counts as dead."""


@contextmanager
def held(where: str) -> Iterator[None]:
    """Hold the lock `where`, a directory of tickets; MalmoiError when another command does.

    In the main thread: where the lock is lost meanwhile, the block is interrupted and MalmoiError
    raised.
    """
    ticket = storage.join(where, f"{secrets.token_hex(8)}.json")
    owner = json.dumps({**here(os.getpid()), "since": time.strftime("%Y-%m-%d %H:%M:%S %Z")})
    _write(ticket, owner)
    try:
        _refuse_others(where, ticket)
        done, lost = threading.Event(), threading.Event()
        keeper = threading.Thread(target=_renew, args=(ticket, owner, done, lost), daemon=True)
        keeper.start()
        try:
            yield
        except KeyboardInterrupt as interrupt:
            if lost.is_set():
                raise MalmoiError(
                    f"{ticket}: the hold on the run directory was lost (no renewal for "
                    f"{EXPIRY:.0f} s, or the ticket was deleted); run the same command again"
                ) from interrupt
            raise
        finally:
            done.set()
            keeper.join()
    finally:
        storage.delete(ticket, missing_ok=True)


def _refuse_others(where: str, ticket: str) -> None:
    """MalmoiError where another live ticket lies beside this one; dead ones are taken away."""
    listed = storage.glob(storage.join(where, "*.json"))  # not those that are half written
    own = [info for info in listed if _name(info.uri) == _name(ticket)]
    if not own:
        raise MalmoiError(f"{ticket}: is gone as soon as written; run the same command again")
    for info in listed:
        if info in own:
            continue
        silent = (own[0].mtime_ns - info.mtime_ns) / 1e9
        try:
            owner = json.loads(storage.read_bytes(info.uri))
        except FileNotFoundError:  # given back meanwhile
            continue
        if silent > EXPIRY or is_dead(owner):
            storage.delete(info.uri, missing_ok=True)
            continue
        raise MalmoiError(
            f"{where}: another malmoi command is at work here (process {owner['process']} on "
            f"{owner['machine'].partition('/')[0]} since {owner['since']}, last heard of "
            f"{max(silent, 0):.0f} s ago); wait for it, or use another --out. If it is dead, the "
            f"directory is free {EXPIRY:.0f} s after its last word, or when {info.uri} is deleted"
        )


def _renew(ticket: str, owner: str, done: threading.Event, lost: threading.Event) -> None:
    """Write the ticket again and again; interrupt the main thread when it is lost."""
    renewed = time.monotonic()
    while not done.wait(HEARTBEAT):
        begun = time.monotonic()
        try:
            if storage.exists(ticket) and begun - renewed < EXPIRY:
                _write(ticket, owner)
                renewed = begun
                continue
        except OSError:
            if time.monotonic() - renewed < EXPIRY / 2:
                continue
        if not done.is_set():
            lost.set()
            _thread.interrupt_main()
        return


def _write(ticket: str, owner: str) -> None:
    with storage.write_atomic(ticket) as file:
        file.write(owner.encode())


def _name(uri: str) -> str:
    return uri.rpartition("/")[2]


def here(process: int) -> dict[str, Any]:
    """A process of this machine, so that it can be told from a later one of the same number."""
    return {"machine": machine(), "process": process, "begun": _begun(process)}


def is_dead(owner: dict[str, Any]) -> bool:
    """Whether the process is known to have ended: only that of this machine can be."""
    if owner["machine"] != machine() or owner["begun"] is None:
        return False
    return _begun(owner["process"]) != owner["begun"]


def machine() -> str:
    """Name, start and process namespace of this machine: two containers are two machines."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:  # no Linux: nothing tells machines of one name apart, so none is this one
        parts.append(secrets.token_hex(8))
    return "/".join(parts)


def _begun(process: int) -> str | None:
    """When a process began, in the kernel's ticks; None where there is none such."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]
