import random
import re
import time
from collections.abc import Callable

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pii import address
from pipeline.pii.address import find_addresses
from pipeline.pii.fold import fold
from pipeline.pii.ip import find_ips
from pipeline.pii.name import find_names
from pipeline.pii.places import any_of
from pipeline.pii.plate import find_plates


def marked(text: str, find: Callable[[str], list[tuple[int, int]]]) -> str:
    """`text` with 【】 around what `find` finds in it."""
    folded = fold(text)
    for start, end in reversed(find(folded.text)):
        start, end = folded.original(start, end)
        text = f"{text[:start]}【{text[start:end]}】{text[end:]}"
    return text


def windows(module: object, text: str) -> list[str]:
    """What may be read around every match of a module's GATE in unfolded text."""
    before, after = module.BEFORE, module.AFTER  # type: ignore[attr-defined]
    return [
        text[max(0, hit.start() - before) : hit.end() + after]
        for hit in re2.finditer(module.GATE, text)  # type: ignore[attr-defined]
    ]


ADDRESSES = """\
배송지: 【서울특별시 강남구 테헤란로 152】 (역삼동)
우편번호 06236 【서울 강남구 테헤란로 152, 강남파이낸스센터 12층】
【서울시 송파구 올림픽로35길 137】 한국광고문화회관
【경기 성남시 분당구 판교역로 235 에이치스퀘어 N동 6층】
【경기도 고양시 일산동구 중앙로 1275번길 38-10, 우림로데오스위트 209호】
【충남 천안시 동남구 병천면 충절로 1600】
【강원도 춘천시 동내면 거두택지길 44-5】로 오세요
【세종특별자치시 한누리대로 2130】
【서울특별시강남구테헤란로152】
【서울 금천구 가산디지털1로 145 에이스하이엔드타워 3차 1201호】
【서울 강남구 봉은사로 524 코엑스인터컨티넨탈 지하 1층】
【부산 부산진구 중앙대로 692번길 46-1 3F】
【서울 동작구 상도로 369】, 02-345-6789
【서울 강북구 4.19로 87】
【부산광역시 강서구 녹산산단 261로 90】
【전남 신안군 흑산면 예리1길 73】
【서울 강남 테헤란로 152】
【성남 분당 불정로 6】
도로명주소 : 【서귀포시 이어도로 297】
거주지: 【강북구 도봉로 76가길 55-3】
주소: 【경기도 성남시 분당구 정자동 352】
【광주광역시 서구 상무중앙로 7 (치평동) 5층】
방문(【경기도 화성시 시청로114번길 241】)으로
【충청북도 제천시 의림대로8길 12】
【전북 전주시 완산구 효자동3가 1234-5】
【서울 중구 을지로 3가 295-4】
【경북 안동시 풍천면 하회리 산 12-3】
집은 【마포구 합정동 387-12 2층】이에요
【대구 수성구 범어동 178-1 범어아파트 102동 304호】
주소 【서울 노원구 상계동 주공아파트 7단지 712동 1003호】
【서울 강남구 개포동 12-2 개포자이 101-1203】
등기부상 주소(【경상북도 경주시 안강읍 산대리 361 다솜타워 1층】)와
보내는 분 【달서구 상인동 485번지 4호】 김나라
【서울 강남구 테헤란로 １５２】
【서울\u00a0강남구\u3000테헤란로 15\u200b2】"""

NO_ADDRESSES = """\
나는 서울 강남구에 산다
종로 3가에서 5분
국도 7호선을 타고 강릉시로 3시간
서울로 7017 산책
강남구는 3년 연속으로 1위
경기도로 2번 이사했다
수원시 인구는 120만 명
마포구 상암동 3번 출구
용인시 수지구 동천동 2단지
서초구 반포동 10년 거주
경부고속도로 120km 지점
서울 마포 대로 3년
서울 종로구 종로1가 2022년 축제
군산시 2로 나뉜
서울특별시 강남구 관할구역 중 역삼동 123-4번지를 편입한다
경기 광명시 철산동 산 12번지 및 13번지 일원
강남구 도산대로 3번째 골목
전주시 한옥마을 태조로 2일 여행
조선인이 현재로 339,515호인즉
제3조의2에서 정한 대로 2억 원"""


@pytest.mark.parametrize("line", ADDRESSES.splitlines())
def test_an_address_reaches_from_its_first_unit_to_its_last_number(line: str) -> None:
    assert marked(re.sub("[【】]", "", line), find_addresses) == line


@pytest.mark.parametrize("line", NO_ADDRESSES.splitlines())
def test_a_place_that_reaches_no_building_is_no_address(line: str) -> None:
    assert marked(line, find_addresses) == line


_PIECES = (
    "성남 분당 |서울 강남 |녹산산단 261로 |서울 |경기 |강남구 |성남시 분당구 |양평군 |용문면 "
    "|조치원읍 |주소: |배송지 |소재지는 |(|, "
    "|테헤란로|중앙로"
    "|가온들로|9길 |88번길 |역삼동 |하회리 |효자동3가 |산 |한빛아파트 |101동 |1203호|3층|지하 1층"
    "|번지|152|12-3|7"
    "| |\n|에서|입니다|\u200b|\u00a0|１２|년|km| 의 2|, 501호"
)
PIECES = st.sampled_from(_PIECES.split("|"))


@pytest.mark.parametrize("seed", range(3))
def test_every_address_is_seen_through_the_gate_and_its_window(seed: int) -> None:
    rng, found = random.Random(seed), 0
    pieces = _PIECES.split("|")
    for _ in range(5_000):
        text = "".join(rng.choices(pieces, k=rng.randint(2, 14)))
        folded = fold(text).text
        values = {folded[start:end] for start, end in find_addresses(folded)}
        seen: set[str] = set()
        if values:
            for window in map(fold, windows(address, text)):
                seen |= {window.text[start:end] for start, end in find_addresses(window.text)}
        assert values <= seen, text
        found += len(values)
    assert found > 50


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
def test_spans_of_addresses_are_ordered_apart_and_end_in_a_number_or_a_unit(text: str) -> None:
    folded = fold(text).text
    end = 0
    for start, stop in find_addresses(folded):
        assert end <= start < stop <= len(folded)
        written = folded[start:stop]
        assert re.search("[0-9]", written) and written.strip(" ,") == written
        end = stop


@given(st.lists(st.text("가나다라", max_size=4), max_size=12), st.text("가나다라", max_size=4))
def test_a_pattern_of_names_matches_those_names(names: list[str], other: str) -> None:
    pattern = any_of(names) or "(?!)"
    for name in {*names, other}:
        if name:
            assert (re.fullmatch(pattern, name) is not None) == (name in names)


_REPEATED = (
    "1|1.|가|12가 |로 1|동 1 |서울 |강남구|서울 강남구 역삼동 1 가나다 |2400:|1층 |A"
    "|성명: |김민|주소 "
)


@pytest.mark.parametrize("piece", _REPEATED.split("|"))
@pytest.mark.parametrize("find", [find_addresses, find_plates, find_ips, find_names])
def test_time_grows_with_the_text_alone(
    find: Callable[[str], list[tuple[int, int]]], piece: str
) -> None:
    def seconds(repeats: int) -> float:
        text = "서울 강남구 " + piece * repeats
        times = []
        for _ in range(3):
            start = time.process_time()
            find(text)
            times.append(time.process_time() - start)
        return min(times)

    # Eight times the text: about 8 where it is linear, 64 where it is quadratic.
    assert seconds(16_000) < 30 * max(seconds(2_000), 0.001)
