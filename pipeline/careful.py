"""A unit over which a process died, worked on in child processes, so that no document can end it.

A C library that crashes takes its process along. Here reading and the stages after it have a child
each. A batch over which the child dies is cut and tried again, down to the document that kills it:
that one is recorded, the others go on. Nothing but the poison differs from work in one process.
"""

import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.settings import Clean, Source
from pipeline.sources.read import Read, read_file
from pipeline.sources.records import Block, Failed, raw_batch
from pipeline.sources.units import Split, place
from pipeline.storage import FileInfo
from tokenizer.errors import MalmoiError

PIECES = 16
"""A batch is cut into so many: a death costs the start of a child, a piece that passes little."""
TRIES = 2
"""A record is given up after so many deaths over it alone, for a child may be killed by others."""
MOST_CRASHED = 100
"""Records of a unit that may be given up before the unit is."""
MOST_KILLED = 3
"""The same of those whose process got SIGKILL: mostly it is memory that is short."""

_SERVE = "import sys; from pipeline.careful import serve; serve(int(sys.argv[1]))"

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Died(Exception):
    """A child ended over a request; `signal` is None where it was not ended by a signal."""

    def __init__(self, code: int):
        self.signal = -code if code < 0 else None
        super().__init__(f"signal {self.signal}" if self.signal else f"exit code {code}")


class Child:
    """An object in a process of its own: `make(*arguments)`, where its methods are called.

    The process is started when it is needed, and again after a death. It ends with this one,
    whatever ends that, for both hold the ends of a pipe.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any):
        self._made_of = (make, arguments)
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, method: str, *arguments: Any) -> Any:
        """What a method returns. Raises what it raises, and Died."""
        (answer,) = self.stream(method, *arguments)
        return answer

    def stream(self, method: str, *arguments: Any) -> Iterator[Any]:
        """What a generator method yields. Raises what it raises, and Died."""
        if self._process is None:
            self._start()
        yield from self._ask((method, arguments))

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._connection.close()
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self._connection, theirs = Pipe()
        # not forked: a worker of an engine has threads, and they may hold locks
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        theirs.close()
        try:
            list(self._ask(self._made_of))
        except Died as died:
            raise MalmoiError(
                f"a process for careful work ended while it started ({died}); "
                "with little memory use fewer --workers, then run the same command again"
            ) from died

    def _ask(self, message: Any) -> Iterator[Any]:
        try:
            self._connection.send(message)
        except OSError as error:
            raise self._death() from error
        while (answer := self._receive())[0] == "item":
            yield answer[1]

    def _receive(self) -> tuple[str, Any]:
        try:
            answer: tuple[str, Any] = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        if answer[0] == "error":
            raise answer[1]
        return answer

    def _death(self) -> Died:
        assert self._process is not None
        self._connection.close()
        code = self._process.wait()
        self._process = None
        return Died(code)


def serve(descriptor: int) -> None:
    """The child's side of a `Child`: make the object, then answer until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the child
    connection = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        make, arguments = connection.recv()
        made: list[Any] = []
        _answer(connection, lambda: made.append(make(*arguments)))
        while made:
            method, arguments = connection.recv()
            _answer(connection, lambda: getattr(made[0], method)(*arguments))  # noqa: B023


def _answer(connection: Connection, work: Callable[[], Any]) -> None:
    try:
        result = work()
        for item in result if isinstance(result, Iterator) else [result]:
            connection.send(("item", item))
    except ConnectionError:
        raise
    except Exception as error:
        connection.send(("error", error))
    else:
        connection.send(("end", None))


class Reading:
    """Reads files, in a child."""

    def blocks(
        self, file: FileInfo, split: Split | None, source: Source, clean: Clean
    ) -> Iterator[Block]:
        return read_file(file, split, source, clean)


class Careful:
    """Reading and stages of one unit in children; use it in a `with` block.

    Args:
        where: the unit, for errors.
        make: `make(*arguments)` has the methods `treat(read)` and `crashed(read, signal)`; the read
            of the latter has one record.
        lost: stands for `crashed` where that dies too.
    """

    def __init__(
        self,
        where: str,
        make: Callable[..., Any],
        *arguments: Any,
        lost: Callable[[Read, int | None], T],
    ):
        self._where, self._lost = where, lost
        self._reading, self._stages = Child(Reading), Child(make, *arguments)
        self._crashed = Counter[int | None]()

    def __enter__(self) -> "Careful":
        return self

    def __exit__(self, *error: object) -> None:
        self._reading.close()
        self._stages.close()

    def read_file(
        self, file: FileInfo, split: Split | None, source: Source, clean: Clean
    ) -> Iterator[Block]:
        """`sources.read.read_file`; of a file that kills its reader what lies before is read."""
        given = records = deaths = 0
        while True:
            blocks = self._reading.stream("blocks", file, split, source, clean)
            try:
                for number, block in enumerate(blocks):
                    if number == given:  # the others came before a death
                        given, deaths = given + 1, 0
                        records += block.documents.num_rows + len(block.failed)
                        yield block
                return
            except Died as died:
                deaths += 1
                if deaths == TRIES:
                    failure = self._file_crashed(file, source, records, died)
                    break
        yield Block(raw_batch([]), [failure])

    def treat(self, read: Read) -> Iterator[Any]:
        """What the stages make of a batch: one answer, or those for its pieces, in order."""
        try:
            yield self._stages.call("treat", read)
            return
        except Died as error:
            died = error
        pieces = _pieces(read)
        if len(pieces) > 1:
            for piece in pieces:
                yield from self.treat(piece)
        else:
            yield self._alone(read, died)

    def _alone(self, read: Read, died: Died) -> Any:
        """A record over which a child died once already: tried again, then given up."""
        for _ in range(TRIES - 1):
            try:
                return self._stages.call("treat", read)
            except Died as error:
                died = error
        if not read.documents.num_rows + len(read.failed):
            raise MalmoiError(
                f"{self._where}: a process ended over nothing ({died}); run the same command again"
            )
        here = read.failed[0]["place"] if read.failed else read.documents["place"][0].as_py()
        self._note(died, here)
        try:
            return self._stages.call("crashed", read, died.signal)
        except Died:  # the excerpt kills as well: do without
            return self._lost(read, died.signal)

    def _file_crashed(self, file: FileInfo, source: Source, records: int, died: Died) -> Failed:
        if died.signal == signal.SIGKILL:  # a reader holds a record: it is no poison
            raise MalmoiError(
                f"{file.uri}: its reader was killed, mostly for want of memory; use fewer "
                "--workers or a lower clean.max_document_bytes, then run the same command again"
            )
        self._note(died, where := place(file.uri, source))
        value = None if died.signal is None else float(died.signal)
        reason = f"its reader crashed after {records} records"
        return Failed("crashed", where, reason, value=value)

    def _note(self, died: Died, document: str) -> None:
        """Count and log a crash; MalmoiError where it cannot be the documents any more."""
        told = {"unit": self._where.rpartition("/")[2], "document": document}
        logger.warning("%s: left out, its process died (%s)", self._where, died, extra=told)
        self._crashed[died.signal] += 1
        if self._crashed[signal.SIGKILL] > MOST_KILLED:
            raise MalmoiError(
                f"{self._where}: {MOST_KILLED + 1} documents were killed, each alone in a process: "
                "memory is short; use fewer --workers or a lower clean.max_document_bytes, then "
                "run the same command again"
            )
        if self._crashed.total() > MOST_CRASHED:
            raise MalmoiError(
                f"{self._where}: more than {MOST_CRASHED} documents crash a library ({died}); take "
                "its files out of the recipe, or change the library's version, then run again"
            )


def _pieces(read: Read) -> list[Read]:
    """At most `PIECES` parts of a batch and of its failed rows, in order; one of a single record.

    Failed rows come first, as they do in the removed shard.
    """
    documents, failed = read
    size = -(-max(len(failed), documents.num_rows) // PIECES) or 1
    nothing = documents.slice(0, 0)
    parts = [Read(nothing, failed[at : at + size]) for at in range(0, len(failed), size)]
    for at in range(0, documents.num_rows, size):
        rows = range(at, min(at + size, documents.num_rows))
        parts.append(Read(documents.take(pa.array(rows)), []))  # a slice pickles its whole batch
    return parts or [read]
