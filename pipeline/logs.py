"""Logs as JSON lines: what happened, when, in which step and unit; never the text of a document.

A line has `time` (UTC), `level`, `event`, and those of `FIELDS` that it knows. The command that
holds a run writes `logs/run.jsonl`; a worker, on whatever machine, leaves a note in `logs/units/`
of a unit that fails. What a worker did well stands in its receipt.
"""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from pipeline import storage
from pipeline.lease import here
from pipeline.receipts import Task
from tokenizer.errors import MalmoiError

FIELDS = ("step", "unit", "stage", "document", "seconds")
"""What `logger.info(..., extra={...})` may say beside the message."""

OURS = ("pipeline", "tokenizer", "trainer", "beam_runner")
"""Loggers whose INFO is logged too; of others, only warnings."""

_SAID = 500  # characters of a message
_FRAMES = 12  # innermost frames of a traceback


def now() -> str:
    """The time of a line: UTC, ISO 8601, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(event: str, level: str = "info", **fields: Any) -> dict[str, Any]:
    """One line; fields that are None are left out."""
    known = {name: value for name, value in fields.items() if value is not None}
    return {"time": now(), "level": level, "event": event, **known}


def told(error: BaseException) -> dict[str, Any]:
    """An error's type, its message where it is of a kind that quotes no text, and where it arose.

    Only MalmoiError and OSError have messages of our own making or the system's; those of other
    exceptions may hold a piece of a document. Local variables are never told.
    """
    says = str(error)[:_SAID] if isinstance(error, MalmoiError | OSError) else None
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = [f"{'/'.join(Path(f.filename).parts[-2:])}:{f.lineno} {f.name}" for f in frames]
    described = {"error": type(error).__name__, "message": says, "where": where}
    return {name: value for name, value in described.items() if value}


def ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in OURS


class JsonLines(logging.Formatter):
    """A log record as one JSON line.

    Of other people's messages the first line is kept (a traceback may follow), and an exception is
    told as `told` does.
    """

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(self.fields(record)).decode()

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        said = record.getMessage()
        if not ours(record):
            said = (said.strip().splitlines() or [""])[0]
        known = {name: getattr(record, name, None) for name in FIELDS}
        made = line("log", record.levelname.lower(), logger=record.name, **known)
        made["message"] = said[:_SAID]
        if record.exc_info and record.exc_info[1]:
            made = {**told(record.exc_info[1]), **made}
            # Beam's handler would send the traceback too, whose last line may quote a text
            record.exc_info = record.exc_text = None
        return made


def format_workers() -> None:
    """Let this worker log as JSON lines where `MALMOI_LOG=json` stands in its environment.

    A worker with handlers (Beam's own sends to the engine) keeps them; a worker of a pool has none,
    and then writes to standard error.
    """
    if os.environ.get("MALMOI_LOG") != "json":
        return
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in root.handlers:
        handler.setFormatter(JsonLines())


class RunLog(logging.Handler):
    """The log of the command that holds a run; Python's own logging of the process goes there too.

    A local log is appended to. An object store cannot append: there each command has an object,
    written anew with each line. A log that cannot be written is told once and ends no run. `also`
    gets each line too, but what the loggers of other people say.
    """

    def __init__(self, root: str, also: Callable[[str], None] | None = None):
        super().__init__()
        self._also = also
        self.setFormatter(JsonLines())
        self.addFilter(lambda record: ours(record) or record.levelno >= logging.WARNING)
        self._local = Path(root, "logs", "run.jsonl") if "://" not in root else None
        started = now().replace(":", "").replace("-", "")
        self._remote = storage.join(root, "logs", f"run-{started}-{os.getpid()}.jsonl")
        self._lines: list[str] = []
        self._broken = False

    def attach(self) -> None:
        """Take the process's logging in: no line of Beam's reaches the terminal."""
        logging.getLogger().addHandler(self)
        logging.captureWarnings(True)
        for name in OURS:
            logging.getLogger(name).setLevel(logging.INFO)

    def detach(self) -> None:
        logging.getLogger().removeHandler(self)
        logging.captureWarnings(False)
        for name in OURS:
            logging.getLogger(name).setLevel(logging.NOTSET)

    def event(self, event: str, level: str = "info", **fields: Any) -> None:
        """Write a line of our own."""
        self._write(orjson.dumps(line(event, level, **fields)).decode())

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record), ours(record))
        except Exception:  # a message that cannot be formatted, as logging itself does
            self.handleError(record)

    def _write(self, text: str, shown: bool = True) -> None:
        self.acquire()
        try:
            if self._also and shown:
                self._also(text)
            self._put(text)
        except OSError as error:
            if not self._broken:
                print(f"malmoi: the log cannot be written ({error})", file=sys.stderr)
            self._broken = True
        finally:
            self.release()

    def _put(self, text: str) -> None:
        if self._local:
            self._local.parent.mkdir(parents=True, exist_ok=True)
            with self._local.open("a", encoding="utf-8") as log:
                log.write(text + "\n")
        else:
            self._lines.append(text)
            with storage.write_atomic(self._remote) as out:
                out.write("".join(each + "\n" for each in self._lines).encode())


def holder() -> dict[str, Any]:
    """This process, as the lock of a run names it."""
    return here(os.getpid())


@dataclass(frozen=True)
class Noted:
    """A work function that leaves a note in the run directory where it fails, in any process."""

    function: Callable[[Any], Any]

    def __call__(self, item: Any) -> Any:
        try:
            return self.function(item)
        except Exception as error:
            if isinstance(item, Task):
                note(item, error)
            raise


def note(task: Task, error: BaseException) -> None:
    """Write `logs/units/<home>-<unit>.jsonl`: the unit failed, here, with this."""
    where = note_path(task.root, task.home, task.unit)
    failed = line("failed", "error", step=task.home, unit=task.unit, **holder(), **told(error))
    try:
        with storage.write_atomic(where) as out:
            out.write(orjson.dumps(failed) + b"\n")
    except OSError:  # no space, no store: the same will end the command, with its own message
        logging.getLogger(__name__).warning("%s: cannot be written", where)


def note_path(root: str, home: str, unit: str) -> str:
    return storage.join(root, "logs", "units", f"{home}-{unit}.jsonl")


def read(root: str) -> Iterator[dict[str, Any]]:
    """The lines of a run's commands, in the order they were written; half-written ones left out."""
    places = storage.list_files(storage.join(root, "logs"), recursive=False)
    for place in places:
        if place.uri.endswith(".jsonl"):
            yield from parse(storage.read_bytes(place.uri))


def parse(data: bytes) -> Iterator[dict[str, Any]]:
    for text in data.splitlines():
        try:
            parsed = orjson.loads(text)
        except orjson.JSONDecodeError:  # cut off by a kill
            continue
        if isinstance(parsed, dict) and "event" in parsed:
            yield parsed
