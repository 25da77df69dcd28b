"""Invented personal values with the check digits and number plans of real ones, and their setting.

Formats: resident numbers by the decree on resident registration (check digit over twelve digits,
weights 2..9 2..5), telephone numbers by the numbering plan, account groupings as banks print them.
All values come from a seeded generator; none is anybody's.
"""

import random
from datetime import date, timedelta

_SENTENCES = {
    "rrn": (
        "신청인의 주민등록번호는 {value}입니다.",
        "계약자 본인(주민등록번호 {value})은 위 내용을 확인하였습니다.",
        "주민번호 {value} 앞으로 발급된 서류를 첨부합니다.",
        "피보험자의 주민등록번호 {value}를 다시 확인해 주시기 바랍니다.",
    ),
    "tel": (
        "자세한 내용은 {value}로 문의해 주시기 바랍니다.",
        "담당자 연락처는 {value}입니다.",
        "분실물을 보신 분은 {value}번으로 전화 주세요.",
        "예약은 전화({value})로만 받습니다.",
    ),
    "acc": (
        "회비는 {bank} {value} 계좌로 입금해 주세요.",
        "후원 계좌는 {bank} {value}입니다.",
        "환불받으실 계좌를 {bank} {value}로 등록하였습니다.",
        "입금 계좌 안내: {bank} {value}",
    ),
    "email": (
        "원고는 {value}으로 보내 주시기 바랍니다.",
        "문의 사항은 메일({value})로 받습니다.",
        "작성자에게 의견을 보내려면 {value}로 연락하세요.",
        "이메일 주소는 {value}입니다.",
    ),
}
KINDS = tuple(_SENTENCES)

_BANKS = {
    "국민은행": (6, 2, 6),
    "신한은행": (3, 3, 6),
    "우리은행": (4, 3, 6),
    "하나은행": (3, 6, 5),
    "농협은행": (3, 4, 4, 2),
    "기업은행": (3, 6, 2, 3),
    "카카오뱅크": (4, 2, 7),
}
_AREAS = (
    "02",
    "031",
    "032",
    "033",
    "041",
    "042",
    "043",
    "051",
    "052",
    "053",
    "054",
    "055",
    "061",
    "064",
)
_SYLLABLES = (
    "min",
    "seo",
    "jun",
    "ha",
    "ji",
    "yun",
    "woo",
    "hye",
    "su",
    "jin",
    "kyu",
    "tae",
    "dong",
    "eun",
    "chan",
    "bora",
    "nari",
    "sol",
    "haneul",
)
_HOSTS = ("naver.com", "daum.net", "hanmail.net", "gmail.com", "nate.com", "snu.ac.kr", "korea.kr")


def planted_sentence(kind: str, rng: random.Random) -> tuple[str, str]:
    """(a Korean sentence that holds a value of `kind`, the value as it is written there)."""
    template = rng.choice(_SENTENCES[kind])
    if kind == "acc":
        bank = rng.choice(list(_BANKS))
        first, *rest = _BANKS[bank]
        groups = [str(rng.randrange(10 ** (first - 1), 10**first))]
        value = "-".join([*groups, *(_digits(length, rng) for length in rest)])
        return template.format(bank=bank, value=value), value
    value = {"rrn": _rrn, "tel": _tel, "email": _email}[kind](rng)
    return template.format(value=value), value


def rrn_check_digit(digits: str) -> str:
    """The last digit of a resident number issued before October 2020, from the first twelve."""
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return str((11 - total % 11) % 10)


def _rrn(rng: random.Random) -> str:
    born = date(1945, 1, 1) + timedelta(days=rng.randrange(22_000))
    century = rng.choice("12" if born.year < 2000 else "34")
    body = f"{born:%y%m%d}{century}{rng.randrange(96):02d}{_digits(3, rng)}"
    number = body + rrn_check_digit(body)
    return number if rng.random() < 0.1 else f"{number[:6]}-{number[6:]}"


def _tel(rng: random.Random) -> str:
    if rng.random() < 0.7:
        parts = ["010", str(rng.randint(2000, 9999)), _digits(4, rng)]
    else:
        parts = [
            rng.choice(_AREAS),
            str(rng.choice((rng.randint(200, 999), rng.randint(2000, 9999)))),
        ]
        parts.append(_digits(4, rng))
    return rng.choices("- .", (7, 2, 1))[0].join(parts)


def _email(rng: random.Random) -> str:
    name = rng.choice(("", "_", ".")).join(rng.choices(_SYLLABLES, k=2))
    return f"{name}{rng.randrange(1000)}@{rng.choice(_HOSTS)}"


def _digits(length: int, rng: random.Random) -> str:
    return "".join(rng.choices("0123456789", k=length))
