import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii.detect import byte_spans, contains, detect, spans_batch
from pipeline.pii.mask import mask, mask_batch
from pipeline.pii.windows import Column
from tokenizer.errors import RecipeError
from tokenizer.special import ALL_PII_KINDS, PII_KINDS, mask_token


def test_particles_labels_and_brackets_stay() -> None:
    text = (
        "전화(010-2345-6789)로, 메일은 kim@example.com으로. "
        "국민은행 123456-04-123456에 입금, 850101-1234567임"
    )
    masked, counts = mask(text)
    assert masked == "전화(<|tel|>)로, 메일은 <|email|>으로. 국민은행 <|acc|>에 입금, <|rrn|>임"
    assert counts == {"tel": 1, "email": 1, "acc": 1, "rrn": 1}


def test_kinds_can_have_the_token_of_another() -> None:
    text = "카드 5409-2612-3456-7893, 메일 kim@example.com, 전화 010-2345-6789"
    masks = {"card": "acc", "email": "tel", "name": "rrn"}
    masked, counts = mask(text, masks=masks)
    assert masked == "카드 <|acc|>, 메일 <|tel|>, 전화 <|tel|>"
    assert counts == {"card": 1, "email": 1, "tel": 1}
    column = mask_batch(pa.array([text]), masks=masks)
    assert (column.texts.to_pylist(), column.counts) == ([masked], [counts])


def test_only_the_chosen_kinds_are_masked() -> None:
    assert mask("010-2345-6789 a@b.kr", ["email"]) == ("010-2345-6789 <|email|>", {"email": 1})
    assert mask("아무것도 없다") == ("아무것도 없다", {})


PIECES = st.one_of(
    st.sampled_from(
        [
            "010-2345-6789", "０１０-2345-6789", "공일공-이삼사오-육칠팔구", "o1o-2345-6789",
            "+82 10 2345 6789", "①", "850101-1234567", "8501011234566", "국민은행 ", "계좌 ",
            "110-123-456789", "a@b.kr", " at ", "(at)", " 골뱅이 ", "b.co.kr", "0", "1", "-", " ",
            "\u200b", "\u2060", "일", "공", "ㆍ", "–", "０", "．", "、", "\n", "가",
        ]
    ),
    st.characters(exclude_categories=["Cs"]),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=25).map("".join)


@settings(deadline=None)
@given(st.lists(st.one_of(TEXTS, st.none()), max_size=5), st.sets(st.sampled_from(PII_KINDS)))
def test_the_column_gives_what_the_texts_give_one_by_one(
    texts: list[str | None], kinds: set[str]
) -> None:
    masked = mask_batch(pa.array(texts, pa.string()), kinds)
    expected = [(None, {}) if text is None else mask(text, kinds) for text in texts]
    assert masked.texts.to_pylist() == [text for text, _ in expected]
    assert masked.rows.tolist() == [row for row, (_, found) in enumerate(expected) if found]
    assert masked.counts == [found for _, found in expected if found]
    assert masked.texts.type == pa.string() and masked.rows.dtype == np.int64


@settings(deadline=None)
@given(TEXTS)
def test_what_is_not_masked_stays_and_tokens_are_counted(text: str) -> None:
    masked, counts = mask(text)
    assert sum(counts.values()) == sum(masked.count(mask_token(kind)) for kind in PII_KINDS)
    assert bool(counts) == contains(text)
    assert counts or masked == text


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_slice_of_a_column(kind: pa.DataType) -> None:
    texts = pa.array(["버림", "010-2345-6789", None, "a@b.kr", "버림"], kind).slice(1, 3)
    masked = mask_batch(texts)
    assert masked.texts.to_pylist() == ["<|tel|>", None, "<|email|>"]
    assert masked.texts.type == kind
    assert masked.rows.tolist() == [0, 2] and masked.counts == [{"tel": 1}, {"email": 1}]


def test_columns_without_a_value_come_back_as_they_are() -> None:
    for texts in ([], [None], ["", None, "없다"]):
        column = pa.array(texts, pa.string())
        masked = mask_batch(column)
        assert masked.texts.equals(column) and len(masked.rows) == len(masked.counts) == 0


def test_a_value_never_reaches_into_the_next_text() -> None:
    texts = [
        "010-2345-",
        "6789",
        "서울 70바 ",
        "1234",
        "a@",
        "b.kr",
        "12가 3456",
        "강남구 역삼동",
        "1-1",
    ]
    masked = mask_batch(pa.array(texts))
    assert masked.rows.tolist() == [row for row, text in enumerate(texts) if contains(text)]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(RecipeError, match="nickname"):
        mask_batch(pa.array(["x"]), ["nickname"])


VALUES = st.sampled_from(
    [
        "010-2345-6789", "850101-1234567", "8501011234566", "국민은행 110-123-456789",
        "계좌: 110 123 456789", "kim@example.com", "면허 11-90-834456-56", "서울 09-123456-78",
        "여권 M12345678", "M123A4567", "P123456789012", "220-81-62517", "5272-8811-0090-7883",
        "8.8.8.8", "서울 70바 1234", "서울 강남구 테헤란로 152, 3층", "공일공 이삼사오 육칠팔구",
        "２０１９. 1. 2.", "주문번호 ", "운송장 1234-5678-9012", "홍길동 씨", "\u200b", "\n", " ",
        "x" * 90, "가나다라 " * 25, "0", "1-1", "길 3", ",",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(VALUES, PIECES), max_size=14).map("".join))
def test_a_window_shows_all_that_the_whole_text_shows(text: str) -> None:
    column = Column.of_text(text.encode())
    assert list(byte_spans(column, ALL_PII_KINDS)) == list(
        byte_spans(column, ALL_PII_KINDS, whole=True)
    )


@settings(deadline=None)
@given(st.lists(st.one_of(VALUES, TEXTS), max_size=6))
def test_spans_of_a_column_are_those_of_its_texts(texts: list[str]) -> None:
    rows, spans = spans_batch(pa.array(texts, pa.string()))
    assert dict(zip(rows, spans, strict=True)) == {
        row: detect(text) for row, text in enumerate(texts) if detect(text)
    }
