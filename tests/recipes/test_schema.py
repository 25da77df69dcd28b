"""The JSON Schema of recipes: it is the committed one, and it takes what the parser takes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from pipeline.init.write import recipe_of
from pipeline.recipe import parse
from pipeline.schema import recipe_schema, recipe_schema_text
from pipeline.template import commented_recipe
from tokenizer.errors import RecipeError

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "recipe.schema.json"
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
SOURCE = 'sources: [{name: a, paths: ["a"]}]\n'


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = recipe_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_committed_schema_is_the_printed_one() -> None:
    assert SCHEMA.read_text("utf-8") == recipe_schema_text(), (
        "malmoi schema > docs/recipe.schema.json"
    )


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_shipped_recipes_fit_and_name_the_schema(
    path: Path, validator: Draft202012Validator
) -> None:
    text = path.read_text("utf-8")
    validator.validate(yaml.safe_load(text))
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == SCHEMA


def test_what_init_prints_fits(validator: Draft202012Validator, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"id": 1, "body": "도서관은 올해 새로 문을 열었다고 한다."}\n' * 3
    )
    for text in (commented_recipe(), recipe_of([str(tmp_path)])):
        validator.validate(yaml.safe_load(text))


def test_a_resolved_recipe_fits(validator: Draft202012Validator) -> None:
    recipe = parse(
        SOURCE + "model: {preset: 60m, layers: 3}\nclean: {profiles: {law: {digits: null}}}"
    )
    validator.validate(yaml.safe_load(recipe.to_yaml()))


@pytest.mark.parametrize(
    "text",
    [
        "model: polyglot-ko-12.8b",
        "model: {preset: demo, layers: 2}",
        "model: {layers: 2, width: 32, heads: 2, context: 64}",
        "clean: {profiles: {korean: {too_short: {threshold: 3}, few_sentences: null}}}",
        "clean: {profiles: {poems: {a: {feature: n_lines, drop_if: <, threshold: 2}}}}",
        "pii: {kinds: [tel, name], masks: {card: acc}}",
        "dedup: {enabled: false, threshold: 1}",
        "train: {start_from: null, betas: [0.9, 0.99]}",
    ],
)
def test_what_the_parser_takes_fits(text: str, validator: Draft202012Validator) -> None:
    parse(SOURCE + text)
    validator.validate(yaml.safe_load(SOURCE + text))


@pytest.mark.parametrize(
    "text",
    [
        SOURCE + "seeed: 1",
        SOURCE + "model: dem",
        SOURCE + "model: {layer: 3}",
        SOURCE + "dedup: {threshold: much}",
        SOURCE + "dedup: {threshold: 1.5}",
        SOURCE + "clean: {profiles: {korean: {too_short: {feature: n_char}}}}",
        SOURCE + "clean: {profiles: {mine: {a: {feature: n_chars}}}}",
        SOURCE + "pii: {kinds: [tell]}",
        'sources: [{name: a, paths: ["a"], format: jsonn}]',
        'sources: [{name: "../a", paths: ["a"]}]',
        "sources: []",
        "name: x",
    ],
)
def test_what_the_parser_refuses_does_not_fit(text: str, validator: Draft202012Validator) -> None:
    with pytest.raises(RecipeError):
        parse(text)
    assert not validator.is_valid(yaml.safe_load(text))


def test_every_key_is_described() -> None:
    schema = recipe_schema()
    parts: dict[str, Any] = {"Recipe": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, field in part.get("properties", {}).items()
        if not field.get("description")
    ]
    assert silent == []
    assert json.loads(recipe_schema_text())["$schema"].endswith("2020-12/schema")
