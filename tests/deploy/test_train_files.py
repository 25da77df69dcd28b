"""The files that start training on a cluster: read as a cluster reads them, and run by hand."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.recipe import parse
from tokenizer.shards import ShardWriter
from trainer.__main__ import is_done
from trainer.config import PRESETS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SBATCH = DEPLOY / "slurm" / "train.sbatch"
STEPS = 100_000
Start = Callable[..., subprocess.Popen[str]]

STAND_INS = {
    "srun": 'while [[ $1 == --* ]]; do shift; done; echo $$ > "$STAND_INS/step"; exec "$@"',
    "scancel": 'echo "$@" >> "$STAND_INS/cancelled"; kill -TERM "$(cat "$STAND_INS/step")"',
    "scontrol": 'if [[ $1 == show ]]; then printf "127.0.0.1\\nother\\n"; '
    'else echo "$@" >> "$STAND_INS/queued"; fi',
}
"""Of Slurm's commands, what the script uses: on one machine, a step is a process."""


def manifests() -> dict[str, dict[str, Any]]:
    text = (DEPLOY / "kubernetes" / "train.yaml").read_text("utf-8")
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def pod() -> dict[str, Any]:
    return manifests()["Job"]["spec"]["template"]["spec"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe file, and beside it a run directory with nothing but tokens."""
    tokens = tmp_path / "run" / "tokens"
    (tokens / "train").mkdir(parents=True)
    drawn = np.random.default_rng(0)
    with ShardWriter(tokens / "train" / "blog-00000", np.dtype("<u2")) as shard:
        for _ in range(40):
            shard.add(np.array([*drawn.integers(4, 64, 30), 2], np.uint16))
    np.save(tokens / "token_bytes.npy", np.ones(64, np.uint16))
    entry = {"path": "train/blog-00000", "source": "blog", "weight": 1.0}
    entry |= {"documents": 40, "tokens": 40 * 31, "bytes": 0}
    dataset = {"tokenizer_sha256": "ab" * 32, "vocab_size": 64, "dtype": "uint16"}
    dataset |= {"end_of_text": 2, "splits": {"train": [entry], "validation": []}}
    files = {
        f"tokens/{path.relative_to(tokens)}": stamp(path)
        for path in sorted(tokens.rglob("*"))
        if path.is_file() and path.suffix in (".bin", ".idx")
    }
    (tokens / "manifest.json").write_text(json.dumps({"dataset": dataset, "files": files}))
    train = {"steps": STEPS, "batch_tokens": 128, "micro_batch": 2, "save_every": STEPS}
    recipe = {"model": {"layers": 1, "width": 32, "heads": 2, "context": 32}, "train": train}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return tmp_path


def stamp(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """`start(command, **environment)`; our interpreter's `python` and `torchrun` come first."""
    made: list[subprocess.Popen[str]] = []

    def call(command: list[str], **more: str) -> subprocess.Popen[str]:
        commands = [str(folder / "stand-ins"), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {**os.environ, "PATH": ":".join(commands), "PYTHONPATH": str(ROOT), **more}
        made.append(
            subprocess.Popen(
                command,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )
        return made[-1]

    yield call
    for process in made:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what a failed test left


def wait_for_steps(run: Path, process: subprocess.Popen[str]) -> None:
    log = run / "checkpoints" / "metrics.jsonl"
    deadline = time.monotonic() + 180
    while not log.is_file() or log.read_bytes().count(b"\n") < 4:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def shorten(folder: Path) -> None:
    """Let the run end with the checkpoint it has."""
    (saved,) = (folder / "run" / "checkpoints").glob("step-*")
    step = int(saved.name.removeprefix("step-"))
    assert 0 < step < STEPS
    recipe = folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(f"steps: {STEPS}", f"steps: {step}"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_scripts_are_valid_shell() -> None:
    script = manifests()["ConfigMap"]["data"]["train.sh"]
    for text in (script, SBATCH.read_text()):
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_slurms_directives_stand_before_the_first_command() -> None:
    lines = SBATCH.read_text().splitlines()
    body = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
    directives = [i for i, line in enumerate(lines) if line.startswith("#SBATCH ")]
    assert lines[0] == "#!/bin/bash" and directives and max(directives) < body
    options = {lines[i].split()[1].split("=", 1)[0] for i in directives}
    assert {"--nodes", "--requeue", "--signal", "--open-mode", "--time"} <= options


@pytest.mark.slow
def test_slurms_time_limit_saves_and_queues_again(folder: Path, start: Start) -> None:
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir()
    for name, text in STAND_INS.items():
        (stand_ins / name).write_text(f"#!/bin/bash\n{text}\n")
        (stand_ins / name).chmod(0o755)
    script = folder / "train.sbatch"
    script.write_text(SBATCH.read_text().replace("29500", str(free_port())))
    slurm = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_NUM_NODES": "1"}
    slurm |= {"SLURM_GPUS_ON_NODE": "2", "STAND_INS": str(stand_ins)}
    command = ["bash", str(script), str(folder / "recipe.yaml"), str(folder / "run")]
    process = start(command, **slurm)
    wait_for_steps(folder / "run", process)
    process.send_signal(signal.SIGTERM)  # as --signal=B: does
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert (stand_ins / "cancelled").read_text() == "--signal=TERM 7\n"
    assert (stand_ins / "queued").read_text() == "requeue 7\n"
    shorten(folder)
    process = start(command, **slurm)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    (folder / "recipe.yaml").write_text("train: {step: 1}")
    process = start(command, **slurm)
    assert process.wait(120) != 0
    assert (stand_ins / "queued").read_text() == "requeue 7\n"  # neither of them again


@pytest.mark.slow
def test_a_pod_that_is_told_to_go_saves_and_its_job_goes_on(folder: Path, start: Start) -> None:
    script = folder / "train.sh"
    script.write_text(manifests()["ConfigMap"]["data"]["train.sh"])
    given = {"NODES": "1", "PROCESSES": "2", "RENDEZVOUS": f"127.0.0.1:{free_port()}"}
    recipe = str(folder / "recipe.yaml")
    command = ["bash", str(script), recipe, f"--out={folder / 'run'}"]
    process = start(command, **given)
    wait_for_steps(folder / "run", process)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output  # so that the job makes another pod
    assert not is_done(Path(recipe), folder / "run")
    shorten(folder)
    assert is_done(Path(recipe), folder / "run")
    process = start(command, **given)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_the_jobs_parts_fit_together() -> None:
    made, spec = manifests(), pod()
    assert {kind: made[kind]["apiVersion"] for kind in made} == {
        "ConfigMap": "v1",
        "Service": "v1",
        "Job": "batch/v1",
    }
    (container,) = spec["containers"]
    job, service = made["Job"]["spec"], made["Service"]
    given = {entry["name"]: entry["value"] for entry in container["env"]}
    assert job["completionMode"] == "Indexed"
    assert int(given["NODES"]) == job["completions"] == job["parallelism"]
    assert int(given["PROCESSES"]) == container["resources"]["limits"]["nvidia.com/gpu"]
    name, port = made["Job"]["metadata"]["name"], service["spec"]["ports"][0]["port"]
    assert given["RENDEZVOUS"] == f"{name}-0.{service['metadata']['name']}:{port}"
    assert (
        spec["subdomain"] == service["metadata"]["name"] and service["spec"]["clusterIP"] == "None"
    )
    assert service["spec"]["selector"] == job["template"]["metadata"]["labels"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    assert volumes["recipe"]["configMap"]["name"] == made["ConfigMap"]["metadata"]["name"]
    recipe, out = container["args"][0], container["args"][1].removeprefix("--out=")
    assert {Path(recipe).name, "train.sh"} == made["ConfigMap"]["data"].keys()
    assert container["command"] == ["bash", f"{mounts['recipe']}/train.sh"]
    assert recipe.startswith(mounts["recipe"]) and out.startswith(mounts["data"])
    grace = spec["terminationGracePeriodSeconds"]
    assert f"--shutdown-timeout={grace - 60}" in made["ConfigMap"]["data"]["train.sh"]
    assert (
        container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
    )


def test_the_jobs_recipe_trains_on_its_processes() -> None:
    read = parse(manifests()["ConfigMap"]["data"]["recipe.yaml"], "recipe.yaml")
    assert read.model == PRESETS["polyglot-ko-1.3b"]
    (container,) = pod()["containers"]
    given = {entry["name"]: entry["value"] for entry in container["env"]}
    processes = int(given["NODES"]) * int(given["PROCESSES"])
    sequences = read.train.batch_tokens // read.model.context
    assert sequences * read.model.context == read.train.batch_tokens
    assert sequences % (processes * read.train.micro_batch) == 0
