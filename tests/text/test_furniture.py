from time import process_time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.edits import apply
from pipeline.text.furniture import FURNITURE_RULES, explain_furniture, strip_furniture
from pipeline.text.lines_furniture import HEADS, TAILS, whole_line
from pipeline.text.lines_gate import MAY_HOLD

PROSE = "정부는 2일 새 대책을 내놓았다."


def strip(text: str) -> str:
    return strip_furniture(pa.array([text], pa.string()))[0][0].as_py()


LINES = [
    ("byline", "홍길동 기자 hong@news.co.kr"), ("byline", "글·사진 홍길동 기자"),
    ("byline", "[홍길동 기자]"), ("byline", "사진=홍길동 기자 abc@khan.kr"),
    ("byline", "/김영희 선임기자 yh@a.com"), ("byline", "KBS 뉴스 홍길동입니다."),
    ("byline", "MBC뉴스 홍길동입니다."), ("byline", "취재 김영희 기자 · 편집 박철수 기자"),
    ("dateline", "입력 2023.01.02 10:11"),
    ("dateline", "입력 2023-01-02 10:11 수정 2023-01-02 11:20"),
    ("dateline", "기사입력 2023년 1월 2일 10:11 | 최종수정 2023년 1월 3일 09:00"),
    ("dateline", "등록 :2023.01.02 (월) 오후 3:05"),
    ("copyright", "<저작권자(c) 연합뉴스, 무단 전재-재배포, AI 학습 및 활용 금지>"),
    ("copyright", "ⓒ 한겨레신문사, All rights reserved. 무단 전재, 재배포, AI 학습 및 활용 금지"),
    ("copyright", "저작권자 © 조선일보 무단전재 및 재배포 금지"),
    ("copyright", "무단 전재 및 재배포 금지"),
    ("copyright", "Copyright ⓒ 2023 뉴스1. All rights reserved."),
    ("copyright", "[ⓒ 매일경제 & mk.co.kr, 무단전재 및 재배포 금지]"),
    ("copyright", "저작자표시 비영리 변경금지"), ("copyright", "ⓒ 뉴시스"),
    ("photo", "[사진=연합뉴스]"), ("photo", "사진제공=한국관광공사"),
    ("photo", "(사진: 게티이미지뱅크)"), ("photo", "[연합뉴스 자료사진]"),
    ("photo", "/사진=뉴스1"), ("photo", "[연합뉴스 제공. 재판매 및 DB 금지]"),
    ("share", "공유하기"), ("share", "페이스북 트위터 카카오톡 URL복사"),
    ("share", "스크랩 | 프린트 | 글자크기 조절"),
    ("share", "페이스북 공유 트위터 공유 카카오톡 밴드 링크복사 글자크기 가 가"),
    ("subscribe", "이웃추가"), ("subscribe", "구독과 좋아요 부탁드립니다!"),
    ("subscribe", "구독하기"), ("subscribe", "공감과 댓글은 큰 힘이 됩니다♥"),
    ("subscribe", "이웃추가 부탁드려요~"),
    ("subscribe", "재미있게 보셨다면 구독, 좋아요 꾹 눌러주세요!"),
    ("subscribe", "▶ 네이버에서 본지 뉴스 구독하기"), ("comment", "댓글쓰기"),
    ("comment", "댓글을 입력하세요"), ("comment", "등록된 댓글이 없습니다"), ("views", "댓글 12"),
    ("views", "조회수 1,234"), ("views", "조회 1,234 추천 12 댓글 3"),
    ("views", "좋아요 12개 · 댓글 3개"), ("related", "관련기사"), ("related", "[많이 본 뉴스]"),
    ("related", "이 시각 주요뉴스"), ("related", "'일상' 카테고리의 다른 글"),
    ("related", "▶ 관련기사: 봄이 온다"), ("navigation", "이전글 : 봄의 산"),
    ("navigation", "다음글 > 겨울의 산"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line"), LINES)
@pytest.mark.parametrize("place", ["head", "middle", "tail"])
def test_a_line_of_furniture_goes(rule: str, line: str, place: str) -> None:
    text = {
        "head": f"{line}\n{PROSE}",
        "middle": f"{PROSE}\n\n{line}\n{PROSE}",
        "tail": f"{PROSE}\n{line}",
    }
    assert {edit.rule for edit in explain_furniture(text[place])} == {rule} <= set(FURNITURE_RULES)
    left = {"head": PROSE, "middle": f"{PROSE}\n\n{PROSE}", "tail": PROSE}
    assert strip(text[place]) == left[place]


ENDS = [
    ("(서울=연합뉴스) 홍길동 기자 = ", ""), ("(서울·부산=연합뉴스) 홍길동 김영희 기자 = ", ""),
    ("[서울=뉴시스]홍길동 기자 = ", ""), ("(부산=뉴스1) 홍길동 기자 = ", ""),
    ("[아시아경제 홍길동 기자] ", ""), ("[OSEN=홍길동 기자] ", ""),
    ("(워싱턴=연합뉴스) 홍길동 특파원 = ", ""), ("【서울=뉴시스】홍길동 기자 = ", ""),
    ("홍길동 기자 = ", ""), ("(서울=연합뉴스) ", ""), ("", " 홍길동 기자 hong@chosun.com"),
    ("", " /홍길동 기자"), ("", " (홍길동 기자)"), ("", " (사진=연합뉴스)"),
    ("", " [사진=게티이미지뱅크]"), ("", " hong@yna.co.kr"),
    ("", " 한겨레 홍길동 기자 hong@hani.co.kr"), ("", " ⓒ 뉴스1 무단전재 및 재배포 금지"),
    ("[이데일리 홍길동 기자] ", " (사진=뉴시스)"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "tail"), ENDS)
def test_furniture_at_the_ends_of_a_line_goes(head: str, tail: str) -> None:
    assert strip(head + PROSE + tail) == PROSE
    long = PROSE * 60
    assert strip(f"{head}{long}{tail}\n{PROSE}") == f"{long}\n{PROSE}"


PROSE_LINES = [
    "기자는 좋아요를 눌렀다.", "구독자가 늘었다고 한다.", "댓글을 쓰는 사람이 많다.",
    "조회수 100만을 넘긴 영상이다.",
    "저작권법에 따라 무단 전재와 재배포가 금지된다고 법원은 밝혔다.",
    "홍길동 기자가 현장에 나갔다.", "홍길동 기자는 말했다.",
    "(현직 기자) 저는 이렇게 생각합니다.", "방송 기자 = 바쁜 사람이라는 말이 있다.",
    "사진=추억이라고 그는 말했다.", "사진: 오늘 찍은 것인데 예쁘다.",
    "관련기사를 읽고 나서 생각이 바뀌었다.", "많이 본 뉴스만 읽는 사람도 있다.",
    "이전글에서 말했듯이 봄이 왔다.", "다음 글에서는 여름을 다룬다.", "다음과 같다.",
    "수정 2023년 계획을 발표했다.", "입력 값이 틀렸다.", "공유하기 버튼을 누르면 된다.",
    "페이스북과 트위터는 다르다.", "청원에 공감해 주셔서 감사합니다.",
    "이 청원에 동의 부탁드립니다.", "ⓒ 세 번째 보기", "ⓐ는 틀리고 ⓒ는 맞다.",
    "이메일은 a@b.kr로 보내면 된다.", "a@b.kr은 주소다.", "(면적=가로) 넓이를 구한다.",
    "[조건=참] 아래를 실행한다.", "* Copyright (c) Rich Hickey. All rights reserved.",
]  # fmt: skip
WEAK_LINES = [
    "검색", "공감", "추천", "좋아요", "목록", "스크랩", "2023.01.02", "등록 2003. 5. 1.", "태그",
    "이전", "페이스북 트위터", "정치부 기자", "부산 사나이",
]  # fmt: skip


@pytest.mark.parametrize("line", PROSE_LINES + WEAK_LINES)
def test_prose_that_mentions_furniture_stays(line: str) -> None:
    text = f"{PROSE}\n{line}\n\n{PROSE}"
    assert explain_furniture(text) == []


@pytest.mark.parametrize(
    "text", ["공감", "좋아요 12", "댓글쓰기\n공유하기", "홍길동 기자", "ⓒ 뉴시스", ""]
)
def test_a_text_of_furniture_alone_stays(text: str) -> None:
    assert explain_furniture(text) == []


def test_single_buttons_go_only_beside_other_furniture() -> None:
    assert strip(f"{PROSE}\n공감\n\n댓글쓰기\n스크랩\n{PROSE}") == f"{PROSE}\n{PROSE}"
    assert strip(f"{PROSE}\n스크랩\n프린트\n인쇄\n{PROSE}") == f"{PROSE}\n{PROSE}"
    assert strip(f"{PROSE}\n공감\n{PROSE}\n댓글쓰기\n{PROSE}") == f"{PROSE}\n공감\n{PROSE}\n{PROSE}"


def test_a_name_alone_goes_at_the_ends_of_a_text() -> None:
    assert strip(f"홍길동 기자\n\n{PROSE}") == PROSE
    assert strip(f"{PROSE}\n\n홍길동 기자") == PROSE
    assert strip(f"{PROSE}\n홍길동 기자\n{PROSE}") == f"{PROSE}\n홍길동 기자\n{PROSE}"


def test_a_news_page_and_a_blog_page() -> None:
    news = (
        "입력 2023.01.02 10:11\n홍길동 기자\n\n공유하기\n글자크기 가 가\n\n"
        f"(서울=연합뉴스) 홍길동 기자 = {PROSE}\n\n"
        f"[사진=연합뉴스]\n\n{PROSE} (끝) 1,234명이 왔다.\n\nhong@yna.co.kr\n\n"
        "<저작권자(c) 연합뉴스, 무단 전재-재배포 금지>\n2023/01/02 10:11 송고"
    )
    kept = f"{PROSE}\n\n{PROSE} (끝) 1,234명이 왔다."
    assert strip(news).removesuffix("\n\n2023/01/02 10:11 송고") == kept
    blog = (
        f"카테고리 이동\n검색\n본문 기타 기능\n\n{PROSE}\n\n"
        "공감과 댓글은 큰 힘이 됩니다.\n\n공감 12\n댓글 3\n이웃추가\n\n이전글 : 봄\n다음글 : 가을"
    )
    assert strip(blog) == PROSE


BLANK = st.sampled_from(["\n", "\n\n"])
PROSE_LINE = st.sampled_from(
    [PROSE, *PROSE_LINES, "둘째 줄이다 1234.", "가나다라 마바사 010-1234-5678"]
)
FURNITURE_LINE = st.sampled_from(
    [line for _, line in LINES] + ["공감", "스크랩", "목록", "2023.01.02"]
)


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.tuples(st.booleans(), PROSE_LINE, FURNITURE_LINE, BLANK), min_size=1, max_size=12)
)
def test_prose_between_furniture_stays_to_the_letter(
    drawn: list[tuple[bool, str, str, str]],
) -> None:
    text = "".join((prose if is_prose else line) + blank for is_prose, prose, line, blank in drawn)
    text = text.rstrip("\n")
    once = strip(text)
    left = [line for line in once.split("\n") if line]
    prose = [prose for is_prose, prose, _, _ in drawn if is_prose]
    weak = {"공감", "스크랩", "목록", "2023.01.02"}
    assert [line for line in left if line not in weak] == prose or not prose
    assert prose or once == text
    assert "\n\n\n" not in once and once == once.strip("\n ")
    assert strip(once) == once


ANY_PIECE = st.one_of(
    FURNITURE_LINE,
    PROSE_LINE,
    BLANK,
    st.sampled_from([*sum(ENDS, ()), " ", "한", "é", "😀", "ⓒ", "@"]),
)
MESS = st.lists(ANY_PIECE, max_size=15).map("".join)


@settings(deadline=None, max_examples=120)
@given(st.lists(st.one_of(st.none(), MESS, st.text(max_size=30)), max_size=6))
def test_a_column_is_stripped_as_each_text_is_explained(texts: list[str | None]) -> None:
    stripped, counts = strip_furniture(pa.array(texts, pa.string()))
    edits = [explain_furniture(text or "") for text in texts]
    expected = [
        text if text is None else apply(text, found)
        for text, found in zip(texts, edits, strict=True)
    ]
    assert stripped.to_pylist() == expected
    assert counts.total() == sum(map(len, edits))
    assert set(counts) <= set(FURNITURE_RULES)


@settings(deadline=None)
@given(st.text(st.sampled_from("가나다라마바사아자차 .,?!\n1290")))
def test_other_text_is_unchanged(text: str) -> None:
    assert explain_furniture(text) == []


WIDE = st.lists(
    st.one_of(
        FURNITURE_LINE, st.sampled_from([*sum(ENDS, ()), "\u3000", " ", "３", "다.", "·", "("])
    ),
    min_size=1,
    max_size=3,
).map("".join)


@settings(deadline=None, max_examples=150)
@given(WIDE)
def test_the_wide_pattern_lets_every_line_of_the_rules_through(line: str) -> None:
    patterns = [pattern for _, _, pattern in TAILS]
    held = whole_line(line.strip()) or HEADS.match(line) or any(p.search(line) for p in patterns)
    assert not held or MAY_HOLD.search(line.encode())


def test_slices_large_strings_and_nothing() -> None:
    texts = pa.array(["ⓒ", None, f"{PROSE}\n댓글쓰기", PROSE], pa.large_string()).slice(1)
    stripped, counts = strip_furniture(texts)
    assert stripped.to_pylist() == [None, PROSE, PROSE]
    assert stripped.type == pa.large_string()
    assert counts == {"comment": 1}
    assert len(strip_furniture(pa.array([], pa.string()))[0]) == 0


def test_more_candidates_than_the_first_room_for_them() -> None:
    text = f"{PROSE}\n" + "댓글쓰기\n" * 70_000 + PROSE
    assert strip(text) == f"{PROSE}\n{PROSE}"


HOSTILE = [
    "기자 ", "@", "a@", "(", "[", "=", "ⓒ", "무단 전재 ", "댓글쓰기\n", "공감\n", "가\n공감\n",
    "홍길동 기자·", "구독 ", "공감 댓글 12 ", "2023.01.02 ", "사진=", "글·", "\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_work_grows_as_the_text(piece: str) -> None:
    """Eight times the text takes about eight times the time: a square would take 64 times."""

    def seconds(times: int) -> float:
        text = "가나\n" + piece * times
        best = float("inf")
        for _ in range(2):
            started = process_time()
            explain_furniture(text)
            best = min(best, process_time() - started)
        return best

    small, large = seconds(1_500), seconds(12_000)
    assert large < 8 * 4 * small + 0.05  # seconds
