"""Numbers of persons' and businesses' papers: registration, licence, passport, customs, card.

Each function takes folded text and the span of a run of digits, and yields spans. Sources: the
layouts and check digits in `pipeline.pii.validate`; passports as issued before and since December
2021 (M12345678, M123A4567); licences with a region's code, before 2014 with its name; personal
customs codes (P and twelve digits); ISO/IEC 7812 card numbers.
"""

import re
from collections.abc import Iterator

from pipeline.pii import context
from pipeline.pii.candidates import ALONE, GAP, grouped_further, only_digits
from pipeline.pii.fold import INVISIBLE, SPACES
from pipeline.pii.validate import (
    barcode,
    business_check,
    card,
    date_like,
    registration_check,
    registration_kind,
)

_OTHERS = ("thing", "loose", "other")  # labels of numbers that are nobody's
Found = Iterator[tuple[int, int, str]]

_REGISTRATION = re.compile(
    f"[0-9]{ALONE}(?:[0-9]{{5}}(?P<gap>{GAP})[0-9]{{7}}"
    "|(?: [0-9]){5}[- ]{1,3}[0-9](?: [0-9]){6})(?![0-9])"
)
_CARD = re.compile(
    f"[0-9]{ALONE}(?:[0-9]{{3}}(?:(?:{GAP}[0-9]{{4}}){{3}}|{GAP}[0-9]{{6}}{GAP}[0-9]{{4,5}})"
    "|(?:[ -][0-9]){13,15})(?![0-9])"
)
_BUSINESS = re.compile(
    f"[0-9]{ALONE}(?:[0-9]{{2}}(?P<gap>{GAP})[0-9]{{2}}{GAP}[0-9]{{5}}"
    "|(?: [0-9]){2}[- ]{1,3}[0-9] [0-9][- ]{1,3}[0-9](?: [0-9]){4})(?![0-9])"
)
_LICENCE_REGION = (
    "(?:서울|부산|대구|인천|광주|대전|울산|경기(?:남부|북부|남|북)?|강원|충북|충남|전북|전남|경북|경남"
    "|제주)"
)
_LICENCE = re.compile(
    f"[0-9]{ALONE}[0-9](?:(?<=1[1-9]|2[0-6]|28)(?P<gap>{GAP})[0-9]{{2}}{GAP}[0-9]{{6}}"
    f"(?P<last>{GAP})[0-9]{{2}}|(?P<rule>{GAP})[0-9]{{6}}{GAP}(?P<old>[0-9]{{2}}))(?![0-9])"
)
_REGION_BEFORE = re.compile(f"(?<![가-힣]){_LICENCE_REGION}(?: ?제)?{GAP}$")
_TWELVE = re.compile(f"[0-9]{ALONE}[0-9]{{11}}(?![0-9])")
_PASSPORT = re.compile(
    "(?<![A-Za-z0-9])(?P<type>[MSRODmsrod])[ -]{0,2}"
    "(?:[0-9]{8}|[0-9]{3} ?[A-Za-z] ?[0-9]{4}|[0-9]{4}[ -][0-9]{4})(?![0-9A-Za-z_]|-[0-9])"
)
_CUSTOMS = re.compile(
    "(?<![A-Za-z0-9])[Pp][ -]{0,2}(?:[0-9]{12}|[0-9]{4}(?:[ -][0-9]{4}){2})(?![0-9A-Za-z_]|-[0-9])"
)
_SAYS_PASSPORT = re.compile("여권|[Pp]assport|PASSPORT")
_SAYS_CUSTOMS = re.compile("통관|고유부호|개통부|수하인|직구|관세|[Pp][Cc]{2,3}|[Cc]ustoms")
_SAYS_LICENCE = re.compile("면허|운전자|[12]종 ?(?:보통|대형|소형|특수)|[Ll]icen[cs]e|LICEN[CS]E")
_SAYS_BUSINESS = re.compile(
    r"사업[자장]|\(주\)|㈜|주식회사|지출증빙|현금영수증|상호|대표자?|공급[하받]|[Bb]usiness|계산서|업[체태]"
    "|[폐휴]업|과세|거래처|가맹점|법인|비영리"
)
_PAID = re.compile("결제[^가-힣A-Za-z0-9\\n]{0,4}\\Z")
_NON_PROFIT = ("80", "82", "83", "89")
_UNIQUE_NUMBER = re.compile("고유 ?번호[^가-힣0-9]{0,4}\\Z")
_SAYS_CARD = re.compile("카드|[Cc]ard|CARD|[Vv]isa|VISA|[Mm]aster|[Aa]mex|AMEX|비자")
_PERSON_BEFORE = re.compile("(?:[가-힣]{2,4}|[A-Z]{2,})[ (|,:]{1,3}$")

_S = f"[ {SPACES}{INVISIBLE}-]{{0,4}}"
_DIGIT = f"[0-9０-９][{INVISIBLE}]*"
_LETTERS = "MSRODPmsrodpＭＳＲＯＤＰｍｓｒｏｄｐ"
GATE = (
    f"[{_LETTERS}]{_S}(?:{_DIGIT}){{3}}{_S}"
    f"(?:[A-Za-zＡ-Ｚａ-ｚ]{_S}(?:{_DIGIT}){{4}}|{_DIGIT}{_S}(?:{_DIGIT}){{4}}(?:{_S}(?:{_DIGIT}){{4}})?)"
)
"""RE2, over raw text: whether a passport or customs number can stand here."""


def find_lettered(text: str, start: int, end: int) -> Found:
    """Passports and customs codes around a match of GATE."""
    for match in _CUSTOMS.finditer(text, start, end + 1):
        written = match[0][0] == "P" and context.label(text, match.start()) not in _OTHERS
        if written or context.named(text, *match.span(), _SAYS_CUSTOMS):
            yield *match.span(), "customs"
    for match in _PASSPORT.finditer(text, start, end + 1):
        if _is_passport(text, match):
            yield *match.span(), "passport"


def _is_passport(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    if context.label(text, start) in _OTHERS:
        return False
    if context.named(text, start, end, _SAYS_PASSPORT):
        return True
    written = match[0]
    alone = text[start - 1 : start] not in ("-", "_", "/", "#", ".", "=") and text[
        end : end + 1
    ] not in ("-", "_", "/")
    return alone and len(written) == 9 and written[0] == "M" and written.isupper()


def find_cards(text: str, start: int, end: int) -> Found:
    """Payment cards: issuer digits and Luhn; without groups a word for a card has to be near."""
    for match in _CARD.finditer(text, start, end):
        if not card(only_digits(match[0])) or grouped_further(text, *match.span(), "-./"):
            continue
        label = context.label(text, match.start())
        paid = label == "loose" and _PAID.search(text, max(0, match.start() - 8), match.start())
        if label in (*_OTHERS, "reg") and not (paid and not match[0].isdigit()):
            continue
        said = context.named(text, *match.span(), _SAYS_CARD)
        if not said and (match[0].isdigit() and _glued(text, *match.span())):
            continue
        if said or not context.in_address(text, *match.span()):
            yield *match.span(), "card"


def _glued(text: str, start: int, end: int) -> bool:
    """Whether letters, points or the like join a run of digits to something longer."""
    before, after = text[start - 1 : start], text[end : end + 1]
    joined = (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())
    return joined or before in ("_", "-", ".", "=", "/", "#", "%", "&") or after in ("_", "-", "&")


def find_registrations(text: str, start: int, end: int) -> Found:
    """Resident and foreigner registration numbers."""
    for match in _REGISTRATION.finditer(text, start, end):
        digits = only_digits(match[0])
        kind = registration_kind(digits)
        if (
            kind
            and not grouped_further(text, *match.span())
            and _is_registration(text, match, digits)
        ):
            yield *match.span(), kind


def _is_registration(text: str, match: re.Match[str], digits: str) -> bool:
    start, end = match.span()
    label = context.label(text, start)
    if label in ("rrn", "reg"):
        return True
    if label in _OTHERS or context.in_address(text, start, end):
        return False
    if context.called_behind(text, end):
        return False
    gap = match["gap"]
    if gap and gap.strip() == "-":
        return True
    checked = registration_check(digits) and not barcode(digits) and not date_like([digits[:8]])
    if gap and not gap.strip() and _PERSON_BEFORE.search(text[max(0, start - 8) : start]):
        return True
    if not checked or label in ("acc", "tel", "card"):
        return False
    if gap is None:  # one digit at a time
        return len(set(digits)) > 3 and not _in_row(text, start, end)
    if gap == "":
        return not _glued(text, start, end)
    return not _in_row(text, start, end)


def _in_row(text: str, start: int, end: int) -> bool:
    """Whether more digits stand beside: numbers in a row, not one number in groups."""
    before, after = text[max(0, start - 3) : start].rstrip(" "), text[end : end + 3].lstrip(" ")
    return before[-1:].isdigit() or after[:1].isdigit()


def find_businesses(text: str, start: int, end: int) -> Found:
    """Business registration numbers; written without hyphens they have to be named."""
    for match in _BUSINESS.finditer(text, start, end):
        if not business_check(only_digits(match[0])) or grouped_further(text, *match.span()):
            continue
        label = context.label(text, match.start())
        if label in ("brn", "reg") or _is_business(text, match, label):
            yield *match.span(), "brn"


def _is_business(text: str, match: re.Match[str], label: str | None) -> bool:
    """Whether ten digits without a label of their own are a business's, by the words around."""
    start, end = match.span()
    hyphens = (match["gap"] or "").strip() == "-"
    if label == "thing":  # 고유번호 is also what a club or a church has in place of 사업자번호
        kind = only_digits(match[0])[3:5]
        return (
            hyphens
            and kind in _NON_PROFIT
            and bool(_UNIQUE_NUMBER.search(text[max(0, start - 12) : start]))
        )
    if label not in (None, "card", "loose") or context.in_address(text, start, end):
        return False
    if hyphens and label != "loose":
        return not context.called_behind(text, end)
    said = context.named(text, start, end, _SAYS_BUSINESS)
    return said and (hyphens or (label != "loose" and not _in_row(text, start, end)))


def find_licences(text: str, start: int, end: int) -> Found:
    """Driver's licences: 11-90-834456-56, and the old form 서울 09-123456-78."""
    for match in _LICENCE.finditer(text, start, end):
        first, last = match.span()
        if match["old"]:
            region = _REGION_BEFORE.search(text, max(0, first - 12), first)
            first = region.start() if region else first
            wanted = _is_old_licence(text, match, region is not None, context.label(text, first))
        else:
            wanted = _is_licence(text, match, context.label(text, first))
        if wanted and not grouped_further(text, first, last):
            yield first, last, "driver"
    for match in _TWELVE.finditer(text, start, end):
        if context.label(text, match.start()) == "customs":
            yield *match.span(), "customs"


def _is_licence(text: str, match: re.Match[str], label: str | None) -> bool:
    """Whether 2-2-6-2 digits are a licence: named, or with marks between all groups."""
    if label == "driver":
        return True
    if label in _OTHERS or label == "customs" or context.in_address(text, *match.span()):
        return False
    if context.called_behind(text, match.end()):
        return False
    said = label is None and context.named(text, *match.span(), _SAYS_LICENCE)
    marks = {match["gap"].strip(), match["last"].strip()}
    return said or (len(marks) == 1 and marks <= {"-", "·", "/"} and label != "acc")


def _is_old_licence(text: str, match: re.Match[str], region: bool, label: str | None) -> bool:
    """Whether 2-6-2 digits are a licence, behind the name of a region or named."""
    if not region:
        return label == "driver" and match["rule"].strip() == "-"
    marked = match["rule"] != "" or text[match.start() - 1] == "-"
    said = label == "driver" or context.named(text, *match.span(), _SAYS_LICENCE)
    return said or (marked and label not in _OTHERS)
