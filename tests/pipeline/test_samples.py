"""The samples of a report depend on the documents, not on how they came in batches."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import REMOVED
from pipeline.samples import SAMPLE_CHARS, SAMPLES_EACH, SampleKeeper

ROWS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from(["blog", "news"]),
        st.sampled_from(["links", "digits"]),
    ),
    max_size=40,
    unique_by=lambda row: row[0],
)


def batch(rows: list[tuple[int, str, str]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {
                "id": f"d{number}",
                "source": source,
                "step": "clean",
                "rule": rule,
                "text": "말" * 500,
            }
            for number, source, rule in rows
        ],
        schema=REMOVED,
    )


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(0, 40))
def test_samples_are_the_same_however_rows_are_cut(
    rows: list[tuple[int, str, str]], at: int
) -> None:
    whole, parts = SampleKeeper(), SampleKeeper()
    whole.offer(batch(rows))
    for part in (rows[at:], rows[:at]):
        parts.offer(batch(part))
    shown = whole.rows()
    assert shown == parts.rows()
    kinds = [(row["source"], row["rule"]) for row in shown]
    for kind in {(source, rule) for _, source, rule in rows}:
        there = sum((source, rule) == kind for _, source, rule in rows)
        assert kinds.count(kind) == min(there, SAMPLES_EACH)
    assert all(len(row["text"]) == SAMPLE_CHARS for row in shown)


def test_kept_documents_are_offered_under_a_name() -> None:
    keeper = SampleKeeper()
    keeper.offer(batch([(1, "blog", "links")]), rule="kept")
    assert [(row["id"], row["rule"]) for row in keeper.rows()] == [("d1", "kept")]
