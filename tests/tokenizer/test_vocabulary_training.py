"""Training: the promised ids, the same bytes, no merge over a boundary, a cure where it fails."""

import random
import re

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tokenizer.alphabet import (
    ASCII,
    ESCAPE,
    JAMO,
    SPACE_MARK,
    alphabet,
    character_counts,
    ks_x_1001,
)
from tokenizer.check import check
from tokenizer.config import TokenizerConfig
from tokenizer.count import COUNTS
from tokenizer.errors import MalmoiError
from tokenizer.model import NORMAL, finish, pieces
from tokenizer.special import CONTROL
from tokenizer.train import train
from tokenizer.vocabulary import byte_lengths, make_up, write_vocab


def rows(counts: dict[str, int]) -> pa.Table:
    return pa.table([list(counts), list(counts.values())], schema=COUNTS)


def texts_of(model: bytes) -> list[str]:
    return [piece.text for piece in pieces(model) if piece.kind == NORMAL]


def latin_words() -> dict[str, int]:
    """Rare words that fill a small vocabulary."""
    choose = random.Random(5)
    return {"".join(choose.choices("abcdefghijklmnop", k=6)): 1 for _ in range(500)}


@pytest.fixture(scope="module")
def many_rows() -> pa.Table:
    """Enough distinct words for 30,003 entries."""
    choose = random.Random(3)
    syllables = ks_x_1001()[:300]
    words = {
        choose.choice(["", " "]) + "".join(choose.choices(syllables, k=4)): choose.randint(1, 99)
        for _ in range(30_000)
    }
    return rows(words)


@pytest.mark.parametrize("size", [8_000, 30_003])
def test_ids_of_polyglot_and_every_syllable_of_ks_x_1001(many_rows, size):
    model, statistics = train(many_rows, TokenizerConfig(vocab_size=size), ["acc", "tel", "rrn"])
    check(model, size, ["acc", "tel", "rrn"])
    found = [piece.text for piece in pieces(model)]
    assert len(found) == size
    assert found[:4] == list(CONTROL)
    assert found[-3:] == ["<|acc|>", "<|tel|>", "<|rrn|>"]
    assert {*ks_x_1001(), *ASCII, *JAMO, ESCAPE, SPACE_MARK} <= set(found)
    assert statistics == {"rows": many_rows.num_rows, "characters": 2350 + 94 + 51}


def test_same_counts_same_bytes_and_no_trace_of_the_machine(counts):
    config = TokenizerConfig(vocab_size=1000)
    model, _ = train(counts, config, ["rrn"])
    assert train(counts, config, ["rrn"])[0] == model
    backwards = counts.take(list(range(counts.num_rows))[::-1])
    halves = pa.concat_tables([backwards.slice(0, 100), backwards.slice(100)])
    assert train(halves, config, ["rrn"])[0] == model
    assert b".tsv" not in model


def test_no_merge_leaves_its_row():
    nouns = ["".join(pair) for pair in zip("가나다라마바", "강낭당랑망방", strict=True)]
    joined = {f" {noun}에서": 1000 for noun in nouns}
    split = {**{f" {noun}": 1000 for noun in nouns}, "에서": 6000}
    config = TokenizerConfig(vocab_size=512)
    for table, crosses in ((joined, True), (split, False)):
        model, _ = train(rows({**table, **latin_words()}), config, [])
        assert any(re.search("[가-힣]에", text) for text in texts_of(model)) == crosses


def test_masks_and_characters_without_an_entry_are_bounds():
    odd = {"가\t나": 500, "가<|tel|>나": 500, "가\n나": 500, "가\u2585나": 500, "가▁나": 500}
    table = rows({**odd, **latin_words(), "\ufdd0a": 900})
    model, _ = train(table, TokenizerConfig(vocab_size=512), [])
    assert "가" in texts_of(model)
    assert not [text for text in texts_of(model) if "나" in text and text != "나"]
    check(model, 512, [])


@pytest.mark.parametrize("n", [1, 40, 400])
def test_too_few_words_name_the_largest_size_that_works(many_rows, n):
    table = many_rows.slice(0, n)
    with pytest.raises(MalmoiError, match="too few distinct words") as refusal:
        train(table, TokenizerConfig(), ["acc"])
    size = re.search(r"set vocab_size to (\d+)", str(refusal.value))
    if size is None:
        assert n == 1 and str(refusal.value).endswith("; give more text")
        return
    model, _ = train(table, TokenizerConfig(vocab_size=int(size[1])), ["acc"])
    assert len(pieces(model)) == int(size[1])


def test_no_rows_at_all():
    with pytest.raises(MalmoiError, match="no eojeol"):
        train(COUNTS.empty_table(), TokenizerConfig(), [])


def test_ks_x_1001_is_the_table_of_the_standard():
    syllables = ks_x_1001()
    assert len(set(syllables)) == 2350
    assert (syllables[0], syllables[-1]) == ("가", "힝")
    assert all("가" <= syllable <= "힣" for syllable in syllables)
    assert not {"뷁", "똠", "펲"} & set(syllables)


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.integers(1, 10**9), max_size=20))
def test_characters_are_counted_exactly(words):
    want = np.zeros(0x110000, np.int64)
    for word, count in words.items():
        for character in word:
            want[ord(character)] += count
    assert np.array_equal(character_counts(rows(words)), want)


def test_alphabet_takes_whole_groups_then_the_most_frequent():
    counts = np.zeros(0x110000, np.int64)
    for character, count in (
        ("뷁", 50),
        ("漢", 30),
        ("字", 19),
        ("😀", 1),
        ("\t", 999),
        (" ", 999),
    ):
        counts[ord(character)] = count
    base = {*ASCII, *JAMO}
    assert alphabet(counts, 0.99, 1000) == base | {"뷁", "漢", "字"}
    assert alphabet(counts, 1.0, 1000) == base | {"뷁", "漢", "字", "😀"}
    assert alphabet(counts, 0.5, 10**5) == base | set(ks_x_1001()) | {"뷁"}
    assert alphabet(counts, 1.0, 5) == {"뷁", "漢"}
    assert alphabet(counts, 1.0, 0) == set()


def test_a_rare_character_keeps_its_entry_at_full_coverage(many_rows):
    # SentencePiece alone drops it: 1 in 10**10 is nothing in single precision
    table = pa.concat_tables([many_rows, rows({"흔한": 10**10, "쀍": 1})])
    model, _ = train(table, TokenizerConfig(vocab_size=3000, character_coverage=1.0), [])
    assert "쀍" in texts_of(model)


def test_check_tells_what_is_unsound(model):
    check(model, 1600, ["email"])
    with pytest.raises(MalmoiError, match="has 1600 entries, not 1601"):
        check(model, 1601, ["email"])
    with pytest.raises(MalmoiError, match="special tokens"):
        check(model, 1600, ["frn"])
    with pytest.raises(MalmoiError, match="special tokens"):
        check(finish(model, ["가나다"]), 1601, ["email"])


def test_byte_lengths_and_listing(model, tmp_path):
    lengths = byte_lengths(model)
    assert lengths.dtype == np.uint16
    assert not lengths[:4].any() and not lengths[-4:].any() and lengths[4:-4].all()
    assert (lengths[4:260] == 1).all()
    by_text = {piece.text: int(n) for piece, n in zip(pieces(model), lengths, strict=True)}
    assert (by_text["▁"], by_text["가"], by_text[ESCAPE]) == (1, 3, 2)
    write_vocab(model, tmp_path / "v")
    listing = [line.split("\t") for line in (tmp_path / "v").read_text().splitlines()]
    assert [text for text, _ in listing] == [piece.text for piece in pieces(model)]
    assert listing[0] == ["<|unused0|>", "0"] and listing[260][1] == "-0"


def test_byte_lengths_sum_to_the_bytes_of_any_text(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    lengths = byte_lengths(model)

    @given(st.text(st.sampled_from("▁\ufdd0ab 가\n") | st.characters(exclude_categories=["Cs"])))
    def sums(text: str) -> None:
        ids = np.array(processor.encode(text), np.int64)
        assert lengths[ids].sum() == len(text.encode())

    sums()


def test_make_up_counts_every_entry_once(model):
    found = make_up(model)
    assert sum(found.values()) == 1600
    assert (found["special"], found["bytes"], found["masks"]) == (4, 256, 4)
    assert found["Hangul"] > 100 and found["jamo"] >= 51


def test_configuration():
    assert TokenizerConfig().least_count(10**6) == 1
    assert TokenizerConfig().least_count(10**9) == 10
    assert TokenizerConfig(minimum_count=3, minimum_share=0).least_count(10**12) == 3
    with pytest.raises(ValidationError):
        TokenizerConfig(vocab_size=100)
    with pytest.raises(ValidationError):
        TokenizerConfig.model_validate({"size": 1000})
    assert all(field.description for field in TokenizerConfig.model_fields.values())
