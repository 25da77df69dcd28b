"""Runners by name: what each is given, what each refuses, and the graph that Dataflow would get."""

import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability import portable_runner
from outputs import outputs

from pipeline.jobs import RUNNERS, clean, runners
from pipeline.jobs.runners import Engine, engine
from pipeline.jobs.session import Session
from pipeline.sources.units import WorkUnit
from pipeline.storage import FileInfo
from pipeline.text.html import extract  # any function of a module without Beam
from tokenizer.errors import MalmoiError

DATAFLOW = [
    "--project=p",
    "--region=asia-northeast3",
    "--sdk_container_image=example/malmoi:0.1.0",
]


def start(name: str, arguments: list[str], folder: Path, root: str = "gs://b/run") -> Engine:
    with engine(name, arguments, 2, root, folder) as made:
        return made


def test_every_name_has_a_runner() -> None:
    assert tuple(runners.RUNNERS) == RUNNERS


def test_an_unknown_runner_is_refused(malmoi, corpus: Path, tmp_path: Path) -> None:
    asked = ["curate", corpus / "recipe.yaml", "--out", tmp_path / "run", "--runner", "dask"]
    told = malmoi(*asked, code=2).stderr
    assert "dask" in told and "flink" in told
    assert not (tmp_path / "run").exists()


def test_the_in_process_runner_has_the_pool_and_others_their_own_workers(tmp_path: Path) -> None:
    local = start("local", [], tmp_path)
    assert local.options == ("--runner=FnApiRunner",) and local.workers == 2 and not local.spread
    flink = start("flink", ["--job_endpoint=localhost:1"], tmp_path)
    assert "--environment_type=LOOPBACK" in flink.options and flink.workers == 2
    far = start("flink", ["--job_endpoint=h:1", "--flink_master", "h:8081", "--x=1"], tmp_path)
    assert far.workers == 1 and far.spread
    assert far.options[1:] == (
        "--job_endpoint=h:1",
        "--x=1",
        "--environment_type=EXTERNAL",
        "--environment_config=localhost:50000",
    )


@pytest.mark.parametrize(("name", "cure"), [("flink", "make flink"), ("spark", "make spark")])
def test_a_missing_job_server_names_its_cure(
    name: str, cure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MalmoiError, match=cure):
        start(name, [], tmp_path)


def test_a_server_that_cannot_start_says_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.jar").write_bytes(b"no jar")
    with pytest.raises(MalmoiError, match=r"flink did not start|java: cannot be started"):
        start("flink", [f"--flink_job_server_jar={tmp_path / 'broken.jar'}"], tmp_path)


def test_dataflow_asks_for_what_it_needs_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(MalmoiError, match="--project, --region, --extra_package"):
        start("dataflow", [], tmp_path)
    with pytest.raises(MalmoiError, match="cannot be reached by its workers"):
        start("dataflow", DATAFLOW, tmp_path, root=str(tmp_path))


def test_the_graph_for_dataflow(tmp_path: Path) -> None:
    made = start("dataflow", DATAFLOW, tmp_path)
    options = PipelineOptions(list(made.options))
    assert options.get_all_options()["temp_location"] == "gs://b/run/.tmp/dataflow"
    assert not options.view_as(SetupOptions).save_main_session
    pipeline = beam.Pipeline(runner="FnApiRunner")
    session = Session(lambda: pipeline, made.workers, made.spread)
    session.apply(pipeline, "extract pages", extract, ["a", "b"])
    assert PipelineOptionsValidator(options, Dataflow()).validate() == []
    proto = pipeline.to_runner_api(default_environment=environment(options))
    check_graph(proto)
    # tasks are dealt out: what follows their making is not fused with it
    assert any(
        transform.spec.urn == "beam:transform:reshuffle:v1"
        for transform in proto.components.transforms.values()
    )


class Dataflow:
    """The name is what the validator goes by."""

    def is_fnapi_compatible(self) -> bool:
        return True


def environment(options: PipelineOptions) -> Any:
    return portable_runner.environments.DockerEnvironment.from_options(
        options.view_as(portable_runner.PortableOptions)
    )


def check_graph(proto: beam_runner_api_pb2.Pipeline) -> None:
    """No function of `__main__`, and each pickled one small enough to be sent with every task."""
    for transform in proto.components.transforms.values():
        assert b"__main__" not in transform.spec.payload
        assert len(transform.spec.payload) < 100_000


def test_workers_of_data_need_no_torch() -> None:
    """What a data worker imports comes without the trainer's packages."""
    code = (
        "import sys, pipeline.jobs.clean, pipeline.jobs.dedup, pipeline.jobs.assemble, "
        "pipeline.jobs.count, pipeline.jobs.tokenize; "
        "sys.exit(sum(name in sys.modules for name in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_portable_job_service_gives_the_same_bytes(malmoi, corpus: Path, tmp_path: Path) -> None:
    """Beam's own job service speaks the protocol that Flink's does, and needs no Java."""
    recipe, there, here = corpus / "recipe.yaml", tmp_path / "portable", tmp_path / "here"
    malmoi("curate", recipe, "--out", here)
    malmoi("curate", recipe, "--out", there, "--runner", "flink", "--", "--job_endpoint=embed")
    assert outputs(there) == outputs(here) != {}


def test_a_job_server_that_died_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = start("flink", [f"--job_endpoint=127.0.0.1:{server.getsockname()[1]}"], tmp_path)
        assert made.is_there()
    assert not made.is_there()
    assert start("local", [], tmp_path).is_there()
    assert start("flink", ["--job_endpoint=embed"], tmp_path).is_there()


def test_more_than_one_machine_should_do_is_told_with_the_way_out(caplog) -> None:
    half = clean.ONE_MACHINE_BYTES // 2
    files = [FileInfo(f"{name}.jsonl", half, 0) for name in "ab"]
    parts = [WorkUnit(at, "web", (file,)) for at, file in enumerate([*files, files[0]])]
    clean.advise(parts, 2)  # the parts of one file count once
    assert not caplog.records
    clean.advise([*parts, WorkUnit(3, "web", (FileInfo("c.jsonl", 1, 0),))], 2)
    (record,) = caplog.records
    assert "--runner flink" in record.getMessage()


def test_an_engine_that_keeps_failing_is_told_with_its_cure(monkeypatch) -> None:
    """Its own words may quote a document: they do not come with it."""
    sent = []

    def failing(self: beam.Pipeline, *_: Any, **__: Any) -> None:
        sent.append(self)
        raise RuntimeError("java.lang.IllegalStateException: 가나다")

    monkeypatch.setattr(beam.Pipeline, "run", failing)
    make = partial(beam.Pipeline, runner="FnApiRunner")
    with pytest.raises(MalmoiError, match="run the same command again") as told:
        Session(make, attempts=3).run(lambda pipeline: None)
    assert len(sent) == 3 and "가나다" not in str(told.value)
    sent.clear()
    with pytest.raises(MalmoiError, match="the engine is gone"):
        Session(make, attempts=3, is_there=lambda: False).run(lambda pipeline: None)
    assert len(sent) == 1
    with pytest.raises(RuntimeError):  # this process's own: a defect, with its traceback
        Session(make, attempts=1).run(lambda pipeline: None)
