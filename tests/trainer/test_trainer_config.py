"""Presets are Polyglot-Ko's shapes, and a recipe's mistakes are named."""

import subprocess
import sys

import pytest

from tokenizer.errors import RecipeError
from trainer.config import (
    PRESETS,
    ModelConfig,
    ParallelConfig,
    TrainConfig,
    parameter_count,
    resolve_model,
)
from trainer.model import build

# From the model cards of EleutherAI/polyglot-ko-*. The card of 12.8B says 12,898,631,680, which no
# number of rows explains; this is the count of its published shape.
PUBLISHED = {
    "polyglot-ko-1.3b": 1_331_810_304,
    "polyglot-ko-3.8b": 3_809_974_272,
    "polyglot-ko-5.8b": 5_885_059_072,
    "polyglot-ko-12.8b": 12_893_603_840,
}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_published_number_of_parameters(name: str) -> None:
    rows = PRESETS[name].rows(30_003)
    network = build(PRESETS[name], rows, "meta")
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert rows == 30_080
    assert parameter_count(PRESETS[name], rows) == counted
    assert PUBLISHED.get(name, counted) == counted


def test_polyglot_turns_64_dimensions_of_each_head_and_a_small_head_half() -> None:
    turned = {name: (model.rotary_dims, model.head_width) for name, model in PRESETS.items()}
    assert turned["polyglot-ko-5.8b"] == (64, 256)
    assert turned["polyglot-ko-12.8b"] == (64, 128)
    assert turned["demo"] == (16, 32)


def test_a_model_survives_being_written_out() -> None:
    for model in PRESETS.values():
        assert resolve_model(model.model_dump(mode="json")) == model


def test_fields_on_a_preset_take_what_depends_on_them_along() -> None:
    model = resolve_model({"preset": "polyglot-ko-1.3b", "width": 512, "heads": 16})
    assert (model.layers, model.width) == (24, 512)
    assert (model.feed_forward, model.rotary_dims) == (2048, 16)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("polyglot-1.3b", "did you mean 'polyglot-ko-1.3b'"),
        ({"preset": "dmeo"}, "did you mean 'demo'"),
        ({"preset": "demo", "layer": 3}, "did you mean 'layers'"),
        ({"layers": 2, "width": 32, "heads": 2}, "context: missing"),
        ({"layers": 2, "width": 30, "heads": 4, "context": 8}, "4 heads do not divide"),
        ({"preset": "demo", "rotary_dims": 5}, "even number up to the head's 32"),
        ({"preset": "demo", "layers": 0}, "layers: "),
        ({"layers": 2, "width": 32, "heads": 0, "context": 8}, "heads: "),
        ({"preset": ["demo"]}, "no preset is named"),
        (3, "give a preset's name"),
    ],
)
def test_a_mistake_is_named_with_its_cure(value: object, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        resolve_model(value)  # type: ignore[arg-type]


def test_rows_hold_the_vocabulary() -> None:
    model = ModelConfig(layers=1, width=8, heads=2, context=8, vocab_rows=100)
    assert model.rows(100) == 100
    with pytest.raises(RecipeError, match="vocab_rows is 100, the tokenizer has 101"):
        model.rows(101)


def test_every_field_is_documented() -> None:
    for section in (ModelConfig, TrainConfig, ParallelConfig):
        assert [n for n, field in section.model_fields.items() if not field.description] == []


def test_recipes_are_read_without_torch() -> None:
    code = "import sys, trainer.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
