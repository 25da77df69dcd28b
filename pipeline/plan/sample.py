"""A sample of a recipe's input: records chosen evenly over every source, written as files.

A record is taken at random by where it stands, so that of copies that lie anywhere each is taken
or left by itself: that is what the model of copies (`copies`) counts on.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.plan.sinks import AS_LINES, FOLDERS, sink_for
from pipeline.plan.takers import READ, Reading, Taking, column_bytes, take
from pipeline.recipe import Recipe
from pipeline.settings import Clean, FieldNames, Source
from pipeline.sources.stream import ByteStream
from pipeline.sources.units import match_files
from pipeline.storage import FileInfo
from tokenizer.errors import MalmoiError

logger = logging.getLogger(__name__)

WINDOW = 1 << 20
"""Bytes of a file that are read in one go; a smaller file is read whole or not at all."""

PROBED, PROBE = 16, 8 << 20
"""Compressed files of a source whose expansion is measured, and how far into each."""

EIGHTH = FOLDERS[:1]
"""The folder of each source that holds one record in eight of its sample."""

_BUFFERED = 1 << 15
"""Half of what Arrow reads of a compressed file at a time: so much of it is not used yet."""

_WHOLE_FILES = ("text", "html")  # a document a file
_OF_LINES = ("jsonl", "lines")  # of which windows can be read


@dataclass(frozen=True)
class Taken:
    """What was taken of a source; bytes but `stored` are those of its files once decompressed."""

    source: str
    files: int
    stored: int  # bytes of the files as they lie
    raw: float  # counted where a file was read whole, else by its beginning
    read: int
    sampled: int
    records: int

    @property
    def scale(self) -> float:
        """Bytes of the source for each that was taken; 0 where none was."""
        return self.raw / self.sampled if self.sampled else 0.0


def take_sample(recipe: Recipe, size: int, folder: str) -> list[Taken]:
    """Write about `size` bytes of the recipe's input below `folder`, each source's share of them.

    `<folder>/<source>/eighth/*` and `rest/*` are files of the source's format. Depends on the
    recipe's seed and the files alone. All is taken of an input that has no more. MalmoiError where
    nothing could be taken.
    """
    matched = [
        match_files(source.paths, f"source '{source.name}'", "") for source in recipe.sources
    ]
    ratios = [
        _expansion(source, files, recipe.clean, recipe.seed)
        for source, files in zip(recipe.sources, matched, strict=True)
    ]
    stored = [sum(file.size for file in files) for files in matched]
    rate = min(1.0, size / max(float(np.dot(stored, ratios)), 1.0))
    taken = [
        _take_source(source, recipe, files, ratio, rate, storage.join(folder, source.name))
        for source, files, ratio in zip(recipe.sources, matched, ratios, strict=True)
    ]
    if not any(one.records for one in taken):
        raise MalmoiError("nothing of the input could be taken as a sample; give a larger --sample")
    for one in taken:
        if not one.records:
            logger.warning(
                "source '%s' (%s bytes) is too small for this sample: it counts as the others do",
                one.source,
                f"{one.raw:,.0f}",
            )
    return taken


def sampled_recipe(
    recipe: Recipe, folder: str, scale: float, parts: Sequence[str] = FOLDERS
) -> Recipe:
    """The recipe with the sample below `folder` as its input; `parts`: folders of each source.

    `scale`: documents of the input for one of these. A line is boilerplate from a number of
    documents on, so that number shrinks with them. Earlier runs are not compared with.
    """
    sources = []
    for source in recipe.sources:
        places = [storage.join(folder, source.name, part) for part in parts]
        if paths := [f"{place}/*" for place in places if storage.list_files(place)]:
            sources.append(source.model_copy(update={"paths": paths, **_written_as(source)}))
    lines = recipe.dedup.lines
    fewer = min(lines.documents, max(3, round(lines.documents / max(scale, 1.0))))
    dedup = {"lines": lines.model_copy(update={"documents": fewer}), "against": []}
    return recipe.model_copy(
        update={"sources": sources, "dedup": recipe.dedup.model_copy(update=dedup)}
    )


def _written_as(source: Source) -> dict[str, Any]:
    """What is other of a source's sample than of the source."""
    if source.format in AS_LINES:
        fields = FieldNames(meta=source.fields.meta)
        return {"format": "jsonl", "records": "[]", "fields": fields, "encoding": "auto"}
    is_wide = source.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    return {"encoding": "auto"} if is_wide and source.format in _OF_LINES else {}


def _take_source(
    source: Source, recipe: Recipe, files: list[FileInfo], ratio: float, rate: float, place: str
) -> Taken:
    rng = _rng(recipe.seed, source.name)
    read = known_stored = known_raw = 0
    with sink_for(source, files, place) as sink:
        taking = Taking(source, recipe.clean, rng, sink)
        for reading in _chosen(source, files, ratio, rate, rng):
            measured = take(reading, taking)
            read += measured.read
            if measured.whole is not None:
                known_stored += reading.file.size
                known_raw += measured.whole
    stored = sum(file.size for file in files)
    rest = known_raw / known_stored if 2 * known_stored > stored else ratio
    raw = known_raw + (stored - known_stored) * rest
    return Taken(source.name, len(files), stored, raw, read, sink.sampled, sink.records)


def _chosen(
    source: Source, files: list[FileInfo], ratio: float, rate: float, rng: np.random.Generator
) -> Iterator[Reading]:
    """What to read of which files, so that a share `rate` of the records is kept."""
    share = min(1.0, rate * READ)
    if source.format in _WHOLE_FILES:
        yield from (Reading(file, 1.0) for file in _some(files, rate, rng))
        return
    small = files
    if source.format in (*_OF_LINES, "warc") and share < 1:
        small = [file for file in files if file.size * ratio <= WINDOW]
        large = [file for file in files if file.size * ratio > WINDOW]
        yield from _windows(source, large, ratio, share, rate / share, rng)
    some = _some(small, share, rng)
    of_all = sum(file.size for file in small) / max(sum(file.size for file in some), 1)
    yield from (Reading(file, min(1.0, rate * of_all)) for file in some)


def _some(files: list[FileInfo], share: float, rng: np.random.Generator) -> list[FileInfo]:
    """A share of the files, one at least, evenly over their order."""
    count = min(len(files), max(1, round(len(files) * share))) if files else 0
    places = (np.arange(count) + rng.random(count)) * (len(files) / max(count, 1))
    return [files[at] for at in np.unique(places.astype(np.int64)).tolist()]


def _windows(
    source: Source,
    files: list[FileInfo],
    ratio: float,
    share: float,
    keep: float,
    rng: np.random.Generator,
) -> Iterator[Reading]:
    """A share of the bytes of large files: windows at random, one in each stretch of equal length.

    What is compressed cannot be entered: a file's windows are all taken from its beginning.
    """
    if not files:
        return
    ends = np.cumsum([file.size * ratio for file in files])
    count = max(1, round(float(ends[-1]) * share / WINDOW))
    points = (np.arange(count) + rng.random(count)) * (float(ends[-1]) / count)
    which = np.minimum(np.searchsorted(ends, points, side="right"), len(files) - 1)
    for at in np.unique(which).tolist():
        file, inside = files[at], points[which == at]
        starts = (inside - (ends[at] - file.size * ratio)).astype(np.int64).tolist()
        seekable = source.format != "warc" and not _is_compressed(file)
        windows = [(start, WINDOW) for start in starts] if seekable else [(0, WINDOW * len(starts))]
        yield Reading(file, keep, windows)


def _is_compressed(file: FileInfo) -> bool:
    with ByteStream(file.uri, 2) as stream:
        return stream.is_compressed


def _expansion(source: Source, files: list[FileInfo], clean: Clean, seed: int) -> float:
    """Decompressed bytes for each that is stored, by the beginnings of some of the files."""
    stored = raw = 1
    for file in _some(files, PROBED / max(len(files), 1), _rng(seed, source.name, "expansion")):
        if source.format == "parquet":
            size = _parquet_bytes(file, source)
        else:
            size = _unpacked(file, clean)
        stored, raw = stored + file.size, raw + size
    return raw / stored


def _parquet_bytes(file: FileInfo, source: Source) -> int:
    try:
        with storage.open_read(file.uri) as opened, pq.ParquetFile(opened) as parquet:
            return sum(column_bytes(parquet, source)[1])
    except (OSError, pa.ArrowException) as error:
        raise MalmoiError(
            f"{file.uri}: cannot be read for a sample ({error}); mend it or leave it out"
        ) from error


def _unpacked(file: FileInfo, clean: Clean) -> int:
    """Bytes of the file once decompressed, judged by its beginning."""
    length = 0
    with ByteStream(file.uri, clean.max_expansion) as stream:
        if not stream.is_compressed:
            return file.size
        for chunk in stream.chunks():
            length += len(chunk)
            if length >= PROBE:
                used = max(1, min(stream.consumed - _BUFFERED, file.size))
                return round(length * file.size / used)
    return length


def _rng(seed: int, *names: str) -> np.random.Generator:
    """Random numbers that depend on the seed and the names alone."""
    digest = hashlib.blake2b("\0".join(names).encode(), key=seed.to_bytes(8, "little"))
    return np.random.default_rng(int.from_bytes(digest.digest()[:16], "little"))
