import codecs
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.decode import decode, explain_mojibake, repair_batch, repair_mojibake
from pipeline.text.edits import apply
from tokenizer.errors import RecipeError

TEXT = "안녕하세요. 이 글은 인코딩을 시험하는 글입니다.\n둘째 줄에는 漢字와 숫자 2024가 있다."
KSX = st.sampled_from("이는을가나다한국어문장쓰기와자료의정리값하고지시")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32", "cp949", "euc-kr", "utf-8"])
def test_auto_finds_the_encoding(codec: str) -> None:
    assert decode(TEXT.encode(codec)).text == TEXT
    assert decode(TEXT.encode(codec)).replaced == 0


def test_big_endian_with_a_mark() -> None:
    found = decode(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"))
    assert (found.text, found.encoding) == (TEXT, "utf-16-be")


def test_a_declared_charset_is_used_where_utf8_fails() -> None:
    japanese = "これは日本語の文章です。文字コードを調べます。"
    assert decode(japanese.encode("shift_jis"), declared="Shift_JIS").text == japanese
    french = "Été à la plage, déjà vu"
    assert decode(french.encode("latin-1"), declared="iso-8859-1").text == french


def test_a_wrong_declaration_does_not_win_over_certain_bytes() -> None:
    assert decode(TEXT.encode("cp949"), declared="iso-8859-1").text == TEXT
    assert decode(TEXT.encode("cp949"), declared="utf-8").text == TEXT
    assert decode(TEXT.encode(), declared="euc-kr").text == TEXT
    assert decode(TEXT.encode(), declared="no-such-charset").text == TEXT


@pytest.mark.parametrize("codec", ["gb18030", "big5", "shift_jis", "euc_jp", "latin-1"])
def test_other_scripts_are_not_taken_for_korean(codec: str) -> None:
    texts = {
        "gb18030": "这是一个中文句子，用来检查编码的判断是否正确。我们不希望它被当作韩文。",
        "big5": "這是一個中文句子，用來檢查編碼的判斷是否正確。我們不希望它被當作韓文。",
        "shift_jis": "これは日本語の文章です。文字コードの判定を調べるために書きました。",
        "euc_jp": "これは日本語の文章です。文字コードの判定を調べるために書きました。",
        "latin-1": "Größenänderung für spätere Überprüfung, garçon naïf à l'œuvre".replace(
            "œ", "oe"
        ),
    }
    assert decode(texts[codec].encode(codec)).encoding == "utf-8"


def test_undecodable_places_are_counted() -> None:
    found = decode("가나\ufffd".encode() + b"\xff\xff" + "다".encode())
    assert found.text == "가나\ufffd\ufffd\ufffd다"
    assert found.replaced == 2


def test_a_named_encoding_is_obeyed_and_an_unknown_one_refused() -> None:
    assert decode("가".encode("cp949"), "euc-kr").encoding == "cp949"
    assert decode(b"\xb0", "cp949").replaced == 1
    for name in ("no-such", "base64"):
        with pytest.raises(RecipeError, match=name):
            decode(b"x", name)


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["utf-8", "euc-kr", "latin-1", "utf-16", None]))
def test_no_bytes_raise(raw: bytes, declared: str | None) -> None:
    assert isinstance(decode(raw, declared=declared).text, str)


def as_read(raw: bytes, codec: str) -> str:
    if codec == "latin-1":
        return raw.decode(codec)
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw)


@settings(deadline=None)
@given(st.text(KSX, min_size=3, max_size=30), st.sampled_from(["latin-1", "cp1252"]))
def test_utf8_read_in_the_wrong_charset_comes_back(text: str, codec: str) -> None:
    assert repair_mojibake(as_read(text.encode(), codec)) == text


@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_cp949_read_in_the_wrong_charset_comes_back(codec: str) -> None:
    assert repair_mojibake(as_read(TEXT.encode("cp949"), codec)) == TEXT


def test_only_the_damaged_stretch_of_a_korean_text_changes() -> None:
    damaged = as_read("안녕하세요".encode("cp949"), "latin-1")
    assert repair_mojibake(f"제목: {damaged} 여러분") == "제목: 안녕하세요 여러분"
    assert repair_mojibake("앞 ì•ˆë…• 뒤") == "앞 안녕 뒤"


@pytest.mark.parametrize(
    "text",
    [
        "", "안녕하세요", "plain ASCII", "Größe café naïve über", "½¾ ±±±± «À» ¡¿", "ÀÁÂÃÄÅ ÈÉÊË",
        "Señor, ¿qué pasó?", "日本語の文章", "ê et ë",
    ],
)  # fmt: skip
def test_nothing_uncertain_is_touched(text: str) -> None:
    assert repair_mojibake(text) is None


PIECES = st.sampled_from(
    [
        "안녕", "ì•ˆ", "ë…•", "¾È³ç", "¾È³çÇÏ¼¼¿ä", "·", "····", "é", "ê", "€", "Ž", "ƒ", "ˆ", "a",
        " ", "\n",
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=5))
def test_a_column_is_repaired_as_its_texts_are(texts: list[str]) -> None:
    done, counts = repair_batch(pa.array(texts, pa.string()))
    repaired = [repair_mojibake(text) for text in texts]
    expected = [text if new is None else new for text, new in zip(texts, repaired, strict=True)]
    assert done.to_pylist() == expected
    assert counts == Counter(mojibake=sum(new is not None for new in repaired))
    for text, new in zip(texts, expected, strict=True):
        assert apply(text, explain_mojibake(text)) == new


def test_damaged_rows_are_found_wherever_they_lie() -> None:
    damaged = as_read("안녕하세요".encode(), "latin-1")
    for before in range(70):
        texts = ["가" * before, None, "a" * before + damaged, "·", damaged][
            1 if before % 2 else 0 :
        ]
        done, counts = repair_batch(pa.array(["x", *texts], pa.string())[1:])
        assert counts == Counter(mojibake=2)
        assert done.to_pylist()[-3:] == ["a" * before + "안녕하세요", "·", "안녕하세요"]


def test_ordinary_text_is_passed_over_without_a_copy() -> None:
    column = pa.array(["안녕하세요. 12·3 °C café", "plain", ""])
    assert repair_batch(column)[0] is column
