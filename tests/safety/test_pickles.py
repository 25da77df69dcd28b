"""No file that a user names is unpickled: what would run code is a damaged file, and does not."""

import ast
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tokenizer.errors import CorruptFileError
from trainer import checkpoint
from trainer.config import resolve_model
from trainer.dataset import _token_bytes
from trainer.model import NeoX


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("how", ["torch", "legacy", "pickle"])
def test_an_optimizer_state_that_runs_code(tmp_path: Path, how: str) -> None:
    witness, folder = tmp_path / "ran", tmp_path / "step-00000001"
    folder.mkdir()
    config = resolve_model({"layers": 1, "width": 16, "heads": 2, "context": 8})
    network = NeoX(config, 64)
    save_file(network.state_dict(), folder / "model.safetensors", {"format": "pt"})
    if how == "pickle":
        (folder / "optimizer.pt").write_bytes(pickle.dumps(Touch(witness)))
    else:
        zipped = how == "torch"
        torch.save(
            {"state": Touch(witness)},
            folder / "optimizer.pt",
            _use_new_zipfile_serialization=zipped,
        )
    with pytest.raises(CorruptFileError, match="step-00000001"):
        checkpoint.load(folder, network, torch.optim.AdamW(network.parameters()))
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
