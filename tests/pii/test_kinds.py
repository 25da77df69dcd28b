"""Papers, cards and codes: every way of writing, and the numbers that only look like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pii.detect import detect
from pipeline.pii.validate import business_check, card
from tokenizer.special import ALL_PII_KINDS


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in detect(text)]


def complete(head: str, valid: object) -> str:
    """`head` and the one last digit that `valid` accepts."""
    (last,) = [digit for digit in "0123456789" if valid(head + digit)]  # type: ignore[operator]
    return head + last


def grouped(digits: str, sizes: tuple[int, ...], mark: str) -> str:
    groups, at = [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    return mark.join(groups)


def wide(text: str) -> str:
    return text.translate({ord(char): ord(char) - 0x21 + 0xFF01 for char in "0123456789-MP"})


BUSINESS = complete("220816251", business_check)
CARDS = [
    complete("455012345678901", card),
    complete("941012345678901", card),  # domestic
    complete("222112345678901", card),
]
AMEX, DINERS = complete("37123456789012", card), complete("3612345678901", card)
MARKS = ["-", " ", ".", "–", "·", "/", " - ", "\u00a0"]


@pytest.mark.parametrize("mark", [*MARKS, ""])
@pytest.mark.parametrize("label", ["사업자등록번호: {}", "사업자번호 {}로", "등록번호\n{}"])
def test_business_numbers_that_are_named(label: str, mark: str) -> None:
    value = grouped(BUSINESS, (3, 2, 5), mark)
    assert found(label.format(value)) == [("brn", value)]


def test_business_numbers_need_their_check_digit_and_unnamed_ones_their_hyphens() -> None:
    value = grouped(BUSINESS, (3, 2, 5), "-")
    wrong = value[:-1] + str((int(value[-1]) + 1) % 10)
    assert found(f"한빛상사 {value}") == [("brn", value)]
    assert found(f"사업자등록번호 {wrong}") == [] == found(f"한빛상사 {BUSINESS}")
    assert found("사업자등록번호 000-00-00000") == [] == found(f"품목번호 {value}")


@pytest.mark.parametrize("digits", CARDS)
@pytest.mark.parametrize("mark", [*MARKS, ""])
def test_cards_in_groups_of_four(digits: str, mark: str) -> None:
    value = grouped(digits, (4, 4, 4, 4), mark)
    assert found(f"카드번호 {value}로 결제") == [("card", value)]


@pytest.mark.parametrize(("digits", "sizes"), [(AMEX, (4, 6, 5)), (DINERS, (4, 6, 4))])
def test_cards_of_other_lengths(digits: str, sizes: tuple[int, ...]) -> None:
    for value in (grouped(digits, sizes, "-"), digits, wide(grouped(digits, sizes, "-"))):
        assert found(f"신용카드 {value}") == [("card", value)]


@given(st.integers(10**15, 10**16 - 1))
def test_a_card_has_luhns_check_digit(number: int) -> None:
    text = str(number)
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(text))
    assert not card(text) or total % 10 == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("운전면허 {}", "11-90-834456-56"),
        ("{}", "28-19-364343-80"),
        ("면허번호 {}", "119083445656"),
        ("면허번호: {} 입니다", "11 90 834456 56"),
        ("면허번호\n{}", "11·90·834456·56"),
        ("{}", "서울 09-123456-78"),
        ("면허는 {}", "경기 09 123456 78"),
        ("면허 {}", "대전-19-364343-80"),
        ("운전면허 {}", "부산9088869312"),
        ("자동차운전면허번호 {} 암호일련번호 7K3F9Q", "11-90-834456-56"),
        ("| 성명 | 면허번호 |\n| 홍길동 | {} |", wide("11-90-834456-56")),
        ("여권번호 {}", "M12345678"),
        ("여권 {}은", "M123A4567"),
        ("여권번호: {}", "m12345678"),
        ("여권 성명 KIM MINSU, 번호 {}", "S12345678"),
        ("여권번호\n{}", "M 12345678"),
        ("여권 {}", wide("M12345678")),
        ("{} 분실", "M123A4567"),
        ("통관부호 {}", "P123456789012"),
        ("{}요", "P123456789012"),
        ("개인통관고유부호는 {}입니다", "p123456789012"),
        ("통관번호 {}", "P\u200b123456789012"),
        ("고유부호: {}", "P1234-5678-9012"),
        ("실명확인번호 {}", "850101-1234567"),
        ("국내거소신고번호: {}", "850101-5234567"),
    ],
)
def test_papers(text: str, value: str) -> None:
    kinds = {"서": "driver", "경": "driver", "대": "driver", "부": "driver", "8": "rrn"}
    for letter in "MSm\uff2d":
        kinds[letter] = "passport"
    for letter in "Pp":
        kinds[letter] = "customs"
    kind = "frn" if value == "850101-5234567" else kinds.get(value[0], "driver")
    assert found(text.format(value)) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "S12345678", "모델 M12345678", "M356 은하와 NGC8503", "xM12345678", "M123456789",
        "AM123A4567", "상품번호 P123456789012", "P1234567890123", "MP123456789012", "119083445656",
        "11 90 834456 56", "주문번호 11-90-834456-56", "27-90-834456-56", "2011-90-834456-56",
        "서울 09-1234567-8",
        "결제번호 4550123456789019", "핀번호 7649 8140 4269 4232", "4550-1234-5678-9018",
        "0.4550123456789019", "제850101-1234567호", "https://a.example/11-90-834456-56",
        "M10,11.7626953125q-10,0", "계좌이체 한도 467,000원\n---\n5348 8212 6489 356",
        "계좌 만기 2023-1012-1234",
    ],
)  # fmt: skip
def test_numbers_of_things(text: str) -> None:
    assert found(text) == []


def test_the_strongest_evidence_takes_the_number() -> None:
    value = grouped(CARDS[0], (4, 4, 4, 4), "-")
    assert found(f"국민은행 계좌 말고 카드 {value}") == [("card", value)]
    assert found("운전면허 부산9088869312 계좌") == [("driver", "부산9088869312")]
    assert found("01023456789@example.com") == [("email", "01023456789@example.com")]


def test_names_are_found_where_they_are_asked_for() -> None:
    text = "성명: 홍길동, 전화 010-2345-6789"
    assert [span.kind for span in detect(text)] == ["tel"]
    assert [span.kind for span in detect(text, ALL_PII_KINDS)] == ["name", "tel"]


def test_places_are_found_beside_numbers() -> None:
    text = "서울 강남구 테헤란로 152, 3층 / 서울 70바 1234 / 접속 IP 211.45.3.12 / 02-345-6789"
    assert [span.kind for span in detect(text)] == ["address", "plate", "ip", "tel"]
