"""The words around a number: what it is called, and whether it is part of a web address."""

import re

WINDOW_BEFORE, WINDOW_AFTER = 60, 24
"""Code points of context that any rule reads before and after a number."""
_LABEL_BEFORE, _URL_BEFORE = 44, 120
READ_BEFORE = _URL_BEFORE

# Numbers that identify a thing, for sure and as a word that may also stand before a person's.
_THING = (
    "운송장|송장|등기|isbn|issn|바코드|특허|실용신안|상표|uuid|uid|시리얼|serial|쿠폰|핀|pin|청구기호"
    "|일련|고시|버전|version|모델|커밋|commit|좌표|위도|경도|품번|법인|건강보험증?|증권|timestamp"
    "|unix ?time|epoch|빌드|build|tracking|invoice|(?<![a-z])(?:upc|ean|gtin|sku)(?![a-z])|s/n"
    "|세션|session|판결|사건|공고|공보|출원|문서|도서|품목|택배|제품|모델명|hash"
)
_LOOSE = (
    "주문|접수|승인|예약|상품|결제|처리|거래|고유(?! ?번호증)|회원|고객|관리|발급"
    "|계약|티켓|인증|신청|조회|학번|군번|사번|order|입장권|수험|입찰"
)
_NAME_END = "(?:[_ ]?no|_?number|_num|_[a-z]+)?(?![a-z])"  # phone_number, tel no
_OWN = {
    "rrn": "주민 ?(?:등록)? ?(?:번호)?|민번|민증 ?(?:번호)?|외국인 ?등록(?: ?번호|증)?|외국인 ?번호"
    "|거소 ?(?:신고)? ?번호|실명 ?확인 ?번호|본인 ?확인 ?번호|외등 ?번호|생년월일"
    "|(?<![a-z])(?:(?:rrn|frn|alien|resident|jumin|ssn)[a-z_]*"
    "|arc(?:[_ ]?no)?(?![a-z])|id ?(?:no|num|card))",
    "brn": "사업자 ?(?:등록)? ?(?:증|번호)?|고유 ?번호증"
    "|(?<![a-z])(?:brn|biz|business|company_reg|tax_?id)[a-z_]*",
    "driver": "(?:운전)?면허증?(?: ?번호)?|(?<![a-z])(?:driver|licen[cs]e)[a-z_]*",
    "passport": "여권(?: ?번호)?|passport",
    "customs": "통관(?: ?고유)?(?: ?(?:번호|부호))?|고유 ?부호|(?<![a-z])p ?코드|피씨씨씨?|pccc"
    "|customs[a-z_]*",
    "tel": "전화(?: ?번호)?|연락처?|연락 ?번호|휴대폰|핸드폰|휴대전화|폰 ?번호|폰|전번|문의|상담"
    "|문자|팩스|안심 ?번호|대표 ?번호|☎|☏|📞|📱|📠|콜"
    rf"|(?<![a-z])(?:fax|tel|phone|mobile|hp|h\.p|cell){_NAME_END}",
    "acc": "계좌(?: ?번호)?|입금(?: ?계좌)?|예금주|송금|이체|환불|무통장|통장|가상 ?계좌|은행|뱅크"
    f"|銀|카뱅|케뱅|농협|신협|수협|축협|새마을금고|(?<![a-z])(?:acct?|account|bank){_NAME_END}",
    "card": "카드(?: ?번호)?|(?<![a-z])card",
    "reg": "등록 ?번호|(?<![a-z])reg(?:istration)?[_ ]?no(?![a-z])",
}
_NUMBERED = r"(?:번호|코드|부호|no\.?|num(?:ber)?|id|#)(?![a-z])"
_LABEL = re.compile(
    f"(?P<thing>(?:{_THING}|{_LOOSE})(?:등록)?[ _]?{_NUMBERED})"
    + "".join(f"|(?P<{kind}>{words})" for kind, words in _OWN.items())
    + "|(?P<named>[가-힣]{1,6}(?:번호|코드)|(?<![가-힣])코드"
    "|[a-z]{2,20}(?:[_-](?:no|num|id|code)|_?number| no(?=[.:])| ?no\\. )(?![a-z]))"
)
_OWN_LABEL = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _OWN.items()))
_OF_PAPERS = ("rrn", "brn", "driver", "passport", "customs")
_MY_NUMBER = re.compile(
    "(?:임시|내|네|새|제|본인|이|그|저|바뀐|[은는이가] ?|고객|담당자?|회사|집|직통) ?번호$"
)
_DIRECT = r"[은는이가로]?[^가-힣a-z0-9\n]{0,6}(?:제 ?)?\Z"
_DIRECT_THING = re.compile(f"(?:{_THING}){_DIRECT}")
_DIRECT_LOOSE = re.compile(f"(?:{_LOOSE}){_DIRECT}")
_ENDS = re.compile(r"(?<=[가-힣])[.!?] |[?!]|[0-9](?:[-. ]?[0-9]){6,}")
# Who speaks in a transcript: what was asked for stands on the line above.
_TURN = re.compile(
    r"(?:^|[?!. ]*\n)(?:고객|손님|회원|환자|민원인|신청인|학생|상담[원사])님? ?: ?"
    r"(?:네|예|아|어)?[,. ]*\Z"
)
_HAS_VALUE = re.compile("[^가-힣A-Za-z0-9]{0,4}[A-Za-z0-9-]{1,12}[0-9][ ,/|]{1,3}[가-힣]{2}")
_BEHIND = re.compile(r"[ (]{1,2}[가-힣]{1,4} ?(?:번호|코드)(?![^\n]{0,8}[0-9])")
_WORD = re.compile("[가-힣A-Za-z]{2}")


def label(text: str, start: int) -> str | None:
    """The kind that the nearest word before `start` gives a number; `thing` for an object's.

    `reg` is a registration number of persons or businesses, `loose` a word such as 주문 directly
    before, `other` a number by another name (자산번호). The words are those of the line, or of
    the line above where the line has none; a sentence's end or another number in between ends what
    they say.
    """
    before = text[max(0, start - _LABEL_BEFORE) : start].lower()
    turn = _TURN.search(before) if ":" in before[-10:] else None
    before = before[: turn.start()] if turn else before
    line = before.rfind("\n")
    if line >= 0:
        if not _WORD.search(before, line):
            line = before.rfind("\n", 0, line)
        before = before[line + 1 :]
    ends = [end.end() for end in _ENDS.finditer(before)]
    before = before[ends[-1] :] if ends else before
    if _DIRECT_THING.search(before) or before.endswith("제"):
        return "thing"
    words = list(_LABEL.finditer(before))
    if _DIRECT_LOOSE.search(before):  # 주민번호 조회 850101-... is one all the same
        said = [word.lastgroup for word in words if word.lastgroup in _OF_PAPERS]
        return said[-1] if said else "loose"
    if not words:
        return None
    found = words[-1]
    kind = found.lastgroup
    if kind in ("thing", "named") and _HAS_VALUE.match(before, found.end()):
        return None
    if kind != "named":
        return kind
    own = _OWN_LABEL.search(found[0])
    if own is not None:
        return own.lastgroup
    return None if _MY_NUMBER.search(found[0]) else "other"


def called_behind(text: str, end: int) -> bool:
    """Whether what follows a number calls it an object's: 11-12-130045-22 자재코드.

    A word with a number of its own behind it is the next one's label.
    """
    word = _BEHIND.match(text, end)
    return word is not None and _OWN_LABEL.search(word[0]) is None


def named(text: str, start: int, end: int, word: re.Pattern[str]) -> bool:
    """Whether a word stands near a number, on its line, the lines around it or in the next cell."""
    return bool(
        word.search(text[max(0, start - WINDOW_BEFORE) : start])
        or word.search(text[end : end + WINDOW_AFTER])
    )


def in_address(text: str, start: int, end: int) -> bool:
    """Whether a number lies inside a web address or path, where digits are ids."""
    token = re.split(r"[\s\"'<>()]", text[max(0, start - _URL_BEFORE) : start])[-1]
    if "://" in token or token.startswith("www."):
        return True
    if token.endswith("="):
        return "&" in token or "?" in token or text[end : end + 1] == "&"
    return token.endswith("/") and not token[-2:-1].isdigit()
