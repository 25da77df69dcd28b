import random
import re
from itertools import pairwise

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii import plate
from pipeline.pii.fold import fold
from pipeline.pii.plate import find_plates


def marked(text: str) -> str:
    folded = fold(text)
    for start, end in reversed(find_plates(folded.text)):
        start, end = folded.original(start, end)
        text = f"{text[:start]}【{text[start:end]}】{text[end:]}"
    return text


PLATES = """\
차주님 【12가 3456】 차 빼 주세요
【12가 3456】 차주님
차량번호: 【123가4567】
【123가4567】
【34나5678】입니다
차번호【123하4567】인데요
【서울 70바 1234】
관용차인 【충남 7가2277】호 2.5t 트럭
경찰은 흰색 레이, 번호는 【565어2607】라고
무단주차 차량 【379로 2919】 차주께서는
번호판 【경남 60서 3225】, 보험이력 깨끗합니다
【12조 3456】 차량 견인합니다
지하 2층에 【643구8559】 라이트 켜져 있어요
배차: 김민재 기사님, 【14호 7382】
택시 【41로 2008】 기사님
| 김나라 | 010 2757 3285 | 【36 오 2107】 |
id,plate⏎9,【51더8267】,24-69-248789-39⏎53,【108모8042】,21
{"carNo":"【34호5307】","driver":"김"}
A: 차 번호가 뭐예요⏎B: 【38도 9876】요
【１２가 ３４５６】 차주
제 차 【46허48\u200b72】인데"""
NO_PLATES = """\
대법원 98다1234 판결
대법원 2015도1234
서울고법 96나 12345
99두1234, 99두2345(병합)
사건번호 12가3456 결정
16조 8200억 원
100배 1000배
20보 1000걸음
12도 3000명
3부 1200원
12가 2020년부터 바뀐다
39나 0063나 비슷하다
85주 2019년 실적
10구 1000번지
12가 34567
123가456
00가 0000처럼
1,200가 3456
12가-3456-12
12가3456.78"""


@pytest.mark.parametrize("line", PLATES.splitlines())
def test_a_plate_is_found_with_its_region(line: str) -> None:
    text = line.replace("⏎", "\n")
    assert marked(re.sub("[【】]", "", text)) == text


@pytest.mark.parametrize("line", NO_PLATES.splitlines())
def test_cases_counts_and_longer_numbers_are_no_plates(line: str) -> None:
    assert marked(line) == line


@pytest.mark.parametrize("syllable", plate._SYLLABLES)
@pytest.mark.parametrize("front", ["12", "345"])
@pytest.mark.parametrize("gap", ["", " "])
def test_a_label_settles_every_syllable(syllable: str, front: str, gap: str) -> None:
    written = f"{front}{syllable}{gap}6789"
    assert marked(f"차량번호 {written}로 등록") == f"차량번호 【{written}】로 등록"


@pytest.mark.parametrize("syllable", "각차카타파쇼은")
def test_a_syllable_that_no_plate_has(syllable: str) -> None:
    assert find_plates(f"차량번호 12{syllable}3456") == []


_PIECES = (
    "12|123|7|가|호|조|도|배|바|3456|0123|2008|1| |  |-|서울|경기 |차량 |번호 |차주"
    "|판결|년|원|,| \n|、|\u200b"
    "|１２|３４５６|번호는 |(|)|. |대법원 "
)
PIECES = st.sampled_from(_PIECES.split("|"))


@pytest.mark.parametrize("seed", range(3))
def test_every_plate_is_seen_through_the_gate_and_its_window(seed: int) -> None:
    rng, found = random.Random(seed), 0
    pieces = _PIECES.split("|")
    for _ in range(10_000):
        text = "".join(rng.choices(pieces, k=rng.randint(2, 9)))
        folded = fold(text).text
        values = {folded[start:end] for start, end in find_plates(folded)}
        seen = set()
        for hit in re2.finditer(plate.GATE, text):
            window = fold(text[max(0, hit.start() - plate.BEFORE) : hit.end() + plate.AFTER]).text
            seen |= {window[start:end] for start, end in find_plates(window)}
        assert values <= seen, text
        found += len(values)
    assert found > 10


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
def test_spans_of_plates_are_ordered_apart_and_hold_four_digits(text: str) -> None:
    folded = fold(text).text
    spans = find_plates(folded)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(re.fullmatch("[0-9]{4}", folded[start:end][-4:]) for start, end in spans)
