"""Reading benchmarks: what of each item is to be looked for in the corpus."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.settings import Benchmark, Clean
from pipeline.sources.stream import ByteStream
from pipeline.sources.units import match_files
from pipeline.storage import FileInfo
from tokenizer.errors import RecipeError

PARTS = ("question", "passage")
"""What a text of an item is: asked, or source text that is found elsewhere too."""


@dataclass(frozen=True)
class Item:
    """One item of a benchmark: its name there, and the texts of each part, in the fields' order."""

    benchmark: str
    name: str
    questions: tuple[str, ...]
    passages: tuple[str, ...]

    def texts(self, part: str) -> tuple[str, ...]:
        return self.questions if part == "question" else self.passages


@dataclass(frozen=True)
class Items:
    """The items of all benchmarks, in the order of the recipe, the files' names and their lines."""

    benchmarks: tuple[str, ...]
    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


def read_items(benchmarks: Sequence[Benchmark], base_dir: str = "") -> Items:
    """The items of `benchmarks`: JSON Lines, plain, gzip or zstd; paths count from `base_dir`.

    A field may hold a string, a list or an object: every string in it is a text of its own. A null
    or empty one gives none. An item is named by its `id`, or by its line (`file:line` where a
    benchmark has several files).

    Raises RecipeError, naming benchmark, file, line and field, for a glob that matches no file, a
    variable that is not set, a damaged file, a line that is no JSON object, a field that a line
    does not have (with the nearest that it has) or that holds no text in any line, and for two
    benchmarks of one name or one that names no field.
    """
    names = [benchmark.name for benchmark in benchmarks]
    for benchmark in benchmarks:
        if names.count(benchmark.name) > 1:
            raise RecipeError(
                f"two benchmarks are named '{benchmark.name}'; give each its own name"
            )
        if not benchmark.questions and not benchmark.passages:
            raise RecipeError(
                f"benchmark '{benchmark.name}' names no field; give `questions`, `passages` or both"
            )
    items = [item for benchmark in benchmarks for item in _read(benchmark, base_dir)]
    return Items(tuple(names), tuple(items))


def _read(benchmark: Benchmark, base_dir: str) -> list[Item]:
    fields = (*benchmark.questions, *benchmark.passages)
    items: list[Item] = []
    filled: set[str] = set()
    files = benchmark_files(benchmark, base_dir)
    for file in files:
        stem = file.uri.rpartition("/")[2]
        for number, line in _lines(file.uri, benchmark.name):
            where = f"benchmark '{benchmark.name}': {file.uri}:{number}"
            record = _record(line, where)
            texts = {field: _texts(record, field, where) for field in fields}
            filled.update(field for field in fields if texts[field])
            given = record.get("id")
            place = str(number) if len(files) == 1 else f"{stem}:{number}"
            items.append(
                Item(
                    benchmark.name,
                    place if given is None or isinstance(given, list | dict) else str(given),
                    tuple(text for field in benchmark.questions for text in texts[field]),
                    tuple(text for field in benchmark.passages for text in texts[field]),
                )
            )
    for field in fields:
        if field not in filled:
            raise RecipeError(
                f"benchmark '{benchmark.name}': field '{field}' holds no text in any of "
                f"{len(items)} lines of {', '.join(benchmark.paths)}; name a field that does"
            )
    return items


def benchmark_files(benchmark: Benchmark, base_dir: str = "") -> list[FileInfo]:
    """The files of a benchmark, by path. RecipeError for a glob that matches none."""
    return match_files(benchmark.paths, f"benchmark '{benchmark.name}'", base_dir)


def _lines(uri: str, benchmark: str) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1."""
    stream = ByteStream(uri, Clean().max_expansion)
    content = b"".join(stream.chunks()).removeprefix(b"\xef\xbb\xbf")
    if stream.fault:
        raise RecipeError(f"benchmark '{benchmark}': {uri}: {stream.fault}; fetch the file again")
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            yield number, line


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecipeError(f"{where}: not JSON ({error}); a line is one JSON object") from error
    if not isinstance(record, dict):
        raise RecipeError(f"{where}: {type(record).__name__}, not a JSON object")
    return record


def _texts(record: dict[str, Any], field: str, where: str) -> list[str]:
    if field not in record:
        near = difflib.get_close_matches(field, list(record), n=1, cutoff=0.0)
        raise RecipeError(
            f"{where}: no field '{field}'" + (f"; the nearest is '{near[0]}'" if near else "")
        )
    return list(_strings(record[field]))


def _strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, keys left out, in its order."""
    if isinstance(value, str):
        if value and not value.isspace():
            yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
