"""Every command explains itself, and the shell completes names."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import beam_runner
from trainer.config import PRESETS


def commands(of: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(name with those above it, command) of each command that does something."""
    for name, each in of.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, (*path, name))
        else:
            yield " ".join((*path, name)), each


COMMANDS = dict(commands(get_command(beam_runner.app)))
AT_WORK = ("run", "curate", "count", "tokenizer", "tokenize", "train", "export", "demo", "ablate")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_an_example_and_says_what_each_option_is(name: str) -> None:
    command = COMMANDS[name]
    assert f"Example: malmoi {name}" in command.help
    assert command.help.partition("\n")[0].rstrip().endswith(".")
    assert [each.name for each in command.params if not each.help] == []


def test_commands_that_work_on_a_run_can_be_quiet_or_speak_json() -> None:
    for name in AT_WORK:
        options = {option for each in COMMANDS[name].params for option in each.opts}
        assert {"--quiet", "--json-logs"} <= options, name


def test_the_readme_lists_every_command() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    listed = {
        line.split("`")[1].removeprefix("malmoi ")
        for line in readme.splitlines()
        if line.startswith("| `malmoi ")
    }
    missing = [name for name in COMMANDS if not any(each.startswith(name) for each in listed)]
    assert missing == []


def completed(folder: Path, words: str) -> list[str]:
    """What the shell would offer for the last word of a command line."""
    environment = {
        **os.environ,
        "_MALMOI_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    command = Path(sys.executable).parent / "malmoi"
    result = subprocess.run(
        [command], env=environment, cwd=folder, capture_output=True, text=True, timeout=120
    )
    return result.stdout.split()


def test_names_and_recipes_are_completed(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    for name in ("recipes/one.yaml", "recipes/two.txt", "my.yml"):
        (tmp_path / name).touch()
    assert completed(tmp_path, "malmoi plan-train polyglot") == [
        name for name in PRESETS if name.startswith("polyglot")
    ]
    assert completed(tmp_path, "malmoi ablate r.yaml --model 1") == ["125m"]
    assert completed(tmp_path, "malmoi curate r.yaml --runner fl") == ["flink"]
    assert completed(tmp_path, "malmoi run ") == ["my.yml", "recipes/"]
    assert completed(tmp_path, "malmoi run recipes/o") == ["recipes/one.yaml"]


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.ko.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_pages_name_commands_and_options_that_there_are() -> None:
    """In `malmoi ...` of a line of shell, up to what a pipe or `--` takes over."""
    wrong, seen = [], 0
    for page in PAGES:
        text = page.read_text("utf-8").replace("\\\n", " ")
        for shell in re.findall(r"^ *```(?:sh)?\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
            for line in re.findall(r"^ *(?:\S*/|\S+=\S+ )*malmoi (.*)$", shell, re.MULTILINE):
                words = re.split(r" [|>#] | -- | --$", line.replace("[", "").replace("]", ""))[
                    0
                ].split()
                name = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS), None)
                options = (
                    {option for each in COMMANDS[name].params for option in each.opts}
                    if name
                    else set()
                )
                unknown = [word for word in words if word.startswith("--") and word not in options]
                seen += 1
                if name is None or unknown:
                    wrong.append((page.name, line, unknown))
    assert wrong == []
    assert seen > 30
