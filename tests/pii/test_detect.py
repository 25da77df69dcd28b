import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii.detect import contains, detect
from pipeline.pii.fold import fold
from pipeline.pii.validate import registration_check, telephone
from tokenizer.errors import RecipeError
from tokenizer.special import PII_KINDS

# Made up: the form is right, nobody holds them.
RRN = "850101-1234567"  # its check digit is wrong
CHECKED = "8501011234566"
MOBILE = ("010", "2345", "6789")


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in detect(text)]


def spell(text: str, digits: str) -> str:
    return text.translate(dict(zip(map(ord, "0123456789"), digits, strict=True)))


WRITTEN = [
    *(separator.join(MOBILE) for separator in ("-", "", " ", ".", "\u00a0", "–", "—", "‑", "−")),
    *(separator.join(MOBILE) for separator in (" - ", "·", "ㆍ", "/", "_", "~", ", ")),
    "(010) 2345-6789",
    "(010)-2345-6789", "010)2345-6789", "0102345-6789", "０１０－２３４５－６７８９",
    "010-23\u200b45-67\u206089", "0 1 0 2 3 4 5 6 7 8 9", "+82-10-2345-6789", "+82 10 2345 6789",
    "+821023456789", "+82 (0)10-2345-6789", "0082-10-2345-6789", "82-10-2345-6789",
    "(+82) 10-2345-6789", spell("010-2345-6789", "공일이삼사오육칠팔구"),
    spell("01023456789", "영일이삼사오륙칠팔구"), spell("010 2345 6789", "〇一二三四五六七八九"),
    spell("01023456789", "⓪①②③④⑤⑥⑦⑧⑨"), "공일공 2345-6789", "o1o-2345-6789", "ㅇ1ㅇ23456789",
    "010-23사오-육칠89", "02-345-6789", "(02)345-6789", "02)2345-6789", "031-345-6789",
    "0643456789", "070-2345-6789", "0505-234-5678", "0505-2345-6789", "011-234-5678",
    "016 2345 6789",
]  # fmt: skip


@pytest.mark.parametrize("value", WRITTEN)
@pytest.mark.parametrize(
    "carrier", ["전화는 {}입니다", "연락처{}로 주세요", "{}", "이름: 가나, {}\n둘째 줄"]
)
def test_a_telephone_number_in_every_way_of_writing(value: str, carrier: str) -> None:
    assert found(carrier.format(value)) == [("tel", value)]


@pytest.mark.parametrize(
    "value", ["010-2345-6789", "02-345-6789", "+82-10-2345-6789", "0643456789"]
)
def test_a_bracket_around_a_number_stays(value: str) -> None:
    assert found(f"담당 부서({value})에 문의") == [("tel", value)]


@pytest.mark.parametrize("separator", ["-", "", " ", ".", " - ", "–", "·", "/", "\u00a0"])
@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        ("8501011234567", "rrn"),
        ("0203043456789", "rrn"),
        ("8501015234567", "frn"),
        ("0203047456789", "frn"),
    ],
)
def test_registration_numbers_need_no_check_digit_when_they_are_named(
    digits: str, kind: str, separator: str
) -> None:
    value = f"{digits[:6]}{separator}{digits[6:]}"
    assert found(f"등록번호 {value}를 적으세요") == [(kind, value)]
    assert found(f"주민등록번호: {value}") == [(kind, value)]


def test_a_bare_run_of_13_digits_needs_a_check_digit_or_a_name() -> None:
    assert registration_check(CHECKED) and not registration_check("8501011234567")
    assert found(f"홍길동 {CHECKED}") == [("rrn", CHECKED)]
    assert found("홍길동 8501011234567") == []
    assert found("홍길동 850101-1234567") == [("rrn", RRN)]
    assert found('{"rrn":"8501011234567"}') == [("rrn", "8501011234567")]
    foreign = next(
        f"850101512345{last}" for last in range(10) if registration_check(f"850101512345{last}")
    )
    assert found(f"홍길동 {foreign}") == [("frn", foreign)]


@pytest.mark.parametrize(
    "text",
    [
        "국민은행 123456-04-123456 홍길동", "입금은 123456-04-123456 (국민)",
        "123456-04-123456 국민",
        "신한은행123456-04-123456예금주", "계좌번호: 123456-04-123456로",
        "입금 계좌 안내\n123456-04-123456",
        "환불은 카카오뱅크 123456-04-123456", "토스로 123456-04-123456 보내",
    ],
)  # fmt: skip
def test_an_account_beside_a_bank_or_account_word(text: str) -> None:
    assert found(text) == [("acc", "123456-04-123456")]


@pytest.mark.parametrize(
    "value",
    [
        "110-123-456789", "1002-345-678901", "123-456789-01234", "301-1234-5678-91",
        "3333-04-1234567",
        "1000-1234-5678", "100-123-456789", "9002-1234-5678-9", "110 123 456789", "110.123.456789",
        "110123456789",
        "110–123–456789", "1 1 0 2 2 3 4 5 6 7 8 9", "일일공-일이삼-사오육칠팔구", "①①⓪①②③④⑤⑥⑦⑧⑨",
    ],
)  # fmt: skip
def test_accounts_of_many_banks(value: str) -> None:
    assert found(f"입금 계좌는 우리은행 {value} 홍길동") == [("acc", value)]
    assert ("acc", value) not in found(f"번호 {value} 참고")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("메일은 kim.cs@example.com으로", "kim.cs@example.com"),
        ("문의는test@example.co.kr로", "test@example.co.kr"),
        ("Kim_99@Example.CO.KR.", "Kim_99@Example.CO.KR"),
        ("abc＠ｅｘａｍｐｌｅ．ｃｏｍ", "abc＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("abc 골뱅이 example 점 com 입니다", "abc 골뱅이 example 점 com"),
        ("abc(at)example(dot)com", "abc(at)example(dot)com"),
        ("abc [AT] example.com", "abc [AT] example.com"),
        ("abc[at]www.example.com", "abc[at]www.example.com"),
        ("메일: kim89 at www.example.com", "kim89 at www.example.com"),
        ("kim8947 at example.com", "kim8947 at example.com"),
        ("메일: kim at example.com", "kim at example.com"),
        ("a\u200bb@exa\u200bmple.com", "a\u200bb@exa\u200bmple.com"),
        ("du+shop@mail.example.museum", "du+shop@mail.example.museum"),
        ("mailto:a-b@c-d.kr?subject=x", "a-b@c-d.kr"),
    ],
)
def test_email_addresses(text: str, value: str) -> None:
    assert found(text) == [("email", value)]


NOTHING = [
    "주문번호 2023-0101-1234567", "주문번호: 010-2345-6789", "운송장 010-2345-6789",
    "운송장번호 1234-5678-9012", "ISBN 978-89-1234-567-3", "ISBN 9788912345673",
    "바코드 8801234567893", "주문 850101-1234567 취소", "신청번호 900101-2345678",
    "접수 2023-01-05-001", "법인등록번호 130121-3493390", "입금 처리번호 20080714-860371",
    "850101-0234567", "851301-1234567", "850230-1234567", "850101-1234567-01", "1,234,567,890원",
    "국민은행에 2,000,000,000원을 입금", "이체 2011. 12. 28. 1,600,000원",
    "계좌 만기 2020-01-01, 2023-12-31", "국민은행 고객센터 1588-9999", "080-234-5678", "112와 119",
    "버전 10.0.19045.3803", "3.14159265358979323846", "20201122101112", "2020-11-22 10:11:12",
    "우리 2020 2021 2022 2023", "은행 코드 004 020 088 090 092",
    "https://example.com/read/01023456789", "a=01023456789&b", "0xdeadbeef01023456789f",
    "1592-1598 임진왜란", "제02-2023-0456호", "010-0000-0000", "000-0000-0000", "010-****-1234",
    "카드번호 4518 1234 5678 9013 신한", "사업자등록번호 123-45-67890 (국민은행)",
    "판결(공1981,13979)", "일이삼사오육칠팔구십", "이 일 이 사 오 일 공 이", "react@16.8.0",
    "icon@2x.png", "@media screen", "look at example.com", "git@github.com:owner/repo.git", "a @ b",
    "메일: Writer at www.example.org",
    "[0 2 2 2 2 2 2 2 2 2]", "a1 1 0 1 1 0-2 1 1 0 0 1 0 2Z", "01111111110", "345-2346-3345",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_looks_like_a_number(text: str) -> None:
    assert found(text) == []


def test_values_side_by_side_are_told_apart() -> None:
    text = "농협 301-1234-5678-91 홍길동 010-2345-6789/02-345-6789, 850101-1234567, a@b.kr"
    assert [kind for kind, _ in found(text)] == ["acc", "tel", "tel", "rrn", "email"]
    csv = "1,홍길동,８５０１０１－１２３４５６７,010‑2345‑6789\n2,가나다,850101-2234567,02-345-6789"
    assert [kind for kind, _ in found(csv)] == ["rrn", "tel", "rrn", "tel"]


def test_kinds_are_a_choice_and_unknown_ones_are_refused() -> None:
    text = "010-2345-6789 a@b.kr"
    assert [span.kind for span in detect(text, ["email"])] == ["email"]
    assert not contains(text, ["rrn"]) and contains(text, ["tel"]) and not contains("없음")
    assert detect(text, []) == []
    with pytest.raises(RecipeError, match="nickname"):
        detect(text, ["nickname"])


def test_the_numbering_plan() -> None:
    assert all(
        map(
            telephone,
            ["01023456789", "0111234567", "023456789", "0312345678", "07023456789", "050512345678"],
        )
    )
    assert not any(
        map(
            telephone,
            ["0802345678", "15881234", "0102345678", "012345678", "0351234567", "00000000000"],
        )
    )


NOISE = st.lists(
    st.one_of(
        st.sampled_from(
            ["0", "1", "010", "-", " ", ".", "공", "일", "@", "a", "국민은행", "\u200b", "１",
             "(", ")", "\n", ","]
        ),
        st.sampled_from([RRN, "010-2345-6789", "a@b.kr", "110-123-456789", "주문번호", "계좌"]),
        st.characters(),
    ),
    max_size=30,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(NOISE)
def test_spans_lie_in_order_inside_the_text_and_hold_no_edge_space(text: str) -> None:
    end = 0
    for span in detect(text):
        assert end <= span.start < span.end <= len(text)
        assert span.kind in PII_KINDS
        assert not text[span.start].isspace() and not text[span.end - 1].isspace()
        end = span.end


@settings(deadline=None)
@given(NOISE)
def test_a_folded_span_is_the_same_characters(text: str) -> None:
    folded = fold(text)
    for match in re.finditer(r"\S+", folded.text):
        start, end = folded.original(*match.span())
        assert fold(text[start:end]).text == match[0]
