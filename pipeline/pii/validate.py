"""What makes a run of digits a number of its kind: dates, check digits, the numbering plan.

Sources: Resident Registration Act (rules of October 2020: no check digit any more), the numbering
plan of the Korean telecommunications authority, EAN-13 (ISO/IEC 15420).
"""

import re
from calendar import monthrange

_LAST_BIRTH = "35"  # 2035: nobody is born in 2049, but barcodes of Japan start with 49
_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)

# Exchanges start with 2 to 9; 1 is let through: 010-1234-5678 is what people write as an example.
_PLAN = re.compile(
    "010[1-9][0-9]{7}|01[16789][1-9][0-9]{6,7}"
    "|(?:02|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4]))[1-9][0-9]{6,7}|070[1-9][0-9]{7}|050[2-8][1-9][0-9]{6,7}"
)


def birth_date(yymmdd: str, century: int) -> bool:
    """Whether six digits are a date of the years `century` to `century` + 99."""
    year, month, day = century + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def registration_kind(digits: str) -> str | None:
    """`rrn`, `frn` or None for 13 digits: a birth date, and the seventh digit that says who it is.

    1 to 4 are citizens, 5 to 8 foreigners. 9 and 0 (born before 1900) are taken as no number of a
    living person: corporate numbers have them.
    """
    seventh = int(digits[6])
    if seventh in (0, 9):
        return None
    century = 1900 if seventh in (1, 2, 5, 6) else 2000
    if not birth_date(digits[:6], century) or (century == 2000 and digits[:2] > _LAST_BIRTH):
        return None
    return "rrn" if seventh <= 4 else "frn"


def registration_check(digits: str) -> bool:
    """Whether the 13th digit is the check digit of a number given out before October 2020."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _RRN_WEIGHTS, strict=False))
    base = 11 if int(digits[6]) <= 4 else 13
    return (base - total % 11) % 10 == int(digits[12])


_BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


def business_check(digits: str) -> bool:
    """Whether ten digits are a business registration number: office, kind and check digit."""
    if digits < "101" or digits[3:5] == "00":
        return False
    total = sum(
        int(digit) * weight for digit, weight in zip(digits, _BUSINESS_WEIGHTS, strict=False)
    )
    return (total + int(digits[8]) * 5 // 10 + int(digits[9])) % 10 == 0


# Issuers whose cards are used in Korea; 9 is domestic only. Length, then the first digits.
_ISSUERS = re.compile(
    "(?:4[0-9]{3}|5[1-5][0-9]{2}|5[06-9][0-9]{2}|6[0-9]{3}|35[2-8][0-9]|9[0-9]{3}"
    "|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    "|3[47][0-9]{13}|3(?:0[0-59]|6[0-9]|[89][0-9])[0-9]{11}"
)


def card(digits: str) -> bool:
    """Whether digits have an issuer's length and first digits, and Luhn's check digit."""
    if not _ISSUERS.fullmatch(digits) or len(set(digits)) < 4:
        return False
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(value - 9 * (value > 9) for value in doubled)
    return total % 10 == 0


def barcode(digits: str) -> bool:
    """Whether 13 digits are an EAN-13 of Korea (880) or an ISBN (978, 979)."""
    if not digits.startswith(("880", "978", "979")):
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return total % 10 == 0


def telephone(digits: str) -> bool:
    """Whether domestic digits (leading 0) are a subscriber's number, not a service's or toll-free.

    Strings of 0 and 1 alone are taken as binary.
    """
    return _PLAN.fullmatch(digits) is not None and not set(digits) <= {"0", "1"}


def date_like(groups: list[str]) -> bool:
    """Whether groups of digits start with a date: 2024-01-15-..., 20240115-..., 2012. 4. 16. 150.

    Digits in one piece count when they are a date alone or one with a time (8, 12 or 14 digits).
    """
    head = groups[0]
    if len(groups) > 1 and len(head) == len(groups[1]) == 4 and head.startswith("20"):
        return birth_date(head[2:] + groups[1], 2000)
    if len(head) == 4 and head.startswith(("19", "20")) and len(groups) > 2:
        return len(groups[1]) <= 2 and 1 <= int(groups[1]) <= 12 and 1 <= int(groups[2]) <= 31
    if len(groups) == 1 and len(head) not in (8, 12, 14):
        return False
    if len(head) < 8 or not head.startswith(("19", "20")):
        return False
    if len(head) > 8 and head < "1970":  # no clock of a computer shows it
        return False
    return birth_date(head[2:8], int(head[:2]) * 100)
