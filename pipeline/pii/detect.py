"""Personal numbers and addresses in a text: candidates, then validators, then the words around."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from itertools import chain
from typing import NamedTuple

from pipeline.pii import candidates as shape
from pipeline.pii import context
from pipeline.pii.fold import fold
from pipeline.pii.validate import (
    amount,
    barcode,
    date_like,
    registration_check,
    registration_kind,
    telephone,
)
from tokenizer.errors import RecipeError
from tokenizer.special import PII_KINDS

_NO_DIGIT = re.compile("[^0-9]+")
_FILE_ENDINGS = frozenset(
    "png jpg jpeg gif svg webp bmp ico pdf js ts css py md txt json xml html zip mp4 so dll exe".split()
)
_SPEAKS_OF_MAIL = re.compile("메일|mail", re.I)
MIN_ACCOUNT, MAX_ACCOUNT = 10, 14


class Span(NamedTuple):
    start: int  # code points, of the text as given
    end: int
    kind: str


def detect(text: str, kinds: Collection[str] = PII_KINDS) -> list[Span]:
    """The values of `kinds` in `text`, in order and without overlap, each the value alone.

    Raises RecipeError for a kind that has no detector.
    """
    unknown = sorted(set(kinds) - set(PII_KINDS))
    if unknown:
        raise RecipeError(f"PII kind {unknown[0]!r} has no detector; there are {', '.join(PII_KINDS)}")
    folded = fold(text)
    taken: list[Span] = []
    # The strongest evidence first: what is taken is not offered to the next kind.
    for detector in (_registrations, _telephones, _accounts, _emails):
        for span in detector(folded.text):
            place = bisect_left(taken, span)
            free = place == 0 or taken[place - 1].end <= span.start
            if free and (place == len(taken) or span.end <= taken[place].start):
                taken.insert(place, span)
    return [
        Span(*folded.original(span.start, span.end), span.kind)
        for span in taken
        if span.kind in kinds
    ]


def contains(text: str, kinds: Collection[str] = PII_KINDS) -> bool:
    """Whether `text` holds a value of one of `kinds`."""
    return bool(detect(text, kinds))


def _registrations(text: str) -> Iterator[Span]:
    for match in chain(shape.REGISTRATION.finditer(text), shape.SPOKEN_REGISTRATION.finditer(text)):
        digits = shape.spoken_digits(match[0])
        kind = registration_kind(digits)
        if kind is None or _grouped_further(text, match.start(), match.end()):
            continue
        named = context.label(text, match.start(), "rrn")
        if match[0].isalnum():  # without a separator the shape says nothing
            certain = named == "own" or (registration_check(digits) and not barcode(digits))
            if not certain or context.in_address(text, match.start()):
                continue
        if named in (None, "own"):
            yield Span(match.start(), match.end(), kind)


def _telephones(text: str) -> Iterator[Span]:
    for match in shape.TELEPHONE.finditer(text):
        start, end = match.span()
        digits = _NO_DIGIT.sub("", match[0])
        if telephone(digits) and _is_telephone(text, start, end, digits):
            yield Span(start, end, "tel")
    for match in shape.ABROAD.finditer(text):
        sign = shape.ABROAD_SIGN.search(text[max(0, match.start() - 4) : match.start()])
        start = match.start() - (len(sign[0]) if sign else 0)
        country, digits = match[0][:2], _NO_DIGIT.sub("", match[0])[2:]
        signed = sign is not None and sign[0].strip("(") != ""
        if not signed and (match[0][len(country)] not in "-. )" or text[start - 1 : start].isdigit()):
            continue
        if telephone(digits if digits.startswith("0") else "0" + digits):
            yield Span(start, match.end(), "tel")
    for match in shape.SPOKEN.finditer(text):
        end = _spoken_end(text, match.start(), match.end())
        if end and not match[0].isascii():
            yield Span(match.start(), end, "tel")


def _is_telephone(text: str, start: int, end: int, digits: str) -> bool:
    if _grouped_further(text, start, end) or context.label(text, start, "tel") == "thing":
        return False
    if text[start:end].isdigit():
        glued = text[start - 1 : start].isascii() and text[start - 1 : start].isalpha()
        if glued and context.label(text, start, "tel") != "own":
            return False
        if context.in_address(text, start):
            return False
        return len(digits) >= 10 or context.label(text, start, "tel") == "own"
    return True


def _spoken_end(text: str, start: int, end: int) -> int | None:
    """Where a number with spelled digits ends; a last 이 or 일 may belong to the next word."""
    before = text[start - 1 : start]
    if before.isdigit() or (before.isascii() and before.isalpha()):
        return None
    while end > start:
        digits = shape.spoken_digits(text[start:end])
        if len(digits) < 9:
            return None
        if telephone(digits) and (len(digits) == 11 or not digits.startswith("010")):
            after = text[end : end + 1]
            return None if after.isascii() and after.isalnum() else end
        end -= 1
    return None


def _accounts(text: str) -> Iterator[Span]:
    for match in shape.ACCOUNT.finditer(text):
        start = match.start()
        end, groups = _account_groups(match)
        if not groups or _not_account(text, start, end, groups, (match["rule"] or "").strip()):
            continue
        if context.speaks_of_account(text, start, end) and context.label(text, start, "acc") in ("own", None):
            yield Span(start, end, "acc")


def _account_groups(match: re.Match[str]) -> tuple[int, list[str]]:
    """(end, groups of digits) of the longest run of groups that has the length of an account."""
    rule = match["rule"]
    groups = match[0].split(rule) if rule else [match[0]]
    end = match.end()
    if [len(group) for group in groups] == [4, 4, 4, 4]:  # a card
        return end, []
    while sum(map(len, groups)) > MAX_ACCOUNT and len(groups) > 1 and rule.strip() == "":
        end -= len(groups.pop()) + len(rule)
    return end, groups if MIN_ACCOUNT <= sum(map(len, groups)) <= MAX_ACCOUNT else []


def _not_account(text: str, start: int, end: int, groups: list[str], rule: str) -> bool:
    digits = "".join(groups)
    return (
        date_like(groups)
        or amount(groups, rule)
        or len(set(digits)) == 1
        or text[end : end + 2].lstrip().startswith(("원", "달러", "%"))
        or (rule == "" and len(groups) > 1 and max(map(len, groups)) < 3)
        or _grouped_further(text, start, end)
        or context.in_address(text, start)
    )


def _grouped_further(text: str, start: int, end: int) -> bool:
    """Whether the digits go on beyond the span after a hyphen or the like: a part of a longer number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (len(before) == 2 and before[0].isdigit() and before[1] in "-._/") or (
        len(after) == 2 and after[0] in "-_" and after[1].isdigit()
    )


def _emails(text: str) -> Iterator[Span]:
    for at in shape.AT.finditer(text):
        end_of_local = at.start()
        if at[0] != "@" and text[end_of_local - 1 : end_of_local] == " ":
            end_of_local -= 1
        start = end_of_local
        while start > 0 and end_of_local - start < shape.MAX_LOCAL and text[start - 1] in shape.LOCAL_CHARS:
            start -= 1
        local = text[start:end_of_local].lstrip(".%+-")
        start = end_of_local - len(local)
        domain = shape.DOMAIN.match(text, at.end())
        if not local or domain is None or domain["top"].lower() in _FILE_ENDINGS:
            continue
        if at[0] == "@" and (text[at.end()] == " " or local == "git"):
            continue
        if at["bare"] and not _wrote_at(text, start, local, at[0]):
            continue
        yield Span(start, domain.end(), "email")


def _wrote_at(text: str, start: int, local: str, word: str) -> bool:
    """Whether a bare ` at ` stands for @: English prose has it before domain names too."""
    return (
        word.isupper()
        or not local.isalpha()
        or _SPEAKS_OF_MAIL.search(text[max(0, start - context.WINDOW_BEFORE) : start]) is not None
    )
