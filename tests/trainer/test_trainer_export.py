"""An export is the checkpoint, to the bit and to transformers."""

import json
from pathlib import Path

import pytest
import torch
from mesh import read_tensors
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer import export as export_module
from trainer.__main__ import train_run
from trainer.checkpoint import checkpoints
from trainer.config import ModelConfig
from trainer.evaluate import evaluate
from trainer.export import export, huggingface_config, load_export


@pytest.fixture
def trained(run_dir: Path, tokenizer_dir: Path) -> Path:
    train_run(run_dir)
    return run_dir


def test_a_checkpoint_goes_out_and_comes_back(trained: Path, tokenizer_dir: Path) -> None:
    done = export(trained / "checkpoints", tokenizer_dir, trained / "export")
    assert done["checkpoint"] == "step-00000012"
    assert done["files"] == [
        "README.md",
        "config.json",
        "generation_config.json",
        "malmoi.model",
        "model.safetensors",
    ]
    assert done["files"] == sorted(path.name for path in (trained / "export").iterdir())
    assert done["logits_difference"] <= 2e-6
    tensors = read_tensors(checkpoints(trained / "checkpoints")[-1]).items()
    saved = {n.removeprefix("model."): t for n, t in tensors if n.startswith("model.")}
    written = load_file(trained / "export" / "model.safetensors")
    assert "embed_out.weight" in written
    assert written.keys() == saved.keys()
    assert all(torch.equal(written[name], saved[name]) for name in saved)
    network, _ = load_export(trained / "export")
    assert all(torch.equal(saved[name], w) for name, w in network.state_dict().items())
    assert done["parameters"] == sum(p.numel() for p in network.parameters())


def test_transformers_reads_all_of_it(trained: Path) -> None:
    export(checkpoints(trained / "checkpoints")[0], None, trained / "export")
    theirs = AutoModelForCausalLM.from_pretrained(trained / "export").eval()
    ours, _ = load_export(trained / "export")
    ids = torch.arange(64).view(2, 32)
    with torch.no_grad():
        assert (ours(ids) - theirs(ids).logits).abs().max() < 2e-6
    config = AutoConfig.from_pretrained(trained / "export")
    assert (config.vocab_size, config.eos_token_id, config.bos_token_id) == (128, 2, 2)
    assert config.rope_parameters["partial_rotary_factor"] == 0.5
    old_names = json.loads((trained / "export" / "config.json").read_text())
    assert (old_names["rotary_pct"], old_names["rotary_emb_base"]) == (0.5, 10_000.0)
    generation = GenerationConfig.from_pretrained(trained / "export")
    new = theirs.generate(ids[:, :8], generation, max_new_tokens=20, pad_token_id=2)
    assert new.max() < 64  # rows 64 to 127 stand for no token


@pytest.mark.parametrize("dims", range(2, 49, 2))
def test_the_share_of_a_head_gives_back_its_dimensions(dims: int) -> None:
    model = ModelConfig(layers=1, width=98, heads=2, context=8, rotary_dims=dims)
    facts = {"rows": 8, "vocab_size": 8, "end_of_text": 2, "tokenizer_sha256": ""}
    written = huggingface_config(model, facts | {"dataset_fingerprint": ""})
    assert int(49 * written["rotary_pct"]) == dims


def test_an_export_that_computes_something_else_is_refused(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(export_module.ACTIVATIONS, "gelu", "relu")
    with pytest.raises(MalmoiError, match=r"logits differ .* do not publish"):
        export(trained / "checkpoints", None, trained / "export")


def test_the_card_says_what_the_checkpoint_knows(trained: Path) -> None:
    export(trained / "checkpoints", None, trained / "export")
    card = (trained / "export" / "README.md").read_text()
    state = json.loads((checkpoints(trained / "checkpoints")[-1] / "state.json").read_text())
    assert f"{state['facts']['validation_bpb']:.4f} bits per byte" in card
    assert f"{state['tokens']:,} tokens in 12 steps" in card
    assert state["facts"]["dataset_fingerprint"] in card
    assert "blog (1), news (1)" in card


def test_evaluation_of_an_export_is_that_of_the_run(trained: Path) -> None:
    export(trained / "checkpoints", None, trained / "export")
    figures = evaluate(trained / "export", trained / "tokens")
    last = json.loads((trained / "checkpoints/metrics.jsonl").read_text().splitlines()[-1])
    assert figures["bpb"] == pytest.approx(last["validation_bpb"], rel=1e-6)
    assert figures["loss"] == pytest.approx(last["validation_loss"], rel=1e-6)
    per_source = {name: part["bpb"] for name, part in figures["sources"].items()}
    assert per_source == pytest.approx(last["validation_sources"], rel=1e-6)
    on_train = evaluate(trained / "export", trained / "tokens", "train", windows=2)
    assert on_train["tokens"] == 64
    with pytest.raises(MalmoiError, match="no split is named 'test'"):
        evaluate(trained / "export", trained / "tokens", "test")


def test_tokens_of_another_tokenizer_are_refused(trained: Path) -> None:
    export(trained / "checkpoints", None, trained / "export")
    path = trained / "tokens" / "manifest.json"
    path.write_text(path.read_text().replace("abab", "cdcd"))
    with pytest.raises(MalmoiError, match="different tokenizers"):
        evaluate(trained / "export", trained / "tokens")


def test_what_is_no_export_or_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="not an exported model"):
        load_export(tmp_path)
    with pytest.raises(MalmoiError, match="no checkpoint here"):
        export(tmp_path, None, tmp_path / "export")
