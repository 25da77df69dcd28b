"""The patterns of page furniture: whole lines, and the heads and tails of lines of prose.

Every pattern is bounded and asked of a few hundred characters at most.
"""

import re

from pipeline.text.lines_items import line_of_items
from pipeline.text.lines_names import EMAIL, NAME, OUTLET, PRESS, REPORTERS, WRITER

# Heads and tails of lines that go on, or went before, as prose.
HEADS = re.compile(
    r"\s*(?:"
    rf"[(\[【][가-힣·,/ ]{{2,20}}\s?=\s?{PRESS}[)\]】]\s?(?:{REPORTERS}\s?=\s?)?"
    rf"|[(\[【][가-힣·,/ ]{{2,20}}\s?=\s?{OUTLET}[)\]】]\s?{REPORTERS}\s?=\s?"
    rf"|[(\[【](?:{OUTLET}\s?[=|]?\s?)?(?:[가-힣]{{2,6}}\s?=\s?)?{REPORTERS}\s?[)\]】]\s?=?"
    rf"|[(\[【]{OUTLET}\s?[)\]】]\s?{REPORTERS}\s?=\s"
    rf"|(?:[가-힣]{{2,6}}[=·]\s?)?{REPORTERS}\s?=\s"
    r")\s*(?=\S)"
)
_END = r"(?<=[.?!”\"’'])\s*"
_SIGN = r"(?:ⓒ|©|\([cC]\))"
_BY = rf"(?:{OUTLET}\s?[=|]?\s?)?"
_REPORTER = "기자|특파원|통신원|논설위원|에디터|리포터"
_TAIL_GUARDS = {
    "byline": re.compile(rf"{_REPORTER}|@"),
    "photo": re.compile("[=ⓒ©]|자료사진|캡처|캡쳐|갈무리"),
    "copyright": re.compile(r"[ⓒ©]|\([cC]\)"),
}
TAILS = [
    (rule, _TAIL_GUARDS[rule], re.compile(pattern + r"\s*\Z"))
    for rule, pattern in (
        ("byline", rf"{_END}[/\[(<]?\s?{_BY}{WRITER}\s?\(?{EMAIL}\)?\s?[\])>]?"),
        ("byline", rf"{_END}[/\[(]\s?{_BY}{REPORTERS}\s?[\])]?"),
        ("byline", rf"(?<=다\.)\s*{EMAIL}"),
        (
            "photo",
            r"\s*[\[(<]\s?(?:사진|자료사진|영상|이미지|그래픽)\s?(?:제공|출처)?\s?[=ⓒ©]"
            r"[^\[\](){}<>=\n]{2,40}[\])>]",
        ),
        ("photo", rf"{_END}/\s?(?:사진|영상|그래픽)\s?(?:제공)?\s?=\s?[^.=\n]{{2,30}}"),
        ("photo", r"\s*[\[(]\s?[가-힣A-Za-z0-9·. ]{2,20}\s(?:자료사진|캡처|캡쳐|갈무리)\s?[\])]"),
        (
            "copyright",
            rf"{_END}[<\[(※*]?\s?(?:저작권자?|[Cc]opyrights?)?\s?{_SIGN}[^\n.]{{0,60}}"
            r"(?:무단|불법)\s?(?:전재|복제|배포)[^\n.]{0,40}금지[.\])>]{0,2}",
        ),
    )
]
HEAD_GUARD = re.compile(rf"\s*[(\[【]|.{{0,30}}(?:{_REPORTER})\s?=")
TAIL_GUARD = re.compile(rf"[ⓒ©@=]|{_REPORTER}|자료사진|캡처|캡쳐|갈무리|\([cC]\)")
"""What a line holds that has furniture at its head, at its tail: one search saves many."""
LONG = 110
_OWNED = re.compile(r"[ⓒ©]|저작|opyright|OPYRIGHT|\([cC]\)")
"""Only a line that says whose the page is may be longer (characters) and furniture as a whole."""

# Whole lines.
_OPEN = r"(?!\* [A-Za-z])[\[(<【〈※*■▶◆●☞▷►▲△+/ⓒ\- ]{0,4}"
_ALL_RIGHTS = r"(?:[Aa]ll\s?[Rr]ights?\s?[Rr]eserved|ALL RIGHTS? RESERVED)"
_FORBIDDEN = (
    r"(?:무단|불법|상업적)[^\n.]{0,20}(?:전재|복제|배포|복사|이용|사용|수집)[^\n.]{0,50}"
    r"(?:금지|금합니다|금함|불허)"
)
_PAPER = (
    r"(?:뉴스|일보|신문|신문사|방송|뉴시스|연합뉴스|뉴스1|통신|미디어|경제|닷컴|\.com|\.kr|게티이미지\S{0,6}|"
    r"[Gg]etty\s?[Ii]mages\S{0,5}|셔터스톡|[Ss]hutterstock|언스플래시|[Uu]nsplash|픽사베이|[Pp]ixabay)"
)
_OWNER = r"(?:저작권자?|[Cc]opyrights?|COPYRIGHTS?)"
_YEARS = r"(?:(?:19|20)\d\d[-~–0-9, ]{0,9})?"
_PICTURE = r"(?:사진|자료사진|영상|이미지|그래픽|일러스트|동영상)"
_LIST = r"[\[<【▶▷►■□●◆☞※#*▼ ]{0,3}"
_ITEM_OF_LIKING = r"(?:구독|좋아요|공감|이웃\s?추가|서로\s?이웃|알림\s?설정|하트|댓글)"
_SMILE = r"[.~!♡♥❤^ㅎㅋ:)☆★ ]{0,8}"
_LINES = {
    "copyright": (
        rf"{_OPEN}(?:{_OWNER}\s?{_SIGN}?|{_SIGN})[^\n]{{0,80}}(?:{_FORBIDDEN}|{_ALL_RIGHTS})"
        r"[^\n다요]{0,60}",
        rf"{_OPEN}(?:{_PAPER}\s?){{0,3}}{_FORBIDDEN}[\])>】〉. ]{{0,3}}",
        rf"(?!\*)[^\n다요]{{0,60}}{_ALL_RIGHTS}[.\])> ]{{0,3}}",
        rf"{_OPEN}(?:저작권자|[Cc]opyrights?|COPYRIGHTS?)\s?{_SIGN}?\s?{_YEARS}"
        rf"[가-힣A-Za-z0-9&.,·㈜() ]{{0,40}}(?:{_PAPER}|[가-힣]{{2,20}})[.) ]{{0,2}}",
        rf"{_OPEN}{_SIGN}\s?{_YEARS}[가-힣A-Za-z0-9&., ]{{0,20}}{_PAPER}[\])>】〉. ]{{0,3}}",
        r"저작자\s?표시(?:[\s,-]{0,3}(?:비영리|변경\s?금지|동일\s?조건\s?변경\s?허락)){1,3}",
        r"저작자 명시 필수[- ]{0,3}영리적 사용 (?:불가|가능)[- ]{0,3}내용 변경 (?:불가|가능)",
    ),
    "byline": (
        r"[\[(/■▶◆☞=* ]{0,3}(?:"
        r"(?:(?:글|사진|취재|정리|영상|편집|촬영|번역|그래픽|구성)[·,/= :및]{0,3}){1,3}"
        rf"\s?(?:{OUTLET}\s)?{REPORTERS}(?:\s?[(/]?\s?{EMAIL}\)?)?[\]) ·,/|]{{0,3}}){{1,3}}",
        rf"[\[(/■▶◆☞=* ]{{0,3}}(?:{OUTLET}\s?[=|/]?\s?)?{WRITER}\s?[(/|<\[]?\s?"
        rf"{EMAIL}[)>\] ]{{0,2}}",
        rf"[\[(【/=]\s?{_BY}{REPORTERS}\s?[\])】=]",
        r"(?:KBS|MBC|SBS|YTN|JTBC|MBN|OBS|TV조선|채널A|연합뉴스TV|EBS|CBS)\s?(?:뉴스)?\s?"
        rf"{NAME}(?:입니다|이었습니다|였습니다)\.?(?:\s?\({EMAIL}\))?",
    ),
    "photo": (
        rf"[\[(<【/▲△■▶ ]{{0,2}}{_PICTURE}\s?(?:제공|출처|촬영|협조)?\s?[=|ⓒ©]\s?"
        r"[^\n=.?!]{2,40}[\])>】 ]{0,2}",
        r"[\[(<【]\s?(?:사진|이미지|영상)\s?(?:제공|출처|설명)?\s?[:：]\s?[^\n\[\]()]{2,40}[\])>】]",
        r"(?:사진|이미지|영상)\s?(?:제공|출처)\s?[:：]\s?[^\n.?!]{2,20}",
        r"[\[(<【]\s?(?:[가-힣A-Za-z0-9·. ]{2,20}\s)?(?:자료사진|사진 제공|캡처|캡쳐|갈무리|제공)"
        r"(?:[.,]?\s?(?:재판매 및 DB 금지))?\s?[\])>】]",
    ),
    "navigation": (
        r"[◀◁<«←▲▼▶>» ]{0,3}(?:이전|다음)\s?(?:글|기사|포스트|포스팅|게시물)\s?(?:보기)?"
        r"\s?[:：|▶►>»→◀-]\s?[^\n]{1,80}",
    ),
    "related": (
        rf"{_LIST}(?:관련\s?(?:기사|뉴스)|(?:가장\s)?많이\s?본\s?(?:뉴스|기사|글)|"
        r"(?:이\s?시각|실시간)\s?(?:많이\s?본|주요|인기|핫|헤드라인)\s?(?:뉴스|기사)|"
        r"(?:인기|추천)\s?(?:뉴스|기사)|랭킹\s?뉴스|핫\s?(?:뉴스|이슈)|"
        r"함께\s?(?:본|볼만한)\s?(?:뉴스|기사)|(?:이\s?)?기자의\s?(?:다른\s?)?기사(?:\s?더\s?보기)?|"
        r"'?[^\n']{1,30}'?\s카테고리의 다른 글)\s?(?:더\s?보기|보기)?[\]>】:：▼▶+ ]{0,3}",
        r"[▶▷►☞■]\s?\[?관련\s?(?:기사|뉴스)[\]:： ]{1,3}[^\n]{2,80}",
    ),
    "subscribe": (
        rf"[^\n.?!]{{0,30}}{_ITEM_OF_LIKING}\s?(?:버튼)?\s?(?:과|와|,|·|및|&|이랑|랑|하고|♡|♥|\+)\s?"
        rf"{_ITEM_OF_LIKING}[^\n.?!]{{0,25}}(?:부탁|눌러\s?주|힘이\s?(?:됩|되)|꾹)[^\n.?!]{{0,15}}{_SMILE}",
        r"(?:[^\n.?!]{0,15}\s)?(?:구독|이웃\s?추가|알림\s?설정|채널\s?추가)\s?(?:하기|버튼|신청)?(?:을|를|도)?"
        rf"\s?(?:꼭|한번)?\s?(?:부탁|눌러\s?주)[^\n.?!]{{0,12}}{_SMILE}",
        r"[▶☞■※* ]{0,3}[^\n.?!]{0,25}(?:네이버|카카오톡|유튜브|텔레그램|앱|채널)[^\n.?!]{0,15}"
        r"(?:구독하기|친구\s?추가(?:하기)?|채널\s?추가(?:하기)?|다운받기|바로가기)",
        r"(?:여러분의\s)?공감(?:과 댓글)?[은이]?\s(?:저에게\s|큰\s|블로그\s?운영에\s?){0,2}"
        rf"[^\n.?!]{{0,10}}힘이\s?(?:됩니다|돼요|되어요){_SMILE}",
    ),
}
_GUARDS = {
    "copyright": r"[ⓒ©]|저작|opyright|OPYRIGHT|무단|ights|IGHTS|\([cC]\)",
    "byline": rf"{_REPORTER}|^(?:KBS|[MSCEY]|JTBC|OBS|TV|채널A|연합)",
    "photo": "사진|영상|이미지|그래픽|일러스트|제공|캡처|캡쳐|갈무리",
    "navigation": "이전|다음",
    "related": "기사|뉴스|카테고리|이슈|많이",
    "subscribe": "구독|좋아요|공감|이웃|알림|하트|채널|추가|다운받기|바로가기",
}
"""What a line holds of which a pattern of the rule can match."""
_RULES = [
    (rule, re.compile(guard), [re.compile(pattern) for pattern in _LINES[rule]])
    for rule, guard in _GUARDS.items()
]
_GUARD = re.compile("|".join(_GUARDS.values()))
WHOLE_LINES = [pattern for _, _, patterns in _RULES for pattern in patterns]
"""What is furniture as a whole, items in a row apart."""

_STARTS = (
    "저작 무단 글사 글· 글/ 글= 글: 사진 자료 영상 이미 그래 일러 동영 취재 정리 편집 촬영 번역 "
    "구성 이전 다음 관련 많이 가장 이시 실시 여러 인기 랭킹 추천 핫뉴 핫이 함께 이기 기자 공유 "
    "페이 트위 카카 네이 밴드 라인 핀터 텔레 인스 스크 프린 인쇄 이메 메일 글자 글씨 본문 작게 "
    "보통 크게 아주 가가 기사 음성 요약 다크 북마 이웃 서로 구독 좋아 싫어 공감 비추 훈훈 슬퍼 "
    "화나 후속 팔로 알림 응원 후원 쏠쏠 흥미 분석 댓글 답글 덧글 비밀 첫댓 등록 작성 내용 로그 "
    "신고 최신 과거 전체 목록 글목 맨위 위로 처음 메뉴 검색 회원 카테 블로 게시 티스 글쓰 관리 "
    "닫기 더보 펼치 접기 태그 조회 반대 읽음 클릭 입력 최초 수정 최종 승인 업데 발행 송고 게재 "
    "지면 종합 채널 Fa Tw SN UR TO To PR Pr NE Ne HO TA KB MB SB YT JT OB EB CB TV Co Al AL "
    "이글 총댓"
)
STARTS = _STARTS.split()
"""The first two characters of a line that is furniture as a whole, signs and blanks left out."""
_TERMS = (
    "기자 특파 통신원 논설 에디 리포 저작 무단 료사 캡처 캡쳐 갈무 진= 공= 상= 처= 픽= 지= 공] "
    "공) 공> 진] 진) 구독 감과 이웃 카테 DB"
)
TERMS = _TERMS.split()
"""What furniture holds at any place, its first two characters."""


def whole_line(line: str) -> tuple[str, int] | None:
    """(rule, weight) of a line that is furniture as a whole or may be; None for prose.

    Weight 2 is certain, 1 is furniture beside other furniture, 0 adds nothing (a date).
    """
    if len(line) > LONG and not _OWNED.search(line):
        return None
    if _GUARD.search(line):
        for rule, guard, patterns in _RULES:
            if guard.search(line) and any(pattern.fullmatch(line) for pattern in patterns):
                return rule, 2
    return line_of_items(line)
