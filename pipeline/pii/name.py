"""Persons' names in folded text, only where a word beside them says so: 성명 홍길동, 홍길동 씨.

Off unless a recipe asks for it. Rules know no context beyond the neighbouring word, so a name in
running text stays; what is taken is a surname of the census and one or two syllables that given
names are made of, after a label (성명, 예금주, 담당자) or before a title (씨, 님, 기자).
"""

import re

from pipeline.pii.fold import INVISIBLE, SPACES
from pipeline.pii.places import DISTRICTS

BEFORE, AFTER = 40, 30  # code points; see `find_names`

# The common surnames, the double ones first; rare ones (돈, 뇌, 삼) are also ordinary syllables.
_SURNAME = (
    "(?:남궁|황보|제갈|사공|선우|서문|독고|동방"
    "|[김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천방"
    "공현함변염여추도소석선설마길연위표명기반라왕금옥육인맹제모탁국어은편용예봉경피])"
)
_GIVEN = (
    "[가강건겸경고광교구국규균근금기길나남내노누다단달담대덕도동두라란람래량련렬령로록루리린림마만맑명목"
    "무문미민바배백범병보복봉부빈빛사산상새서석선설섭성세소솔송수숙순슬승시식신심아안애양언연열엽영예오옥"
    "온완용우욱운웅원월위유윤율으은을음의이인일임자잔재전정제조종주준중지진찬창채천철청초춘충치태택평필하"
    "학한해향혁현형혜호홍화환회효후훈휘흔희힘]"
)
_LAST = "(?![을의가로다이해위에과와도])" + _GIVEN  # no particle in its place
_NAME = f"{_SURNAME}(?:{_GIVEN})?{_LAST}"
_FULL_NAME = f"{_SURNAME}{_GIVEN}{_LAST}"
# After these a name of three syllables needs no mark; after the others it needs a colon.
_STRONG = (
    "(?:성명|성함|예금주|입금자명?|입금인|송금인|받는 ?(?:사람|분|이)|보내는 ?(?:사람|분|이)"
    "|수령인|수취인|담당자|책임자|의뢰인|확인자|대표이사|임차인|임대인|매도인|매수인|피보험자"
    "|가입자|체류외국인|(?:담당|소송대리인) ?변호사|[가-힣]{2}신문 기자)"
)
_WEAK = (
    "(?:이름|대표자?|신청[인자]|작성자|글쓴이|기자|환자|고객명|회원명|주문자|구매자|판매자|계약자"
    "|보증인|채무자|채권자|발신인?|수신인?|보호자|피해자|피의자|원고|피고|증인|참고인)"
)
_TITLE = (
    "(?:씨|님|귀하|기자|과장|차장|부장|팀장|실장|사원|주임|대표|교수|선생|의원|변호사|판사|감독"
    "|선수|박사|회장|사장|원장|작가|간호사|드림|올림)"
)
_PARTICLE = "(?:[은는이가을를의께와과도로님씨]|에게|입니다|이고|이며|인데|이라|라고)"
_AFTER = f"(?={_PARTICLE}?(?![가-힣A-Za-z0-9]))"
_RULED = re.compile(
    f"(?<![가-힣])(?:{_STRONG}(?: ?[:=] ?| ?\\] ?| ?\\( ?)(?P<marked>{_NAME})"
    f"|(?:{_STRONG}[ \\t]{{0,2}}|{_WEAK} ?[:=] ?)(?P<full>{_FULL_NAME})){_AFTER}"
)
_TITLED = re.compile(
    rf"(?<![가-힣A-Za-z0-9])(?P<name>{_FULL_NAME})(?: ?{_TITLE}님?"
    r"(?=(?:께서|에게|한테|이라|입니다|[은는이가을를의도과와께])?(?![가-힣A-Za-z0-9]))"
    r"| ?\((?=주민|전화|연락처|생년|휴대|[0-9]{6}-))"
)
# Ordinary words that surname and given syllables make up too.
_WORDS = (
    "유효성 문자열 소문자 피고인 공무원 이하 설명 정의 변수 주소 경로 여자 남자 배우 성명 변경"
    " 이용자 연예인 선교사 장학사 연구사 이기자 나아가 이유로 하나님 구의회 우리나 이사 전무 상무"
    " 주임 강사 지배인 전원 이상 정보 인증 지정 기준 선정 명의 성인 미정 서명 전화 연인 유저"
    " 이사장 조선 한국 전국 안내 정리 조사 고인 고지 문의 문자 인사 임명 기재 기사 주인 지도 여성"
    " 남성 구성 구분 설정 선택 명시 표시 석사 전자 공동 장기 전문 위원 이동 주민 주부 정지 전임"
    " 채권자 채무자 변호인 지원자 심사자 여학생 남학생 전문의 제조자 안전원 조종사 설계자 인솔자"
    " 우승자 서태평 소유자 임대인 임차인 전용선 조정자 신청자 신고자 여교사 남교사"
    " 조교수 전도사 구조사 원주민 명예 주지 한인 한의사 조리사 기능사 기술사 기능원 연기자 조연출"
    " 유명인 현상 현황 연구원 전문인 전공의 수의사 은행원 승무원 구성원 선거인 조합원 편집 유아"
    " 강연자 고교생 남동생 여동생 주재원 임원 유족 연출 공연 차명 표준 심의 강의 예시 예약 이체"
    " 조회 차단 허용 제한 제목 피라미 표현한 차세대 지하주 한영화 이영화 하지만 진주강 연예부"
    " 명지대 조종사 장애인 한심한 소심한 임명한 인용한 심리학 여학교 남자인 한국인 연구부 지원한"
    " 원해서 정부나 한국은 소시민 양평리 서초동 임의로 유명한 조용한 정한 선한 귀한"
)
_WORD = frozenset([*_WORDS.split(), *DISTRICTS])
_TITLE_OF = re.compile("(?:교수|배우|형사|주임|변호사|의원|기자|감독|선수|목사|판사|검사|장로)$")

_S = f"[ {SPACES}{INVISIBLE}]*"
_I = f"[{INVISIBLE}]*"
_SPREAD_NAME = f"{_SURNAME}{_I}{_GIVEN}"
_MARK = "[:：=＝\\]］(（]"
GATE = (
    f"{_STRONG}{_S}{_MARK}?{_S}{_SPREAD_NAME}|{_WEAK}{_S}[:：=＝]{_S}{_SPREAD_NAME}"
    f"|{_SPREAD_NAME}{_I}{_GIVEN}{_S}(?:{_TITLE}|[(（]{_I}(?:주민|전화|연락처|생년|휴대"
    f"|[0-9０-９]))"
)


def find_names(text: str) -> list[tuple[int, int]]:
    """Spans of names of persons beside a label or a title; in order, without overlap.

    `text` is folded (`pipeline.pii.fold`); offsets are code points, ends exclusive. The span is
    the name alone. All that is read for a name with a match of GATE lies from BEFORE code points
    before the start of that match to AFTER behind its end.
    """
    spans = {match.span(match.lastgroup or 0) for match in _RULED.finditer(text)}
    spans |= {match.span("name") for match in _TITLED.finditer(text)}
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        name = text[start:end]
        if name in _WORD or _TITLE_OF.search(name):
            continue
        if not found or found[-1][1] <= start:
            found.append((start, end))
    return found
