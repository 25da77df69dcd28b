"""What has become of a run so far, read from its manifests, receipts and logs alone.

So it can be asked while a command is at work, on any machine that reaches the run directory, and
after one was killed. Only the command knows how many units it set out to do: it leaves its plan of
each step in `logs/plan-<step>.json`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from pipeline import logs, storage
from pipeline.counts import Counts
from pipeline.lease import is_dead, machine
from pipeline.receipts import receipt_path
from pipeline.recipe import Recipe
from pipeline.records import read_record
from pipeline.way import STEPS, Step
from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Plan:
    """What a command set out to do in a step.

    `before` has size and time of each receipt that lay there and counts no more. A receipt that
    differs is a new one, whatever the clocks of machines say. `sizes` are the bytes, as they are
    stored, that each pending unit is made from; 0 where nobody knows.
    """

    reused: int
    pending: Sequence[str]
    before: Mapping[str, Sequence[int]]
    sizes: Sequence[int] = ()

    @classmethod
    def made(cls, root: str, step: Step, pending: Mapping[str, int], reused: int) -> "Plan":
        """The plan of a step that begins now, which is written too; `pending` by size."""
        listed = _receipts(root, step)
        before = {name: listed[name] for name in pending if name in listed}
        plan = cls(reused, list(pending), before, list(pending.values()))
        with storage.write_atomic(plan_path(root, step)) as out:
            out.write(orjson.dumps(asdict(plan)))
        return plan

    @classmethod
    def read(cls, root: str, step: Step) -> "Plan | None":
        """The plan that a command left; None where there is none, or none that is whole."""
        try:
            return cls(**orjson.loads(storage.read_bytes(plan_path(root, step))))
        except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
            return None

    def done(self, root: str, step: Step) -> list[str]:
        """Units of the plan that have their receipt."""
        listed = _receipts(root, step)
        return [
            name
            for name in self.pending
            if name in listed and list(listed[name]) != list(self.before.get(name, ()))
        ]

    def share(self, done: Sequence[str]) -> float:
        """The part of the work that `done` units are: by size, else by their number."""
        sizes = dict(zip(self.pending, self.sizes, strict=False))
        if not all(sizes.get(unit) for unit in self.pending):
            return len(done) / max(len(self.pending), 1)
        return sum(sizes[unit] for unit in done) / sum(sizes.values())


def plan_path(root: str, step: Step) -> str:
    return storage.join(root, "logs", f"plan-{step.name}.json")


def _receipts(root: str, step: Step) -> dict[str, tuple[int, int]]:
    """Size and time of the receipts of a step, by unit."""
    listed = storage.list_files(storage.join(root, step.home, "receipts"), recursive=False)
    names = {info.uri.rpartition("/")[2]: (info.size, info.mtime_ns) for info in listed}
    return {
        name.removesuffix(".json"): stamp
        for name, stamp in names.items()
        if name.endswith(".json") and not name.startswith(".")
    }


def collect(workspace: Workspace, recipe: Recipe) -> dict[str, Any]:
    """The state of a run as plain data: `command`, `steps`, `error`; see `docs/operation.md`."""
    lines = list(logs.read(workspace.root))
    command = _command(lines)
    steps = [_step(workspace, recipe, step, lines, command) for step in STEPS.values()]
    _mark_earlier(steps)
    return {
        "name": recipe.name,
        "run": workspace.root,
        "command": command,
        "steps": steps,
        "error": _error(lines),
    }


def _command(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The last command: its name, process and machine, and what became of it.

    `state` is running, finished, failed, stopped (by a signal it could answer), dead (it ended
    without a word), or silent: on another machine, where only its last word can be told.
    """
    at = max((i for i, line in enumerate(lines) if line["event"] == "command"), default=None)
    if at is None:
        return None
    owner, last = lines[at], lines[-1]
    ends = [line for line in lines[at:] if line["event"] in ("finished", "failed", "stopped")]
    ends = [line for line in ends if "unit" not in line]
    if ends:
        state = ends[-1]["event"]
    elif owner["machine"] != machine():
        state = "silent"
    else:
        state = "dead" if is_dead(dict(owner)) else "running"
    return {
        "command": owner["command"],
        "state": state,
        "process": owner["process"],
        "machine": owner["machine"].partition("/")[0],
        "since": owner["time"],
        "last": last["time"],
    }


def _error(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The last error of the last command."""
    error = None
    for line in lines:
        if line["event"] == "command":
            error = None
        elif line["level"] in ("error", "critical"):
            error = dict(line)
    return error


def _step(
    workspace: Workspace,
    recipe: Recipe,
    step: Step,
    lines: Sequence[Mapping[str, Any]],
    command: Mapping[str, Any] | None,
) -> dict[str, Any]:
    if (step.name == "benchmarks" and not recipe.decontaminate.enabled) or (
        step.name == "dedup" and not recipe.dedup.enabled
    ):
        return {"step": step.name, "state": "off"}
    manifest = workspace.manifest(step.name)
    if manifest is not None:
        units = len(manifest["units"])
        seconds = manifest["seconds"]
        figures = _figures([manifest["counts"]])
        return {
            "step": step.name,
            "state": "done",
            "units": units,
            "units_done": units,
            "seconds": seconds,
            **figures,
            "mb_per_second": _rate(figures["bytes_in"], seconds),
            "stage_seconds": manifest.get("stage_seconds", {}),
        }
    plan = Plan.read(workspace.root, step)
    begun = _last_begin(lines, step)
    if plan is None or begun is None:
        return {"step": step.name, "state": "waiting"}
    return {"step": step.name, **_unfinished(workspace, step, plan, lines[begun:], command)}


def _unfinished(
    workspace: Workspace,
    step: Step,
    plan: Plan,
    lines: Sequence[Mapping[str, Any]],
    command: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A step that was begun; `lines` are the log's from there on."""
    root = workspace.root
    done = plan.done(root, step)
    places = [receipt_path(root, step.home, unit) for unit in done]
    receipts = [receipt for receipt in storage.each(read_record, places) if receipt]
    figures = _figures(receipt["counts"] for receipt in receipts)
    current = not any(line["event"] == "command" for line in lines)  # else an earlier one's
    state = command["state"] if command and current else "stopped"
    seconds = _between(lines[0]["time"], logs.now() if state == "running" else lines[-1]["time"])
    share = plan.share(done)
    return {
        "state": {"silent": "running", "dead": "stopped", "finished": "stopped"}.get(state, state),
        "units": plan.reused + len(plan.pending),
        "units_done": plan.reused + len(done),
        "units_reused": plan.reused,
        "seconds": seconds,
        **figures,
        "mb_per_second": _rate(figures["bytes_in"], seconds),
        "seconds_left": round(seconds / share * (1 - share), 1) if share and seconds else None,
        "stages": list(dict.fromkeys(_stages(lines, step))),
        "at_work": _at_work(root, step),
        "failed": list(_failed(root, step, done)),
    }


def _figures(counts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Documents and bytes in and out, and removals by reason, most first."""
    total = Counts()
    for each in counts:
        total.add(Counts.from_json(dict(each)))
    return {
        "documents_in": total.documents_in,
        "documents_out": total.documents_out,
        "bytes_in": total.bytes_in,
        "bytes_out": total.bytes_out,
        "removed": dict(Counter(total.removed).most_common()),
    }


def _rate(n_bytes: int, seconds: float) -> float | None:
    return round(n_bytes / 1e6 / seconds, 2) if n_bytes and seconds else None


def _last_begin(lines: Sequence[Mapping[str, Any]], step: Step) -> int | None:
    begins = (
        i for i, line in enumerate(lines) if line["event"] == "begin" and line["step"] == step.name
    )
    return max(begins, default=None)


def _stages(lines: Iterable[Mapping[str, Any]], step: Step) -> Iterator[str]:
    """What a step logged as done, such as the passes of dedup."""
    for line in lines:
        if line.get("step") == step.name and "stage" in line:
            yield line["stage"]


def _at_work(root: str, step: Step) -> list[str]:
    """Units with the mark of `attempts`: in work, or what a process died over."""
    marked = storage.list_files(storage.join(root, step.home, "attempts"), recursive=False)
    names = (info.uri.rpartition("/")[2] for info in marked)
    return [name for name in names if not name.startswith(".")]


def _failed(root: str, step: Step, done: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The notes that workers left of units that are not done since."""
    finished = {logs.note_path(root, step.home, unit) for unit in done}
    for place in storage.list_files(storage.join(root, "logs", "units"), recursive=False):
        name = place.uri.rpartition("/")[2]
        if name.startswith(f"{step.home}-") and place.uri not in finished:
            yield from logs.parse(storage.read_bytes(place.uri))


def _mark_earlier(steps: Sequence[dict[str, Any]]) -> None:
    """A step that is done after one that is not is of an earlier state of the run."""
    behind = False
    for step in steps:
        if behind and step["state"] == "done":
            step["state"] = "earlier"
        behind = behind or step["state"] not in ("done", "off")


def _between(begin: str, end: str) -> float:
    """Seconds from one time of a log to another; 0 where a clock was set back."""
    first, last = (datetime.fromisoformat(text).astimezone(UTC) for text in (begin, end))
    return max((last - first).total_seconds(), 0.0)
