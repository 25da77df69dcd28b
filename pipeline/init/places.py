"""Which files are there, and which of them belong together."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa

from pipeline import storage
from pipeline.pii.mask import mask_batch
from pipeline.storage import FileInfo
from tokenizer.errors import MalmoiError

PACKED = (".gz", ".zst", ".zstd")
_PERSONAL = ("email", "tel", "rrn")
_MOST_STEMS = 40
"""Files of a folder that have more different names than this are one source."""
_MOST_NAMES = 20
"""Files that may be named one by one where no glob takes them and no other."""


@dataclass(frozen=True)
class Bucket:
    """Files of one suffix below one folder, whose `name` it has; its globs begin with `base`."""

    name: str
    base: str
    suffix: str  # as `.jsonl.gz`
    files: tuple[FileInfo, ...]
    is_file: bool = False  # the one file that was asked for by its name

    def paths(self, files: Iterable[FileInfo]) -> list[str]:
        """Globs that take these files of the bucket; their names where none takes them alone."""
        wanted = sorted(file.uri for file in files)
        if self.is_file:
            return [_literal(self.base)]
        names = [uri.rpartition("/")[2] for uri in wanted]
        deep = "**/" if any("/" in self._below(uri) for uri in wanted) else ""
        begin = re.sub(r"\d+$", "", _common([_stripped(name) for name in names]))
        globs = [f"*{self.suffix}"] if self.suffix else []
        globs += [_literal(names[0])] if len(names) == 1 else []
        globs += [f"{_literal(begin)}*{self.suffix}"] if begin else []
        for glob in globs:
            pattern = f"{_literal(self.base)}/{deep}{glob}"
            if sorted(file.uri for file in storage.glob(pattern)) == wanted:
                return [pattern]
        if len(wanted) <= _MOST_NAMES:
            return [f"{_literal(self.base)}/{_literal(self._below(uri))}" for uri in wanted]
        return [f"{_literal(self.base)}/{deep}*{self.suffix}"]

    def _below(self, uri: str) -> str:
        return storage.relative(uri, _absolute(self.base))


def buckets(paths: Iterable[str]) -> tuple[list[Bucket], int]:
    """(what lies at the places, by folder and suffix; files that were left out for their names).

    A folder's own folders are told apart, where it has more than one. Raises MalmoiError where a
    place has no file.
    """
    found: list[Bucket] = []
    personal = 0
    for path in paths:
        path = path.removeprefix("file://").rstrip("/") or "/"
        if storage.size(path) is not None:
            info = storage.glob(_literal(path))
            found.append(Bucket(bare_name(path), path, suffix_of(path), tuple(info), True))
            continue
        files = [file for file in storage.list_files(_absolute(path)) if _is_shown(file, path)]
        if not files:
            raise MalmoiError(f"{path}: no file lies there; give files, or folders that hold some")
        kept = without_personal(files, path)
        personal += len(files) - len(kept)
        found += _of_folder(path, kept)
    return found, personal


def _of_folder(root: str, files: list[FileInfo]) -> Iterator[Bucket]:
    parts = {file: storage.relative(file.uri, _absolute(root)).split("/") for file in files}
    base = root
    while (
        files
        and len({part[0] for part in parts.values()}) == 1
        and all(len(part) > 1 for part in parts.values())
    ):
        base = f"{base}/{next(iter(parts.values()))[0]}"
        parts = {file: part[1:] for file, part in parts.items()}
    grouped: dict[tuple[str, str], list[FileInfo]] = {}
    for file, part in parts.items():
        folder = part[0] if len(part) > 1 else ""
        grouped.setdefault((folder, suffix_of(file.uri)), []).append(file)
    for (folder, suffix), members in grouped.items():
        place = f"{base}/{folder}" if folder else base
        yield Bucket(folder or _name(_absolute(base)), place, suffix, tuple(members))


def by_stem(bucket: Bucket) -> dict[str, list[FileInfo]]:
    """The files by their names without numbers: `news-000.jsonl`, `news-001.jsonl` are `news`."""
    grouped: dict[str, list[FileInfo]] = {}
    for file in bucket.files:
        grouped.setdefault(stem_of(_name(file.uri)), []).append(file)
    if len(grouped) > _MOST_STEMS:
        return {bucket.name: list(bucket.files)}
    return grouped


def bare_name(uri: str) -> str:
    return _stripped(_name(uri))


def stem_of(name: str) -> str:
    bare = re.sub(r"\d+", " ", _stripped(name))
    return re.sub(r"[\s_.-]+", "-", bare).strip("-")


def suffix_of(uri: str) -> str:
    """`.jsonl.gz` of `a/b.jsonl.gz`; a dot behind which there is no word is no suffix."""
    name = PurePosixPath(_name(uri))
    packed = name.suffix if name.suffix.lower() in PACKED else ""
    inner = PurePosixPath(name.name.removesuffix(packed)).suffix
    return (inner if re.fullmatch(r"\.[A-Za-z]\w{0,9}", inner) else "") + packed


def is_personal(texts: Iterable[str]) -> list[bool]:
    """Whether each text holds somebody's address or number."""
    column = pa.array(list(texts), pa.string())
    rows = set(mask_batch(column, _PERSONAL).rows)
    return [row in rows for row in range(len(column))]


def without_personal(files: list[FileInfo], root: str) -> list[FileInfo]:
    """The files whose names, as they would stand in the recipe, hold no personal value."""
    below = [storage.relative(file.uri, _absolute(root)) for file in files]
    # a suffix behind an address would make it none
    told = is_personal(" ".join(_stripped(name).split("/")) for name in below)
    return [file for file, personal in zip(files, told, strict=True) if not personal]


def _is_shown(file: FileInfo, root: str) -> bool:
    """Whether a glob takes the file: no part of its path below the folder is hidden."""
    below = storage.relative(file.uri, _absolute(root))
    return not any(part.startswith(".") for part in below.split("/"))


def _stripped(name: str) -> str:
    return name.removesuffix(suffix_of(name))


def _name(uri: str) -> str:
    return uri.rpartition("/")[2]


def _literal(path: str) -> str:
    """The glob that names this path and no other."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).absolute())


def _common(names: list[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in same)
