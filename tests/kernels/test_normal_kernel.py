"""The kernels against the definition in Python, rule by rule."""

import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.normal_blocks import BLOCK, calm_until, ordinary_until
from pipeline.kernels.normal_tables import PYTHON, canonical, tables
from pipeline.text.normal import explain_normal, normalise, normalise_batch

LIMITS = {"max_jamo_run": 4, "max_symbol_run": 8}

PIECES = st.one_of(
    st.sampled_from(
        [
            "가", "힣", "ퟀ", "갂", "ᄀ", "ᅡ", "ᆨ", "ᆞ", "ㅋ" * 5, "ㅠ", "ㆍ" * 9, "\u0301", "é",
            "\u037e", "樂", "\u212b", "\u1fef", "㈜", "①" * 9, "½", "0", "２", "Ａ", "＆", "；",
            "＃", "ﾡ", "ｶﾞ", "￦", " ", "  ", "   ", "\t", "\u3000", "\u00a0", "\n", " \n",
            "\n\n", "\n\n\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1f", "\u200b",
            "\u200b" * 40, "\u3164", "\xad", "\u200d", "\ufe0f", "\x00", "\x7f", "!", "!" * 9,
            "-" * 12, "_" * 8, "…" * 9, "👍" * 9, "👍🏻", "❤️", "🇰🇷", "&", "&" * 9, "&lt;",
            "&amp;", "&nbsp;", "amp;", "lt;", "lt", ";", "#", "&#44032;", "&#x41;", "&#59;",
            "&#10;", "&#9;", "&#128;", "&#0;", "&#xFDD0;", "&#173;", "&#12288;", "&#9999999;",
            "&nope;", "&Eacute;", "&NotEqualTilde;", "&CounterClockwiseContourIntegral;", "word",
            "긴 문장이 이어진다. " * 8, "plain ASCII prose, " * 6, "x" * 70, "가" * 40,
        ]
    ),
    st.characters(exclude_categories=["Cs"]),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=14).map("".join)


def columns(texts: list[str | None]) -> tuple[list[str], Counter[str]]:
    done, counts = normalise_batch(pa.array(texts, pa.string()), **LIMITS)
    done.validate(full=True)
    return done.to_pylist(), counts


@settings(deadline=None, max_examples=250)
@given(st.lists(TEXTS, max_size=6))
def test_the_batch_is_the_definition_text_by_text(texts: list[str]) -> None:
    done, counts = columns(texts)
    assert done == [normalise(text, **LIMITS) for text in texts]
    rounds = [explain_normal(text, **LIMITS) for text in texts]
    rules = [{edit.rule for edits in given for edit in edits} for given in rounds]
    assert counts == Counter(rule for found in rules for rule in found)


@pytest.mark.parametrize("width", [1, 2 * BLOCK])
def test_what_lies_on_the_edge_of_a_block_is_seen(width: int) -> None:
    odd = [
        "  ", " \n", "\n\n\n", "!!!!!!!!!", "&lt;", "&amp;lt;", "\u200b", "ㅋㅋㅋㅋㅋ", "\t", "é",
        "＆lt;", "&" + "\u200b" * 90 + "lt;", "！！！！！！！！！", "ퟱ",
    ]  # fmt: skip
    texts = [
        filler * (width + shift) + piece + filler * 90
        for piece in odd
        for filler in ("a", "가")
        for shift in range(0, 68, 1 if filler == "a" else 3)
    ]
    texts = [text.replace("aa", "ab") for text in texts]  # runs of one byte are no filler
    assert columns(texts)[0] == [normalise(text, **LIMITS) for text in texts]


def test_every_code_point_alone_and_between_letters() -> None:
    points = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    points = [char for char in points if unicodedata.category(char) not in ("Co", "Cn")]
    plain = [char for char in points if tables().kinds[ord(char)] != PYTHON and ord(char) < 0x3400]
    for texts in ([f"가{char}a" for char in plain], plain):
        assert columns(texts)[0] == [normalise(text, **LIMITS) for text in texts]


def test_what_composes_is_left_to_python() -> None:
    """Else two characters that the kernel passes one by one could be out of form C together."""
    kinds = tables().kinds
    assert all(kinds[code] == PYTHON for code in canonical().meets)
    for code in range(0x30000):
        whole = chr(code)
        parts = unicodedata.normalize("NFD", whole)
        if len(parts) > 1 and unicodedata.normalize("NFC", parts) == whole:
            assert kinds[ord(parts[-1])] == PYTHON


def test_nulls_slices_and_empty_columns() -> None:
    assert columns([None, "a  b", None]) == (["", "a b", ""], Counter(spaces=1))
    assert columns([None, "a"])[0] == ["", "a"]
    assert columns([])[0] == []
    sliced = pa.array(["x  y", "a  b", "c", "d\t"], pa.string())[1:3]
    assert normalise_batch(sliced, **LIMITS)[0].to_pylist() == ["a b", "c"]


def test_a_column_in_normal_form_is_not_copied() -> None:
    column = pa.array(["깨끗한 글.", "둘째 줄\n\n끝", ""])
    assert normalise_batch(column, **LIMITS)[0] is column


def test_long_repetitions_of_what_is_odd() -> None:
    pieces = [
        "&",
        "&amp;",
        "&#x41",
        "&lt;",
        ";",
        "ㅋ",
        " \n",
        "\u200b",
        "１",
        "!",
        "-" * 70,
        " ",
        "a&",
    ]
    texts = [piece * 50_000 for piece in pieces]
    assert columns(texts)[0] == [normalise(text, **LIMITS) for text in texts]


def test_limits_are_taken_and_too_low_ones_refused() -> None:
    column = pa.array(["ㅋㅋㅋㅋ!!!!!"])
    done, _ = normalise_batch(column, max_jamo_run=2, max_symbol_run=3)
    assert done.to_pylist() == ["ㅋㅋ!!!"]
    with pytest.raises(ValueError, match="max_symbol_run"):
        normalise_batch(column, max_jamo_run=2, max_symbol_run=2)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["가나", "ab", "x y", ".\n", "&", "é", "  "]), max_size=120))
def test_stretches_end_at_characters_and_hold_nothing_odd(pieces: list[str]) -> None:
    raw = "".join(pieces).encode()
    data = np.frombuffer(raw, np.uint8)
    for until, odd in ((ordinary_until, ["&", "é"]), (calm_until, ["&", "é", "  ", " \n"])):
        stretch = raw[: until(data, 0, len(data))].decode()
        assert not any(piece in stretch for piece in odd)
    assert ordinary_until(np.frombuffer(b"ab " * 100, np.uint8), 0, 300) > 200
