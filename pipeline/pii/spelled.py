"""Numbers with spelled digits: 공일공-1234-오육칠팔, ⓪①⓪…, o1o; telephones, accounts, papers."""

import re

from pipeline.pii import context
from pipeline.pii.accounts import speaks_of_account
from pipeline.pii.candidates import (
    LAST_GROUP,
    SPOKEN,
    SPOKEN_ACCOUNT,
    SPOKEN_DOCUMENT,
    SPOKEN_REGISTRATION,
    is_digit,
    is_spoken,
    is_spoken_throughout,
    spoken_digits,
    written_out,
)
from pipeline.pii.documents import Found, find_businesses, find_cards, find_licences
from pipeline.pii.validate import registration_kind, telephone

_LOOK_ALIKE = re.compile("[0oOㅇ][1lI][0oOㅇ16-9]")


def find_spelled(text: str, start: int, end: int) -> Found:
    """The numbers in a run of written and spelled digits."""
    for match in SPOKEN_REGISTRATION.finditer(text, start, end):
        if is_spoken_throughout(match[0]):
            kind = registration_kind(spoken_digits(match[0]))
            if kind and context.label(text, match.start()) not in ("thing", "loose"):
                yield *match.span(), kind
    place = start
    while spoken := SPOKEN.search(text, place, end):
        last = _end(text, spoken.start(), spoken.end())
        if last:
            yield spoken.start(), last, "tel"
        place = last or spoken.start() + 1
    for match in SPOKEN_ACCOUNT.finditer(text, start, end):
        apart = match[0][1::2].isspace()
        if (apart or is_spoken_throughout(match[0])) and speaks_of_account(text, *match.span()):
            yield *match.span(), "acc"
    for match in SPOKEN_DOCUMENT.finditer(text, start, end):
        if is_spoken_throughout(match[0]):
            yield from _find_documents(text, *match.span())


def _find_documents(text: str, start: int, end: int) -> Found:
    """Cards, businesses and licences in a spelled run; a last 이 or 일 may be the next word's."""
    first = max(0, start - context.READ_BEFORE)
    before, after = text[first:start], text[end : end + context.WINDOW_AFTER]
    stops = (end, end - 1) if text[end - 1] in "이일" else (end,)
    for stop in stops:
        rest = text[stop:end] + after
        written = before + written_out(text[start:stop]) + rest
        for find in (find_cards, find_businesses, find_licences):
            for low, high, kind in find(written, len(before), len(before) + stop - start):
                yield low + first, high + first, kind


def _end(text: str, start: int, end: int) -> int | None:
    """Where a telephone number with spelled digits ends; a last 이 or 일 may be the next word's.

    Its last group has four digits or more.
    """
    before = text[start - 1 : start]
    if is_digit(before) or (before.isascii() and (before.isalpha() or before in ("_", ".", ","))):
        return None
    digits = spoken_digits(text[start:end])
    while len(digits) >= 9:
        if not is_digit(text[end - 1]):
            end -= 1
            continue
        if telephone(digits) and LAST_GROUP.search(text[start:end]):
            spelled = sum(map(is_spoken, text[start:end]))
            whole = len(digits) == 11 or context.label(text, start) == "tel"
            alike = whole and _LOOK_ALIKE.match(text, start)
            after = text[end : end + 1]
            if (spelled < 2 and not alike) or (after.isascii() and after.isalnum()):
                return None
            return None if context.label(text, start) == "thing" else end
        digits = digits[:-1]
        end -= 1
    return None
