"""Training starts from GPT-NeoX weights in Hugging Face's format on any mesh, or says why not."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mesh import Pool, digest, initial, whole
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from tokenizer.errors import CorruptFileError, RecipeError
from trainer.__main__ import is_done, train_run
from trainer.checkpoint import ResumeError, checkpoints, load, read_state
from trainer.config import ModelConfig, ParallelConfig, TrainConfig
from trainer.export import export
from trainer.layout import build_parallel
from trainer.model import NeoX, build
from trainer.parallel import ranks
from trainer.weights import load_weights, read_config, weights_sha256

SHAPE = ModelConfig(layers=2, width=32, heads=2, context=32)

STILL = {"learning_rate": 1e-30}
"""A step that moves no number that is not 0."""


def theirs(seed: int = 0, **changes: Any) -> GPTNeoXForCausalLM:
    """A random model of the shape of `SHAPE` with 128 rows, as transformers makes it."""
    shape = {"vocab_size": 128, "hidden_size": 32, "num_hidden_layers": 2, "rotary_pct": 0.5}
    shape |= {"num_attention_heads": 2, "intermediate_size": 128, "max_position_embeddings": 64}
    torch.manual_seed(seed)
    model = GPTNeoXForCausalLM(GPTNeoXConfig(**shape | changes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.1 * torch.randn(parameter.shape)
    return model


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    made = Pool(tmp_path_factory.mktemp("pool"))
    yield made
    made.close()


@pytest.fixture
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    theirs().save_pretrained(folder)
    return folder


def recipe(run: Path, **train: object) -> Path:
    settings = {"batch_tokens": 128, "micro_batch": 4, "warmup_steps": 1, "steps": 1} | train
    text = json.dumps({"layers": 2, "width": 32, "heads": 2, "context": 32})
    (run / "recipe.yaml").write_text(f"seed: 7\nmodel: {text}\ntrain: {json.dumps(settings)}\n")
    return run


def saved(run: Path) -> dict[str, Tensor]:
    network = build(SHAPE, 128)
    load(checkpoints(run / "checkpoints")[-1], network)
    return network.state_dict()


def test_logits_of_imported_weights_are_transformers(weights: Path) -> None:
    config, _ = read_config(weights)
    network = build(config, 128)
    load_weights(weights, network)
    ids = torch.randint(128, (2, 32), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert (network(ids) - theirs()(ids).logits).abs().max() < 2e-6


def test_what_goes_out_comes_in_and_goes_out_again_to_the_bit(run_dir: Path) -> None:
    train_run(run_dir)
    export(run_dir / "checkpoints", None, run_dir / "first")
    (run_dir / "checkpoints").rename(run_dir / "before")
    train_run(recipe(run_dir, start_from=str(run_dir / "first"), **STILL))
    export(run_dir / "checkpoints", None, run_dir / "second")
    files = [run_dir / name / "model.safetensors" for name in ("first", "second")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_run_begins_with_the_weights(run_dir: Path, weights: Path) -> None:
    train_run(recipe(run_dir, start_from=str(weights), **STILL))
    written = theirs().state_dict()
    written["embed_out.weight"] = written.pop("lm_head.weight")
    ours = saved(run_dir)
    assert ours.keys() == written.keys()
    assert all(torch.equal(ours[name], written[name]) for name in ours)
    export(run_dir / "checkpoints", None, run_dir / "export")
    back = load_file(run_dir / "export" / "model.safetensors")
    assert all(torch.equal(back[name], written[name]) for name in written)
    sha256 = hashlib.sha256((weights / "model.safetensors").read_bytes()).digest()
    said = hashlib.sha256(sha256).hexdigest()
    assert f"other weights, SHA-256 `{said}`" in (run_dir / "export" / "README.md").read_text()


def rewrite(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    """Change the tensors of a directory of one file."""
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, {"format": "pt"})


def test_shards_both_names_old_buffers_and_half_precision_are_read(
    weights: Path, tmp_path: Path
) -> None:
    theirs().half().save_pretrained(tmp_path / "sharded", max_shard_size="30KB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 2
    whole_file = shutil.copytree(weights, tmp_path / "whole")

    def as_of_old(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        halves = {name: tensor.half() for name, tensor in tensors.items()}
        halves["lm_head.weight"] = halves.pop("embed_out.weight")
        attention = "gpt_neox.layers.1.attention"
        halves[f"{attention}.bias"] = torch.ones(1, 1, 64, 64, dtype=torch.bool)
        halves[f"{attention}.masked_bias"] = torch.tensor(-1e9)
        halves[f"{attention}.rotary_emb.inv_freq"] = torch.ones(4)
        return halves

    rewrite(whole_file, as_of_old)
    expected = {name: tensor.half().float() for name, tensor in theirs().state_dict().items()}
    expected["embed_out.weight"] = expected.pop("lm_head.weight")
    for folder in (tmp_path / "sharded", whole_file):
        network = build(SHAPE, 128)
        load_weights(folder, network)
        assert all(torch.equal(w, expected[name]) for name, w in network.state_dict().items())


def shards_of(folder: Path, settings: TrainConfig) -> dict[str, str]:
    """Hashes of the weights that a mesh reads from a directory, put together."""
    with ranks(settings.parallel) as process:
        network: NeoX = build_parallel(SHAPE, 128, settings, process)
        load_weights(folder, network, process.writers)
        return digest({name: whole(weight) for name, weight in network.state_dict().items()})


@pytest.mark.parametrize(("world", "tensor", "replicate"), [(2, 1, 1), (4, 2, 1), (4, 1, 2)])
def test_every_mesh_reads_the_same_weights(
    pool: Pool, weights: Path, world: int, tensor: int, replicate: int
) -> None:
    alone = shards_of(weights, TrainConfig())
    parallel = ParallelConfig(tensor=tensor, replicate=replicate)
    read = pool(shards_of, world, folder=weights, settings=TrainConfig(parallel=parallel))
    assert read == [alone] * world
    assert alone != initial(SHAPE, 128, TrainConfig())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"num_hidden_layers": 3}, "model.layers is 2, of the weights 3"),
        ({"rotary_pct": 0.25}, "model.rotary_dims is 8, of the weights 4"),
        ({"hidden_act": "gelu_new"}, "model.activation is 'gelu', of the weights 'gelu_tanh'"),
        ({"vocab_size": 256}, r"64 entries takes 128 rows \(model.vocab_rows\), .* have 256"),
    ],
)
def test_weights_of_another_model_are_refused(
    run_dir: Path, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    theirs(**changes).save_pretrained(tmp_path / "weights")
    with pytest.raises(RecipeError, match=says):
        train_run(recipe(run_dir, start_from=str(tmp_path / "weights")))
    assert not (run_dir / "checkpoints").exists()


def test_weights_of_another_tokenizer_are_refused(run_dir: Path, weights: Path) -> None:
    config = json.loads((weights / "config.json").read_text())
    config["malmoi"] = {"tokenizer_sha256": "cd" * 32}
    (weights / "config.json").write_text(json.dumps(config))
    with pytest.raises(RecipeError, match="another tokenizer"):
        train_run(recipe(run_dir, start_from=str(weights)))


def drop(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if "embed_in" not in name}


def add(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return tensors | {"gpt_neox.layers.2.mlp.bias": torch.ones(2)}


def reshape(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return tensors | {"gpt_neox.final_layer_norm.bias": torch.ones(31)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop, "gpt_neox.embed_in.weight is missing"),
        (add, "gpt_neox.layers.2.mlp.bias has no place"),
        (reshape, r"gpt_neox.final_layer_norm.bias is \[31\], not \[32\]"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    run_dir: Path, weights: Path, change: Callable[..., Any], says: str
) -> None:
    rewrite(weights, change)
    with pytest.raises(CorruptFileError, match=says):
        train_run(recipe(run_dir, start_from=str(weights)))
    assert not checkpoints(run_dir / "checkpoints")


def test_a_truncated_file_another_model_and_none_are_named(
    run_dir: Path, weights: Path, tmp_path: Path
) -> None:
    path = weights / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match="weights cannot be taken"):
        train_run(recipe(run_dir, start_from=str(weights)))
    config = json.loads((weights / "config.json").read_text())
    for key, value in (("model_type", "llama"), ("use_parallel_residual", False)):
        (weights / "config.json").write_text(json.dumps(config | {key: value}))
        with pytest.raises(CorruptFileError, match=f"{key} is {value!r}"):
            train_run(recipe(run_dir, start_from=str(weights)))
    with pytest.raises(CorruptFileError, match=r"no \.safetensors file"):
        train_run(recipe(run_dir, start_from=str(tmp_path / "nothing")))


def test_a_run_goes_on_from_the_same_weights_only(run_dir: Path, weights: Path) -> None:
    train_run(recipe(run_dir, start_from=str(weights)))
    elsewhere = shutil.copytree(weights, weights.parent / f"{weights.name}-moved")
    train_run(recipe(run_dir, start_from=str(elsewhere), steps=2))
    assert read_state(checkpoints(run_dir / "checkpoints")[-1]).step == 2
    before = weights_sha256(elsewhere)
    theirs(seed=1).save_pretrained(elsewhere)
    assert weights_sha256(elsewhere) != before
    for start in (str(elsewhere), None):
        with pytest.raises(ResumeError, match=f"start_from was '{before}', now"):
            train_run(recipe(run_dir, start_from=start, steps=3))
    with pytest.raises(CorruptFileError, match=r"absent: no \.safetensors file"):
        train_run(recipe(run_dir, start_from=str(weights / "absent"), steps=3))


def test_a_recipe_file_trains_a_run_directory(run_dir: Path, weights: Path) -> None:
    folder = run_dir / "recipes"
    shutil.copytree(weights, folder / "weights")
    path = recipe(folder, start_from="weights") / "recipe.yaml"
    (run_dir / "recipe.yaml").unlink()
    with pytest.raises(RecipeError, match="say with --out which run directory"):
        train_run(path)
    assert not is_done(path, run_dir)
    train_run(path, run_dir)
    assert is_done(path, run_dir)
    assert read_state(checkpoints(run_dir / "checkpoints")[-1]).facts["start_from"]
    recipe(folder, start_from="weights", steps=2)
    assert not is_done(path, run_dir)
