"""The processes behind an engine on this machine: a job server, Prism, a pool of Beam workers.

They are children of the command and end with it; what they print goes to files in `folder`.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tokenizer.errors import MalmoiError

JARS = Path(".cache", "jars")
"""Where `make flink` and `make spark` lay the job servers, below the working directory."""

START_SECONDS = 120
"""How long a server may take until it listens."""

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2), Linux

JVM = ("-Xmx2g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A job server's memory, in which an embedded Flink sorts. It lives for a command and moves little:
code compiled quickly, and one thread that collects, leave the cores to the workers."""

_LOG = "-Dorg.slf4j.simpleLogger."
_OPENS = ["java.lang", "java.util", "java.nio", "java.net", "sun.nio.ch"]


def jar(engine: str, given: str | None) -> str:
    """The job server's jar: as given, in `MALMOI_<ENGINE>_JAR`, or as `make <engine>` built it."""
    named = given or os.environ.get(f"MALMOI_{engine.upper()}_JAR")
    path = Path(named) if named else JARS / f"{engine}-job-server.jar"
    if not path.is_file():
        raise MalmoiError(
            f"{path}: no job server for {engine}; `make {engine}` builds it here, or give "
            f"--{engine}_job_server_jar behind `--`, or --job_endpoint of one that runs"
        )
    return str(path.absolute())


def prism(given: str | None) -> str:
    """The prism binary: as given, from the search path, or as `make prism` built it."""
    path = given or shutil.which("prism") or str(Path(".cache", "bin", "prism").absolute())
    if not Path(path).is_file():
        raise MalmoiError(
            f"{path}: no prism binary; `make prism` builds it here, or give "
            "--prism_location behind `--`"
        )
    return path


def flink_conf(folder: Path, slots: int) -> Path:
    """A configuration for the Flink inside the job server: its slots, and what it keeps where."""
    conf = folder / "flink-conf"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "flink-conf.yaml").write_text(
        f"taskmanager.numberOfTaskSlots: {slots}\n"
        f"io.tmp.dirs: {folder}\n"
        "rest.bind-address: 127.0.0.1\n"
        "taskmanager.memory.managed.size: 512m\n"
        "taskmanager.memory.network.min: 128m\n"
        "taskmanager.memory.network.max: 128m\n"
        "taskmanager.runtime.large-record-handler: true\n"
        "heartbeat.timeout: 600000\n"
    )
    return conf


@contextmanager
def job_server(engine: str, java: Sequence[str], folder: Path) -> Iterator[str]:
    """A job server of Beam's in a JVM of its own; gives its endpoint."""
    port = free_port()
    artifacts = folder / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    command = [
        *(shutil.which("java") or "java", *JVM, f"-Djava.io.tmpdir={folder}"),
        *(f"{_LOG}showDateTime=true", f"{_LOG}dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX"),
        *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENS),
        *java,
        *("--job-port", str(port), "--artifact-port", "0", "--expansion-port", "0"),
        *("--artifacts-dir", str(artifacts)),
    ]
    with _server(engine, command, port, folder):
        yield f"localhost:{port}"


@contextmanager
def prism_server(binary: str, folder: Path) -> Iterator[str]:
    """Prism as a job server; gives its endpoint."""
    port = free_port()
    command = [binary, f"--job_port={port}", "--serve_http=false", "--log_kind=json"]
    with _server("prism", command, port, folder):
        yield f"localhost:{port}"


BEAM_POOL = ("-m", "apache_beam.runners.worker.worker_pool_main", "--service_port={port}")


@contextmanager
def worker_pool(folder: Path, program: Sequence[str] = BEAM_POOL) -> Iterator[str]:
    """A pool that starts a Python process for each worker that an engine asks for."""
    port = free_port()
    command = [sys.executable, *(word.format(port=port) for word in program)]
    # The pool starts `python`, and workers import what this process can.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    imports = os.pathsep.join(name or str(Path.cwd()) for name in sys.path)
    with _server("workers", command, port, folder, {"PATH": path, "PYTHONPATH": imports}):
        yield f"localhost:{port}"


@contextmanager
def _server(
    name: str,
    command: Sequence[str],
    port: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Start a process in a group of its own and wait until it listens; the group ends too."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    try:
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "TMPDIR": str(folder), **(environment or {})},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
    except OSError as error:
        raise MalmoiError(f"{command[0]}: cannot be started ({error.strerror})") from error
    try:
        _wait_for(name, process, port, log)
        yield
    finally:
        _end(process)


def _end_with_parent() -> None:
    """In a server about to start: be ended when the command dies, even by kill -9."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_for(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > until:
            said = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["nothing"]
            raise MalmoiError(f"{log}: {name} did not start; it said: {said[0]}")
        if listens(f"localhost:{port}"):
            return
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and what it started."""
    for send in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, send)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def listens(endpoint: str) -> bool:
    """Whether something answers at HOST:PORT within five seconds."""
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
