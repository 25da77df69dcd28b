"""Work units: which files of which source one task reads, fixed by the files alone."""

import hashlib
import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.settings import Source
from pipeline.storage import FileInfo
from pipeline.text.decode import decode
from tokenizer.errors import RecipeError

_COMPRESSED = (".gz", ".zst", ".zstd", ".bz2", ".xz", ".lz4", ".br", ".zip")


@dataclass(frozen=True)
class Split:
    """Part `index` of `of` of a file that is read in parts.

    `start` and `end` are bytes, for files of lines: a part holds the lines that start in it. For
    Parquet they are row groups.
    """

    index: int
    of: int
    start: int
    end: int


@dataclass(frozen=True)
class WorkUnit:
    """Whole files of one source, or one split of one file, for one task and one shard.

    `number` counts over all sources.
    """

    number: int
    source: str
    files: tuple[FileInfo, ...]
    split: Split | None = None

    @property
    def size(self) -> int:
        """Bytes that the unit reads, as they are stored; of a split its part of the file."""
        whole = sum(file.size for file in self.files)
        return whole // self.split.of if self.split else whole

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "source": self.source,
            "files": [asdict(file) for file in self.files],
            "split": asdict(self.split) if self.split else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "WorkUnit":
        split = Split(**data["split"]) if data.get("split") else None
        files = tuple(FileInfo(**file) for file in data["files"])
        return cls(data["number"], data["source"], files, split)


def plan_units(sources: Iterable[Source], base_dir: str, unit_bytes: int) -> list[WorkUnit]:
    """Cut the sources' files into units of about `unit_bytes` (as stored, compressed or not).

    Sources stand in the order given, files sorted by path; consecutive small files share a unit.
    A larger file is split where it can be: JSON lines and plain lines that are not compressed by
    ranges of bytes, Parquet by row groups; splits of a file follow each other. The plan depends on
    names and sizes of the files and on numbers of row groups only.

    Raises RecipeError for a glob that matches no file or names a variable that is not set, and for
    an encoding that does not exist.
    """
    units: list[WorkUnit] = []
    for source in sources:
        decode(b"", source.encoding)

        def splits(files: list[FileInfo], format: str = source.format) -> list[Split | None]:
            return _splits(files[0], format, unit_bytes) if len(files) == 1 else [None]

        matched = match_files(source.paths, _owner(source), base_dir)
        groups = list(_grouped(matched, unit_bytes))
        for files, parts in zip(groups, storage.each(splits, groups), strict=True):
            for split in parts:
                units.append(WorkUnit(len(units), source.name, tuple(files), split))
    return units


def _splits(file: FileInfo, format: str, unit_bytes: int) -> list[Split | None]:
    """The parts of a file, each of about `unit_bytes`; [None] for one that is read whole."""
    parts, length = round(file.size / unit_bytes), file.size
    if parts > 1 and format == "parquet":
        length = row_groups(file.uri)
        parts = min(parts, length)
    elif format not in ("jsonl", "lines") or file.uri.lower().endswith(_COMPRESSED):
        parts = 1
    if parts < 2:
        return [None]
    cuts = [length * part // parts for part in range(parts + 1)]
    return [Split(index, parts, *ends) for index, ends in enumerate(itertools.pairwise(cuts))]


def fingerprint(unit: WorkUnit) -> str:
    """SHA-256 in hex of the paths, sizes and times of a unit's files, and of its split."""
    digest = hashlib.sha256()
    for file in unit.files:
        digest.update(f"{file.uri}\0{file.size}\0{file.mtime_ns}\n".encode())
    if unit.split:
        digest.update(f"{unit.split}".encode())
    return digest.hexdigest()


def place(uri: str, source: Source) -> str:
    """A file's path below the literal directory of the glob that names it, for records.

    It tells files of one source apart and says nothing about the machine.
    """
    for pattern in source.paths:
        directory = _literal_directory(_expand(pattern, _owner(source)))
        if directory and uri.startswith(directory + "/"):
            return storage.relative(uri, directory)
    return uri.rpartition("/")[2]


def match_files(patterns: Iterable[str], owner: str, base_dir: str) -> list[FileInfo]:
    """The files that globs match, by path; `owner` (`source 'blog'`) stands in the errors.

    Raises RecipeError for a glob that matches no file or names a variable that is not set.
    """
    found: set[FileInfo] = set()
    for pattern in patterns:
        where = _expand(pattern, owner)
        where = storage.join(base_dir, where) if base_dir else where
        matched = storage.glob(where)
        if not matched:
            raise RecipeError(
                f"{owner}: '{pattern}' matches no file (looked for {where}); mend the glob "
                f"(a folder's files are folder/* or folder/**) or take the {owner.split()[0]} out"
            )
        found.update(matched)
    return sorted(found)


def row_groups(uri: str) -> int:
    """Row groups of a Parquet file; 0 where it cannot be read, which its reader will report."""
    try:
        with storage.open_read(uri) as file:
            return pq.read_metadata(file).num_row_groups
    except (pa.ArrowException, OSError):
        return 0


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


def _expand(pattern: str, owner: str) -> str:
    if pattern.startswith("~"):
        pattern = str(Path(pattern).expanduser())
    expanded = os.path.expandvars(pattern)
    missing = re.search(r"\$(\w+|\{\w+\})", expanded)
    if missing:
        raise RecipeError(
            f"{owner}: '{pattern}' needs the environment variable "
            f"{missing.group(1).strip('{}')}, which is not set; set it"
        )
    return expanded.removeprefix("file://")


def _owner(source: Source) -> str:
    return f"source '{source.name}'"


def _literal_directory(pattern: str) -> str:
    literal = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    return literal.rpartition("/")[0]
