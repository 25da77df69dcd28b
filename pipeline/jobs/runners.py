"""The runners: each is named, started and given its options here; nothing else knows of them.

A runner is an engine that graphs are sent to, and the options of the command line behind `--` are
Beam's own. Beam's `DirectRunner` is not among them: it looks for another runner on the network
first, and its parallel modes lose data. Nor is Dask's: it gives wrong results in silence.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.jobs import servers
from tokenizer.errors import MalmoiError

POOL_PORT = 50000
"""Where a worker pool listens beside each worker of a cluster, unless `--environment_config`."""

EMBEDDED = "[local]"
"""Beam's name of a Flink or Spark inside the job server."""

EMBEDDED_SERVICE = "embed"
"""The endpoint that means Beam's own job service, inside this process."""


@dataclass(frozen=True)
class Engine:
    """Where graphs run.

    `workers` processes stand in a pool of this command; 1 where the engine has processes of its
    own. `spread` says that tasks must be dealt out over them, `attempts` how often a graph is sent
    when the engine loses a worker: units that were finished are not done again. `endpoint` is the
    job server's, None where there is none.
    """

    options: tuple[str, ...]
    workers: int = 1
    spread: bool = True
    attempts: int = 3
    endpoint: str | None = None

    def pipeline(self) -> beam.Pipeline:
        """A new graph to be filled and run here."""
        return beam.Pipeline(options=PipelineOptions(list(self.options)))

    def is_there(self) -> bool:
        """Whether a graph can be sent: the job server, if there is one, still listens."""
        return self.endpoint is None or servers.listens(self.endpoint)


@dataclass(frozen=True)
class _Call:
    """What an engine is made of; `folder` is for logs of servers and temporary files."""

    arguments: tuple[str, ...]  # of Beam
    cores: int
    root: str
    folder: Path

    def value(self, name: str) -> str | None:
        """The value of `--name value` or `--name=value`; None where it is not given."""
        for at, argument in enumerate(self.arguments):
            if argument.startswith(f"--{name}="):
                return argument.split("=", 1)[1]
            if argument == f"--{name}":
                return (*self.arguments, "")[at + 1]
        return None

    def without(self, *names: str) -> tuple[str, ...]:
        """The arguments but for some."""
        kept, options = [], {f"--{name}" for name in names}
        for at, argument in enumerate(self.arguments):
            is_value = at and self.arguments[at - 1] in options and not argument.startswith("--")
            if argument.split("=", 1)[0] not in options and not is_value:
                kept.append(argument)
        return tuple(kept)


@contextmanager
def engine(
    name: str, arguments: list[str], workers: int, root: str, folder: Path
) -> Iterator[Engine]:
    """Start the engine `name` of `RUNNERS`; its servers end with the block.

    Args:
        arguments: Beam's own options.
        workers: processes for the data where the engine runs on this machine.
        root: the run directory, which a cluster must be able to reach.
        folder: a local directory for the servers' logs and temporary files.

    Raises MalmoiError where the engine cannot be had, with what is missing.
    """
    with ExitStack() as stack:
        call = _Call(tuple(arguments), workers, root, folder)
        yield RUNNERS[name](call, stack)


def _local(call: _Call, stack: ExitStack) -> Engine:
    runner = ("--runner=FnApiRunner", *call.arguments)
    return Engine(runner, workers=call.cores, spread=False, attempts=1)


def _flink(call: _Call, stack: ExitStack) -> Engine:
    master = call.value("flink_master") or EMBEDDED
    endpoint = call.value("job_endpoint")
    if not endpoint:
        conf = call.value("flink_conf_dir")
        if not conf and master == EMBEDDED:
            conf = str(servers.flink_conf(call.folder, call.cores))
        java = ["-jar", servers.jar("flink", call.value("flink_job_server_jar"))]
        java += ["--flink-master", master, *(("--flink-conf-dir", conf) if conf else ())]
        endpoint = stack.enter_context(servers.job_server("flink", java, call.folder))
    own = call.without("flink_master", "flink_job_server_jar", "flink_conf_dir")
    return _portable(call, stack, endpoint, master == EMBEDDED, own)


def _spark(call: _Call, stack: ExitStack) -> Engine:
    master = call.value("spark_master_url") or f"local[{call.cores}]"
    endpoint = call.value("job_endpoint")
    if not endpoint:
        java = ["-jar", servers.jar("spark", call.value("spark_job_server_jar"))]
        java += ["--spark-master-url", master]
        endpoint = stack.enter_context(servers.job_server("spark", java, call.folder))
    own = call.without("spark_master_url", "spark_job_server_jar")
    return _portable(call, stack, endpoint, master.startswith("local"), own)


def _prism(call: _Call, stack: ExitStack) -> Engine:
    endpoint = call.value("job_endpoint")
    if not endpoint:
        binary = servers.prism(call.value("prism_location"))
        endpoint = stack.enter_context(servers.prism_server(binary, call.folder))
    return _portable(call, stack, endpoint, True, call.without("prism_location"))


def _portable(
    call: _Call, stack: ExitStack, endpoint: str, here: bool, arguments: tuple[str, ...]
) -> Engine:
    """An engine behind a job server.

    One that runs `here` calls back into this command (LOOPBACK), whose pool has the cores; the
    workers of a cluster have a pool of Beam workers beside them (EXTERNAL).
    """
    environment = call.value("environment_type") or ("LOOPBACK" if here else "EXTERNAL")
    defaults = {"job_endpoint": endpoint, "environment_type": environment}
    if environment == "EXTERNAL" and not call.value("environment_config"):
        own = stack.enter_context(servers.worker_pool(call.folder)) if here else ""
        defaults["environment_config"] = own or f"localhost:{POOL_PORT}"
    if here:
        defaults["parallelism"] = str(call.cores)
        # LOOPBACK's workers are threads of this process: one serves every slot
        defaults["sdk_worker_parallelism"] = "1" if environment == "LOOPBACK" else str(call.cores)
    added = [f"--{name}={value}" for name, value in defaults.items() if not call.value(name)]
    return Engine(
        ("--runner=PortableRunner", *arguments, *added),
        workers=call.cores if environment == "LOOPBACK" else 1,
        endpoint=None if endpoint == EMBEDDED_SERVICE else endpoint,
    )


def _dataflow(call: _Call, stack: ExitStack) -> Engine:
    """Google's service: what it cannot do without is asked for before anything is sent."""
    missing = [f"--{name}" for name in ("project", "region") if not call.value(name)]
    if not (call.value("extra_package") or call.value("sdk_container_image")):
        missing.append("--extra_package=dist/malmoi-….whl (`make wheel`) or --sdk_container_image")
    if missing:
        raise MalmoiError(f"--runner dataflow needs, behind `--`: {', '.join(missing)}")
    if not call.root.startswith("gs://"):
        raise MalmoiError(
            f"--runner dataflow: {call.root} cannot be reached by its workers; "
            "give --out a gs:// directory, and sources of gs:// files"
        )
    options = ["--runner=DataflowRunner", *call.arguments]
    if not call.value("temp_location"):
        options.append(f"--temp_location={call.root}/.tmp/dataflow")
    return Engine(tuple(options))


RUNNERS: Mapping[str, Callable[[_Call, ExitStack], Engine]] = {
    "local": _local,
    "flink": _flink,
    "prism": _prism,
    "spark": _spark,
    "dataflow": _dataflow,
}
