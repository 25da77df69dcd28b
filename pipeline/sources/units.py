"""Work units: which files of which source one task reads, fixed by the files alone."""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline import storage
from pipeline.settings import Source
from pipeline.storage import FileInfo
from tokenizer.errors import RecipeError


@dataclass(frozen=True)
class WorkUnit:
    """Whole files of one source, for one task and one shard; `number` counts over all sources."""

    number: int
    source: str
    files: tuple[FileInfo, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "source": self.source,
            "files": [asdict(file) for file in self.files],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "WorkUnit":
        return cls(
            data["number"], data["source"], tuple(FileInfo(**file) for file in data["files"])
        )


def plan_units(sources: Iterable[Source], base_dir: str, unit_bytes: int) -> list[WorkUnit]:
    """Cut the sources' files into units of about `unit_bytes` (as stored, compressed or not).

    Sources stand in the order given, files sorted by path; consecutive small files share a unit, a
    file is never split. The plan depends on names and sizes of the files only.

    Raises RecipeError for a glob that matches no file or names a variable that is not set.
    """
    units: list[WorkUnit] = []
    for source in sources:
        for files in _grouped(_files(source, base_dir), unit_bytes):
            units.append(WorkUnit(len(units), source.name, tuple(files)))
    return units


def fingerprint(unit: WorkUnit) -> str:
    """SHA-256 in hex of the paths, sizes and times of a unit's files."""
    digest = hashlib.sha256()
    for file in unit.files:
        digest.update(f"{file.uri}\0{file.size}\0{file.mtime_ns}\n".encode())
    return digest.hexdigest()


def place(uri: str, source: Source) -> str:
    """A file's path below the literal directory of the glob that names it, for records.

    It tells files of one source apart and says nothing about the machine.
    """
    for pattern in source.paths:
        directory = _literal_directory(_expand(pattern, source.name))
        if directory and uri.startswith(directory + "/"):
            return storage.relative(uri, directory)
    return uri.rpartition("/")[2]


def _files(source: Source, base_dir: str) -> list[FileInfo]:
    found: set[FileInfo] = set()
    for pattern in source.paths:
        where = storage.join(base_dir, _expand(pattern, source.name))
        matched = storage.glob(where)
        if not matched:
            raise RecipeError(
                f"source '{source.name}': '{pattern}' matches no file (looked for {where}); "
                "mend the glob or take the source out"
            )
        found.update(matched)
    return sorted(found)


def _grouped(files: list[FileInfo], unit_bytes: int) -> Iterable[list[FileInfo]]:
    group: list[FileInfo] = []
    size = 0
    for file in files:
        if group and size + file.size > unit_bytes:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.size
    if group:
        yield group


def _expand(pattern: str, source: str) -> str:
    if pattern.startswith("~"):
        pattern = str(Path(pattern).expanduser())
    expanded = os.path.expandvars(pattern)
    missing = re.search(r"\$(\w+|\{\w+\})", expanded)
    if missing:
        raise RecipeError(
            f"source '{source}': '{pattern}' needs the environment variable "
            f"{missing.group(1).strip('{}')}, which is not set; set it"
        )
    return expanded


def _literal_directory(pattern: str) -> str:
    literal = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    return literal.rpartition("/")[0]
