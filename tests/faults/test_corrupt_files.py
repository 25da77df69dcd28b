"""Files of a run that are damaged between two commands: mended by themselves, or a named error.

Never other bytes. A file of another size is made again; one of equal size whose content changed is
told by the checksum of its pages, by its hash, or (receipts, manifests) by not being whole.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.dedup.scratch import DOCUMENT, Job
from pipeline.settings import Dedup
from pipeline.workspace import Workspace
from tokenizer.errors import CorruptFileError, MalmoiError

Damage = Callable[[Path], None]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    """As a power cut leaves a file whose name was kept and whose content was not."""
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """One bit in the middle, where the data is; the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def garble(path: Path) -> None:
    path.write_bytes(b"\x00\xffnot what it was")


def other_json(path: Path) -> None:
    path.write_bytes(b"[1, 2]")


def remove(path: Path) -> None:
    path.unlink()


def test_damaged_receipts_are_done_again(
    whole: Path, tmp_path: Path, do, equal, caplog: pytest.LogCaptureFixture
) -> None:
    """One of each kind; every one is told, and its unit alone is done again."""
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    receipts = sorted((run / "curated" / "receipts").iterdir())
    for receipt, damage in zip(receipts, (truncate, empty, garble, other_json), strict=False):
        damage(receipt)
    (run / "curated" / "manifest.json").unlink()
    kept = {path.name: path.stat().st_mtime_ns for path in receipts[4:]}
    do(run)
    told = [record.getMessage() for record in caplog.records if "not whole" in record.getMessage()]
    assert {line.partition(":")[0] for line in told} == {str(path) for path in receipts[:4]}
    assert {path.name: path.stat().st_mtime_ns for path in receipts[4:]} == kept
    equal(run)


@pytest.mark.parametrize("damage", [truncate, empty, garble, other_json])
def test_a_manifest_that_cannot_be_read_is_as_none(
    whole: Path, tmp_path: Path, damage: Damage, do, equal
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    damage(run / "tokens" / "manifest.json")
    workspace = Workspace(run)
    assert workspace.manifest("tokenize") is None
    with pytest.raises(MalmoiError, match="step 'tokenize' is not done here; run `malmoi tokenize"):
        workspace.require("tokenize")
    assert "tokens/manifest.json: cannot be used; run `malmoi tokenize` again" in str(
        workspace.verify()[1]
    )
    do(run, "tokenize")
    assert workspace.verify()[1] == []
    equal(run)


READ_BY = {
    "clean/part-00001.parquet": ("curate", ["drops", "curated"]),
    "signatures/part-00001.parquet": ("curate", ["drops"]),
    "line_hashes/part-00001.parquet": ("curate", ["drops"]),
    "clean/removed/part-00001.parquet": ("curate", ["curated"]),
    "drops/part-00001.parquet": ("curate", ["curated"]),
    "drops/clusters-00001.parquet": ("curate", ["curated"]),
    "drops/lines-00001.parquet": ("curate", ["curated"]),
    "curated/blog-00001.parquet": ("count", ["counts"]),
    "counts/part-00003.parquet": ("tokenizer", ["tokenizer"]),
    "tokenizer/malmoi.model": ("tokenize", ["tokens"]),
    "tokenizer/token_bytes.npy": ("tokenize", ["tokens"]),
}
"""A file, the command that reads it, and the homes of the steps that are then to be done."""

QUICK = {
    ("clean/removed/part-00001.parquet", flip),
    ("curated/blog-00001.parquet", flip),
    ("tokenizer/malmoi.model", flip),
}
CASES = [
    pytest.param(
        name,
        damage,
        marks=[] if (name, damage) in QUICK else pytest.mark.slow,
        id=f"{name}-{damage.__name__}",
    )
    for name in READ_BY
    for damage in (truncate, flip, remove)
]


@pytest.mark.parametrize(("name", "damage"), CASES)
def test_a_damaged_intermediate_is_named_or_made_again(
    whole: Path, tmp_path: Path, do, equal, name: str, damage: Damage
) -> None:
    """The cure that the error names is taken; then every byte is that of the unbroken run."""
    command, homes = READ_BY[name]
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    for home in homes:
        (run / home / "manifest.json").unlink()
        shutil.rmtree(run / home / "receipts")
    damage(run / name)
    assert any(fault.startswith(f"{name}: ") for fault in Workspace(run).verify()[1])
    try:
        do(run, command)
    except MalmoiError as error:
        assert f"{name}" in str(error) and "delete" in str(error)
        (run / name).unlink(missing_ok=True)
    else:
        assert damage is not flip, "what is of equal size is not seen before it is read"
    do(run)
    equal(run)
    assert Workspace(run).verify()[1] == []


@pytest.mark.parametrize("damage", [flip, empty, "a record less"])
def test_a_damaged_scratch_file_is_named(tmp_path: Path, damage: Damage | str) -> None:
    """A run that was killed leaves them for the next one; fewer records are records too."""
    job = Job(((str(tmp_path), 0),), str(tmp_path / "scratch"), Dedup(), 4, 1, 1)
    records = np.array([(1,), (2,), (3,)], DOCUMENT)
    job.write("00000.wanted", records)
    assert job.read("00000.wanted").tolist() == records.tolist()
    assert (job.count("00000.wanted"), job.count("00001.wanted")) == (3, 0)
    path = tmp_path / "scratch" / "00000.wanted"
    if callable(damage):
        damage(path)
    else:
        path.write_bytes(path.read_bytes()[: -DOCUMENT.itemsize])
    with pytest.raises(CorruptFileError, match=r"00000.wanted: not as it was .* delete .*scratch"):
        job.read("00000.wanted")


def test_what_verify_finds_in_the_end_product_is_made_again(
    whole: Path, tmp_path: Path, do, equal
) -> None:
    """Token shards bear no checksum: only `verify` sees a flipped bit, and says what to do."""
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    damaged = [next((run / "tokens" / "train").glob(f"*.{kind}")) for kind in ("bin", "idx")]
    for path in damaged:
        flip(path)
    names = [str(path.relative_to(run)) for path in damaged]
    _, faults = Workspace(run).verify()
    assert sorted(faults) == sorted(
        f"{name}: changed since it was written; delete it and run `malmoi tokenize` again"
        for name in names
    )
    for path in damaged:
        path.unlink()
    do(run, "tokenize")
    equal(run)
