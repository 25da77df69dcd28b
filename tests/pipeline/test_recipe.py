"""A recipe is checked whole before anything runs, and its errors name line, key and cure."""

from pathlib import Path

import pytest
import yaml

from pipeline.recipe import load, parse
from pipeline.template import commented_recipe
from tokenizer.errors import RecipeError
from trainer.config import PRESETS

SMALLEST = 'sources: [{name: blog, paths: ["blog/*.jsonl.gz"], format: jsonl}]'


def test_the_smallest_recipe_has_every_default() -> None:
    recipe = parse(SMALLEST)
    assert recipe.sources[0].fields.text == "text"
    assert recipe.tokenizer.vocab_size == 30_003
    assert recipe.model == PRESETS["demo"]
    assert recipe.dedup.enabled and recipe.pii.enabled and not recipe.decontaminate.enabled
    assert recipe.clean.rules("korean") and not recipe.clean.rules("none")


def test_a_resolved_recipe_loads_back_equal() -> None:
    recipe = parse(SMALLEST + "\nmodel: 60m\nclean: {profiles: {korean: {too_short: null}}}")
    assert parse(recipe.to_yaml()) == recipe
    assert "too_short" not in recipe.clean.rules("korean")


def test_parts_can_be_switched_off() -> None:
    recipe = parse(
        'sources: [{name: a, paths: ["a"], profile: none}]\npii: {enabled: false}\n'
        "dedup: {enabled: false}\ndecontaminate: {enabled: false}\ntokenizer: {vocab_size: 8000}\n"
        "model: demo\ntrain: {steps: 7}"
    )
    assert (recipe.tokenizer.vocab_size, recipe.train.steps) == (8000, 7)


def test_masks_of_kinds_decide_the_tokens() -> None:
    source = 'sources: [{name: a, paths: ["a"]}]\n'
    recipe = parse(source + "pii: {kinds: [card, tel, email], masks: {card: acc, name: rrn}}")
    assert recipe.pii.tokens == ["acc", "email", "tel"]
    assert parse(source).pii.tokens == sorted(parse(source).pii.kinds)


def test_the_printed_recipe_is_the_default_one() -> None:
    printed = commented_recipe()
    assert parse(printed) == parse(SMALLEST)
    assert set(yaml.safe_load(printed)) == set(type(parse(SMALLEST)).model_fields)


def test_weights_to_start_from_count_from_the_recipes_folder(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(SMALLEST + "\ntrain: {start_from: polyglot}", "utf-8")
    assert load(tmp_path / "recipe.yaml").train.start_from == str(tmp_path / "polyglot")
    assert parse(SMALLEST).train.start_from is None


def test_the_documented_recipe_is_the_printed_one() -> None:
    page = Path(__file__).parents[2] / "docs" / "recipe.md"
    assert f"```yaml\n{commented_recipe()}```" in page.read_text("utf-8"), "paste `malmoi init`"


def test_the_shipped_recipes_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATA", "DEMO", "CORPUS", "CRAWL", "EVAL"):
        monkeypatch.setenv(f"MALMOI_{variable}", "/folder")
    recipes = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))
    assert len(recipes) >= 2
    for path in recipes:
        load(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name: x\nsources:\n  - name: a\n    pahts: ["a"]', [r":4: sources.0.pahts: .*'paths'"]),
        ('sources: [{name: a, paths: ["a"]}]\ndedup:\n  treshold: 0.7', [":3: .*'threshold'"]),
        ('sources: [{name: a, paths: ["a"]}]\ndedup: {threshold: much}', [":2: dedup.threshold"]),
        ('sources: [{name: a, paths: ["a"], format: jsonn}]', [":1: .*'jsonn'.*'jsonl'"]),
        ('sources: [{name: a, paths: ["a"], profile: korea}]', ["'korean'"]),
        ('sources: [{name: a, paths: ["a"]}]\nmodel: dem', [":2: model: .*demo"]),
        ('sources: [{name: a, paths: ["a"]}]\ntrain: {step: 3}', [":2: train.step: .*'steps'"]),
        (
            'sources: [{name: a, paths: ["a"]}]\nclean:\n  profiles:\n    korean:\n      too_short:'
            "\n        feature: n_char\n        drop_if: <\n        threshold: 3",
            ["n_char", "n_chars"],
        ),
        ('sources: [{name: a, paths: ["a"]}, {name: a, paths: ["b"]}]', ["named 'a'"]),
        ('name: x\nname: y\nsources: [{name: a, paths: ["a"]}]', [":2: key 'name' stands twice"]),
        (
            'sources: [{name: a, paths: ["a"]}]\npii:\n  masks: {cart: acc}',
            [":3: pii.masks: 'cart'"],
        ),
        ('sources: [{name: a, paths: ["a"]}]\npii: {masks: {card: ip}}', ["pii.masks.card: 'ip'"]),
        ('sources: [{name: a, paths: ["a"]}]\npii: {masks: {tel: acc}}', ["'tel' is one of the"]),
        ("sources: [", ["not YAML"]),
        ("- a", ["mapping"]),
        ("name: x", ["sources: missing"]),
        ('sources: [{name: ../../a, paths: ["a"]}]', ["sources.0.name"]),
        ('sources: [{name: a, paths: ["a"]}]\ndecontaminate: {enabled: true}', ["decontaminate"]),
    ],
)
def test_errors_name_place_and_cure(text: str, expected: list[str]) -> None:
    for pattern in expected:
        with pytest.raises(RecipeError, match=pattern):
            parse(text)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        parse('sources: [{name: a, paths: ["a"]}]\nseeed: 1\ndedup: {bandz: 1}')
    assert "seeed" in str(caught.value) and "bandz" in str(caught.value)


def test_paths_count_from_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUS", "/corpus")
    (tmp_path / "r.yaml").write_text(
        'sources: [{name: a, paths: ["x/*.txt", "$CORPUS/y", "s3://b/z*"]}]', encoding="utf-8"
    )
    assert load(tmp_path / "r.yaml").sources[0].paths == [
        f"{tmp_path}/x/*.txt",
        "/corpus/y",
        "s3://b/z*",
    ]
    (tmp_path / "r.yaml").write_text('sources: [{name: a, paths: ["$NO_SUCH_PLACE/y"]}]')
    with pytest.raises(RecipeError, match="environment variable"):
        load(tmp_path / "r.yaml")
    with pytest.raises(RecipeError, match="malmoi init"):
        load(tmp_path / "none.yaml")
