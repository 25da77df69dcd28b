"""Recipes that would run code, fill memory or leave the run directory are refused as recipes."""

from pathlib import Path

import pytest

from pipeline.recipe import load, parse
from tokenizer.errors import RecipeError

PLAIN = 'sources: [{name: a, paths: ["x/*.jsonl"]}]\n'


def bomb(levels: int = 9, width: int = 10) -> str:
    lines = ["a0: &a0 [x, x]"]
    for n in range(1, levels):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "tag", ["object/apply:os.system", "object/new:os.system", "name:os.system"]
)
def test_tags_that_run_code(tmp_path: Path, tag: str) -> None:
    witness = tmp_path / "ran"
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"{PLAIN}name: !!python/{tag} ['touch {witness}']\n")
    with pytest.raises(RecipeError, match=r"r\.yaml:2: not YAML"):
        load(recipe)
    assert not witness.exists()


@pytest.mark.parametrize(
    "text",
    [
        bomb(),
        PLAIN + bomb(),
        PLAIN + "name: &a [*a]\n",
        PLAIN + "clean: &c {models: [*c]}\n",
        "[" * 50_000,
        PLAIN + "name: " + "{a: " * 3_000 + "1" + "}" * 3_000,
        PLAIN + "name: \0",
        PLAIN + "name: \x1b[31m",
    ],
    ids=range(8),
)
def test_text_that_grows_or_holds_itself(text: str) -> None:
    with pytest.raises(RecipeError):
        parse(text)


def test_an_alias_is_no_fault() -> None:
    recipe = parse(
        "sources:\n  - {name: a, paths: &here [x], fields: &f {text: body}}\n"
        "  - {name: b, paths: *here, fields: *f}\n"
    )
    assert recipe.sources[1].fields.text == "body"


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "..",
        ".",
        "a/b",
        "/etc/x",
        "a\\b",
        "a b",
        "a\n",
        "\na",
        "a\0",
        "",
        "가",
        "-x",
        "a" * 101,
    ],
)
def test_a_name_that_could_leave_the_run_directory(name: str) -> None:
    data = PLAIN.replace("name: a", f"name: {yaml_string(name)}")
    with pytest.raises(RecipeError, match="name"):
        parse(data)
    screen = f"decontaminate: {{benchmarks: [{{name: {yaml_string(name)}, paths: [x]}}]}}\n"
    if len(name) < 100:  # benchmarks are in no file's name
        with pytest.raises(RecipeError, match="name"):
            parse(PLAIN + screen)


def yaml_string(value: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
