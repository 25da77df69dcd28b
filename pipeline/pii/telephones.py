"""Telephone numbers: 010-1234-5678, (02)345-6789, +82 10 1234 5678; not 1588 and the like."""

import re

from pipeline.pii import context
from pipeline.pii.candidates import ABROAD, ABROAD_SIGN, TELEPHONE, grouped_further, only_digits
from pipeline.pii.documents import Found
from pipeline.pii.validate import telephone

_MOBILE_BANK = re.compile(r"(?:기업(?:은행)?|[Ii][Bb][Kk](?:기업은행)?) ?[:(]? ?$")
_PART = re.compile("[A-Z](?![A-Za-z])")  # 02-345-6789A is a part or a page
_CELL_BEFORE = re.compile(r"[\n,;|\t\"'/:(]{1,2} ?$")
_CELL_AFTER = re.compile(r" ?[\n,;|\t\"'/)]")
_ONE_BEFORE = re.compile("(?<![0-9])[0-9][-. ]$")
_ONE_AFTER = re.compile("[-. ][0-9](?![0-9])")
_WORD_BEFORE = re.compile("(?:[가-힣]{2}|[a-z]=) ?$")
_AFTER_PIECE = ("", " ", "\n", ",", ".", ")", "로", "으", "에", "입", "이", "번", "/")
_PERSON = re.compile(
    "(?:보호자|본인|담당자?|고객|대표|엄마|아빠|사무실|[자직]택|집|직장)[^가-힣0-9\n]{0,3}$"
)


def find_telephones(text: str, start: int, end: int) -> Found:
    """Subscribers' numbers in a run of digits, an opening bracket before it included."""
    for match in TELEPHONE.finditer(text, max(0, start - 1), end):
        first, last = match.span()
        first += match[0].startswith("(") and ")" not in match[0]  # the bracket is the sentence's
        digits = only_digits(match[0])
        if telephone(digits) and _is_telephone(text, first, last, digits):
            yield first, last, "tel"
    for match in ABROAD.finditer(text, start, end):
        sign = _start_abroad(text, match)
        digits = only_digits(match[0])[2:]
        if sign is not None and telephone(digits if digits[0] == "0" else "0" + digits):
            yield sign, match.end(), "tel"


def _start_abroad(text: str, match: re.Match[str]) -> int | None:
    """Where a number abroad starts, its sign included; None where 82 is none's."""
    sign = ABROAD_SIGN.search(text[max(0, match.start() - 4) : match.start()])
    first = match.start() - (len(sign[0]) if sign else 0)
    first += text[first] == "(" and match[0][2] != ")"  # the bracket is the sentence's
    if sign is not None and sign[0] != "(":
        return first
    own = context.label(text, first) == "tel"
    joined = not own and match[0][2] not in "-. )"
    return None if joined or text[first - 1 : first].isdigit() else first


def _is_telephone(text: str, start: int, end: int, digits: str) -> bool:
    label = context.label(text, start)
    if label == "thing" or grouped_further(text, start, end) or text[end : end + 1] in ("호", "@"):
        return False
    if label != "tel" and (_PART.match(text, end) or context.in_address(text, start, end)):
        return False
    if label == "other" and not (digits.startswith("01") or not text[start:end].isdigit()):
        return False
    if (
        label == "acc"
        and digits.startswith("01")
        and _MOBILE_BANK.search(text[max(0, start - 12) : start])
    ):
        return False
    written = text[start:end]
    if written.isdigit():
        before = text[start - 1 : start]
        if before.isascii() and (before.isalpha() or before == "_") and label != "tel":
            return False
        return len(digits) >= 10 or label == "tel" or _beside(text, start, end)
    if written[1::2].strip(" -.") == "":  # one digit at a time: a list of numbers, if not named
        inside = _ONE_BEFORE.search(text[max(0, start - 3) : start]) or _ONE_AFTER.match(text, end)
        return not inside and (label == "tel" or len(set(digits)) > 3)
    return True


def _beside(text: str, start: int, end: int) -> bool:
    """Whether nine bare digits fill a cell of a list or stand behind a person."""
    before = text[max(0, start - 12) : start]
    if _PERSON.search(before):
        return True
    if text.startswith("02", start) and _WORD_BEFORE.search(before):
        return text[end : end + 1] in _AFTER_PIECE
    first = start == 0 or _CELL_BEFORE.search(before) is not None
    last = end == len(text) or _CELL_AFTER.match(text, end) is not None
    return text.startswith("02", start) and (
        (first and last) or (before[-2:-1] == "/" and before[-4:-3].isdigit())
    )
