"""Whether a bank or an account is spoken of around a number.

Strong words (계좌, 입금, 신협) count anywhere near. Banks' names that are everyday words (국민,
우리, 부산) count beside the number only.
"""

import re

_BEFORE, _AFTER = 34, 20  # code points, within what `context` reads

_ACCOUNT = re.compile(
    "계좌|입금|예금주|송금|이체|무통장|통장|은행|뱅크|銀|카뱅|케뱅|농협|신협|수협|축협|새마을금고"
    "|마음 ?전하"
)
_ACCOUNT_LATIN = re.compile(
    "[abiknABIKN](?<![A-Za-z][A-Za-z])(?i:(?<=a)(?:cct|ccount)|(?<=b)ank|(?<=k)eb|(?<=i)bk|(?<=n)h)"
    "(?i:[_ ]?no|[_ ]?number|[_ ]?num)?(?![a-z])"
)
_KOREAN = (
    "국민|우리|하나|기업|신한|카카오|토스|케이|씨티|제일|부산|대구|경남|광주|전북|제주|산업"
    "|우체국|새마을"
)
_LATIN = "iM|SC|KB|MG|NH|IBK|KEB|[Ss]hinhan|[Hh]ana|[Ww]oori|[Tt]oss|[Kk]akao|[Kk]ookmin"
_BESIDE = "[^가-힣A-Za-z0-9\n]{0,4}"
_NAME = r"[ (\[,:/]{1,2}[가-힣]{2,4}[)\], :/]{1,2}"  # of whom the account is: 국민 홍길동 110-...
# Apart, for an alternation that begins with a look-behind is slow in `re`.
_KOREAN_BEFORE = re.compile(f"(?:{_KOREAN})(?: ?예금)?(?:로|으로)?(?:{_BESIDE}|{_NAME})$")
_LAST_LATIN = re.compile(f"([A-Za-z]{{2,8}})(?:{_BESIDE}|{_NAME})$")
_IS_LATIN = re.compile(_LATIN)
_AFTERWARDS = re.compile(
    f"{_BESIDE}(?:(?:{_KOREAN})(?![가-힣])|(?:{_LATIN})(?![A-Za-z])"
    "|(?:국민|우리|하나|기업|신한|카카오|토스|케이|우체국|새마을)(?:으?로|에다?)(?![가-힣]))"
)
# Most numbers have none of all these words near: one cheap look tells.
_ANY_WORD = re.compile(
    f"{_ACCOUNT.pattern}|{_KOREAN}|acct|account|bank|keb|ibk|nh|im|sc|kb|mg|shinhan|hana|woori|toss"
    "|kakao|kookmin"
)
_BANK_AFTER = re.compile(
    f" ?[(,/] ?(?:(?:{_KOREAN})(?![가-힣])|[신수농축]협|[가-힣]{{1,5}}(?:은행|뱅크)|새마을금고)"
)
_GLUED = re.compile("(?<![A-Za-z])(?:KB|NH|IBK|KEB|SC|MG|[가-힣])$")


def speaks_of_account(text: str, start: int, end: int) -> bool:
    """Whether a bank or account word is near; bank names that are everyday words, beside."""
    if not _ANY_WORD.search(text[max(0, start - _BEFORE) : end + _AFTER].lower()):
        return False
    before = text[max(0, start - _BEFORE) : start]
    after = text[end : end + _AFTER].partition("\n")[0]
    if _KOREAN_BEFORE.search(before) or _AFTERWARDS.match(after):
        return True
    latin = _LAST_LATIN.search(before)
    if latin and _IS_LATIN.fullmatch(latin[1]):
        return True
    line = before.rfind("\n")
    if line >= 0:  # the line above counts, those above it do not
        before = before[before.rfind("\n", 0, line) + 1 :]
    near = f"{before}\n{after}"
    return bool(_ACCOUNT.search(near) or _ACCOUNT_LATIN.search(near))


def bank_behind(text: str, end: int) -> bool:
    """Whether a bank's name follows a number directly, in brackets or behind a comma."""
    return _BANK_AFTER.match(text, end) is not None


def glued_to_bank(text: str, start: int) -> bool:
    """Whether a bank's Latin name or a Hangul syllable stands before a number without a space."""
    return _GLUED.search(text[max(0, start - 4) : start]) is not None
