"""The recipe of what was seen, each source under a comment that says what that was."""

import itertools
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.init.keys import Keys, choose
from pipeline.init.places import Bucket, bare_name, buckets, by_stem
from pipeline.init.profiles import Judged, judge
from pipeline.init.records import first_records
from pipeline.init.sniff import Kind, sniff
from pipeline.settings import FieldNames, Source
from pipeline.storage import FileInfo
from pipeline.template import flow
from tokenizer.errors import MalmoiError

HEAD = """\
# A Malmoi recipe of what `malmoi init` found. Look through it: names, texts and profiles are
# guessed from some records of some files. Relative paths count from the folder it is saved in.
# `malmoi init` without a place prints every key with its default.
"""
_LOOKED_AT = 5  # files of a source
_PAGES_LOOKED_AT = 40  # where a file is a document
_LEAST_HANGUL = 0.01
_SINGLE = ("text", "html")  # a document a file: no telling apart by the names of files
_WIDTH = 98


@dataclass(frozen=True)
class Found:
    """A source, and what it was made from."""

    source: Source
    files: list[FileInfo]
    kinds: list[Kind]
    keys: Keys | None
    judged: Judged


def recipe_of(paths: Iterable[str]) -> str:
    """The recipe of files and folders, as YAML with comments.

    Raises MalmoiError where a place has no file, or none that can be read.
    """
    found, left = list[Found](), list[str]()
    there, personal = buckets(paths)
    for bucket in there:
        for each in _of_bucket(bucket, {one.source.name for one in found}):
            if isinstance(each, Found):
                found.append(each)
            else:
                left.append(each)
    if personal:
        left.append(f"{_count(personal, 'file')} with a personal value in the name: rename them")
    if not found:
        reasons = "; ".join(left)
        raise MalmoiError(f"no Korean text that can be read lies there ({reasons})")
    lines = ["sources:"]
    for one in found:
        lines += [*_commented(_seen(one), "  "), *_source(one.source)]
    if left:
        lines += [
            "",
            "# Left out:",
            *(line for each in left for line in _commented([each], "", "  ")),
        ]
    return HEAD + "\n".join(lines) + "\n"


def _of_bucket(bucket: Bucket, taken: set[str]) -> Iterator[Found | str]:
    """The sources of a bucket, or a line on each part of it that is none."""
    kinds = {file: sniff(file.uri) for file in _some(bucket.files)}
    format, _ = Counter(kind.format for kind in kinds.values()).most_common(1)[0]
    if not format:
        why = Counter(kind.why for kind in kinds.values()).most_common(1)[0][0]
        yield f"{_named(bucket, bucket.files)}: {why}"
        return
    if format in _SINGLE or bucket.is_file:
        groups = {bucket.name: list(bucket.files)}
    else:
        groups = by_stem(bucket)
    for stem, files in groups.items():
        name = bucket.name if len(groups) == 1 else stem or bucket.name
        if len(files) == 1 and len(groups) > 1:
            name = bare_name(files[0].uri)
        most = _PAGES_LOOKED_AT if format in _SINGLE else _LOOKED_AT
        kinds = {file: sniff(file.uri) for file in _some(files, most)}
        readable = {file: kind for file, kind in kinds.items() if kind.format}
        if not readable:
            yield f"{_named(bucket, files)}: {next(iter(kinds.values())).why}"
            continue
        found = _look(_free(name, format, taken), bucket, files, readable)
        if found.judged.documents and found.judged.hangul >= _LEAST_HANGUL:
            taken.add(found.source.name)
            yield found
        elif found.judged.documents:
            yield f"{_named(bucket, files)}: no Korean in it"
        else:
            rules = ", ".join(found.judged.failed) or "no text"
            yield f"{_named(bucket, files)}: no document in what was looked at ({rules})"


def _look(name: str, bucket: Bucket, files: list[FileInfo], kinds: dict[FileInfo, Kind]) -> Found:
    format, _ = Counter(kind.format for kind in kinds.values()).most_common(1)[0]
    looked = [file for file, kind in kinds.items() if kind.format == format]
    records, path = [], "[]"
    for file in looked:
        some, path = first_records(file, kinds[file])
        records += some
    keys = choose(records, format in ("json", "jsonl")) if records else None
    if format == "parquet" and keys:
        keys = Keys(
            keys.fields.model_copy(update={"text": keys.fields.texts[0]}), keys.first, keys.is_html
        )
    encodings = {kind.encoding for kind in kinds.values()}
    source = Source(
        name=name,
        paths=bucket.paths(files),
        format=format,
        records=path,
        markup="html" if keys and keys.is_html else kinds[looked[0]].markup,
        fields=keys.fields if keys else FieldNames(),
        encoding="cp949" if encodings == {"cp949"} and format not in ("text", "html") else "auto",
    )
    judged = judge(source, looked)
    source = source.model_copy(update={"profile": judged.profile})
    return Found(source, files, list(kinds.values()), keys, judged)


def _some(files: Iterable[FileInfo], most: int = _LOOKED_AT) -> list[FileInfo]:
    """At most so many files, from the first to the last."""
    every = list(files)
    step = max(1, -(-len(every) // most))
    return every[::step]


def _seen(found: Found) -> list[str]:
    """What the comment above a source says, a sentence or two a line."""
    judged, kinds = found.judged, found.kinds
    size = sum(file.size for file in found.files)
    packed = sorted({kind.packed for kind in kinds if kind.packed})
    encodings = sorted({kind.encoding for kind in kinds if kind.encoding})
    lines = [
        f"{_count(len(found.files), 'file')}, {_size(size)}"
        + (f", {' and '.join(packed)}" if packed else "")
        + (f"; {' and '.join(encodings)}" if encodings else "")
        + f". {_count(judged.documents, 'document')} looked at: {judged.characters:,.0f} "
        f"characters on average, {judged.hangul:.0%} of them Hangul."
    ]
    others = sum(kind.format != found.source.format for kind in kinds)
    if others:
        lines.append(f"{others} of {len(kinds)} files looked at are of another format.")
    if judged.failed:
        lines.append(f"Records that give no document: {_rules(judged.failed)}.")
    if found.keys:
        shown = found.keys.first[:20]
        more = f" and {len(found.keys.first) - 20} more" if len(found.keys.first) > 20 else ""
        lines.append(f"The first record has {', '.join(shown)}{more}.")
    gone = f"{judged.removed.total()} ({_rules(judged.removed)})" if judged.removed else "none"
    lines.append(f"The rules of profile {judged.profile} remove {gone} of them.")
    return lines


def _source(source: Source) -> Iterator[str]:
    """The source as a block of YAML, without what is a default."""
    given = source.model_dump(mode="json", exclude_defaults=True)
    fields: dict[str, Any] = {"name": source.name, "paths": source.paths, "format": source.format}
    for at, (key, value) in enumerate({**fields, **given}.items()):
        yield f"{'    ' if at else '  - '}{key}: {flow(value)}"


def _commented(lines: Iterable[str], pad: str, inner: str = "") -> list[str]:
    return [
        f"{pad}# {inner}{part}"
        for line in lines
        for part in textwrap.wrap(line, _WIDTH - len(pad + inner), break_long_words=False)
    ]


def _named(bucket: Bucket, files: Iterable[FileInfo]) -> str:
    """The files as globs, or as one and how many more."""
    paths = bucket.paths(files)
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _free(name: str, format: str, taken: set[str]) -> str:
    """A name for the source that the output files can have, and no other source has."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-_.")[:80] or "source"
    further = itertools.chain(
        [name, f"{name}-{format}"], map(f"{name}-{{}}".format, itertools.count(2))
    )
    return next(free for free in further if free not in taken)


def _rules(counter: Counter[str]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in counter.most_common())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:,.1f} {unit}"
    return f"{n_bytes} bytes"
