"""Shapes of numbers and addresses in folded text: broad patterns, no judgement.

Every pattern starts with a set of characters, which lets `re` skip the rest of a text quickly, and
matches a bounded length, so a million digits cost linear time. Boundaries are look-arounds: `\\b`
fails between a Hangul syllable and a digit. After its first digit a pattern asks, looking back two
characters, that no digit stood before it.
"""

import re

from pipeline.pii.fold import DASHES, DOTS, INVISIBLE, SPACES

_ALONE = "(?<![0-9][0-9])"  # right after a first digit: no digit before it
_END = "(?![0-9])"
_GAP = "[-./_~,·() ]{0,3}"
_RULE = "(?: ?[-./_·~] ?|, | )"

REGISTRATION = re.compile(
    f"[0-9]{_ALONE}(?:[0-9]{{5}}{_GAP}[0-9]{{7}}"
    f"|(?: [0-9]){{5}}[- ]{{1,3}}[0-9](?: [0-9]){{6}}){_END}"
)
_AREA = "1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]"  # after the 0
TELEPHONE = re.compile(
    rf"[(0](?:(?<=\()0|(?<![0-9]0))(?:(?:{_AREA}){_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}"
    rf"|(?P<rule>[-. ])[0-9](?:(?P=rule)[0-9]){{7,10}}){_END}"
)
# Found by its 82; what stands before (+, 00, a bracket) is looked at afterwards.
ABROAD = re.compile(
    rf"82\)?{_GAP}(?:\(0\)|0)?{_GAP}(?:{_AREA})\)?{_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}{_END}"
)
ABROAD_SIGN = re.compile(r"(?:\(?(?:\+ ?|(?<![0-9])00)|\()$")
ACCOUNT = re.compile(
    f"[0-9]{_ALONE}(?:[0-9]{{9,13}}{_END}"
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
SPOKEN = re.compile(f"[0공영빵〇零⓪oOㅇ](?:[-./_~·() ]{{0,2}}[{_ANY_DIGIT}]){{8,12}}")
SPOKEN_REGISTRATION = re.compile(
    f"{_FIRST}[{_ANY_DIGIT}]{{5}}{_GAP}[{_ANY_DIGIT}]{{7}}(?![{_ANY_DIGIT}])"
)
SPOKEN_ACCOUNT = re.compile(f"{_FIRST}(?:[-. ]?[{_ANY_DIGIT}]){{9,13}}(?![{_ANY_DIGIT}])")
LAST_GROUP = re.compile(f"[{_ANY_DIGIT}]{{4}}$")
# Any of the above lies inside a run of nine digits or more; one pass finds the runs.
RUN = re.compile(f"[{_ANY_DIGIT}](?:[-./_~,·() ]{{0,6}}[{_ANY_DIGIT}]){{8,}}")

_AT_WORD = " ?(?:at|AT|At|골뱅이|앳) ?"
AT = re.compile("@")
AT_WORDS = re.compile(
    rf"\({_AT_WORD}\)|\[{_AT_WORD}\]|\{{{_AT_WORD}\}}|골뱅이|(?P<bare>at (?<= at )|AT (?<= AT ))"
)
AT_SIGNS = (
    "골뱅이",
    "앳",
    " at ",
    " AT ",
    "at)",
    "AT)",
    "At)",
    "at]",
    "AT]",
    "at}",
    "at )",
    "at ]",
)
LOCAL_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_POINT = r"(?:\.|(?: ?[(\[{] ?(?:dot|점|닷) ?[)\]}] ?)| (?:dot|점|닷) )"
DOMAIN = re.compile(
    rf" ?[A-Za-z0-9][A-Za-z0-9-]{{0,62}}(?:{_POINT}[A-Za-z0-9-]{{1,63}}){{0,5}}"
    rf"{_POINT}(?P<top>[A-Za-z]{{2,24}})"
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
    return re.sub("[^0-9]", "", text.translate(_SPOKEN))


# RE2, run over a whole column: whether any of the above can match, gaps with invisible characters.
_WIDE_GAP = f"[-./_~,()（）．／＿～，{DASHES}{DOTS}{SPACES} {INVISIBLE}。｡]{{0,8}}"
GATE = (
    f"[0-9０-９](?:{_WIDE_GAP}[0-9０-９]){{8}}"
    "|[@＠﹫]|골뱅이|(?i:[(\\[{（［｛] ?(?:at|앳))|(?i: at )"
    f"|[{_ANY_DIGIT}０-９ｏＯ](?:{_WIDE_GAP}[{_ANY_DIGIT}０-９ｏＯｌＩ]){{8}}"
)
