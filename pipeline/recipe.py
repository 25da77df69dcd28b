"""The recipe: one YAML file says what a run does; errors name line, key and cure."""

import difflib
import math
import os
import typing
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from pipeline.settings import Benchmark, Clean, Decontaminate, Dedup, Pii, Section, Shards, Source
from tokenizer.config import TokenizerConfig
from tokenizer.errors import MalmoiError, RecipeError
from trainer.config import ModelConfig, TrainConfig, resolve_model


def _model(value: object) -> ModelConfig:
    try:
        return value if isinstance(value, ModelConfig) else resolve_model(typing.cast(Any, value))
    except MalmoiError as error:
        raise ValueError(str(error)) from error


_MAX_VALUES = 100_000
"""In a recipe, aliases written out: a few lines of them can name each other a billion times."""

_Globs = typing.TypeVar("_Globs", Source, Benchmark)


class Recipe(Section):
    """What a run does, whole: with its defaults filled in it is `RUN/recipe.yaml`."""

    name: str = Field("malmoi", description="names the run in the report and on the cards")
    seed: int = Field(0, ge=0, description="of every random choice")
    sources: list[Source] = Field(
        min_length=1, description="what is read: files of one format each"
    )
    clean: Clean = Field(Clean(), description="how each document is read, edited and judged")
    pii: Pii = Field(Pii(), description="personal data, masked in all that is written")
    dedup: Dedup = Field(Dedup(), description="copies and near copies")
    decontaminate: Decontaminate = Field(
        Decontaminate(), description="what overlaps with benchmarks"
    )
    tokenizer: TokenizerConfig = Field(TokenizerConfig(), description="trained on what is kept")
    shards: Shards = Field(Shards(), description="the tokens, as trainers read them")
    model: Annotated[ModelConfig, BeforeValidator(_model)] = Field(
        "demo",
        validate_default=True,
        description="a preset's name, or fields (`preset:` names the one they change)",
    )
    train: TrainConfig = Field(TrainConfig(), description="how the model is trained")

    @model_validator(mode="after")
    def _names_agree(self) -> "Recipe":
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are named '{name}': give each its own name")
        for source in self.sources:
            if source.profile not in self.clean.profiles:
                raise ValueError(
                    f"source '{source.name}' asks for profile '{source.profile}'"
                    + _nearest(source.profile, self.clean.profiles)
                )
        for name in self.tokenizer.weights:
            if name not in names:
                raise ValueError(f"tokenizer.weights names source '{name}'" + _nearest(name, names))
        return self

    def source(self, name: str) -> Source:
        return next(source for source in self.sources if source.name == name)

    def to_yaml(self) -> str:
        """The recipe with every default written out; loads back to an equal recipe."""
        return yaml.safe_dump(self.model_dump(mode="json"), allow_unicode=True, sort_keys=False)


def load(path: str | Path) -> Recipe:
    """Read and check a recipe file.

    Relative paths count from the recipe's folder and come back absolute, so that the
    resolved recipe means the same from anywhere.

    Raises RecipeError with `file:line: key: what; cure` for each fault found.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(
            f"{path}: cannot read the recipe ({error.strerror}); `malmoi init` prints one"
        ) from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    recipe = parse(text, str(path))
    folder = path.resolve().parent
    clean, screen = recipe.clean, recipe.decontaminate
    models = [
        model.model_copy(
            update={
                "path": _absolute(model.path, folder),
                "pieces": model.pieces and _absolute(model.pieces, folder),
            }
        )
        for model in clean.models
    ]
    benchmarks = [_from_folder(benchmark, folder) for benchmark in screen.benchmarks]
    earlier = [_absolute(run, folder) for run in recipe.dedup.against]
    start = recipe.train.start_from
    trained = {"start_from": _absolute(start, folder)} if start else {}
    return recipe.model_copy(
        update={
            "sources": [_from_folder(source, folder) for source in recipe.sources],
            "clean": clean.model_copy(update={"models": models}),
            "dedup": recipe.dedup.model_copy(update={"against": earlier}),
            "decontaminate": screen.model_copy(update={"benchmarks": benchmarks}),
            "train": recipe.train.model_copy(update=trained),
        }
    )


def _from_folder(section: _Globs, folder: Path) -> _Globs:
    return section.model_copy(update={"paths": [_absolute(glob, folder) for glob in section.paths]})


def parse(text: str, where: str = "recipe") -> Recipe:
    """Check a recipe given as YAML text; `where` names it in errors."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and _written_out(root, {}) > _MAX_VALUES:
            raise RecipeError(f"{where}: its aliases (*name) make too much of it; write it plainly")
        _refuse_double_keys(root, where)
        data = yaml.safe_load(text)
    except (RecursionError, yaml.reader.ReaderError) as error:
        raise RecipeError(f"{where}: not a recipe ({error}); `malmoi init` prints one") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{where}:{line}: not YAML: {error.problem or error.context}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{where}:1: a recipe is a mapping with at least `sources:`")
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        lines = [_describe(fault, root, where) for fault in error.errors()]
        raise RecipeError("\n".join(lines)) from error


def _absolute(glob: str, folder: Path) -> str:
    glob = os.path.expandvars(str(Path(glob).expanduser()) if glob.startswith("~") else glob)
    if "$" in glob:
        raise RecipeError(f"path '{glob}': the environment variable in it is not set; set it")
    return glob if "://" in glob else str(folder / glob)


def _written_out(node: yaml.Node, known: dict[int, float]) -> float:
    """How many values a node holds with its aliases written out; infinite if it holds itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        if isinstance(node, yaml.MappingNode):
            below = [part for pair in node.value for part in pair]
        else:
            below = node.value if isinstance(node, yaml.SequenceNode) else []
        known[id(node)] = 1 + sum(_written_out(part, known) for part in below)
    return known[id(node)]


def _refuse_double_keys(node: yaml.Node | None, where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise RecipeError(f"{where}:{line}: key '{key.value}' stands twice; keep one")
            seen.add(key.value)
            _refuse_double_keys(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_double_keys(item, where)


def _describe(fault: Any, root: yaml.Node | None, where: str) -> str:
    location: tuple[int | str, ...] = fault["loc"]
    line = _line_of(location, root)
    key = ".".join(str(part) for part in location) or "recipe"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "unknown key" + _nearest(str(location[-1]), _names_at(location[:-1]))
    elif fault["type"] == "missing":
        message = "missing; add it"
    elif fault["type"] == "literal_error":
        expected = fault["ctx"]["expected"]
        message = f"{fault['input']!r} is not one of {expected}"
    return f"{where}:{line}: {key}: {message}"


def _line_of(location: tuple[int | str, ...], node: yaml.Node | None) -> int:
    """The line of the deepest part of `location` that the file holds."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _names_at(location: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the section at `location`."""
    annotation: Any = Recipe
    for part in location:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            annotation = field.annotation if field else None
        else:  # list[X], dict[str, X], X | None
            annotation = typing.get_args(annotation)[-1] if typing.get_args(annotation) else None
        options = [option for option in typing.get_args(annotation) if option is not type(None)]
        if type(None) in typing.get_args(annotation) and options:
            annotation = options[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(annotation.model_fields)
    return []


def _nearest(name: str, valid: typing.Iterable[str]) -> str:
    names = list(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; valid are {', '.join(names)}" if names else ""
