"""A run directory: where each step lies, what can be skipped, how a step is committed.

A step's units leave a receipt each (`<home>/receipts/<unit>.json`) when their files are whole; the
step's `manifest.json` is written last, from the receipts. A unit whose receipt has the right key
is not done again, and a step whose manifest has the right key is not begun: that is all of resume.
Keys hash settings, input contents and versions, never names of workers or times.
"""

import fcntl
import hashlib
import importlib.metadata
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from pipeline import conservation, lease, storage
from pipeline.receipts import Task, merge, receipt_path
from pipeline.records import read_record
from pipeline.way import STEPS as STEPS
from pipeline.way import Step as Step
from tokenizer.errors import MalmoiError

logger = logging.getLogger(__name__)

FORMAT = 5
"""Version of the files in a run directory; part of every key."""


@dataclass(frozen=True)
class Unit:
    """A part of a step's work: `identity` is what its output depends on beside the settings."""

    name: str
    identity: Any
    payload: Any = None
    size: int = 0  # see Task


@dataclass
class Outcome:
    """What became of a step."""

    manifest: dict[str, Any]
    skipped: bool
    units_done: int = 0
    units_reused: int = 0


class Workspace:
    """A run directory at `root`, a local path or a URI.

    `on_begin(step, pending tasks, units reused)` and `on_end(step, outcome)` are told of each step,
    `on_part(gauge)` of a part that is not seen by its receipts (`progress.Gauge`; None: it is).
    """

    def __init__(self, root: str | Path):
        place = str(root).removeprefix("file://")
        self.root = place if "://" in place else str(Path(place).absolute())
        self.on_begin: Callable[[Step, list[Task], int], None] = lambda step, pending, reused: None
        self.on_end: Callable[[Step, Outcome], None] = lambda step, outcome: None
        self.on_part: Callable[[Callable[[], Any] | None], None] = lambda gauge: None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run directory; MalmoiError when another command holds it.

        On a local disk the lock is the operating system's: it ends with the process, however that
        ends. In a remote store it is a ticket that must be renewed (`pipeline.lease`).
        """
        if "://" in self.root:
            with lease.held(self.path(".locks")):
                yield
            return
        with self._lock_file() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MalmoiError(
                    f"{self.root}: another malmoi command is at work here; "
                    "wait for it, or use another --out"
                ) from error
            yield

    def _lock_file(self) -> IO[str]:
        try:
            storage.make_dirs(self.root)
            return Path(self.root, ".lock").open("w")
        except OSError as error:
            raise MalmoiError(
                f"{self.root}: no run directory can be kept here ({error}); "
                "give --out a directory that can be written"
            ) from error

    def path(self, *parts: str) -> str:
        return storage.join(self.root, *parts)

    def manifest(self, step: str) -> dict[str, Any] | None:
        """A step's manifest; None where the step is not done.

        One that is not whole, or of another FORMAT, counts as none; a warning says so.
        """
        where = self.path(STEPS[step].home, "manifest.json")
        manifest = read_record(where)
        if manifest and manifest.get("format") != FORMAT:
            logger.warning(
                f"{where}: in the format of another version ({manifest.get('format')}, this is "
                f"{FORMAT}); `malmoi {STEPS[step].command}` does the step anew"
            )
            return None
        return manifest

    def require(self, step: str) -> dict[str, Any]:
        """A step's manifest; MalmoiError names the command that makes it.

        Files that bear no checksum themselves (`Step.hashed`) are compared with it: the others are
        told damaged when they are read.
        """
        known, manifest = STEPS[step], self.manifest(step)
        if manifest is None:
            raise MalmoiError(
                f"{self.path(known.home)}: step '{step}' is not done here; "
                f"run `malmoi {known.command}` first"
            )
        for name, fault in self._changed(manifest).items() if known.hashed else ():
            raise MalmoiError(
                f"{self.path(name)}: {fault}; delete it and run `malmoi {known.command}` again"
            )
        return manifest

    def perform(
        self,
        step_name: str,
        *,
        settings: Any,
        units: Sequence[Unit],
        work: Callable[[list[Task]], None],
        describe: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> Outcome:
        """Do a step, or find it done.

        `work` gets the tasks that have no valid receipt and must leave one for each. `describe`
        makes further entries of the manifest from the units' facts.
        """
        step = STEPS[step_name]
        base = {
            "format": FORMAT,
            "step": step.name,
            "settings": settings,
            "versions": versions(step),
        }
        key = digest([base, [[unit.name, unit.identity] for unit in units]])
        manifest = self.manifest(step.name)
        if manifest and manifest.get("key") == key and not self.damage(manifest):
            outcome = Outcome(manifest, skipped=True)
            self.on_end(step, outcome)
            return outcome
        started = time.monotonic()
        storage.delete(self.path(step.home, "manifest.json"), missing_ok=True)
        tasks = [
            Task(
                unit.name,
                digest([base, unit.identity]),
                self.root,
                step.home,
                unit.payload,
                unit.size,
            )
            for unit in units
        ]
        receipts = self._receipts(step, tasks)
        pending = [task for task in tasks if task.unit not in receipts]
        self.on_begin(step, pending, len(receipts))
        work(pending)
        receipts |= self._receipts(step, pending)
        self._complain(step, [task for task in tasks if task.unit not in receipts])
        merged = merge([receipts[task.unit] for task in tasks])
        manifest = {
            **base,
            "key": key,
            **merged,
            **(describe(merged["facts"]) if describe else {}),
            "seconds": round(time.monotonic() - started, 3),
        }
        manifest["outputs"] = digest(
            {name: stamp["sha256"] for name, stamp in manifest["files"].items()}
        )
        conservation.check(step.name, manifest, self.manifest)
        self._sweep(step, manifest, tasks)
        with storage.write_atomic(self.path(step.home, "manifest.json")) as out:
            out.write(json.dumps(manifest, ensure_ascii=False, indent=1).encode())
        outcome = Outcome(manifest, False, len(pending), len(tasks) - len(pending))
        self.on_end(step, outcome)
        return outcome

    def _receipts(self, step: Step, tasks: Sequence[Task]) -> dict[str, dict[str, Any]]:
        """The receipts of finished units by unit: of the task's key, with all their files there."""
        listed = storage.list_files(self.path(step.home, "receipts"), recursive=False)
        names = {info.uri.rpartition("/")[2] for info in listed}
        there = [task for task in tasks if f"{task.unit}.json" in names]
        read = storage.each(
            read_record, [receipt_path(self.root, step.home, task.unit) for task in there]
        )
        found = {
            task.unit: receipt
            for task, receipt in zip(there, read, strict=True)
            if receipt and receipt["key"] == task.key
        }
        files = {
            name: stamp for receipt in found.values() for name, stamp in receipt["files"].items()
        }
        damaged = set(self.damage({"files": files}))
        return {
            unit: receipt for unit, receipt in found.items() if damaged.isdisjoint(receipt["files"])
        }

    def _complain(self, step: Step, missing: Sequence[Task]) -> None:
        if missing:
            raise MalmoiError(
                f"{step.home}/{missing[0].unit}: the work ended without its receipt"
                f"{f' and {len(missing) - 1} more' if missing[1:] else ''}, so a part of the "
                "corpus would be missing; run the same command again"
            )

    def damage(self, record: Mapping[str, Any]) -> list[str]:
        """Files of a manifest or receipt that are missing or of another size."""
        sizes = storage.sizes(self.path(name) for name in record["files"])
        return [
            name
            for name, stamp in record["files"].items()
            if sizes.get(self.path(name)) != stamp["bytes"]
        ]

    def _changed(self, manifest: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with files of a manifest, by name; reads them all."""

        def fault(name: str) -> str | None:
            try:
                is_whole = storage.sha256(self.path(name)) == manifest["files"][name]["sha256"]
            except FileNotFoundError:
                return "missing"
            return None if is_whole else "changed since it was written"

        faults = storage.each(fault, manifest["files"])
        return {name: said for name, said in zip(manifest["files"], faults, strict=True) if said}

    def _sweep(self, step: Step, manifest: Mapping[str, Any], tasks: Iterable[Task]) -> None:
        """Remove what an earlier, different run of the step left in its directories."""
        keep = set(manifest["files"]) | {f"{step.home}/receipts/{task.unit}.json" for task in tasks}
        for directory in step.owns:
            for info in storage.list_files(self.path(directory)):
                if storage.relative(info.uri, self.root) not in keep:
                    storage.delete(info.uri)

    def verify(self) -> tuple[int, list[str]]:
        """Read every file the manifests name; returns their number and one line a fault."""
        checked, faults = 0, []
        for step in STEPS.values():
            manifest = self.manifest(step.name)
            if manifest is None:
                where = f"{step.home}/manifest.json"
                if storage.exists(self.path(where)):
                    faults.append(f"{where}: cannot be used; run `malmoi {step.command}` again")
                continue
            checked += len(manifest["files"])
            faults += [
                f"{name}: {fault}; delete it and run `malmoi {step.command}` again"
                for name, fault in self._changed(manifest).items()
            ]
            faults += self._strays(step, manifest)
        return checked, faults

    def _strays(self, step: Step, manifest: Mapping[str, Any]) -> Iterator[str]:
        for directory in step.owns:
            for info in storage.list_files(self.path(directory)):
                name = storage.relative(info.uri, self.root)
                inside = name == f"{step.home}/manifest.json" or "/receipts/" in name
                if not inside and name not in manifest["files"]:
                    yield f"{name}: in no manifest; delete it"


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys)."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def versions(step: Step) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("malmoi", *step.packages)}
