import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii.detect import contains
from pipeline.pii.mask import mask, mask_batch
from tokenizer.special import PII_KINDS, mask_token


def test_particles_labels_and_brackets_stay() -> None:
    text = (
        "전화(010-2345-6789)로, 메일은 kim@example.com으로. "
        "국민은행 123456-04-123456에 입금, 850101-1234567임"
    )
    masked, counts = mask(text)
    assert masked == "전화(<|tel|>)로, 메일은 <|email|>으로. 국민은행 <|acc|>에 입금, <|rrn|>임"
    assert counts == {"tel": 1, "email": 1, "acc": 1, "rrn": 1}


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
    masked, counts = mask_batch(pa.array(texts, pa.string()), kinds)
    expected = [(None, {}) if text is None else mask(text, kinds) for text in texts]
    assert masked.to_pylist() == [text for text, _ in expected]
    assert counts == [found for _, found in expected]
    assert masked.type == pa.string()


@settings(deadline=None)
@given(TEXTS)
def test_what_is_not_masked_stays_and_tokens_are_counted(text: str) -> None:
    masked, counts = mask(text)
    assert sum(counts.values()) == sum(masked.count(mask_token(kind)) for kind in PII_KINDS)
    assert bool(counts) == contains(text)
    assert counts or masked == text


def test_a_slice_of_a_column() -> None:
    texts = pa.array(["버림", "010-2345-6789", None, "a@b.kr", "버림"]).slice(1, 3)
    masked, counts = mask_batch(texts)
    assert masked.to_pylist() == ["<|tel|>", None, "<|email|>"]
    assert counts == [{"tel": 1}, {}, {"email": 1}]
