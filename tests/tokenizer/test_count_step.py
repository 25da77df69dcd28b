"""The count step on files: scratch files by shard, added up by hash range."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.count import (
    LEAST_PARTITIONS,
    PARTITION_TEXT,
    CuratedShard,
    Scratch,
    count_shard,
    merge_partition,
    partition_count,
)
from pipeline.parquet import read_table, write_parquet
from pipeline.receipts import Task
from tokenizer.errors import CorruptFileError

TEXT = pa.schema([("text", pa.string())])
TEXTS = [["가 나 다", "가 나"], [], ["나 나\n가", " ".join(f"말{i}" for i in range(200))]]


def counted(root: Path, partitions: int) -> Scratch:
    scratch = Scratch(str(root / "counts" / "scratch"), len(TEXTS), partitions)
    for number, texts in enumerate(TEXTS):
        path = str(root / f"{number}.parquet")
        write_parquet(path, [pa.record_batch([pa.array(texts, pa.string())], schema=TEXT)], TEXT)
        count_shard(CuratedShard(number, path), scratch)
    return scratch


def merged(root: Path, scratch: Scratch, minimum: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for number in range(scratch.partitions):
        unit = f"part-{number:05d}"
        merge_partition(Task(unit, "key", str(root), "counts", number), scratch, minimum)
        table = read_table(str(root / "counts" / f"{unit}.parquet"))
        assert not found.keys() & set(table["eojeol"].to_pylist())
        found.update(zip(*table.to_pydict().values(), strict=True))
    return found


@pytest.mark.parametrize(("partitions", "minimum"), [(1, 1), (4, 1), (16, 2)])
def test_partitions_add_up_to_the_counts_of_all_shards(
    tmp_path: Path, partitions: int, minimum: int
) -> None:
    texts = [text for shard in TEXTS for text in shard]
    lines = (line for text in texts for line in text.split("\n"))
    words = Counter(
        f" {word}" if at else word for line in lines for at, word in enumerate(line.split(" "))
    )
    want = {word: count for word, count in words.items() if count >= minimum}
    assert merged(tmp_path, counted(tmp_path, partitions), minimum) == want


def test_partitions_grow_with_the_text_alone() -> None:
    assert partition_count(0) == partition_count(LEAST_PARTITIONS * PARTITION_TEXT) == 16
    assert partition_count(863 * 10**9) == 256


def test_a_damaged_scratch_file_is_named(tmp_path: Path) -> None:
    scratch = counted(tmp_path, 4)
    where = Path(scratch.file(2))
    where.write_bytes(where.read_bytes()[:-20])
    with pytest.raises(CorruptFileError, match=r"00002\.arrow.*run the step again"):
        merged(tmp_path, scratch, 1)


def test_weights_of_sources_and_the_cap(tmp_path: Path) -> None:
    scratch = Scratch(str(tmp_path / "counts" / "scratch"), 3, 2)
    for number, (text, weight) in enumerate([("가 나", 1), ("가 다", 3), ("라", 0)]):
        path = str(tmp_path / f"{number}.parquet")
        write_parquet(path, [pa.record_batch([pa.array([text])], schema=TEXT)], TEXT)
        count_shard(CuratedShard(number, path, weight), scratch)
    found: dict[str, int] = {}
    for number in range(2):
        task = Task(f"part-{number:05d}", "key", str(tmp_path), "counts", number)
        merge_partition(task, scratch, minimum_count=2, maximum_count=3)
        table = read_table(str(tmp_path / "counts" / f"part-{number:05d}.parquet"))
        found.update(zip(*table.to_pydict().values(), strict=True))
    assert found == {"가": 3, " 다": 3}
