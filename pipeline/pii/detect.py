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
    barcode,
    date_like,
    registration_check,
    registration_kind,
    telephone,
)
from tokenizer.errors import RecipeError
from tokenizer.special import PII_KINDS

_NO_DIGIT = re.compile("[^0-9]+")
_FILE_ENDING = re.compile(
    "png|jpe?g|gif|svg|webp|bmp|ico|pdf|js|ts|css|py|md|txt|json|xml|html|zip|mp4|so|dll|exe", re.I
)
_SPEAKS_OF_MAIL = re.compile("메일|mail", re.I)
_COUNTED = ("원", "달러", "만", "억", "천", "%")  # what an amount is followed by
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
        raise RecipeError(
            f"PII kind {unknown[0]!r} has no detector; there are {', '.join(PII_KINDS)}"
        )
    folded = fold(text)
    taken: list[Span] = []
    # The strongest evidence first: what is taken is not offered to the next kind.
    runs = [run.span() for run in shape.RUN.finditer(folded.text)]
    for detector in (_registrations, _telephones, _accounts, _emails):
        for span in detector(folded.text, runs):
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


Runs = list[tuple[int, int]]


def _matches(pattern: re.Pattern[str], text: str, runs: Runs) -> Iterator[re.Match[str]]:
    """The matches of `pattern` inside runs of digits, an opening bracket before them included."""
    for start, end in runs:
        yield from pattern.finditer(text, max(0, start - 1), end)


def _registrations(text: str, runs: Runs) -> Iterator[Span]:
    spoken = (
        match
        for match in _matches(shape.SPOKEN_REGISTRATION, text, runs)
        if shape.is_spoken_throughout(match[0])
    )
    for match in chain(_matches(shape.REGISTRATION, text, runs), spoken):
        start, end = match.span()
        digits = shape.spoken_digits(match[0])
        kind = registration_kind(digits)
        if kind is None or _grouped_further(text, start, end):
            continue
        named = context.label(text, start, "rrn")
        if match[0].isalnum() or end - start > 20:  # digits in one piece or each apart: no shape
            checked = (
                registration_check(digits) and not barcode(digits) and not date_like([digits[:8]])
            )
            if not (named == "own" or (checked and match[0].isalnum())) or context.in_address(
                text, start
            ):
                continue
        if named in (None, "own"):
            yield Span(start, end, kind)


def _telephones(text: str, runs: Runs) -> Iterator[Span]:
    for match in _matches(shape.TELEPHONE, text, runs):
        start, end = match.span()
        start += match[0].startswith("(") and ")" not in match[0]  # the bracket is the sentence's
        digits = _NO_DIGIT.sub("", match[0])
        if telephone(digits) and _is_telephone(text, start, end, digits):
            yield Span(start, end, "tel")
    for match in _matches(shape.ABROAD, text, runs):
        sign = shape.ABROAD_SIGN.search(text[max(0, match.start() - 4) : match.start()])
        start = match.start() - (len(sign[0]) if sign else 0)
        start += text[start] == "(" and match[0][2] != ")"  # the bracket is the sentence's
        digits = _NO_DIGIT.sub("", match[0])[2:]
        signed = sign is not None and sign[0] != "("
        if not signed and (match[0][2] not in "-. )" or text[start - 1 : start].isdigit()):
            continue
        if telephone(digits if digits.startswith("0") else "0" + digits):
            yield Span(start, match.end(), "tel")
    for match in _matches(shape.SPOKEN, text, runs):
        spoken_end = _spoken_end(text, match.start(), match.end())
        if spoken_end:
            yield Span(match.start(), spoken_end, "tel")


def _is_telephone(text: str, start: int, end: int, digits: str) -> bool:
    named = context.label(text, start, "tel")
    if named == "thing" or _grouped_further(text, start, end) or text[end : end + 1] == "호":
        return False
    written = text[start:end]
    if written.isdigit():
        before = text[start - 1 : start]
        if context.in_address(text, start) or (
            before.isascii() and before.isalpha() and named != "own"
        ):
            return False
        return len(digits) >= 10 or named == "own"
    if written[1::2].strip(" -.") == "":  # one digit at a time: a list of numbers, if not named
        inside = text[start - 2 : start - 1].isdigit() or text[end + 1 : end + 2].isdigit()
        return not inside and (named == "own" or len(set(digits)) > 3)
    return True


def _spoken_end(text: str, start: int, end: int) -> int | None:
    """Where a number with spelled digits ends; a last 이 or 일 may belong to the next word.

    Its last group has four digits or more.
    """
    before = text[start - 1 : start]
    if shape.is_digit(before) or (before.isascii() and before.isalpha()):
        return None
    while end > start:
        digits = shape.spoken_digits(text[start:end])
        if len(digits) < 9:
            return None
        grouped = shape.LAST_GROUP.search(text[start:end]) is not None
        if grouped and telephone(digits):
            after = text[end : end + 1]
            spelled = sum(shape.is_spoken(char) for char in text[start:end])
            return None if spelled < 2 or (after.isascii() and after.isalnum()) else end
        end -= 1
    return None


def _accounts(text: str, runs: Runs) -> Iterator[Span]:
    for match in _matches(shape.ACCOUNT, text, runs):
        start = match.start()
        end, groups = _account_groups(match)
        if (
            groups
            and not _not_account(text, start, end, groups)
            and _in_account_context(text, start, end)
        ):
            yield Span(start, end, "acc")
    for match in _matches(shape.SPOKEN_ACCOUNT, text, runs):
        start, end = match.span()
        apart = match[0][1::2].isspace()
        if (apart or shape.is_spoken_throughout(match[0])) and _in_account_context(
            text, start, end
        ):
            yield Span(start, end, "acc")


def _in_account_context(text: str, start: int, end: int) -> bool:
    named = context.label(text, start, "acc")
    return named in ("own", None) and context.speaks_of_account(text, start, end)


def _account_groups(match: re.Match[str]) -> tuple[int, list[str]]:
    """(end, groups of digits) of the longest run of groups that has the length of an account."""
    rule = match["rule"]
    groups = match[0].split(rule) if rule else [match[0]]
    end = match.end()
    if [len(group) for group in groups] == [4, 4, 4, 4]:  # a card
        return end, []
    while sum(map(len, groups)) > MAX_ACCOUNT and len(groups) > 1 and rule.strip() == "":
        end -= len(groups.pop()) + len(rule)
    if len(groups) > 1 and len(groups[0]) < 3:
        return end, []
    return end, groups if MIN_ACCOUNT <= sum(map(len, groups)) <= MAX_ACCOUNT else []


def _not_account(text: str, start: int, end: int, groups: list[str]) -> bool:
    digits = "".join(groups)
    neighbours = text[start - 1 : start] + text[end : end + 1]
    return (
        date_like(groups)
        or len(set(digits)) == 1
        or any(char.isascii() and char.isalpha() for char in neighbours)
        or text[end : end + 2].lstrip().startswith(_COUNTED)
        or (len(groups) > 1 and max(map(len, groups)) < 4)
        or _grouped_further(text, start, end, "-._/,")
        or context.in_address(text, start)
    )


def _grouped_further(text: str, start: int, end: int, marks: str = "-.") -> bool:
    """Whether digits go on beyond the span after one of `marks`: a part of a longer number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (len(before) == 2 and before[0].isdigit() and before[1] in marks) or (
        len(after) == 2 and after[0] in marks and after[1].isdigit()
    )


def _emails(text: str, runs: Runs) -> Iterator[Span]:
    words = shape.AT_WORDS.finditer(text) if any(sign in text for sign in shape.AT_SIGNS) else ()
    for at in chain(shape.AT.finditer(text), words):
        end_of_local = at.start()
        if at[0] != "@" and text[end_of_local - 1 : end_of_local] == " ":
            end_of_local -= 1
        start = end_of_local
        while (
            start > 0
            and end_of_local - start < shape.MAX_LOCAL
            and text[start - 1] in shape.LOCAL_CHARS
        ):
            start -= 1
        local = text[start:end_of_local].lstrip(".%+-")
        start = end_of_local - len(local)
        domain = shape.DOMAIN.match(text, at.end())
        if not local or domain is None or _FILE_ENDING.fullmatch(domain["top"]):
            continue
        if at[0] == "@" and (text[at.end()] == " " or local == "git"):
            continue
        if at[0] in ("at ", "AT ") and not _wrote_at(text, start, local, at[0]):
            continue
        yield Span(start, domain.end(), "email")


def _wrote_at(text: str, start: int, local: str, word: str) -> bool:
    """Whether a bare ` at ` stands for @: English prose has it before domain names too."""
    return (
        word.isupper()
        or not local.isalpha()
        or _SPEAKS_OF_MAIL.search(text[max(0, start - context.WINDOW_BEFORE) : start]) is not None
    )
