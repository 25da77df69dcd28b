"""E-mail addresses, also as people spell them: abc 골뱅이 example 점 com, abc[at]x.kr."""

import re

from pipeline.pii import context
from pipeline.pii.documents import Found
from pipeline.pii.fold import INVISIBLE, SPACES

_AT_WORD = " ?(?:at|AT|At|골뱅이|앳|@) ?"
_AT = re.compile(
    rf"@|\({_AT_WORD}\)|\[{_AT_WORD}\]|\{{{_AT_WORD}\}}|<{_AT_WORD}>|골뱅이|앳"
    r"|(?P<bare>(?<= )(?:at|AT)(?= ))"
)
LOCAL_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1
MAX_DOMAIN = 150  # of RFC's 255 characters; what a window holds
_POINT = (
    r"(?:\.|(?: ?[(\[{<] ?(?:dot|DOT|점|닷|쩜|\.) ?[)\]}>] ?)| (?:dot|DOT|점|닷|쩜) ?"
    "|(?:점|닷|쩜) ?)"
)
_DOMAIN = re.compile(
    rf" ?[A-Za-z0-9][A-Za-z0-9-]{{0,62}}(?:{_POINT}[A-Za-z0-9-]{{1,63}}){{0,5}}"
    rf"{_POINT}(?P<top>[A-Za-z]{{2,24}})"
)
_SPOKEN_DOMAIN = re.compile(
    " ?(?:네이버|지메일|쥐메일|다음|한메일|네이트|카카오|구글|핫메일|야후|아웃룩|아이클라우드) ?"
    "(?:닷컴|점컴|쩜컴|닷넷|점넷|쩜넷|닷 ?컴|점 ?컴|쩜 ?컴|점 ?com|닷 ?com|\\.com|\\.net)"
)
# Two letters are a country's; the longer ones are those in use in Korea or everywhere.
_TOP = re.compile(
    "[a-z]{2}|com|net|org|edu|gov|mil|int|info|biz|name|pro|aero|museum|coop|asia|mobi|tel|jobs|travel|app|dev|shop"
    "|store|online|site|website|tech|xyz|club|blog|cloud|email|mail|live|life|world|company|group|team|space|page|top|vip|work"
    "|link|art|design|studio|media|news|agency|academy|school|church|global|seoul|kim|kakao|samsung|hyundai|kia|google|family|fun"
    "|games|house|health|clinic|hospital|law|center|support|services|solutions|systems|network|digital|events|fm|tv|zone|plus|one"
    "|earth|bio|tools|software|market|money|finance|bank|cafe|restaurant|fashion|beauty|fit|photo|photos|pics|video|wiki|guru|expert",
    re.I,
)
_FILE_ENDING = re.compile("js|ts|py|md|so|cc|rs|sh|pl|ps|ai|rb", re.I)
_MAIL_HOST = re.compile(
    " ?(?:naver|gmail|daum|hanmail|kakao|nate|yahoo|outlook|hotmail|icloud)[. (\\[]", re.I
)
_SPEAKS_OF_MAIL = re.compile("메일|mail|MAIL|Mail")

_I = f"[{INVISIBLE}]*"
_SPACE = f"[ {SPACES}{INVISIBLE}]{{0,3}}"
_LOCAL = "[A-Za-z0-9ａ-ｚＡ-Ｚ０-９_.%+-]"
_OPEN, _CLOSE = "[(\\[{<（［｛＜]", "[)\\]}>）］｝＞]"
GATE = (
    f"{_LOCAL}{_I}(?:"
    f"(?:{_SPACE}[@＠﹫]|{_SPACE}(?:골뱅이|앳)|{_SPACE}{_OPEN}{_SPACE}(?:[@＠]|(?i:at)|골뱅이|앳){_SPACE}{_CLOSE})"
    f"{_SPACE}[A-Za-z0-9ａ-ｚＡ-Ｚ０-９가-힣]"
    r"| (?:at|AT) [A-Za-z0-9-]{1,63}(?:\.| ?[(\[] ?(?:dot|점|닷)| (?:dot|점|닷) )"
    ")"
)
"""RE2, over raw text: whether an e-mail address can stand here."""


def find_emails(text: str, start: int, end: int) -> Found:
    """E-mail addresses whose at-sign lies in a match of GATE."""
    for at in _AT.finditer(text, start, end):
        spaced = text[at.start() - 1 : at.start()] == " "
        behind = at.start() - spaced
        first = behind
        while first > 0 and behind - first < MAX_LOCAL and text[first - 1] in LOCAL_CHARS:
            first -= 1
        local = text[first:behind].lstrip(".%+-")
        first = behind - len(local)
        domain = _DOMAIN.match(text, at.end(), at.end() + MAX_DOMAIN) or (
            _SPOKEN_DOMAIN.match(text, at.end())
        )
        if local and domain and _is_email(text, first, local, at, domain):
            yield first, domain.end(), "email"


def _is_email(text: str, start: int, local: str, at: re.Match[str], domain: re.Match[str]) -> bool:
    said = _SPEAKS_OF_MAIL.search(text[max(0, start - context.WINDOW_BEFORE) : start]) is not None
    if domain.re is _DOMAIN and not _is_top(domain["top"], local, said):
        return False
    if at[0] == "@":
        spaces = (text[at.start() - 1] == " ") + (text[at.end()] == " ")
        known = _MAIL_HOST.match(domain[0]) is not None or (
            spaces == 2 and not local.isalpha() and domain[0].endswith((".com", ".net", ".kr"))
        )
        return local != "git" and (not spaces or said or known)
    if at["bare"]:  # English prose has it before domain names too, and before sites' above all
        is_site = domain[0].lstrip()[:4].lower() == "www." and local.isalpha()
        return not is_site and (at[0].isupper() or said or not local.isalpha())
    return at[0] != "앳" or said or domain.re is _SPOKEN_DOMAIN or not local.isalpha()


def _is_top(top: str, local: str, said: bool) -> bool:
    """Whether a domain's last label is one; endings of files and attributes in code are not."""
    if said:
        return True
    return _TOP.fullmatch(top) is not None and not _FILE_ENDING.fullmatch(top)
