"""Work units: the plan depends on files alone; a glob that finds nothing never starts a run."""

import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import Source
from pipeline.sources.units import WorkUnit, _grouped, fingerprint, place, plan_units
from pipeline.storage import FileInfo
from tokenizer.errors import RecipeError


def write(path: Path, size: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def test_small_files_share_a_unit_and_sources_do_not(tmp_path: Path) -> None:
    for name, size in [("a/2.jsonl", 40), ("a/1.jsonl", 40), ("a/3.jsonl", 40), ("b/big.txt", 500)]:
        write(tmp_path / name, size)
    sources = [
        Source(name="b", paths=["b/*.txt"], format="text"),
        Source(name="a", paths=["a/*.jsonl", "a/1.jsonl"]),
    ]
    units = plan_units(sources, str(tmp_path), 100)
    assert [(u.number, u.source, [Path(f.uri).name for f in u.files]) for u in units] == [
        (0, "b", ["big.txt"]),
        (1, "a", ["1.jsonl", "2.jsonl"]),
        (2, "a", ["3.jsonl"]),
    ]
    assert [WorkUnit.from_json(json.loads(json.dumps(unit.to_json()))) for unit in units] == units


@given(st.lists(st.integers(0, 120), max_size=40), st.integers(1, 200))
def test_grouping_keeps_every_file_in_order(sizes: list[int], unit_bytes: int) -> None:
    files = [FileInfo(f"{n:03}", size, 0) for n, size in enumerate(sizes)]
    groups = list(_grouped(files, unit_bytes))
    assert [file for group in groups for file in group] == files
    for group in groups:
        assert len(group) == 1 or sum(file.size for file in group) <= unit_bytes
    for group, following in itertools.pairwise(groups):
        assert sum(file.size for file in group) + following[0].size > unit_bytes


def test_glob_without_files_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl")
    source = Source(name="blog", paths=["a.jsonl", "nowhere/*.gz"])
    with pytest.raises(RecipeError) as caught:
        plan_units([source], str(tmp_path), 100)
    for part in ("blog", "nowhere/*.gz", str(tmp_path / "nowhere")):
        assert part in str(caught.value)


def test_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.jsonl")
    monkeypatch.setenv("CORPUS", str(tmp_path))
    monkeypatch.delenv("ELSEWHERE", raising=False)
    assert len(plan_units([Source(name="s", paths=["${CORPUS}/*.jsonl"])], "/", 100)) == 1
    with pytest.raises(RecipeError, match=r"'s'.*ELSEWHERE"):
        plan_units([Source(name="s", paths=["$ELSEWHERE/*.jsonl"])], "/", 100)


def test_fingerprint_changes_with_contents(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl")
    source = Source(name="s", paths=["*.jsonl"])

    def now() -> str:
        return fingerprint(plan_units([source], str(tmp_path), 100)[0])

    first = now()
    assert now() == first
    os.utime(tmp_path / "a.jsonl", ns=(1, 1))
    touched = now()
    write(tmp_path / "a.jsonl", 11)
    os.utime(tmp_path / "a.jsonl", ns=(1, 1))
    assert len({first, touched, now()}) == 3


def test_place_is_relative_to_the_globs_directory() -> None:
    source = Source(name="s", paths=["/data/news/*/part-*.jsonl", "gs://bucket/one.jsonl"])
    assert place("/data/news/2019/part-0.jsonl", source) == "2019/part-0.jsonl"
    assert place("gs://bucket/one.jsonl", source) == "one.jsonl"
    assert place("/other/x.jsonl", source) == "x.jsonl"
