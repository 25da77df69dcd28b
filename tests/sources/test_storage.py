"""Files by name: atomic writes, globs, equal Parquet bytes; the same through a remote scheme."""

import gzip
import hashlib
import itertools
import pickle
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import parquet, storage
from tokenizer.errors import MalmoiError

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("n", pa.int32()),
        ("hashes", pa.list_(pa.uint64(), 3)),
    ],
    metadata={"of": "nobody's business"},
)


def rows(count: int, length: int = 20) -> list[dict[str, object]]:
    return [
        {
            "id": None if i % 7 == 0 else f"문서-{i}",
            "text": chr(0xAC00 + i % 11172) * (i * 37 % length),
            "n": None if i % 11 == 0 else i,
            "hashes": [i, i * i, 2**63 + i],
        }
        for i in range(count)
    ]


def batches(records: list[dict[str, object]], cuts: list[int]) -> list[pa.RecordBatch]:
    bounds = [0, *sorted(cut % (len(records) + 1) for cut in cuts), len(records)]
    whole = pa.RecordBatch.from_pylist(records, schema=SCHEMA.remove_metadata())
    made = []
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        part = whole.slice(start, end - start)
        # one half slices of a parent, one half made afresh: offsets and null bitmaps differ
        made.append(
            part if number % 2 else pa.RecordBatch.from_pylist(part.to_pylist(), part.schema)
        )
    return made


@pytest.fixture(params=["local", "mock"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A directory on disk, and one on Arrow's in-memory filesystem, reached as a remote one is."""
    if request.param == "local":
        return str(tmp_path)
    return f"mock://{tmp_path.name}/{abs(hash(str(tmp_path)))}"


def test_written_file_has_its_name_only_when_whole(place: str) -> None:
    uri = storage.join(place, "가", "shard.bin")
    with storage.write_atomic(uri) as file:
        file.write(b"malmoi ")
        file.write(memoryview(b"\x00\x01"))
        assert not storage.exists(uri)
        assert len(storage.list_files(place)) == 1  # the unfinished one, beside its name
    assert storage.read_bytes(uri) == b"malmoi \x00\x01"
    assert file.size == storage.size(uri) == 9
    assert file.sha256 == storage.sha256(uri) == hashlib.sha256(b"malmoi \x00\x01").hexdigest()
    assert [info.uri for info in storage.list_files(place)] == [uri]


def test_exception_leaves_what_was_there(place: str) -> None:
    uri = storage.join(place, "a.json")
    with storage.write_atomic(uri) as file:
        file.write(b"old")
    with pytest.raises(KeyError), storage.write_atomic(uri) as file:
        file.write(b"new, half")
        raise KeyError("stop")
    assert storage.read_bytes(uri) == b"old"
    assert len(storage.list_files(place)) == 1


def test_write_replaces(place: str) -> None:
    uri = storage.join(place, "a.json")
    for content in (b"first", b"second"):
        with storage.write_atomic(uri) as file:
            file.write(content)
    assert storage.read_bytes(uri) == b"second"
    assert storage.stamp(uri) == storage.FileStamp(6, file.sha256)


def test_arrow_and_gzip_write_into_it(place: str) -> None:
    table = pa.Table.from_pylist(rows(10), schema=SCHEMA)
    ipc = storage.join(place, "t.arrow")
    with storage.write_atomic(ipc) as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with storage.open_read(ipc) as source:
        assert pa.ipc.open_file(source).read_all() == table
    zipped = storage.join(place, "t.gz")
    with storage.write_atomic(zipped) as file, gzip.GzipFile(fileobj=file, mode="wb") as stream:
        stream.write("말모이".encode())
    assert gzip.decompress(storage.read_bytes(zipped)).decode() == "말모이"


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=6), count=st.integers(0, 200))
def test_parquet_bytes_do_not_depend_on_batches(cuts: list[int], count: int) -> None:
    records = rows(count)
    one = parquet.write_parquet("mock://parquet/one", batches(records, []), SCHEMA)
    cut = parquet.write_parquet("mock://parquet/cut", batches(records, cuts), SCHEMA)
    assert one == cut
    assert storage.read_bytes("mock://parquet/one") == storage.read_bytes("mock://parquet/cut")
    assert one.rows == count


def test_row_groups_are_cut_by_rows(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 20_000)
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 70)
    records = rows(500, length=400)
    stamps = {
        parquet.write_parquet(storage.join(place, f"{n}.parquet"), batches(records, cuts), SCHEMA)
        for n, cuts in enumerate([[], [1, 2, 3], list(range(0, 500, 7)), [499, 13, 13]])
    }
    assert len(stamps) == 1
    with storage.open_read(storage.join(place, "0.parquet")) as source:
        file = pq.ParquetFile(source)
        groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        assert len(groups) > 7 and sum(groups) == 500 and max(groups) <= 70
        assert file.read().to_pylist() == records
        assert file.schema_arrow.equals(SCHEMA) and not file.schema_arrow.metadata


def test_pages_do_not_depend_on_batches() -> None:
    rng = random.Random(2)  # text that fills pages of a megabyte, and no dictionary
    texts = ["".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(300)) for _ in range(4000)]
    records = [
        {"id": str(n), "text": text, "n": n, "hashes": [n] * 3} for n, text in enumerate(texts)
    ]
    stamps = {
        parquet.write_parquet("mock://pages/a", batches(records, cuts), SCHEMA)
        for cuts in ([], [1001, 1500, 2777], list(range(0, 4000, 333)))
    }
    assert len(stamps) == 1


def test_failed_parquet_leaves_nothing(place: str) -> None:
    uri = storage.join(place, "x.parquet")

    def breaks() -> object:
        yield from batches(rows(5), [])
        raise RuntimeError("the reader died")

    with pytest.raises(RuntimeError, match="the reader died"):
        parquet.write_parquet(uri, breaks(), SCHEMA)  # type: ignore[arg-type]
    with pytest.raises(MalmoiError, match=r"x\.parquet.*schema"):
        parquet.write_parquet(uri, [pa.RecordBatch.from_pydict({"other": [1]})], SCHEMA)
    assert storage.list_files(place) == []


def test_glob(place: str) -> None:
    names = [
        "a/1.jsonl",
        "a/2.jsonl.gz",
        "a/.hidden.jsonl",
        "a/b/3.jsonl",
        "a/b/c/4.jsonl",
        "[5].txt",
    ]
    for name in names:
        with storage.write_atomic(storage.join(place, name)) as file:
            file.write(name.encode())

    def found(pattern: str) -> list[str]:
        return [storage.relative(f.uri, place) for f in storage.glob(storage.join(place, pattern))]

    assert found("a/*.jsonl") == ["a/1.jsonl"]
    assert found("a/?.jsonl*") == ["a/1.jsonl", "a/2.jsonl.gz"]
    assert found("a/[2-9]*") == ["a/2.jsonl.gz"]
    assert found("a/[!2-9]*") == ["a/1.jsonl"]
    assert found("**/*.jsonl") == ["a/1.jsonl", "a/b/3.jsonl", "a/b/c/4.jsonl"]
    assert found("a/**") == ["a/1.jsonl", "a/2.jsonl.gz", "a/b/3.jsonl", "a/b/c/4.jsonl"]
    assert found("a/**/4.jsonl") == ["a/b/c/4.jsonl"]
    assert found("*/*/3.jsonl") == ["a/b/3.jsonl"]
    assert found("a/.hidden.jsonl") == found("a/.h*") == ["a/.hidden.jsonl"]
    assert found("a/1.jsonl") == ["a/1.jsonl"]
    assert found("[[]5].txt") == ["[5].txt"]
    assert found("nowhere/*.jsonl") == found("a/9.jsonl") == found("a/b") == []


def test_listing_tells_size_and_time(place: str) -> None:
    assert storage.list_files(storage.join(place, "nothing here")) == []
    for name in ("b.txt", "a/z.txt"):
        with storage.write_atomic(storage.join(place, name)) as file:
            file.write(b"12345")
    infos = storage.list_files(place)
    assert [storage.relative(info.uri, place) for info in infos] == ["a/z.txt", "b.txt"]
    assert all(info.size == 5 and info.mtime_ns > 0 for info in infos)
    assert [storage.relative(i.uri, place) for i in storage.list_files(place, recursive=False)] == [
        "b.txt"
    ]
    assert pickle.loads(pickle.dumps(infos)) == infos


def test_delete(place: str) -> None:
    uri = storage.join(place, "d", "x")
    with pytest.raises(FileNotFoundError):
        storage.delete(uri)
    storage.delete(uri, missing_ok=True)
    assert storage.size(uri) is None
    with storage.write_atomic(uri) as file:
        file.write(b"1")
    storage.delete(uri)
    assert not storage.exists(uri)
    storage.make_dirs(storage.join(place, "d", "e"))
    assert storage.exists(storage.join(place, "d", "e"))
    assert storage.size(storage.join(place, "d")) is None
    storage.delete_dir(storage.join(place, "d"))
    storage.delete_dir(storage.join(place, "d"))
    assert not storage.exists(storage.join(place, "d"))


def test_join_and_relative() -> None:
    assert storage.join("gs://b/run/", "clean", "0.parquet") == "gs://b/run/clean/0.parquet"
    assert storage.join("run", "/abs/x") == "/abs/x"
    assert storage.join("run", "s3://b/x") == "s3://b/x"
    assert storage.relative("gs://b/run/clean/0", "gs://b/run") == "clean/0"
    assert (
        storage.local_path("file:///data/가 나")
        == storage.local_path("/data/가 나")
        == Path("/data/가 나")
    )
    with pytest.raises(MalmoiError, match=r"mock://b/run.*local disk"):
        storage.local_path("mock://b/run")
    assert storage.relative("/other/x", "/run") == "/other/x"


def test_unknown_scheme_is_named() -> None:
    with pytest.raises(MalmoiError, match=r"nosuch://bucket.*gs://"):
        storage.read_bytes("nosuch://bucket/x")


def test_relative_paths_count_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with storage.write_atomic("x.txt") as file:
        file.write(b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]
    assert [info.uri for info in storage.glob("*.txt")] == [str(tmp_path / "x.txt")]


def test_sizes_are_of_those_that_are_there(place: str) -> None:
    names = [storage.join(place, f"d{n % 2}", f"{n:02d}") for n in range(30)]
    for n, uri in enumerate(names[:-4]):
        with storage.write_atomic(uri) as file:
            file.write(bytes(n))
    few = [names[3], storage.join(place, "none", "x"), names[-1]]
    assert storage.sizes(few) == {names[3]: 3}
    assert storage.sizes(names) == {uri: n for n, uri in enumerate(names[:-4])}
    assert storage.each(storage.size, names[:3]) == [0, 1, 2]


def test_a_file_uri_is_a_local_path(tmp_path: Path) -> None:
    with storage.write_atomic(f"file://{tmp_path}/x.txt") as file:
        file.write(b"1")
    assert [info.uri for info in storage.glob(f"file://{tmp_path}/*.txt")] == [f"{tmp_path}/x.txt"]
