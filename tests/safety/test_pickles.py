"""No file that a user names is unpickled: what would run code is a damaged file, and does not."""

import ast
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributed.checkpoint.metadata import BytesStorageMetadata, MetadataIndex

from tokenizer.errors import CorruptFileError
from trainer import checkpoint
from trainer.config import resolve_model
from trainer.dataset import _token_bytes
from trainer.model import NeoX
from trainer.parallel import Ranks


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.path}",)


def poison_metadata(path: Path, bomb: Touch) -> None:
    (path / ".metadata").write_bytes(pickle.dumps(bomb))


def poison_inside(path: Path, bomb: Touch) -> None:
    metadata = checkpoint.Reader(str(path)).metadata
    metadata.planner_data = bomb
    (path / ".metadata").write_bytes(pickle.dumps(metadata))


def poison_entry(path: Path, bomb: Touch) -> None:
    """An entry of bytes, which torch unpickles without restraint."""
    point_at(path, bomb, as_bytes=True)


def poison_tensor(path: Path, bomb: Touch) -> None:
    point_at(path, bomb, as_bytes=False)


def point_at(path: Path, bomb: Touch, as_bytes: bool) -> None:
    """Let every entry of a checkpoint be this."""
    file = io.BytesIO()
    torch.save(bomb, file)
    data = file.getvalue()
    metadata = checkpoint.Reader(str(path)).metadata
    (path / "__0_0.distcp").write_bytes(data)
    for entry in metadata.storage_data.values():
        entry.offset, entry.length = 0, len(data)
    for name in metadata.state_dict_metadata if as_bytes else ():
        metadata.state_dict_metadata[name] = BytesStorageMetadata()
        metadata.storage_data[MetadataIndex(name)] = entry
    (path / ".metadata").write_bytes(pickle.dumps(metadata))


POISONS = [poison_metadata, poison_inside, poison_entry, poison_tensor]


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.__name__)
def test_a_checkpoint_that_runs_code(tmp_path: Path, poison: Callable[[Path, Touch], None]) -> None:
    config = resolve_model({"layers": 1, "width": 16, "heads": 2, "context": 8})
    network = NeoX(config, 64)
    optimizer = torch.optim.AdamW(network.parameters())
    saver = checkpoint.Saver(tmp_path, Ranks(0, 1, torch.device("cpu")), 1)
    saver.save(network, optimizer, checkpoint.State(step=1))
    saver.wait()
    witness = tmp_path / "ran"
    poison(tmp_path / "step-00000001", Touch(witness))
    with pytest.raises(CorruptFileError, match="step-00000001"):
        checkpoint.load(tmp_path / "step-00000001", network)
    assert not witness.exists()


def test_an_array_that_runs_code(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    np.save(tmp_path / "token_bytes.npy", np.array([Touch(witness)], object), allow_pickle=True)

    class Description:
        vocab_size = 1

    with pytest.raises(CorruptFileError, match="token_bytes"):
        _token_bytes(tmp_path, Description())  # type: ignore[arg-type]
    assert not witness.exists()


UNSAFE = {"pickle.load", "pickle.loads", "pickle.Unpickler", "yaml.load", "eval", "exec"}
SAFE_WITH = {"np.load": ("allow_pickle", "False"), "torch.load": ("weights_only", "True")}


def test_no_call_in_the_code_unpickles() -> None:
    """numpy's and torch's loads say that they will not; pickle's own stand nowhere."""
    root = Path(__file__).parents[2]
    folders = ("pipeline", "tokenizer", "trainer")
    files = [path for folder in folders for path in (root / folder).rglob("*.py")]
    for path in [root / "beam_runner.py", *files]:
        calls = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
        for call in calls:
            name, place = ast.unparse(call.func), f"{path.relative_to(root)}:{call.lineno}"
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            assert name not in UNSAFE, place
            if name in SAFE_WITH:
                option, value = SAFE_WITH[name]
                assert given.get(option) == value, place
            assert given.get("trust_remote_code", "False") == "False", place
