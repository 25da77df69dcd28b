"""What makes a run of digits a number of its kind: dates, check digits, the numbering plan.

Sources: Resident Registration Act (rules of October 2020: no check digit any more), the numbering
plan of the Korean telecommunications authority, EAN-13 (ISO/IEC 15420).
"""

import re
from calendar import monthrange

_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)

_PLAN = re.compile(
    "010[2-9][0-9]{7}|01[16789][1-9][0-9]{6,7}"
    "|(?:02|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4]))[2-9][0-9]{6,7}|070[1-9][0-9]{{7}}|050[2-8][1-9][0-9]{{6,7}}"
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
    """Whether domestic digits (leading 0) are a subscriber's number: no service or toll-free number."""
    if digits[3:].count(digits[-1]) == len(digits) - 3 and digits[-1] == "0":
        return False
    return _PLAN.fullmatch(digits) is not None


def date_like(groups: list[str]) -> bool:
    """Whether groups of digits start like a date: 2024-01-15-..., 20240115-..., 20240115093000."""
    head = "".join(groups[:3]) if [len(group) for group in groups[:3]] == [4, 2, 2] else groups[0]
    if len(groups) == 1 and len(head) not in (12, 14):
        return False
    if len(head) < 8 or not head.startswith(("19", "20")):
        return False
    return 1 <= int(head[4:6]) <= 12 and birth_date(head[2:8], int(head[:2]) * 100)


def amount(groups: list[str], separator: str) -> bool:
    """Whether groups are one number with thousands separators: 1,430,000,000."""
    return separator == "," and len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
