"""A file that is read in parts gives the documents of a whole read, in order."""

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import storage
from pipeline.settings import Clean, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import Split, WorkUnit, fingerprint, plan_units

LINES = Source(name="s", paths=["*"], format="lines")


def texts(unit: WorkUnit, source: Source) -> list[str]:
    reads = list(read_unit(unit, source, Clean()))
    assert not any(each.failed for each in reads)
    return [text for each in reads for text in each.documents["text"].to_pylist()]


def in_parts(data: bytes, cuts: list[int], source: Source = LINES) -> list[list[str]]:
    with storage.write_atomic("mock://splits/a.txt") as file:
        file.write(data)
    files = tuple(storage.glob("mock://splits/a.txt"))
    ends = list(itertools.pairwise([0, *sorted(cuts), len(data)]))
    splits = [Split(at, len(ends), *pair) for at, pair in enumerate(ends)]
    return [texts(WorkUnit(at, "s", files, split), source) for at, split in enumerate(splits)]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("가나x", max_size=9), max_size=12), st.lists(st.integers(0, 99), max_size=4)
)
def test_lines_cut_anywhere(lines: list[str], cuts: list[int]) -> None:
    data = "\n".join(lines).encode()
    parts = in_parts(data, [cut % (len(data) + 1) for cut in cuts])
    assert list(itertools.chain(*parts)) == [line for line in lines if line]


def test_a_line_belongs_where_it_starts() -> None:
    data = b"aaaa\nbb\nccccccccc\nd\n"
    assert in_parts(data, [5]) == [["aaaa"], ["bb", "ccccccccc", "d"]]
    assert in_parts(data, [6, 9, 12]) == [["aaaa", "bb"], ["ccccccccc"], [], ["d"]]
    marked = in_parts(b"\xef\xbb\xbf" + data, [2, 4, 9])
    assert marked == [["aaaa"], [], ["bb"], ["ccccccccc", "d"]]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data.decode().encode("utf-16")])
def test_bytes_that_cannot_be_entered_are_read_by_the_first_part(pack: Any) -> None:
    data = pack("\n".join(f"줄 {n}" for n in range(9)).encode())
    assert in_parts(data, [10, 20]) == [[f"줄 {n}" for n in range(9)], [], []]


def test_a_planned_file_is_read_once_with_places_that_are_exact(tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"{n}번째 글 " * (n % 40 + 1)} for n in range(3_000)]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    source = Source(name="s", paths=[str(path)])
    units = plan_units([source], "/", 100_000)
    assert len(units) == round(len(data) / 100_000) and [u.number for u in units] == [
        *range(len(units))
    ]
    assert units[0].split and units[0].split.start == 0 and units[-1].split.end == len(data)  # type: ignore[union-attr]
    assert len({fingerprint(unit) for unit in units}) == len(units)
    assert [WorkUnit.from_json(json.loads(json.dumps(unit.to_json()))) for unit in units] == units
    documents = [
        row
        for unit in units
        for each in read_unit(unit, source, Clean())
        for row in each.documents.to_pylist()
    ]
    assert [row["id"] for row in documents] == [row["id"] for row in rows]
    for row in documents[::97]:
        name, offset = row["place"].split("@")
        line = data[int(offset) :].partition(b"\n")[0]
        assert name == "a.jsonl" and json.loads(line)["id"] == row["id"]


def test_parquet_is_split_by_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": [f"{n} 번째 행의 글" * 5 for n in range(1_000)]})
    pq.write_table(table, path, row_group_size=90, compression="none")
    source = Source(name="s", paths=[str(path)], format="parquet")
    units = plan_units([source], "/", path.stat().st_size // 4)
    assert [(u.split.start, u.split.end) for u in units if u.split] == [
        (0, 3),
        (3, 6),
        (6, 9),
        (9, 12),
    ]
    assert list(itertools.chain(*(texts(u, source) for u in units))) == table["text"].to_pylist()
    (last,) = list(read_unit(units[-1], source, Clean()))
    assert last.documents["place"].to_pylist()[0] == "a.parquet:811"


def test_what_is_not_split(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.txt", "c.parquet"):
        (tmp_path / name).write_bytes(b"x" * 1_000)
    for name, format in (("a.jsonl.gz", "jsonl"), ("b.txt", "text"), ("c.parquet", "parquet")):
        source = Source(name="s", paths=[name], format=format)  # type: ignore[arg-type]
        assert [unit.split for unit in plan_units([source], str(tmp_path), 100)] == [None]
