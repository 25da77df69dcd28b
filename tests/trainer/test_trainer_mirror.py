"""Copies of checkpoints elsewhere: a machine that has nothing goes on from them, bit for bit."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as pafs
import pytest
from mesh import digest, read_tensors
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tokenizer.errors import RecipeError
from trainer.__main__ import train_run
from trainer.checkpoint import ResumeError, checkpoints
from trainer.mirror import Mirror, MirrorError

TIMED = {"tokens_per_s", "seconds", "memory", "data_wait_s", "mfu"}


def mirrored(run: Path, address: str) -> None:
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("steps: 12,", f'steps: 12, mirror: "{address}",'))


def outcome(run: Path) -> tuple[list[dict], dict[str, str]]:
    out = run / "checkpoints"
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    figures = [{k: v for k, v in line.items() if k not in TIMED} for line in lines]
    return figures, digest(read_tensors(checkpoints(out)[-1]))


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a bucket on loopback, all that is needed in it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        endpoint = f"{host}:{port}"
        pafs.S3FileSystem(
            endpoint_override=endpoint, scheme="http", allow_bucket_creation=True
        ).create_dir("models")
        yield f"s3://models/run?endpoint_override={endpoint}&scheme=http&region=us-east-1"
    server.stop()


def test_a_machine_with_nothing_goes_on_from_a_bucket(run_dir: Path, bucket: str) -> None:
    mirrored(run_dir, bucket)
    train_run(run_dir)
    whole = outcome(run_dir)
    out = run_dir / "checkpoints"
    kept = [path.name for path in checkpoints(out)]
    mirror = Mirror(bucket)
    assert mirror.newest() == 12
    assert [f"step-{step:08d}" for step in mirror._steps()] == kept

    shutil.rmtree(out)
    # as if it had been killed in the copying of the last one: that copy is none
    mirror._files.delete_file("models/run/step-00000012/state.json")
    assert mirror.newest() == 8
    train_run(run_dir)
    assert outcome(run_dir) == whole
    assert mirror.newest() == 12
    assert not list(out.glob(".step-*"))


def test_a_mirror_that_cannot_be_reached_stops_no_training(
    run_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copies = tmp_path / "copies"
    mirrored(run_dir, str(copies))
    expected = train_run(run_dir)
    shutil.rmtree(run_dir / "checkpoints")
    shutil.rmtree(copies)
    (tmp_path / "copies").mkdir(mode=0o700)
    for step in (4, 8, 12):  # no folder of a checkpoint can be made
        (copies / f"step-{step:08d}").write_text("in the way")
    with pytest.raises(MirrorError, match=r"copies: cannot be reached .*train\.mirror"):
        train_run(run_dir)
    assert any("copies: cannot be reached" in record.getMessage() for record in caplog.records)
    assert checkpoints(run_dir / "checkpoints")[-1].name == "step-00000012"

    shutil.rmtree(copies)
    assert train_run(run_dir)["last_loss"] == expected["last_loss"]  # nothing left but to copy
    assert Mirror(str(copies)).newest() == 12


def test_another_run_in_the_mirror_is_refused(run_dir: Path, tmp_path: Path) -> None:
    mirrored(run_dir, str(tmp_path / "copies"))
    train_run(run_dir)
    shutil.rmtree(run_dir / "checkpoints")
    recipe = run_dir / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("steps: 12,", "steps: 12, weight_decay: 0.3,"))
    with pytest.raises(ResumeError, match=r"weight_decay was 0\.1, now 0\.3"):
        train_run(run_dir)


def test_an_address_must_be_one(run_dir: Path) -> None:
    mirrored(run_dir, "copies")
    with pytest.raises(RecipeError, match="mirror"):
        train_run(run_dir)
    with pytest.raises(MirrorError, match="nowhere"):
        Mirror("nowhere://at/all")
