"""Samples of a recipe's input: records of every format, taken without reading all of it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.plan.sample import sampled_recipe, take_sample
from pipeline.recipe import Recipe, parse
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units


def write(path: Path, rows: list[dict[str, Any]]) -> int:
    """Write JSON lines, compressed where the name says so; returns their bytes before that."""
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return len(data)


def record(row: dict[str, Any]) -> bytes:
    """A row as a WARC record of plain text."""
    text = row["text"].encode()
    head = (
        f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:uuid:{row['id']}>\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text + b"\r\n\r\n"


def sources(folder: Path, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows as a source of each format, and what the recipe says of it."""
    write(folder / "plain.jsonl", rows)
    write(folder / "packed.jsonl.gz", rows)
    (folder / "lines.txt").write_text("\n".join(row["text"] for row in rows) + "\n", "utf-16")
    pq.write_table(pa.Table.from_pylist(rows), folder / "table.parquet", row_group_size=100)
    (folder / "all.json").write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    (folder / "rows.tsv").write_text(
        "id\ttext\n" + "".join(f"{row['id']}\t{row['text']}\n" for row in rows), "utf-8"
    )
    (folder / "web.warc.gz").write_bytes(b"".join(gzip.compress(record(row)) for row in rows))
    (folder / "pages").mkdir()
    for row in rows:
        (folder / "pages" / f"{row['id']}.txt").write_text(row["text"], "utf-8")
    return {
        "plain.jsonl": {"format": "jsonl"},
        "packed.jsonl.gz": {"format": "jsonl"},
        "lines.txt": {"format": "lines"},
        "table.parquet": {"format": "parquet"},
        "all.json": {"format": "json"},
        "rows.tsv": {"format": "tsv"},
        "pages/*.txt": {"format": "text"},
        "web.warc.gz": {"format": "warc"},
    }


def read_texts(recipe: Recipe) -> list[str]:
    return [
        text
        for unit in plan_units(recipe.sources, "", recipe.clean.unit_bytes)
        for read in read_unit(unit, recipe.source(unit.source), recipe.clean)
        for text in read.documents["text"].to_pylist()
    ]


@pytest.mark.parametrize(
    "name",
    [
        "plain.jsonl",
        "packed.jsonl.gz",
        "lines.txt",
        "table.parquet",
        "all.json",
        "rows.tsv",
        "pages/*.txt",
        "web.warc.gz",
    ],
)
def test_samples_of_every_format_are_records_of_it(name: str, tmp_path: Path) -> None:
    rows = [
        {"id": f"d{number}", "text": f"{number}번째 문서입니다. " + "가나다라 " * (number % 40)}
        for number in range(1_000)
    ]
    how = sources(tmp_path, rows)[name]
    source = {"name": "some", "paths": [str(tmp_path / name)], **how}
    recipe = parse(json.dumps({"sources": [source]}))
    texts = {row["text"].strip() for row in rows}
    (everything,) = take_sample(recipe, 10**9, str(tmp_path / "all"))
    assert everything.scale == pytest.approx(1.0, rel=1e-3)
    (taken,) = take_sample(recipe, round(everything.raw / 5), str(tmp_path / "some"))
    sampled = sampled_recipe(recipe, str(tmp_path / "some"), 5.0)
    found = read_texts(sampled)
    assert 120 < len(found) == taken.records < 290
    assert {text.strip() for text in found} <= texts
    assert taken.scale == pytest.approx(1_000 / len(found), rel=0.15)
    eighth = sampled_recipe(recipe, str(tmp_path / "some"), 40.0, ("eighth",))
    assert 5 < len(read_texts(eighth)) < 55
    assert len(read_texts(sampled_recipe(recipe, str(tmp_path / "all"), 1.0))) == len(rows)


def test_a_large_compressed_file_is_read_from_its_start_alone(tmp_path: Path) -> None:
    rows = [{"id": f"d{n}", "text": f"{n} {n * 7919 % 100003} " * 40} for n in range(30_000)]
    size = write(tmp_path / "large.jsonl.gz", rows)
    source = {"name": "large", "paths": [str(tmp_path / "*.gz")]}
    recipe = parse(json.dumps({"sources": [source]}))
    (taken,) = take_sample(recipe, 100_000, str(tmp_path / "sample"))
    assert taken.read < size / 5
    assert 60_000 < taken.sampled < 160_000
    assert taken.raw == pytest.approx(size, rel=0.1)
    write(tmp_path / "large.jsonl", rows)
    plain = recipe.model_copy(
        update={
            "sources": [recipe.sources[0].model_copy(update={"paths": [f"{tmp_path}/*.jsonl"]})]
        }
    )
    (windows,) = take_sample(plain, 100_000, str(tmp_path / "windows"))
    assert windows.read < size / 5
    assert windows.raw == size
