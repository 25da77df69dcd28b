"""What makes a run of digits a number of its kind: dates, check digits, the numbering plan.

Sources: Resident Registration Act (rules of October 2020: no check digit any more), the numbering
plan of the Korean telecommunications authority, EAN-13 (ISO/IEC 15420).
"""

import re
from calendar import monthrange

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
    if not birth_date(digits[:6], century):
        return None
    return "rrn" if seventh <= 4 else "frn"


def registration_check(digits: str) -> bool:
    """Whether the 13th digit is the check digit of a number given out before October 2020."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _RRN_WEIGHTS, strict=False))
    base = 11 if int(digits[6]) <= 4 else 13
    return (base - total % 11) % 10 == int(digits[12])


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
    if len(head) == 4 and head.startswith(("19", "20")) and len(groups) > 2:
        return len(groups[1]) <= 2 and 1 <= int(groups[1]) <= 12 and 1 <= int(groups[2]) <= 31
    if len(groups) == 1 and len(head) not in (8, 12, 14):
        return False
    if len(head) < 8 or not head.startswith(("19", "20")):
        return False
    return birth_date(head[2:8], int(head[:2]) * 100)
