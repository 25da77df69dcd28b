"""Lines of a page's own: buttons, counters, dates, names and addresses in a row, nothing else."""

import re

from pipeline.text.lines_names import DATE, EMAIL, OUTLET, REPORTERS


def words(listed: str) -> str:
    """A pattern for words apart by blanks; `_` in a word is a blank that may be missing."""
    return "|".join(re.escape(word).replace("_", r"\s?") for word in listed.split())


_NUMBER = r"\(?\d{1,3}(?:,?\d{3}){0,3}(?:\.\d)?\s?(?:만|천|[kK]|\+)?\s?(?:개|명|회|건)?\)?"
_SENTENCES = (
    r"로그인\s?(?:후|하시면)?\s?댓글[^\n]{0,20}|이\s?글에\s?공감한\s?블로거\s?(?:열고\s?닫기)?"
)
_BUTTONS = {
    "share": words(
        "공유하기 공유 URL_복사하기 URL_복사 링크_복사하기 링크_복사 주소_복사 페이스북_공유 "
        "페이스북 트위터_공유 트위터 카카오톡_공유 카카오톡 카카오스토리 카카오 네이버_블로그 "
        "네이버_밴드 밴드 라인 핀터레스트 텔레그램 인스타그램 Facebook Twitter X SNS_공유하기 "
        "SNS_공유 SNS 기사_공유하기 기사_공유 스크랩하기 스크랩 프린트 인쇄하기 인쇄 "
        "이메일_보내기 이메일_공유 이메일 메일_보내기 메일 글자_크기_조절 글자_크기_조정 "
        "글자_크기_변경 글자_크기_설정 글자_크기 글씨_크기_조절 글씨_크기_조정 글씨_크기 "
        "본문_글씨_키우기 본문_글씨_줄이기 본문_글씨_크기_조절 본문_글자_크기_조절 "
        "본문_폰트_크기_조정 본문_폰트_크기_작게_보기 본문_폰트_크기_크게_보기 작게 보통 크게 "
        "아주_크게 가가 가 + - 기사_듣기 음성으로_듣기 번역보기 번역 요약봇 요약_보기 "
        "본문_기타_기능 글자_확대 글자_축소 다크_모드 북마크 기사_저장"
    ),
    "subscribe": words(
        "이웃_추가 서로_이웃_추가 서로_이웃_신청 서로_이웃 구독하기 구독_중 구독 좋아요 싫어요 "
        "공감하기 공감백배 공감 비추천 추천하기 추천 훈훈해요 슬퍼요 화나요 후속_기사_원해요 "
        "기자_페이지 채널_추가 팔로우 알림_설정 알림_받기 응원하기 후원하기 쏠쏠정보 흥미진진 "
        "분석탁월 후속강추"
    ),
    "comment": words(
        "댓글_쓰기 댓글_달기 댓글_등록 댓글_작성 댓글_더_보기 댓글_모두_보기 댓글_보기 댓글_입력 "
        "댓글_남기기 댓글_접기 댓글 답글_쓰기 답글_달기 답글 덧글_쓰기 덧글 비밀_댓글 "
        "첫_댓글을_남겨_보세요 등록된_댓글이_없습니다 작성된_댓글이_없습니다 댓글을_입력하세요 "
        "댓글을_입력해_주세요 내용을_입력하세요 내용을_입력해_주세요 신고하기 신고 최신순 등록순 "
        "공감순 추천순 과거순 전체_댓글"
    )
    + "|"
    + _SENTENCES,
    "navigation": words(
        "이전_글 이전_기사 이전_페이지 이전_포스트 이전 다음_글 다음_기사 다음_페이지 다음_포스트 "
        "다음 목록으로 목록_보기 목록 글_목록 맨_위로 위로 처음으로 TOP Top PREV NEXT Prev Next "
        "홈으로 홈 HOME 메뉴 검색 로그인 회원가입 카테고리_이동 카테고리_없음 카테고리 "
        "본문_바로가기 본문으로_바로가기 본문_보기 블로그_정보 게시글_관리 티스토리_툴바 "
        "티스토리_가입하기 전체_글 전체_보기 글쓰기 관리 닫기 더_보기 펼치기 접기 태그 TAG"
    ),
}
_CERTAIN = re.compile(
    words(
        "URL_복사하기 URL_복사 링크_복사하기 링크_복사 주소_복사 글자_크기 글자_크기_조절 "
        "글자_크기_조정 글자_크기_변경 글자_크기_설정 글씨_크기 글씨_크기_조절 글씨_크기_조정 "
        "본문_글씨_키우기 본문_글씨_줄이기 본문_글씨_크기_조절 본문_글자_크기_조절 "
        "본문_폰트_크기_조정 본문_폰트_크기_작게_보기 본문_폰트_크기_크게_보기 본문_기타_기능 "
        "본문_바로가기 본문으로_바로가기 이웃_추가 서로_이웃_추가 서로_이웃_신청 댓글_쓰기 "
        "댓글_달기 댓글_더_보기 댓글_모두_보기 댓글_남기기 댓글_입력 답글_쓰기 답글_달기 "
        "첫_댓글을_남겨_보세요 등록된_댓글이_없습니다 작성된_댓글이_없습니다 댓글을_입력하세요 "
        "댓글을_입력해_주세요 내용을_입력하세요 내용을_입력해_주세요 카테고리_이동 카테고리_없음 "
        "티스토리_툴바 티스토리_가입하기 게시글_관리 공유하기 구독하기 스크랩하기 인쇄하기 "
        "SNS_공유하기 기사_공유하기 메일_보내기 이메일_보내기 기사_저장 후속_기사_원해요 글_목록 "
        "목록_보기"
    )
    + "|"
    + _SENTENCES
)
"""Buttons whose words stand in no text of another kind as a line of their own."""
_FIELDS = {
    "views": "(?:"
    + words(
        "조회_수 조회 추천_수 추천 비추천 반대 댓글_수 댓글 덧글 답글 공감 좋아요 싫어요 스크랩 "
        "공유 읽음 클릭 훈훈해요 슬퍼요 화나요 구독자 등록된_댓글 전체_댓글 총_댓글"
    )
    + rf")\s?[:：]?\s?{_NUMBER}",
    "dateline": r"(?:기사\s?)?(?:최초\s?)?(?:"
    + words("입력 등록 작성 최종_수정 수정 승인 업데이트 발행 송고 게재 게시")
    + rf")\s?(?:시간|일시|일자|일)?\s?[:：]?\s?{DATE}",
    "sent": rf"{DATE}\s?송고",
    "date": DATE,
    "byline": rf"(?:{OUTLET}\s)?{REPORTERS}(?:\s?[(/]?\s?{EMAIL}\)?)?",
    "email": rf"[(<\[]?{EMAIL}[)>\]]?",
    "page": r"(?:지면|종합|[A-Z])\s?[A-Z]?\d{1,2}면",
}
SEPARATOR = r"[\s|·ㆍ/,>:•・▶▼▲♥♡❤★☆+]*"
ITEM = re.compile(
    "(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in (*_FIELDS.items(), *_BUTTONS.items()))
    + rf")(?=[\s|·ㆍ/,>:•・▶▼▲♥♡❤★☆]|\Z){SEPARATOR}"
)
_LEADING = re.compile(SEPARATOR)
_TIMED = re.compile(r":\d\d")
_COUNTED = re.compile("조회|댓글|좋아요|읽음|구독자|등록된|전체|총")
_MAX_ITEMS = 24


def line_of_items(line: str) -> tuple[str, int] | None:
    """(rule, weight) of a line that consists of items; None for another line.

    Weight 2 is certain, 1 is furniture beside other furniture, 0 adds nothing (a date).
    """
    leading = _LEADING.match(line)
    at = leading.end() if leading else 0
    kinds: list[str] = []
    certain = False
    while (item := ITEM.match(line, at)) is not None and len(kinds) < _MAX_ITEMS:
        kind = item.lastgroup or ""
        certain |= _is_certain(kind, item[kind])
        kinds.append(kind)
        at = item.end()
    if at < len(line) or not kinds:
        return None
    dated = bool({"date", "dateline"} & set(kinds))
    counters = kinds.count("views")
    certain |= counters >= 2 or (dated and ("byline" in kinds or counters > 0))
    if set(kinds) <= {"date", "page"}:
        return "dateline", 0
    if set(kinds) <= {"email", "byline", "date", "page"}:
        return "byline", 2 if certain else 1
    first = next(kind for kind in kinds if kind not in ("email", "date", "page"))
    return "dateline" if first == "sent" else first, 2 if certain else 1


def _is_certain(kind: str, words: str) -> bool:
    if kind in _BUTTONS:
        return _CERTAIN.fullmatch(words) is not None
    if kind == "views":
        return _COUNTED.match(words) is not None
    return kind == "sent" or (kind == "dateline" and _TIMED.search(words) is not None)
