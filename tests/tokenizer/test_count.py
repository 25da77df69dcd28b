"""Counting eojeol: exact, sorted, the same however it is split over workers."""

import re
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.count import COUNTS, count_eojeol, merge_counts, partition
from tokenizer.errors import MalmoiError
from tokenizer.special import PII_KINDS, mask_token
from tokenizer.words import WordTable, stable_hashes

MASK = re.compile("|".join(re.escape(mask_token(kind)) for kind in PII_KINDS))
PIECE = re.compile(" *[^ \n]+|\n| +")

odd = st.sampled_from(
    [
        "가",
        "가나",
        " ",
        "  ",
        "\n",
        "\t",
        "\r",
        "\u3000",
        "\xa0",
        "a",
        "😀",
        "\0",
        "<|tel|>",
        "<|",
        "|>",
    ]
)
text = st.one_of(st.lists(odd, max_size=30).map("".join), st.text())
some_texts = st.lists(text, max_size=6)


def by_regex(texts: list[str]) -> dict[str, int]:
    bounded = (MASK.sub("\n", text) for text in texts)
    return dict(Counter(eojeol for text in bounded for eojeol in re.findall(" *[^ \n]+", text)))


def as_dict(table: pa.Table) -> dict[str, int]:
    return dict(zip(*table.to_pydict().values(), strict=True))


@given(some_texts)
def test_counts_are_those_of_the_regular_expression_sorted_by_bytes(texts):
    table = count_eojeol(pa.array(texts, pa.string()))
    assert table.schema == COUNTS
    assert as_dict(table) == by_regex(texts)
    eojeol = table["eojeol"].to_pylist()
    assert eojeol == sorted(eojeol, key=str.encode)


def test_masks_are_bounds_and_not_counted():
    table = count_eojeol(pa.array(["전화는 <|tel|>입니다. <|email|> 끝", "<|phone|>"]))
    assert as_dict(table) == {"전화는": 1, "입니다.": 1, " 끝": 1, "<|phone|>": 1}
    kinds = count_eojeol(pa.array(["a<|phone|>b"]), ["phone"])
    assert as_dict(kinds) == {"a": 1, "b": 1}


@given(some_texts, st.integers(0, 6))
def test_any_split_of_the_texts_gives_the_same_table(texts, at):
    whole = count_eojeol(pa.array(texts, pa.string()))
    halves = [count_eojeol(pa.array(part, pa.string())) for part in (texts[at:], texts[:at])]
    assert merge_counts(halves).equals(whole)
    assert merge_counts(iter(partition(whole, 3))).equals(whole)


def test_slices_and_large_strings_are_read_where_they_lie():
    texts = pa.array(["버림", "가 나", "가", "", "버림"])
    want = {"가": 2, " 나": 1}
    assert as_dict(count_eojeol(texts.slice(1, 3))) == want
    assert as_dict(count_eojeol(texts.cast(pa.large_string()).slice(1, 3))) == want
    assert count_eojeol(texts.slice(0, 0)).num_rows == merge_counts([]).num_rows == 0


def test_merging_sums_as_it_goes(monkeypatch):
    monkeypatch.setattr("tokenizer.count.MERGE_AT_ROWS", 3)
    tables = [count_eojeol(pa.array([f"가 {i % 4}"])) for i in range(40)]
    assert as_dict(merge_counts(tables)) == {"가": 40, **{f" {i}": 10 for i in range(4)}}


def test_partitions_are_disjoint_and_the_same_everywhere():
    table = count_eojeol(pa.array([" ".join(map(str, range(1000)))]))
    parts = partition(table, 7)
    assert sum(part.num_rows for part in parts) == table.num_rows == 1000
    assert min(part.num_rows for part in parts) > 100
    # fixed for ever: runs of different machines and versions must agree
    assert f"{stable_hashes(pa.array(['']))[0]:016x}" == "f52a15e9a9b5e89b"


@given(some_texts)
def test_hashes_are_fnv_1a_with_the_finaliser_of_splitmix64(texts):
    def reference(data: bytes) -> int:
        value = 0xCBF29CE484222325
        for byte in data:
            value = (value ^ byte) * 0x100000001B3 % 2**64
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
        return value ^ value >> 31

    hashes = stable_hashes(pa.array(texts, pa.string()))
    assert hashes.tolist() == [reference(text.encode()) for text in texts]


@pytest.mark.parametrize("texts", [["가", None], [1, 2]], ids=["null", "numbers"])
def test_refuses_what_is_not_text(texts):
    with pytest.raises(MalmoiError, match=r"null|int64"):
        WordTable().index(pa.array(texts))


def test_refuses_a_table_of_another_kind():
    with pytest.raises(MalmoiError, match="word"):
        merge_counts([pa.table({"word": ["가"], "count": [1]})])


@given(st.lists(some_texts, max_size=3))
def test_the_pieces_of_a_table_spell_the_texts(batches):
    table = WordTable()
    for texts in batches:
        words, n_pieces = table.index(pa.array(texts, pa.string()))
        known = table.strings().to_pylist()
        assert len(set(known)) == len(known) == len(table)
        pieces = iter(words.tolist())
        for text, n in zip(texts, n_pieces.tolist(), strict=True):
            assert [known[next(pieces)] for _ in range(n)] == PIECE.findall(text)
        assert next(pieces, None) is None


def test_a_table_grows():
    table = WordTable()
    words = [f" {i}" for i in range(50_000)]
    for at in range(0, len(words), 9000):
        table.index(pa.array(["".join(words[max(0, at - 500) : at + 9000])]))
    assert table.strings().to_pylist() == words
    assert table.strings(49_998).to_pylist() == words[49_998:]
    assert table.index(pa.array(["".join(words)]))[0].tolist() == list(range(50_000))
