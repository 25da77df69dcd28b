"""A Flink cluster of one job manager and some task managers, each a JVM that a test can kill."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.jobs.servers import free_port

LIBRARIES = Path(".cache", "flink", "pyflink", "lib").absolute()
"""Flink's own distribution; `make flink-cluster` installs it."""

JOB_SERVER = Path(".cache", "jars", "flink-job-server.jar").absolute()
"""Beam's runner: a cluster that has it needs none sent with each job."""

MASTER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASKS = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
HEAP = {
    "taskmanager.cpu.cores": "1.0",
    "taskmanager.memory.framework.heap.size": "64m",
    "taskmanager.memory.framework.off-heap.size": "64m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "64m",
    "taskmanager.memory.jvm-overhead.max": "64m",
    "taskmanager.memory.task.heap.size": "256m",
    "taskmanager.memory.task.off-heap.size": "0",
    "taskmanager.memory.network.min": "64m",
    "taskmanager.memory.network.max": "64m",
    "taskmanager.memory.managed.size": "128m",
}


class Cluster:
    """`options` send graphs here; `slots` stand on each task manager."""

    def __init__(self, folder: Path, slots: int):
        self.folder, self.slots = folder, slots
        self.rest, self.rpc = free_port(), free_port()
        self.address = f"localhost:{self.rest}"
        small = folder / "conf" / "flink-conf.yaml"
        self.options = [f"--flink_master={self.address}", f"--files_to_stage={small}"]
        self.managers: list[subprocess.Popen] = []
        (folder / "conf").mkdir(parents=True)
        (folder / "conf" / "flink-conf.yaml").write_text("")
        self.master = self._start(MASTER, {"jobmanager.memory.heap.size": "512m"})

    def add_manager(self) -> subprocess.Popen:
        self.managers.append(self._start(TASKS, HEAP))
        return self.managers[-1]

    def slots_ready(self) -> int:
        try:
            with urllib.request.urlopen(f"http://{self.address}/overview", timeout=5) as answer:
                return json.load(answer)["slots-total"]
        except OSError:
            return 0

    def wait_for(self, slots: int) -> None:
        until = time.monotonic() + 180
        while self.slots_ready() < slots:
            assert time.monotonic() < until, (self.folder / "flink.log").read_text()[-3000:]
            time.sleep(0.5)

    def stop(self) -> None:
        for process in (*self.managers, self.master):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, main: str, settings: dict[str, str]) -> subprocess.Popen:
        settings = {
            "jobmanager.rpc.address": "localhost",
            "jobmanager.rpc.port": str(self.rpc),
            "rest.port": str(self.rest),
            "rest.bind-address": "127.0.0.1",
            "taskmanager.host": "localhost",
            "taskmanager.numberOfTaskSlots": str(self.slots),
            "io.tmp.dirs": str(self.folder),
            "heartbeat.interval": "2000",
            "heartbeat.timeout": "12000",
            "classloader.resolve-order": "parent-first",
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": "10",
            "restart-strategy.fixed-delay.delay": "2s",
            **settings,
        }
        command = ["java", "-Xmx640m", f"-Djava.io.tmpdir={self.folder}"]
        command += [
            f"--add-opens=java.base/java.{name}=ALL-UNNAMED"
            for name in ("lang", "util", "nio", "net")
        ]
        command += [
            "-cp",
            f"{LIBRARIES}/*:{JOB_SERVER}",
            main,
            "--configDir",
            str(self.folder / "conf"),
        ]
        command += [word for pair in settings.items() for word in ("-D", "=".join(pair))]
        with (self.folder / "flink.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


@contextmanager
def cluster(folder: Path, managers: int, slots: int) -> Iterator[Cluster]:
    """A cluster whose task managers have all reported their slots."""
    made = Cluster(folder, slots)
    try:
        for _ in range(managers):
            made.add_manager()
        made.wait_for(managers * slots)
        yield made
    finally:
        made.stop()
