"""An export has what vLLM's loader of GPT-NeoX asks for, by name and shape.

vLLM needs a GPU and is not installed here. What follows is what its module tree makes of a
configuration, and which fields of it are read: vllm/model_executor/models/gpt_neox.py, commit
642d31b814b3dceab9636dcb3c1367ea5968699d. `load_weights` raises KeyError for a name outside that
tree, and leaves random what the file lacks.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from transformers import AutoConfig

from trainer.config import PRESETS


@pytest.fixture(scope="module")
def export(lab: Path) -> Path:
    return lab / "runs" / "first" / "export"


def expected(config: Any) -> dict[str, list[int]]:
    """Names and shapes of the parameters of vLLM's GPTNeoXForCausalLM."""
    width, inner, rows = config.hidden_size, config.intermediate_size, config.vocab_size
    layer = {
        "input_layernorm.weight": [width],
        "input_layernorm.bias": [width],
        "post_attention_layernorm.weight": [width],
        "post_attention_layernorm.bias": [width],
        "attention.query_key_value.weight": [3 * width, width],
        "attention.query_key_value.bias": [3 * width],
        "attention.dense.weight": [width, width],
        "attention.dense.bias": [width],
        "mlp.dense_h_to_4h.weight": [inner, width],
        "mlp.dense_h_to_4h.bias": [inner],
        "mlp.dense_4h_to_h.weight": [width, inner],
        "mlp.dense_4h_to_h.bias": [width],
    }
    return {
        "gpt_neox.embed_in.weight": [rows, width],
        **{
            f"gpt_neox.layers.{number}.{name}": shape
            for number in range(config.num_hidden_layers)
            for name, shape in layer.items()
        },
        "gpt_neox.final_layer_norm.weight": [width],
        "gpt_neox.final_layer_norm.bias": [width],
        "embed_out.weight": [rows, width],
    }


def test_names_and_shapes_are_those_of_the_loader(export: Path) -> None:
    files = sorted(export.glob("*.safetensors"))
    with safe_open(files[0], "pt") as file:
        found = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    assert len(files) == 1 and found == expected(AutoConfig.from_pretrained(export))


def test_the_fields_that_are_read_are_there(export: Path) -> None:
    config = AutoConfig.from_pretrained(export)
    assert config.architectures == ["GPTNeoXForCausalLM"]
    head = config.hidden_size // config.num_attention_heads
    assert head * config.num_attention_heads == config.hidden_size
    written = json.loads((export / "config.json").read_text("utf-8"))
    rotary = int(head * written["rotary_pct"])
    assert rotary == 8 and rotary % 2 == 0
    assert config.attention_bias is True  # else `query_key_value.bias` has no place
    assert config.tie_word_embeddings is False  # else embed_out would be overwritten
    assert config.use_parallel_residual is True
    assert config.hidden_act == "gelu" and config.layer_norm_eps == 1e-5
    assert config.max_position_embeddings == 64


def test_presets_have_the_base_that_the_loader_takes_without_a_field() -> None:
    assert {preset.rotary_base for preset in PRESETS.values()} == {10_000}


def test_the_files_that_a_server_opens_are_there(export: Path) -> None:
    names = {path.name for path in export.iterdir()}
    assert {"config.json", "generation_config.json", "tokenizer.json"} <= names
    generation = json.loads((export / "generation_config.json").read_text("utf-8"))
    assert generation["eos_token_id"] == 2
