"""The words around a number: what it is called, and whether a bank or an account is spoken of."""

import re

WINDOW_BEFORE, WINDOW_AFTER = 30, 20
_NEAR = 4

# Numbers that identify a thing: the first need no further word, the second only count with 번호.
_THING = (
    "운송장|송장|등기|ISBN|ISSN|바코드|특허|UUID|UID|시리얼|serial|쿠폰|핀번호|청구기호|일련|고시|버전"
    "|version|모델|커밋|commit|좌표|위도|경도|품번|법인등록번호|법인번호|사업자등록번호|사업자번호|사업자"
    "|건강보험증?|증권번호|여권|면허|통관|timestamp"
)
_NUMBERED = (
    "주문|접수|승인|예약|상품|품목|결제|처리|거래|고유|회원|고객|관리|문서|발급|계약|티켓|인증|신청|조회"
    "|사건|카드|학|사|군"
)
_NUMBER_WORD = r" ?(?:번호|코드|no\.?|id|#)"
_OWN = {
    "rrn": (
        "주민등록번호|주민번호|주민|민번|외국인등록번호|외국인등록|외국인번호|등록번호|생년월일"
        "|rrn|frn|resident"
    ),
    "tel": (
        r"전화번호|전화|연락처|연락|휴대폰|핸드폰|휴대전화|폰번호|폰|전번|문의|상담|문자|팩스|안심번호"
        r"|대표번호|☎|☏|📞|📱|콜|fax|tel|phone|mobile|hp|h\.p"
    ),
    "acc": (
        "계좌번호|계좌|입금|예금주|송금|이체|환불|무통장|통장|은행|뱅크|銀|카뱅|케뱅|농협|신협|수협|축협"
        "|새마을금고|새마을|account|국민|신한|우리|하나|기업|카카오|토스|케이|씨티|제일|부산|대구|경남"
        "|광주|전북|제주|산업|우체국"
    ),
}
_LABEL = {
    kind: re.compile(
        f"(?P<thing>{_THING}|(?:{_NUMBERED}){_NUMBER_WORD})|(?P<own>{own})|(?P<loose>{_NUMBERED})",
        re.I,
    )
    for kind, own in _OWN.items()
}

_ACCOUNT = re.compile(
    "계좌|입금|예금주|송금|이체|무통장|통장|은행|뱅크|銀|카뱅|케뱅|농협|신협|수협|축협|새마을금고|account"
    "|(?<![a-z])(?:KEB|IBK|MG|NH)(?![a-z])",
    re.I,
)
# Bank names that are everyday words: they count beside the number only.
_EVERYDAY = (
    "국민|우리|하나|기업|신한|카카오|토스|케이|씨티|제일|부산|대구|경남|광주|전북|제주|산업|우체국|새마을"
    "|iM|SC|KB"
)
_BANK_BEFORE = re.compile(f"(?:{_EVERYDAY})(?:로|으로)?[^가-힣A-Za-z0-9\n]{{0,{_NEAR}}}$")
_BANK_AFTER = re.compile(f"[^가-힣A-Za-z0-9\n]{{0,{_NEAR}}}(?:{_EVERYDAY})(?![가-힣])")


def label(text: str, start: int, kind: str) -> str | None:
    """What the nearest word before `start`, on its line, says of a number of `kind`.

    `own`: it is one; `thing`: it is the number of something else; `loose`: a word such as 주문 or
    예약 that may stand before either; None: no such word.
    """
    before = text[max(0, start - WINDOW_BEFORE) : start].rpartition("\n")[2]
    words = [match.lastgroup for match in _LABEL[kind].finditer(before)]
    return words[-1] if words else None


def speaks_of_account(text: str, start: int, end: int) -> bool:
    """Whether a bank or account word is near; bank names that are everyday words, beside."""
    before = text[max(0, start - WINDOW_BEFORE) : start]
    after = text[end : end + WINDOW_AFTER].partition("\n")[0]
    if _BANK_BEFORE.search(before) or _BANK_AFTER.match(after):
        return True
    return bool(_ACCOUNT.search(before) or _ACCOUNT.search(after))


def in_address(text: str, start: int) -> bool:
    """Whether `start` lies inside a web address or path, where digits are ids."""
    token = re.split(r"[\s\"'<>()]", text[max(0, start - 200) : start])[-1]
    return "://" in token or token.startswith("www.") or token.endswith(("/", "="))
