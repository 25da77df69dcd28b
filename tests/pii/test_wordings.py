"""Wordings written without a look at the detectors; values are marked ⟦kind:value⟧, all synthetic.

Each text was found wrong once, or stands for a family of wordings that must not be lost.
"""

import re

import pytest

from pipeline.pii.detect import detect

_MARK = re.compile("⟦([a-z]+):([^⟧]*)⟧")

FOUND = [
    # What was asked stands on the line above, behind the name of who speaks.
    "상담원: 카드번호 불러주세요\n고객: ⟦card:사육팔칠 삼일육구 공일구일 삼사칠칠⟧입니다",
    "상담원: 주민등록번호 부탁드립니다\n고객: ⟦rrn:팔오일공공팔-일팔팔공사공육⟧이에요",
    "고객: ⟦rrn:5 8 1 1 2 1 1 2 3 6 0 7 7⟧ 이요\n상담: 감사합니다",
    # Papers in spelled digits.
    "면허증에 적힌 열두자리 ⟦driver:일일-일공-이구삼사삼사-삼삼⟧",
    "저희 사업자 번호는 ⟦brn:사삼이-일이-사구구이일⟧ 입니다",
    # Names of numbers that sound like those of things.
    "민증번호 ⟦rrn:9902161603268⟧ 입니다 확인해주세요",
    "arc_no=⟦frn:080526-7543977⟧",
    "폐업조회: ⟦brn:381-31-64533⟧ 계속사업자",
    "고유번호증 ⟦brn:359-56-34374⟧ (비영리)",
    "계산서는 ⟦brn:645_31_17666⟧ 앞으로",
    "company_reg_no: ⟦brn:233-81-12804⟧",
    "주문자: 전지현, 결제: ⟦card:9445-5634-2127-8038⟧ (BC)",
    # The label in front already has its number.
    "처방전 교부번호 00123 성명 김구라 ⟦rrn:650905-1002336⟧",
    "P코드 ⟦customs:P174664519181⟧ 맞죠?",
    # Banks in everyday forms.
    "아빠가 ⟦acc:1000 0620 4942⟧ 토스로 보내래",
    "우정사업본부 우체국예금 ⟦acc:63885302453252⟧",
    "입금은행 : 국민은행\n입금계좌 : ⟦acc:190808283190⟧\n예금주 : 최예린",
    # 어제 is no 제 that numbers a chapter.
    "어제 ⟦ip:39.7.52.118⟧에서 접속한 기록이 있던데 저 아니에요",
    # Plates beside words of the road, in tables, and alone.
    "차량\t소유자\n⟦plate:49구5093⟧\t이상윤\n⟦plate:172다8826⟧\t신민아",
    "car_no\n⟦plate:23너4821⟧\n⟦plate:154나7730⟧\n⟦plate:61더 9315⟧",
    "차량번호 ⟦plate:207거3252⟧\n⟦plate:552주 9856⟧ 스타렉스, 앞범퍼 파손",
    "연락처 - ⟦tel:ㅇ16-673-2991⟧",
    "렉카가 ⟦plate:55고7123⟧ 끌고감",
    "⟦plate:128어 3019⟧ 보험 갱신 안내드립니다. 만기 12/31",
    "⟦plate:29너 8830⟧ 보신 분?",
    "저 앞에 ⟦plate:29소 8830⟧ 깜빡이 안 켜고 들어옴",
    "회사차 ⟦plate:316호 2208⟧ 주유카드 두고왔어",
    "보험사고접수 ⟦plate:63노 7284⟧ 상대 과실 100",
    "포터 ⟦plate:93주1120⟧ 적재함",
    "택시번호 ⟦plate:서울 32아 6180⟧ 기억해두자",
    "스쿨존 단속 ⟦plate:41어 7756⟧ 48km/h",
]

NOTHING = [
    "상담원: 주문번호 말씀해 주세요\n고객: 202406110012345 입니다",
    "11-12-130045-22 자재코드 볼트",
    "381-31-64533 자재코드 볼트",
    "930412-1948273 상품번호입니다",
    "lot no. 240611-1234567",
    "EAN 4901234567894",
    "4901234567894",
    "카탈로그 02-345-6789A 참조",
    "기기 고유번호 381-31-64533",
    "0 1 1 0 1 0 0 1 1 1 0 1 0 행렬 첫 줄",
    "리포터 20두 3000",
    "이체 202401151230 처리 완료",
    "국민은행 고객센터 080-305-7707 연결이 안 됨",
    "가상계좌는 따로 발급됩니다\nunix time 1707537727",
    "41거 7546",
    "20호 1500원 30호 2000원",
    "30자 1234 글자수 제한",
    "이공이사년 유월 십일일 오후 삼시",
    "구구단 이일은 이 이이는 사 이삼은 육 이사 팔",
]


@pytest.mark.parametrize("marked", FOUND)
def test_finds_exactly_the_marked_values(marked: str) -> None:
    text, expected, end = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        expected.append((len(text), len(text) + len(mark[2]), mark[1]))
        text += mark[2]
        end = mark.end()
    assert expected
    assert [tuple(span) for span in detect(text + marked[end:])] == expected


@pytest.mark.parametrize("text", NOTHING)
def test_finds_nothing_in_numbers_of_things(text: str) -> None:
    assert detect(text) == []


def test_a_club_has_a_unique_number_in_place_of_a_business_number() -> None:
    """With the code of a non-profit body (82) it is one; with a trader's, an object's."""
    assert [span.kind for span in detect("교회 고유번호 123-82-45679")] == ["brn"]
    assert detect("센서 고유번호 123-45-67891") == []
