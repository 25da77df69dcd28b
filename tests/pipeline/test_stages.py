"""Clean, assemble, count and tokenize as functions of batches and files, without Beam."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assemble import split_batch
from pipeline.clean import CLEAN, clean_batch
from pipeline.documents import CURATED, DOCUMENT, RAW, REMOVED, derived_id
from pipeline.parquet import read_batches, read_table
from pipeline.settings import Clean, Pii, Source
from pipeline.tokenize import split_of
from tokenizer.errors import CorruptFileError

SOURCE = Source(name="blog", paths=["x"])
PAGE = "우리 동네 도서관은 올해 새로 문을 열었다. 책을 빌리려면 회원증이 있어야 한다. " * 3


def raw(*texts: str, ids: list[str | None] | None = None) -> pa.RecordBatch:
    rows = [
        {"id": ids[row] if ids else None, "text": text, "place": f"f:{row}"}
        for row, text in enumerate(texts)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=RAW)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200) | st.just(PAGE), max_size=6))
def test_every_row_is_kept_or_removed_with_a_reason(texts: list[str]) -> None:
    cleaned = clean_batch(raw(*texts), SOURCE, Clean(), Pii())
    assert cleaned.kept.schema.equals(CLEAN) and cleaned.removed.schema.equals(REMOVED)
    ids = Counter(cleaned.kept["id"].to_pylist() + cleaned.removed["id"].to_pylist())
    assert ids == Counter(derived_id("blog", text) for text in texts)
    assert None not in cleaned.removed["rule"].to_pylist()
    for row in cleaned.kept.to_pylist():
        assert row["n_chars"] == len(row["text"])
        assert row["n_bytes"] == len(row["text"].encode())


def test_removed_text_says_by_which_rule_and_how_far() -> None:
    (row,) = clean_batch(raw("짧다."), SOURCE, Clean(), Pii()).removed.to_pylist()
    assert (row["step"], row["rule"], row["place"]) == ("clean", "too_short", "f:0")
    assert row["value"] == 3 and row["value"] < row["threshold"]


def test_a_document_that_breaks_a_stage_does_not_take_its_batch_along(monkeypatch) -> None:
    def breaks(text: str) -> str:
        if "poison" in text:
            raise ValueError(text)
        return text

    monkeypatch.setattr("pipeline.text.edit.extract", breaks)
    source = SOURCE.model_copy(update={"markup": "html"})
    poison = f"poison 010-1234-5678 {PAGE}"
    cleaned = clean_batch(raw(PAGE, poison, PAGE + "끝."), source, Clean(), Pii())
    assert cleaned.kept.num_rows == 2
    (row,) = cleaned.removed.to_pylist()
    assert row["rule"] == "stage_failed" and "010-1234-5678" not in row["text"]
    assert "poison" in row["text"]


def test_an_id_that_is_somebodys_address_is_replaced() -> None:
    batch = raw(PAGE, PAGE, ids=["kim@example.com", "post-17"])
    ids = clean_batch(batch, SOURCE, Clean(), Pii()).kept["id"].to_pylist()
    assert ids == [derived_id("blog", PAGE), "post-17"]


def test_masks_are_counted_and_url_and_meta_masked() -> None:
    rows = [
        {
            "text": f"{PAGE} 전화 010-2345-6789.",
            "url": "http://x.kr/?m=kim@example.com",
            "meta": json.dumps({"writer": "kim@example.com"}),
        }
    ]
    cleaned = clean_batch(pa.RecordBatch.from_pylist(rows, schema=RAW), SOURCE, Clean(), Pii())
    (row,) = cleaned.kept.to_pylist()
    assert cleaned.masked == {"tel": 1}
    assert "kim@" not in row["url"] + row["meta"] and json.loads(row["meta"])["writer"]


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 50))
def test_assemble_puts_each_row_on_one_side(dropped: list[bool], first: int) -> None:
    count = len(dropped)
    batch = pa.RecordBatch.from_pylist(
        [{"id": str(row), "source": "blog", "text": "가"} for row in range(count)], schema=DOCUMENT
    )
    rows = first + np.flatnonzero(dropped)
    drops = pa.table(
        {
            "row": pa.array(rows, pa.int32()),
            "rule": pa.array(["near_duplicate"] * len(rows), pa.string()),
            "duplicate_of": pa.array(["w"] * len(rows), pa.string()),
            "similarity": pa.array(np.full(len(rows), 0.9, np.float32)),
        }
    )
    with_copies = first + np.flatnonzero(~np.array(dropped))[:1]
    sizes = pa.table(
        {
            "row": pa.array(with_copies, pa.int32()),
            "cluster_size": pa.array([5] * len(with_copies), pa.int32()),
        }
    )
    kept, removed = split_batch(batch, first, drops, sizes)
    assert kept.schema.equals(CURATED) and removed.schema.equals(REMOVED)
    assert removed["id"].to_pylist() == [str(row - first) for row in rows]
    assert kept["id"].to_pylist() == [str(row) for row in range(count) if not dropped[row]]
    assert kept["cluster_size"].to_pylist() == [5, *[1] * (kept.num_rows - 1)][: kept.num_rows]


def test_a_document_stays_in_its_split() -> None:
    ids = [f"doc-{number}" for number in range(5_000)]
    tenth = {name for name in ids if split_of(name, 0.1, seed=1) == "validation"}
    fifth = {name for name in ids if split_of(name, 0.2, seed=1) == "validation"}
    assert 400 < len(tenth) < 600 and tenth < fifth
    assert tenth != {name for name in ids if split_of(name, 0.1, seed=2) == "validation"}
    assert not any(split_of(name, 0.0, seed=1) == "validation" for name in ids)


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "part-00000.parquet"
    path.write_bytes(b"PAR1 and no more")
    for read in (read_table, lambda name: list(read_batches(name))):
        try:
            read(str(path))
        except CorruptFileError as error:
            assert "part-00000.parquet" in str(error) and "delete it" in str(error)
        else:
            raise AssertionError("read a truncated file")
