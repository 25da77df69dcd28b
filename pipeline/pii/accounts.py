"""Bank accounts: ten to fourteen digits beside a bank's name or a word for an account.

No public check digit exists; groupings follow the format table of the Korea Financial
Telecommunications and Clearings Institute.
"""

import re

from pipeline.pii import banks, context
from pipeline.pii.candidates import ACCOUNT, grouped_further
from pipeline.pii.documents import Found
from pipeline.pii.validate import date_like

_LATIN = re.compile("[A-Za-z_@]")
_APART = re.compile("(?<![0-9])(?<![0-9] )[0-9](?: [0-9]){9,13}(?! ?[0-9])")
MIN_ACCOUNT, MAX_ACCOUNT = 10, 14
_COUNTED = ("원", "달러", "만", "억", "천", "%", "엔", "주(", "좌", "KRW")  # what an amount ends on
_NOT_ACCOUNT = (
    "thing",
    "loose",
    "rrn",
    "driver",
    "passport",
    "customs",
    "tel",
    "card",
    "brn",
    "other",
)


def find_accounts(text: str, start: int, end: int) -> Found:
    """Accounts in a run of digits."""
    for match in ACCOUNT.finditer(text, start, end):
        first = match.start()
        last, groups = _groups(match)
        if (
            groups
            and _can_be_account(text, first, last, groups)
            and speaks_of_account(text, first, last)
        ):
            yield first, last, "acc"


def find_apart(text: str, start: int, end: int) -> Found:
    """Accounts in a run of digits, one space between all of them."""
    for match in _APART.finditer(text, start, end):
        if len(set(match[0])) > 3 and speaks_of_account(text, *match.span()):
            yield *match.span(), "acc"


def speaks_of_account(text: str, start: int, end: int) -> bool:
    """Whether the words around make a number an account."""
    return banks.speaks_of_account(text, start, end) and _is_account_label(text, start, end)


def _is_account_label(text: str, start: int, end: int) -> bool:
    label = context.label(text, start)
    return label not in _NOT_ACCOUNT or (label == "tel" and banks.bank_behind(text, end))


def _groups(match: re.Match[str]) -> tuple[int, list[str]]:
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


def _can_be_account(text: str, start: int, end: int, groups: list[str]) -> bool:
    digits = "".join(groups)
    neighbours = text[start - 1 : start] + text[end : end + 1]
    return not (
        date_like(groups)
        or len(set(digits)) < 3
        or [len(group) for group in groups if groups[0] == "080"] == [3, 3, 4]  # toll-free
        or (_LATIN.search(neighbours) and not banks.glued_to_bank(text, start))
        or text[end : end + 2].lstrip().startswith(_COUNTED)
        or (len(groups) > 1 and max(map(len, groups)) < 4)
        or grouped_further(text, start, end, "-._/,")
        or (context.label(text, start) != "acc" and context.in_address(text, start, end))
    )
