import html
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.edits import EDIT_RULES, apply
from pipeline.text.normal import explain_normal, normalise


def normal(text: str) -> str:
    return normalise(text, max_jamo_run=4, max_symbol_run=8)


PIECES = st.one_of(
    st.sampled_from(
        [
            "가", "한", "ᄀ", "ᅡ", "ᆨ", "\u1112", "ㅋ", "ㅠ", "ㅋㅋㅋㅋㅋㅋ", "ᄒᆞᆫ", "e\u0301",
            "\u0301", "0", "7", "２", "①", "²", "2000000", "A", "Ａ", "！", "ﾡ", "ｶﾞ", "￦",
            " ", "\t", "\u3000", "\u00a0", "\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1f",
            "\n\n\n", "\u200b", "\u200d", "\ufe0f", "\ufe00", "\u00ad", "\ufeff", "\u3164",
            "\u1160", "\uffa0", "\x00", "\ud800", "!", "!!!!!!!!!!", "_", "____________", "👍",
            "👍" * 9,
            "👍🏻", "❤️", "👨\u200d👩\u200d👧", "🇰🇷", "🇰🇷" * 10, "*\ufe0f\u20e3", "&", "&lt;",
            "&amp;", "amp;", "lt;", "&#44032;", "&#x41;", "&#4", "&#8203;", "&nbsp;", "&Eacute;",
            "&nope;", "&#0;",
            "&#xD800;", ";",
        ]
    ),
    st.characters(),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join)

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00a0\u00ad\u200b\u200c\u200e\u200f\u2028-\u202f\u2060-\u206f\u3000\u3164"
    "\u115f\u1160\uffa0\ufeff\ud800-\udfff\uff01-\uff5e\U000e0000-\U000e0fff\t]"
)


@settings(deadline=None)
@given(TEXTS)
def test_twice_is_once_and_the_form_is_c(text: str) -> None:
    once = normal(text)
    assert normal(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert FORBIDDEN.search(once) is None
    assert not re.search(r"\n{3}|  | \n", once)
    assert not re.search(r"([ㄱ-ㅣ])\1{4}", once)
    assert not re.search(r"([!-/:-@\[-`{-~])\1{8}", once)


def decoded(text: str) -> str:
    """Form C with entities decoded once, by the standard library."""
    text = unicodedata.normalize("NFC", text)
    return re.sub(
        r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]+);",
        lambda m: html.unescape(m[0]),
        text,
    )


@settings(deadline=None)
@given(TEXTS)
def test_the_edits_give_the_normal_form(text: str) -> None:
    after = text
    for edits in explain_normal(text, max_jamo_run=4, max_symbol_run=8):
        assert len({edit.rule for edit in edits} & EDIT_RULES.keys()) == 1
        assert all(after[edit.start : edit.end] != edit.after for edit in edits)
        after = apply(after, edits)
    assert after == normal(text)


def test_an_edit_says_what_and_where() -> None:
    rounds = explain_normal("가 \n나  다ㅋㅋㅋㅋㅋ", max_jamo_run=4, max_symbol_run=8)
    assert [list(map(tuple, edits)) for edits in rounds] == [
        [("spaces", 4, 6, " ")],
        [("spaces", 1, 3, "\n")],
        [("jamo_run", 5, 10, "ㅋㅋㅋㅋ")],
    ]


@settings(deadline=None)
@given(TEXTS.filter(lambda text: "&" not in text and "＆" not in text))
def test_lines_that_hold_something_stay_lines(text: str) -> None:
    def lines(text: str) -> list[str]:
        kept = (re.sub(r"[^가-힣0-9A-Za-z]", "", line) for line in text.splitlines())
        return [line for line in kept if line]

    before = unicodedata.normalize("NFC", text).replace("\x1f", " ")
    folded = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in before)
    assert lines(unicodedata.normalize("NFC", folded)) == lines(normal(text))


NO_ENTITIES = TEXTS.filter(lambda text: "&" not in text and "＆" not in text)


@settings(deadline=None)
@given(NO_ENTITIES)
def test_syllables_and_digit_values_pass_unchanged(text: str) -> None:
    before, after = unicodedata.normalize("NFC", text), normal(text)
    for kept in (
        lambda char: char if "가" <= char <= "힣" else "",
        lambda char: str(unicodedata.decimal(char, "")),
    ):
        assert "".join(map(kept, before)) == "".join(map(kept, after))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["&#44032;", "&#48;", "&lt;", "나", "1", " ", "x"]), max_size=12).map(
        "".join
    )
)
def test_syllables_and_digits_written_as_entities_are_kept(text: str) -> None:
    syllables = re.findall("[가-힣0-9]", decoded(text))
    assert re.findall("[가-힣0-9]", normal(text)) == syllables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2000000원", "2000000원"),
        ("①" * 12 + "!" * 12, "①" * 12 + "!" * 8),
        ("🇰" * 20, "🇰" * 8),
        ("🇰🇷" * 12, "🇰🇷" * 8),
        ("❤️" * 12 + "가", "❤️" * 8 + "가"),
        ("정말ㅋㅋㅋㅋ", "정말ㅋㅋㅋㅋ"),
        ("정말ㅋㅋㅋㅋㅋㅋㅋ정말", "정말ㅋㅋㅋㅋ정말"),
        ("ㅠㅠㅠㅠㅠㅠㅋㅋ", "ㅠㅠㅠㅠㅋㅋ"),
        ("와아아아아아아아", "와아아아아아아아"),
        ("１２３４－５６ＡＢ", "1234-56AB"),
        ("가!!!!!!!!!!!!나", "가!!!!!!!!나"),
        ("----------------", "--------"),
        ("👍👍👍👍👍👍👍👍👍👍👍", "👍" * 8),
        ("👨\u200d👩\u200d👧 가\u200d나\u200b다", "👨\u200d👩\u200d👧 가나다"),
        ("각", "각"),
        ("&lt;div&gt; &amp; &#44032;", "<div> & 가"),
        ("&nope; AT&T; &copy", "&nope; AT&T; &copy"),
        ("가\u00a0나\u3000다\t라", "가 나 다 라"),
        ("가  \r\n\r\n\r\n\r\n 나 \n", "가\n\n 나"),
        ("가\u2028나\x0c다", "가\n나\n다"),
        ("가\ud800나", "가\ufffd나"),
        ("ﾡﾢ￦", "ㄱㄲ₩"),
        ("\ufeff\u3164\x00", ""),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert normal(text) == expected


def test_an_escaped_entity_is_not_decoded_twice() -> None:
    assert normal("&amp;lt;b&amp;gt;") == "&amp;lt;b&amp;gt;"
    assert "<" not in normal("&&#108;t;")


def test_removing_an_invisible_character_makes_no_syllable() -> None:
    assert not re.search("[각-갛]", normal("가\u200bᆨ"))
    assert "가" not in normal("ᄀ\u3164ᅡ")


def test_clean_text_comes_back_as_the_same_object() -> None:
    text = "깨끗한 글은 그대로 돌아옵니다.\n\n두 번째 문단, 2024년 1월." * 50
    assert normal(text) is text


def test_a_million_odd_characters_are_done_in_linear_time() -> None:
    for piece in ("\u200d", "❤\ufe0f\u200d", "&amp;", "ㅋ", "\u200bᆨ", " \n", "👍🏻"):
        assert len(normal("가" + piece * 200_000)) <= 200_000 * 5 + 1
