"""Pages that share a skeleton and differ in facts: what no duplicate removal may take for copies.

A site is a family (weather, notices, statutes, ...) with one choice of its sentences and of fixed
text; its pages differ in every fact. The fixed text sets how alike they are: sites are made for
several Jaccard similarities of character 5-grams of the canonical form, up to 0.79.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from pipeline.dedup.canonical import canonical
from pipeline.synthetic import words

SHINGLE = 5
ALIKE = (0.25, 0.4, 0.5, 0.6, 0.66, 0.7, 0.73, 0.76, 0.79)
"""The similarities that sites are made for."""


def _split(table: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in table.split())


_CITIES = _split("""
    서울 부산 대구 인천 광주 대전 울산 세종 수원 성남 고양 용인 청주 천안 전주 목포 여수 포항 구미
    안동 창원 진주 김해 제주 서귀포 강릉 속초 춘천 원주 태백 울진 거제 통영 군산 익산 정읍 남원
""")
_GOODS = _split("""
    무선_청소기 전기밥솥 공기청정기 제습기 이어폰 노트북 모니터 키보드 의자 책상 냉장고 세탁기
    건조기 식기세척기 전자레인지 선풍기 온풍기 가습기 스피커 카메라 프린터 텐트 등산화 자전거
    유모차 매트리스
""")
_DISHES = _split("""
    김치찌개 된장찌개 감자조림 두부조림 잡채 불고기 미역국 떡볶이 계란말이 콩나물국 제육볶음
    닭볶음탕 오징어볶음 시금치나물 무생채 장조림 갈비찜 비빔국수 호박죽 파전 김치전 북엇국
    순두부찌개 멸치볶음
""")
_FOODS = _split("""
    양파 대파 마늘 고추 당근 감자 두부 달걀 간장 고추장 된장 설탕 참기름 식초 후추 소금 버섯 애호박
    콩나물 돼지고기 쇠고기 닭고기 멸치 다시마 참깨 생강 무 배추 부추 미나리 깻잎 올리고당 맛술
    들기름
""")
_LAWS = _split("""
    농업기술진흥 해양안전관리 아동돌봄지원 문화유산보존 중소상인육성 산림자원조성 도로시설정비
    전통시장활성화 체육시설운영 청년주거지원 수질환경보전 폐기물재활용 노인복지증진 교통약자이동
    반려동물보호 지역신문발전 도서관진흥 응급의료체계 항만물류촉진 식품위생감시 정보통신기반
    공공건축심의 하천정비사업 학교급식관리 공연예술후원 재난구호물자
""")
_OFFICES = _split("""
    농림축산식품부 해양수산부 보건복지부 국가유산청 중소벤처기업부 산림청 국토교통부 문화체육관광부
    고용노동부 환경부 행정안전부 교육부 식품의약품안전처 과학기술정보통신부 소방청 기획재정부
    법무부 국방부 조달청 통계청
""")
_FIRMS = _split("""
    가온전자 나래산업 다솜식품 라온물산 마루건설 바른제약 새벽유통 아라조선 자람교육 초록에너지
    큰별통신 터울섬유 푸른화학 한빛기계 해오름관광 가람증권 누리시스템 도담출판 미르항공 보람보험
    솔빛광학 은하반도체
""")
_JOBS = _split("""
    회계_담당 영업_관리 물류_기사 간호조무사 웹_개발자 품질_검사원 주방_보조 학원_강사 매장_관리자
    전기_기사 생산직 디자이너 번역가 상담원 경비원 요양보호사 시설_관리 연구원 자재_구매
    마케팅_담당
""")
_TEAMS = _split(
    "독수리 호랑이 사자 곰 용 고래 매 표범 늑대 두루미 거북 제비 상어 들소 여우 수달 반달곰 까치"
)
_SKIES = _split(
    "맑음 구름_많음 흐림 비 눈 소나기 안개 황사 흐리고_비 차차_맑아짐 진눈깨비 천둥·번개"
)
_SLOTS: dict[str, Sequence[str]] = {
    "city": _CITIES, "goods": _GOODS, "dish": _DISHES, "food": _FOODS, "law": _LAWS, "firm": _FIRMS,
    "office": _OFFICES, "job": _JOBS, "team": _TEAMS, "sky": _SKIES, "place": words.PLACES,
    "thing": words.THINGS, "time": words.TIMES, "adjective": words.ADJECTIVES, "role": words.ROLES,
}  # fmt: skip


class Facts(dict[str, str]):
    """The facts of one page by the names of slots: `{city}`, `{n3}` (three digits), `{city_2}`."""

    def __init__(self, rng: random.Random):
        super().__init__()
        self.rng = rng

    def __missing__(self, slot: str) -> str:
        self[slot] = self._invented(slot.partition("_")[0])
        return self[slot]

    def _invented(self, slot: str) -> str:
        rng = self.rng
        if slot in _SLOTS:
            return rng.choice(_SLOTS[slot])
        if slot[0] == "n" and slot[1:].isdigit():
            digits = int(slot[1:])
            return f"{rng.randrange(10 ** (digits - 1), 10**digits):,}"
        if slot == "date":
            return f"{rng.randint(2008, 2024)}.{rng.randint(1, 12):02d}.{rng.randint(1, 28):02d}"
        if slot == "hour":
            return f"{rng.randrange(24):02d}:{rng.randrange(60):02d}"
        if slot == "name":
            given = rng.choice(words.GIVEN) + rng.choice(words.GIVEN)
            return rng.choice(words.SURNAMES) + given
        if slot == "dong":
            return "".join(rng.choices(words.TOWN_HEAD, k=2)) + rng.choice(("동", "읍", "면"))
        raise KeyError(slot)


def filled(template: str, rng: random.Random) -> str:
    """A template with facts of its own."""
    return template.format_map(Facts(rng))


FAMILIES: dict[str, tuple[str, ...]] = {
    "weather": (
        "{city} {dong} 오늘의 날씨 ({date} {hour} 발표)",
        "현재 기온은 {n2}.{n1_2}도, 체감 온도는 {n2_2}.{n1_3}도이고 하늘은 {sky}, 습도는 "
        "{n2_3}%입니다.",
        "아침 최저기온은 {n1}도, 낮 최고기온은 {n2_4}도로 어제보다 {n1_4}도 높겠습니다.",
        "강수 확률은 오전 {n2_5}%, 오후 {n2_6}%이며 예상 강수량은 {n2_7}밀리미터 안팎입니다.",
        "미세먼지 농도는 {n2_8}, 초미세먼지 농도는 {n2_9}마이크로그램이고 바람은 초속 "
        "{n1_5}미터입니다.",
        "해 뜨는 시각은 {hour_2}, 해 지는 시각은 {hour_3}이며 내일은 {sky_2}, 모레는 "
        "{sky_3}이 예상됩니다.",
    ),
    "stocks": (
        "{firm} 주가 정보 | {date} {hour} 기준",
        "현재가 {n5}원, 전일 대비 {n4}원 ({n1}.{n2}%), 거래량 {n6}주, 거래 대금 {n5_2}백만 원",
        "시가 {n5_3}원, 고가 {n5_4}원, 저가 {n5_5}원, 상한가 {n5_6}원, 하한가 {n5_7}원",
        "시가총액 {n4_2}억 원, 상장 주식 수 {n7}주, 외국인 보유 비율 {n2_2}.{n2_3}%",
        "주가 수익 비율 {n2_4}.{n2_5}배, 주가 순자산 비율 {n1_2}.{n2_6}배, 배당 수익률 "
        "{n1_3}.{n2_7}%",
        "같은 업종의 {firm_2}은 {n5_8}원, {firm_3}은 {n5_9}원에 거래되고 있습니다.",
    ),
    "estate": (
        "[매물 번호 {n7}] {city} {dong} {adjective} 아파트 매매",
        "전용 면적 {n2}.{n2_2}제곱미터, 공급 면적 {n3}.{n2_3}제곱미터, {n2_4}층 가운데 {n1}층",
        "매매가는 {n1_2}억 {n4}만 원, 관리비는 월 {n2_5}만 원이고 방 {n1_3}개, 욕실 "
        "{n1_4}개입니다.",
        "입주는 {date} 이후에 할 수 있고 {place}까지 걸어서 {n2_6}분, 버스 정류장까지 "
        "{n1_5}분 걸립니다.",
        "주차는 세대마다 {n1_6}.{n1_7}대이며 난방은 {n2_7}년에 바꾸었고 담당 중개사는 "
        "{name}입니다.",
    ),
    "matches": (
        "제{n3}회 {city}시 {team} 대 {team_2} 경기 결과 ({date})",
        "{team}이 {team_2}을 {n2} 대 {n2_2}로 이겼고 관중은 {n5}명이었습니다.",
        "{name} 선수가 {n2_3}점, {name_2} 선수가 {n2_4}점을 올렸으며 {name_3} 선수가 "
        "{n1}개를 막았습니다.",
        "다음 경기는 {date_2} {hour} {city_2} 경기장에서 {team_3}과 치르며 승률은 "
        "{n2_5}.{n1_2}%입니다.",
        "당첨 번호는 {n2_6}, {n2_7}, {n2_8}, {n2_9}, {n2_10}, {n2_11}, 보너스 번호는 "
        "{n2_12}입니다.",
    ),
    "jobs": (
        "[{firm}] {job} 채용 공고 ({date} 마감)",
        "{city} {dong} 사업장에서 함께 일할 {job} {n1}명을 모십니다.",
        "연봉은 {n4}만 원부터 {n4_2}만 원이고 경력은 {n1_2}년 이상, 수습 기간은 {n1_3}개월입니다.",
        "근무 시간은 {hour}부터 {hour_2}까지이며 상여금은 {n3}%, 식대는 월 {n2}만 원입니다.",
        "지원서는 {date_2}까지 {name} 앞으로 보내 주시고 면접은 {date_3} {hour_3}에 "
        "{place}에서 봅니다.",
    ),
    "statutes": (
        "{law}법 시행규칙 (제정 {date}, 제{n4}호)",
        "제1조(목적) 이 규칙은 {law}법 및 같은 법 시행령에서 위임된 사항과 그 시행에 필요한 "
        "사항을 규정한다.",
        "제2조(신청) 법 제{n2}조제{n1}항에 따라 지원을 받으려는 자는 신청서를 {office} "
        "장관에게 내야 한다.",
        "제3조(처리) {office} 장관은 신청을 받은 날부터 {n2_2}일 이내에 그 결과를 통지하여야 한다.",
        "제4조(수수료) 법 제{n2_3}조에 따른 수수료는 {n5}원으로 하며 {n2_4}일 이내에 "
        "납부하여야 한다.",
        "제5조(보조금) 보조금은 총사업비의 {n2_5}퍼센트, {n4_2}만 원을 넘을 수 없고 "
        "{n1_2}년마다 정산한다.",
        "제6조(과태료) 법 제{n2_6}조를 위반한 자에게는 {n3}만 원 이하의 과태료를 부과한다.",
        "부칙 이 규칙은 {date_2}부터 시행하고, {law_2}법 시행규칙 제{n2_7}조를 다음과 같이 "
        "개정한다.",
    ),
    "recipes": (
        "{adjective} {dish} 만드는 법 ({n1}인분, {n2}분)",
        "재료: {food} {n3}그램, {food_2} {n2_2}그램, {food_3} {n1_2}큰술, {food_4} {n1_3}작은술",
        "먼저 {food}을 {n1_4}센티미터로 썰고 {food_2}은 {n2_3}분 동안 물에 담가 둡니다.",
        "냄비에 {food_5}을 넣고 {n1_5}분 볶다가 {food_3}과 {food_6}을 넣어 센 불에서 끓입니다.",
        "물 {n3_2}밀리리터를 붓고 {n2_4}분 졸인 뒤 {food_7}을 뿌리면 {n3_3}킬로칼로리의 "
        "{dish}이 됩니다.",
    ),
    "obituaries": (
        "[부고] {name} 씨({firm} {job}) {date} 별세",
        "{name_2}({office} {role})·{name_3}({city} {role_2}) 씨 모친상, {name_4} 씨 빙모상",
        "빈소는 {city} {dong} {place} 장례식장 {n2}호실이며 발인은 {date_2} {hour}입니다.",
        "장지는 {city_2} {dong_2} 선산이고 향년 {n2_2}세, 상주 연락은 {name_5} 씨가 받습니다.",
    ),
    "products": (
        "{firm} {adjective} {goods} {n4} 제품 사양",
        "정격 전압 {n3}볼트, 소비 전력 {n4_2}와트, 무게 {n1}.{n2}킬로그램, 보증 기간 {n2_2}개월",
        "크기는 가로 {n3_2}밀리미터, 세로 {n3_3}밀리미터, 높이 {n3_4}밀리미터이고 소음은 "
        "{n2_3}데시벨입니다.",
        "판매 가격은 {n6}원, 배송비는 {n4_3}원이고 {date}부터 {n2_4}% 할인합니다. 사용자 "
        "평점 {n1_2}.{n1_3}점",
        "구매 후기 {n3_5}건, 제조 {city} 공장, 인증 번호 {n7}, {goods_2}과 함께 사면 "
        "{n4_4}원을 돌려드립니다.",
    ),
    "notices": (
        "{city} {dong} {law} 사업 안내 (공고 제{n4}호)",
        "{office}는 {date}부터 {date_2}까지 {law} 사업의 참가자 {n3}명을 모집합니다.",
        "지원 금액은 한 사람에 {n4_2}만 원이며 본인 부담은 {n2}%, 기간은 {n2_2}개월입니다.",
        "설명회는 {date_3} {hour} {place}에서 열리고 담당자는 {name} 주무관입니다.",
    ),
}  # fmt: skip
"""Sentences of a page by family; every slot is a fact of the page."""

_REMARKS = (
    "좋아요", "잘 봤습니다", "감사합니다", "좋은 글이네요", "잘 보고 갑니다", "퍼가요~",
    "공감합니다", "최고예요",
    "ㅋㅋㅋ", "재밌어요", "응원합니다", "기대됩니다", "도움이 됐어요", "추천합니다",
    "수고하셨습니다", "별로예요",
    "글쎄요", "저도요", "배송 빨라요", "다음에도 부탁드려요", "ㅠㅠ 슬프네요", "정보 감사해요",
    "또 올게요",
)  # fmt: skip


def remark(rng: random.Random) -> str:
    """A short comment out of a stock of phrases."""
    return " ".join(rng.sample(_REMARKS, rng.randint(1, 4))) + rng.choice(
        ("", "!", "~", " ㅎㅎ", "^^")
    )


def shingles(text: str) -> set[str]:
    """Character 5-grams of the canonical form; a shorter form is one, an empty one has none."""
    form = canonical(text)
    return {form[at : at + SHINGLE] for at in range(max(1, len(form) - SHINGLE + 1))} - {""}


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def site(
    family: str, alike: float, fixed: Callable[[], str], rng: random.Random
) -> Callable[[], str]:
    """A maker of pages whose canonical Jaccard to their fellows is about `alike` (or more, where
    the skeleton alone is more). `fixed()` gives sentences for what all pages of the site share.
    """
    title, *body = FAMILIES[family]
    body = rng.sample(body, rng.randint(max(2, len(body) - 2), len(body)))
    facts = [filled("\n".join([title, *body]), rng) for _ in range(6)]
    sets = [shingles(text) for text in facts]
    common = sum(len(a & b) for a, b in pairwise(sets)) / 5
    union = sum(len(a | b) for a, b in pairwise(sets)) / 5
    wanted = (alike * union - common) / (1 - alike)  # shared shingles to add: (c + w) / (u + w)
    shared: list[str] = []
    while (length := len(canonical("".join(shared)))) < wanted:
        sentence = fixed().strip()
        shared.append(sentence[: max(8, int((wanted - length) * 1.3))])
    at = rng.randint(0, len(shared))
    template = [*shared[:at], title, *body, *shared[at:]]

    def page() -> str:
        made = Facts(rng)
        return "\n".join(line if line in shared else line.format_map(made) for line in template)

    return page


def negatives(
    count: int, fixed: Callable[[], str], rng: random.Random
) -> Iterator[tuple[str, float, str]]:
    """`count` of (family, similarity the site was made for, text), a tenth of them remarks."""
    remarks = count // 10
    yield from (("remarks", 0.0, remark(rng)) for _ in range(remarks))
    kinds = [(family, alike) for family in FAMILIES for alike in ALIKE]
    rng.shuffle(kinds)
    pages = count - remarks
    used = kinds[: max(1, min(len(kinds), pages // 4))]
    for number, (family, alike) in enumerate(used):
        page = site(family, alike, fixed, rng)
        for _ in range(pages * (number + 1) // len(used) - pages * number // len(used)):
            yield family, alike, page()
