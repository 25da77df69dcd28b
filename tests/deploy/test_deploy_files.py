"""The files for containers and Kubernetes agree with each other, with Beam and with the code."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

from pipeline.jobs.runners import POOL_PORT, engine
from pipeline.recipe import parse

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BEAM = version("apache-beam")


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text("utf-8")))


def everything() -> list[dict[str, Any]]:
    return documents("flink.yaml") + documents("job.yaml")


def pods() -> Iterator[dict[str, Any]]:
    for document in everything():
        if document["kind"] in ("Deployment", "Job"):
            yield document["spec"]["template"]


def containers() -> dict[str, dict[str, Any]]:
    return {
        container["name"]: container
        for pod in pods()
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    }


def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text("utf-8")


def test_every_document_names_a_known_kind_and_its_version() -> None:
    known = {
        "PersistentVolumeClaim": "v1",
        "Service": "v1",
        "ConfigMap": "v1",
        "Deployment": "apps/v1",
        "Job": "batch/v1",
    }
    assert all(known[document["kind"]] == document["apiVersion"] for document in everything())
    names = [(document["kind"], document["metadata"]["name"]) for document in everything()]
    assert len(set(names)) == len(names)


def test_every_image_has_a_tag_that_does_not_move() -> None:
    images = [container["image"] for container in containers().values()]
    images += re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)
    for image in images:
        name, _, tag = image.rpartition(":")
        assert name and re.match(r"\d+\.\d+", tag), image


def test_beam_is_of_one_version_everywhere() -> None:
    named = re.findall(r"apache/beam_\S+?:(\S+)", dockerfile())
    named += re.findall(r'\$\{BEAM\}==([\d.]+)"', dockerfile())
    named.append(containers()["job-server"]["image"].rpartition(":")[2])
    assert named == [BEAM] * 3
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert any(need.startswith(f"apache-beam>={BEAM[:4]}") for need in project["dependencies"])
    tag = f"malmoi-worker:{project['version']}"
    ours = [c["image"] for c in containers().values() if "malmoi-worker" in c["image"]]
    assert ours and all(image.endswith(tag) for image in ours) and tag in dockerfile()


def test_python_of_the_image_is_that_of_beams_container() -> None:
    (beam,) = re.findall(r"beam_python([\d.]+)_sdk", dockerfile())
    assert f"FROM python:{beam}-slim" in dockerfile()


def test_flink_and_its_job_server_are_of_one_line() -> None:
    images = {name: container["image"] for name, container in containers().items()}
    line = re.search(r"beam_flink([\d.]+)_job_server", images["job-server"])
    assert line and images["jobmanager"] == images["taskmanager"]
    assert images["jobmanager"].startswith(f"flink:{line[1]}.")


def test_every_container_has_limits_and_asks_for_no_more() -> None:
    for name, container in containers().items():
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys(), name
        assert resources["limits"]["memory"] == resources["requests"]["memory"], name


def test_mounts_name_volumes_of_their_pod_and_claims_that_are_there() -> None:
    made = {(document["kind"], document["metadata"]["name"]) for document in everything()}
    for pod in pods():
        spec = pod["spec"]
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= set(volumes)
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert ("PersistentVolumeClaim", claim) in made
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made


def test_selectors_find_their_pods() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods()]
    for document in everything():
        selector = document.get("spec", {}).get("selector")
        wanted = selector.get("matchLabels", selector) if selector else {}
        assert any(wanted.items() <= each.items() for each in labels), document["metadata"]


def test_ports_agree() -> None:
    workers, server = containers()["workers"], containers()["job-server"]
    assert workers["args"] == [f"--service_port={POOL_PORT}"]
    assert workers["ports"][0]["containerPort"] == POOL_PORT
    (service,) = [document for document in everything() if document["kind"] == "Service"]
    rest = {port["name"]: port["port"] for port in service["spec"]["ports"]}["rest"]
    assert f"--flink-master={service['metadata']['name']}:{rest}" in server["args"]
    for manager in ("jobmanager", "taskmanager"):
        properties = containers()[manager]["env"][0]["value"]
        assert f"jobmanager.rpc.address: {service['metadata']['name']}" in properties


def beam_arguments() -> list[str]:
    arguments = containers()["malmoi"]["args"]
    return arguments[arguments.index("--") + 1 :]


def test_the_jobs_options_are_beams_and_start_nothing_here(tmp_path: Path) -> None:
    given = beam_arguments()
    options = PipelineOptions(given).view_as(PortableOptions)
    server = containers()["job-server"]["args"]
    assert f"--job-port={options.job_endpoint.rpartition(':')[2]}" in server
    assert options.environment_config == f"localhost:{POOL_PORT}"
    slots = re.search(r"numberOfTaskSlots: (\d+)", containers()["taskmanager"]["env"][0]["value"])
    managers = next(d for d in documents("flink.yaml") if "taskmanager" in d["metadata"]["name"])
    assert slots and f"--parallelism={int(slots[1]) * managers['spec']['replicas']}" in given
    assert int(options.sdk_worker_parallelism) == int(slots[1])
    with engine("flink", given, 1, "/data/runs/first", tmp_path) as made:
        ours = PipelineOptions(list(made.options)).view_as(PortableOptions)
        assert (ours.job_endpoint, ours.environment_config) == (
            options.job_endpoint,
            options.environment_config,
        )
    assert not list(tmp_path.iterdir())  # no server's log


def test_the_jobs_recipe_can_be_read_and_its_paths_are_mounted() -> None:
    (recipe,) = [document for document in everything() if document["kind"] == "ConfigMap"]
    read = parse(recipe["data"]["recipe.yaml"], "recipe.yaml")
    mounts = [mount["mountPath"] for mount in containers()["malmoi"]["volumeMounts"]]
    for name in ("workers", "malmoi"):
        assert any(mount["mountPath"] == "/data" for mount in containers()[name]["volumeMounts"])
    assert all(path.startswith("/data/") for source in read.sources for path in source.paths)
    assert {"/recipe", "/data"} <= set(mounts)


@pytest.mark.parametrize("name", ["flink.yaml", "job.yaml"])
def test_what_is_said_of_the_files_in_the_docs_is_so(name: str) -> None:
    page = (ROOT / "docs" / "operation.md").read_text("utf-8")
    assert f"deploy/kubernetes/{name}" in page and "deploy/Dockerfile" in page
    assert f"apache/beam_python3.11_sdk:{BEAM}" in page


def test_only_the_wheel_and_the_constraints_go_to_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines == ["*", "!constraints.txt", "!dist/*.whl"]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(), re.MULTILINE)
    assert copied == ["constraints.txt dist/malmoi-*.whl"]
