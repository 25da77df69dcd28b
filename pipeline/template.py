"""`malmoi init`: a recipe with every key, its default and what it means, made from the models."""

import textwrap
import types
import typing
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.recipe import Recipe
from pipeline.settings import Source

HEAD = """\
# A Malmoi recipe. Only `sources` must be given; every other value below is its default and may go.
"""

_WIDTH = 140  # of a line that holds a rule

EXAMPLE = Source(name="blog", paths=["blog/*.jsonl.gz"])


def commented_recipe() -> str:
    """The text of a whole recipe; it loads as it is printed."""
    recipe = Recipe(sources=[EXAMPLE])
    return HEAD + "\n".join(_lines(recipe, 0)) + "\n"


def _lines(section: BaseModel, depth: int) -> list[str]:
    pad = "  " * depth
    lines = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if field.description:
            about = f"{field.description}{_choices(field)}"
            lines += [f"{pad}# {line}" for line in textwrap.wrap(about, 96 - len(pad))]
        if isinstance(value, BaseModel):
            lines += [f"{pad}{name}:", *_lines(value, depth + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            item = _lines(value[0], depth + 2)
            lines += [f"{pad}{name}:", f"{pad}  - " + item[0].lstrip(), *item[1:]]
        elif isinstance(value, dict) and value:
            lines += [f"{pad}{name}:", *_mapping(_plain(value), depth + 1)]
        else:
            lines.append(f"{pad}{name}: {flow(_plain(value))}")
    return lines


def _mapping(value: dict[str, Any], depth: int) -> list[str]:
    """A mapping of mappings, an inner one on its line where it fits."""
    pad = "  " * depth
    lines = []
    for name, item in value.items():
        line = f"{pad}{name}: {flow(item)}"
        if isinstance(item, dict) and len(line) > _WIDTH:
            lines += [f"{pad}{name}:", *_mapping(item, depth + 1)]
        else:
            lines.append(line)
    return lines


def _choices(field: FieldInfo) -> str:
    annotation = field.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) is typing.Literal:
        return f" ({' | '.join(map(flow, typing.get_args(annotation)))})"
    return ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value


def flow(value: Any) -> str:
    """A value as one line of flow-style YAML."""
    text = yaml.safe_dump(
        value, allow_unicode=True, default_flow_style=True, width=10**9, sort_keys=False
    )
    return text.removesuffix("...\n").strip()
