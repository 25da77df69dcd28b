"""Shapes of numbers and addresses in folded text: broad patterns, no judgement.

Every pattern starts with a set of characters, which lets `re` skip the rest of a text quickly, and
matches a bounded length, so a million digits cost linear time. Boundaries are look-arounds: `\\b`
fails between a Hangul syllable and a digit. After its first digit a pattern asks, looking back two
characters, that no digit stood before it.
"""

import re

from pipeline.pii.fold import DASHES, DOTS, INVISIBLE, SPACES

_NO_DIGIT = re.compile("[^0-9]+")
ALONE = "(?<![0-9][0-9])"  # right after a first digit: no digit before it
_END = "(?![0-9])"
GAP = "[-./_~,·() ]{0,3}"
_RULE = "(?: ?[-./_·~] ?|, | )"

_AREA = "1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]"  # after the 0
TELEPHONE = re.compile(
    rf"[(0](?:(?<=\()0|(?<![0-9]0))(?:(?:{_AREA}){GAP}[0-9]{{3,4}}{GAP}[0-9]{{4}}"
    rf"|(?P<rule>[-. ])[0-9](?:(?P=rule)[0-9]){{7,10}}){_END}"
)
# Found by its 82; what stands before (+, 00, a bracket) is looked at afterwards.
ABROAD = re.compile(
    rf"82\)?{GAP}(?:\(0\)|0)?{GAP}(?:{_AREA})\)?{GAP}[0-9]{{3,4}}{GAP}[0-9]{{4}}{_END}"
)
ABROAD_SIGN = re.compile(r"(?:\(?(?:\+ ?|(?<![0-9])00)|\()$")
ACCOUNT = re.compile(
    f"[0-9]{ALONE}(?:[0-9]{{9,13}}{_END}"
    f"|[0-9]{{1,7}}(?P<rule>{_RULE})[0-9]{{1,11}}(?:(?P=rule)[0-9]{{1,9}}){{0,4}}{_END})"
)

_SPOKEN_DIGITS = {
    **dict(zip("공일이삼사오육칠팔구", "0123456789", strict=True)),
    **dict(zip("〇一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("⓪①②③④⑤⑥⑦⑧⑨", "0123456789", strict=True)),
    **dict.fromkeys("영빵零oOㅇ", "0"),
    **dict.fromkeys("lI", "1"),
    "륙": "6",
}
_SPOKEN = str.maketrans(_SPOKEN_DIGITS)
_ANY_DIGIT = "0-9" + "".join(_SPOKEN_DIGITS)
_FIRST = f"[{_ANY_DIGIT}](?<![{_ANY_DIGIT}]{{2}})"  # no digit, spelled or not, before it
_LAST = f"(?=[이일]?(?:[^{_ANY_DIGIT}]|$))"  # a last 이 may be a verb: 공육이에요
_ZERO, _AFTER_ZERO = "0공영빵〇零⓪oOㅇ", "1-7일이삼사오육륙칠一二三四五六七①②③④⑤⑥⑦lI"
SPOKEN = re.compile(
    f"[{_ZERO}][-./_~·() ]{{0,2}}[{_AFTER_ZERO}](?:[-./_~·() ]{{0,2}}[{_ANY_DIGIT}]){{7,11}}"
)
SPOKEN_REGISTRATION = re.compile(f"{_FIRST}[{_ANY_DIGIT}]{{5}}{GAP}[{_ANY_DIGIT}]{{7}}{_LAST}")
SPOKEN_ACCOUNT = re.compile(f"{_FIRST}(?:[-. ]?[{_ANY_DIGIT}]){{9,13}}{_LAST}")
SPOKEN_DOCUMENT = re.compile(f"{_FIRST}(?:{GAP}[{_ANY_DIGIT}]){{9,19}}(?![{_ANY_DIGIT}])")
LAST_GROUP = re.compile(f"[{_ANY_DIGIT}]{{4}}$")
# RE2, over raw text: runs of spelled and written digits.
_WIDE_GAP = f"[-./_~·()（）．／＿～{DASHES}{DOTS}{SPACES} {INVISIBLE}。｡]{{0,6}}"
_WIDE_DIGIT = f"[{_ANY_DIGIT}０-９ｏＯｌＩ]"
SPELLED_GATE = f"{_WIDE_DIGIT}(?:{_WIDE_GAP}{_WIDE_DIGIT}){{8,}}"
SPELLED = "".join(_SPOKEN_DIGITS) + "ｏＯｌＩ"


def only_digits(text: str) -> str:
    """The written digits of `text`."""
    return _NO_DIGIT.sub("", text)


def grouped_further(text: str, start: int, end: int, marks: str = "-.") -> bool:
    """Whether digits go on beyond the span after one of `marks`: a part of a longer number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (len(before) == 2 and before[0].isdigit() and before[1] in marks) or (
        len(after) == 2 and after[0] in marks and after[1].isdigit()
    )


def is_spoken(text: str) -> bool:
    """Whether digits are spelled: 공일공, ①, o1o."""
    return any(char in _SPOKEN_DIGITS for char in text)


def is_spoken_throughout(text: str) -> bool:
    """Whether all digits are spelled, or only O, l and the like stand for some."""
    spelled = {char for char in text if char in _SPOKEN_DIGITS}
    return bool(spelled) and (spelled <= set("oOㅇlI") or not re.search("[0-9]", text))


def is_digit(char: str) -> bool:
    """Whether a character stands for a digit, written or spelled."""
    return char.isdigit() or char in _SPOKEN_DIGITS


def spoken_digits(text: str) -> str:
    """The digits of a match of SPOKEN: 공일공-1234 gives 0101234."""
    return re.sub("[^0-9]", "", written_out(text))


def written_out(text: str) -> str:
    """`text` of the same length with every spelled digit written: 일일-영구 gives 11-09."""
    return text.translate(_SPOKEN)
