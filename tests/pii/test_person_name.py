import random
import re
from itertools import pairwise

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii import name
from pipeline.pii.fold import fold
from pipeline.pii.name import find_names


def marked(text: str) -> str:
    folded = fold(text)
    for start, end in reversed(find_names(folded.text)):
        start, end = folded.original(start, end)
        text = f"{text[:start]}【{text[start:end]}】{text[end:]}"
    return text


NAMES = """\
성명: 【김민수】
성명 【이서연】
이름: 【박지훈】입니다
예금주 【정수아】
예금주: 【최준】
예금주(【한지민】)
담당자: 【남궁유미】, 전화
받는 사람 【석다희】 / 금액
임차인 【이예진】은
대표이사 【김시슬】
소송대리인 변호사 【민경택】
【조성민】 씨가 말했다
【김규연】님, 방문기사
【윤유선】 기자
【박찬욱】 감독은
【김은선】 드림
【제갈민수】 선생님께
증인 【이예진】(주민등록번호 741207-2579448)
성명 【김\u200b민수】
성명：【김민수】"""
NO_NAMES = """\
이름은 정말 중요하다
성명 주소 전화번호
담당자에게 문의하세요
이름: 정보
이용자님 안녕하세요
유효성 검사
선교사님, 하나님
그 사람 이름이 뭐였지
피고인 대표
아저씨, 날씨, 글씨
원고는 소유자에게
기자 회견을 했다
예금주와 송금인이
강남구 대표 맛집
전문가님과 고객님
예쁜 글씨로 쓴 편지"""


@pytest.mark.parametrize("line", NAMES.splitlines())
def test_a_name_beside_a_label_or_a_title(line: str) -> None:
    assert marked(re.sub("[【】]", "", line)) == line


@pytest.mark.parametrize("line", NO_NAMES.splitlines())
def test_ordinary_words_are_no_names(line: str) -> None:
    assert marked(line) == line


_PIECES = (
    "성명|이름|예금주|: |：|:| |(|)|[|] |김민수|박지훈|최준|남궁|유미|이서|연|씨|님| 기자|드림|이"
    " |은 |,|\n|\u200b"
    "|소송대리인 변호사 |담당자|주민|담당 |대표|의|１|3"
)
PIECES = st.sampled_from(_PIECES.split("|"))


@pytest.mark.parametrize("seed", range(3))
def test_every_name_is_seen_through_the_gate_and_its_window(seed: int) -> None:
    rng, found = random.Random(seed), 0
    pieces = _PIECES.split("|")
    for _ in range(10_000):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 9)))
        folded = fold(text).text
        values = {folded[start:end] for start, end in find_names(folded)}
        seen = set()
        for hit in re2.finditer(name.GATE, text):
            window = fold(text[max(0, hit.start() - name.BEFORE) : hit.end() + name.AFTER]).text
            seen |= {window[start:end] for start, end in find_names(window)}
        assert values <= seen, text
        found += len(values)
    assert found > 200


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
def test_a_span_of_a_name_is_two_to_four_syllables(text: str) -> None:
    folded = fold(text).text
    spans = find_names(folded)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(re.fullmatch("[가-힣]{2,4}", folded[start:end]) for start, end in spans)
