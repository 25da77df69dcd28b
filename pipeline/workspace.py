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
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline import storage
from pipeline.receipts import Task, merge, read_json, receipt_path
from tokenizer.errors import MalmoiError

FORMAT = 3
"""Version of the files in a run directory; part of every key."""


@dataclass(frozen=True)
class Step:
    """A step of the way: `home` holds its manifest, `owns` all directories it writes."""

    name: str
    home: str
    owns: tuple[str, ...]
    command: str
    packages: tuple[str, ...] = ()  # whose versions decide the bytes


_STEPS = (
    Step("benchmarks", "benchmarks", ("benchmarks",), "curate", ("pyarrow",)),
    Step(
        "clean",
        "clean",
        ("clean", "signatures", "line_hashes"),
        "curate",
        ("pyarrow", "resiliparse", "google-re2"),
    ),
    Step("dedup", "drops", ("drops",), "curate", ("pyarrow",)),
    Step("assemble", "curated", ("curated", "removed"), "curate", ("pyarrow",)),
    Step("count", "counts", ("counts",), "count", ("pyarrow",)),
    Step(
        "tokenizer",
        "tokenizer",
        ("tokenizer",),
        "tokenizer",
        ("kiwipiepy", "kiwipiepy_model", "sentencepiece"),
    ),
    Step("tokenize", "tokens", ("tokens",), "tokenize", ("sentencepiece",)),
    Step("train", "checkpoints", ("checkpoints",), "train"),
    Step("export", "export", ("export",), "export"),
)
STEPS = {step.name: step for step in _STEPS}


@dataclass(frozen=True)
class Unit:
    """A part of a step's work: `identity` is what its output depends on beside the settings."""

    name: str
    identity: Any
    payload: Any = None


@dataclass
class Outcome:
    """What became of a step."""

    manifest: dict[str, Any]
    skipped: bool
    units_done: int = 0
    units_reused: int = 0


class Workspace:
    """A run directory at `root`, a local path or a URI.

    `on_begin(step, pending tasks, units reused)` and `on_end(step, outcome)` are told of each step.
    """

    def __init__(self, root: str | Path):
        self.root = root if isinstance(root, str) and "://" in root else str(Path(root).absolute())
        self.on_begin: Callable[[Step, list[Task], int], None] = lambda step, pending, reused: None
        self.on_end: Callable[[Step, Outcome], None] = lambda step, outcome: None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run directory; MalmoiError when another command of this machine holds it.

        The lock is the operating system's: it ends with the process, however that ends.
        """
        storage.make_dirs(self.root)
        if "://" in self.root:
            yield
            return
        with Path(self.root, ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MalmoiError(
                    f"{self.root}: another malmoi command is at work here; "
                    "wait for it, or use another --out"
                ) from error
            yield

    def path(self, *parts: str) -> str:
        return storage.join(self.root, *parts)

    def manifest(self, step: str) -> dict[str, Any] | None:
        """A step's manifest, or None where the step is not done."""
        where = self.path(STEPS[step].home, "manifest.json")
        if not storage.exists(where):
            return None
        return read_json(where)

    def require(self, step: str) -> dict[str, Any]:
        """A step's manifest; MalmoiError names the command that makes it."""
        manifest = self.manifest(step)
        if manifest is None:
            known = STEPS[step]
            raise MalmoiError(
                f"{self.path(known.home)}: step '{step}' is not done here; "
                f"run `malmoi {known.command}` first"
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
            Task(unit.name, digest([base, unit.identity]), self.root, step.home, unit.payload)
            for unit in units
        ]
        pending = [task for task in tasks if self._receipt(task) is None]
        self.on_begin(step, pending, len(tasks) - len(pending))
        work(pending)
        receipts = [self._required_receipt(task) for task in tasks]
        merged = merge(receipts)
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
        self._sweep(step, manifest, tasks)
        with storage.write_atomic(self.path(step.home, "manifest.json")) as out:
            out.write(json.dumps(manifest, ensure_ascii=False, indent=1).encode())
        outcome = Outcome(manifest, False, len(pending), len(tasks) - len(pending))
        self.on_end(step, outcome)
        return outcome

    def _receipt(self, task: Task) -> dict[str, Any] | None:
        where = receipt_path(self.root, task.home, task.unit)
        if not storage.exists(where):
            return None
        receipt = read_json(where)
        if receipt["key"] != task.key or self.damage(receipt):
            return None
        return receipt

    def _required_receipt(self, task: Task) -> dict[str, Any]:
        receipt = self._receipt(task)
        if receipt is None:
            raise MalmoiError(
                f"{task.home}/{task.unit}: the work ended without its receipt, so a part of the "
                "corpus would be missing; run the same command again"
            )
        return receipt

    def damage(self, record: Mapping[str, Any]) -> list[str]:
        """Files of a manifest or receipt that are missing or of another size."""
        return [
            name
            for name, stamp in record["files"].items()
            if storage.size(self.path(name)) != stamp["bytes"]
        ]

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
                continue
            for name, stamp in manifest["files"].items():
                checked += 1
                where = self.path(name)
                if not storage.exists(where):
                    faults.append(f"{name}: missing; run `malmoi {step.command}` again")
                elif storage.sha256(where) != stamp["sha256"]:
                    faults.append(
                        f"{name}: changed since it was written; run `malmoi {step.command}` again"
                    )
            named = set(manifest["files"])
            for directory in step.owns:
                for info in storage.list_files(self.path(directory)):
                    name = storage.relative(info.uri, self.root)
                    inside = name == f"{step.home}/manifest.json" or "/receipts/" in name
                    if not inside and name not in named:
                        faults.append(f"{name}: in no manifest; delete it")
        return checked, faults


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys)."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def versions(step: Step) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("malmoi", *step.packages)}
