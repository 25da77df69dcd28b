"""Names of Korea's provinces, cities, counties and districts, now and since 1963.

The current units are those of the Local Autonomy Act and the acts that renamed or divided some
(Gangwon 2023, Jeonbuk 2024, the districts of Bucheon 2024, of Hwaseong and Incheon 2026); former
ones are kept because judgments and old texts still write them.
"""

_PROVINCES = (
    "서울 부산 대구 인천 광주 대전 울산 세종 경기 강원 충북 충남 전북 전남 경북 경남 제주"
    " 충청북 충청남 전라북 전라남 경상북 경상남 전남광주"
)
_PROVINCE_SUFFIXES = "특별자치도 특별자치시 통합특별시 특별시 광역시 직할시 도 시"

# Cities that are divided into districts, written with and without 시: 성남 분당구.
_DIVIDED_CITIES = "수원 성남 안양 부천 안산 고양 용인 화성 청주 천안 전주 포항 창원 마산"

_DISTRICTS = (
    # Seoul
    "종로구 중구 용산구 성동구 광진구 동대문구 중랑구 성북구 강북구 도봉구 노원구 은평구 서대문구"
    " 마포구 양천구 강서구 구로구 금천구 영등포구 동작구 관악구 서초구 강남구 송파구 강동구"
    # Busan, Daegu, Incheon, Gwangju, Daejeon, Ulsan
    " 서구 동구 영도구 부산진구 동래구 남구 북구 해운대구 사하구 금정구 연제구 수영구 사상구"
    " 수성구 달서구 미추홀구 연수구 남동구 부평구 계양구 제물포구 영종구 검단구 서해구 광산구"
    " 유성구 대덕구"
    # districts of cities
    " 장안구 권선구 팔달구 영통구 수정구 중원구 분당구 만안구 동안구 원미구 소사구 오정구 상록구"
    " 단원구 덕양구 일산동구 일산서구 처인구 기흥구 수지구 만세구 효행구 병점구 동탄구 상당구"
    " 서원구 흥덕구 청원구 동남구 서북구 완산구 덕진구 의창구 성산구 마산합포구 마산회원구 진해구"
    " 일산구 합포구 회원구"
)

_CITIES = (
    "수원시 성남시 의정부시 안양시 부천시 광명시 평택시 동두천시 안산시 고양시 과천시 구리시"
    " 남양주시 오산시 시흥시 군포시 의왕시 하남시 용인시 파주시 이천시 안성시 김포시 화성시 광주시"
    " 양주시 포천시 여주시 춘천시 원주시 강릉시 동해시 태백시 속초시 삼척시 청주시 충주시 제천시"
    " 천안시 공주시 보령시 아산시 서산시 논산시 계룡시 당진시 전주시 군산시 익산시 정읍시 남원시"
    " 김제시 목포시 여수시 순천시 나주시 광양시 포항시 경주시 김천시 안동시 구미시 영주시 영천시"
    " 상주시 문경시 경산시 창원시 진주시 통영시 사천시 김해시 밀양시 거제시 양산시 제주시 서귀포시"
    # former
    " 마산시 진해시 울산시 송탄시 미금시 대천시 온양시 이리시 정주시 금성시 동광양시 여천시 점촌시"
    " 충무시 장승포시 삼천포시"
)

_COUNTIES = (
    "기장군 달성군 군위군 강화군 옹진군 울주군 연천군 가평군 양평군 홍천군 횡성군 영월군 평창군"
    " 정선군 철원군 화천군 양구군 인제군 고성군 양양군 보은군 옥천군 영동군 증평군 진천군 괴산군"
    " 음성군 단양군 금산군 부여군 서천군 청양군 홍성군 예산군 태안군 완주군 진안군 무주군 장수군"
    " 임실군 순창군 고창군 부안군 담양군 곡성군 구례군 고흥군 보성군 화순군 장흥군 강진군 해남군"
    " 영암군 무안군 함평군 영광군 장성군 완도군 진도군 신안군 의성군 청송군 영양군 영덕군 청도군"
    " 고령군 성주군 칠곡군 예천군 봉화군 울진군 울릉군 의령군 함안군 창녕군 남해군 하동군 산청군"
    " 함양군 거창군 합천군"
    # former
    " 양주군 남양주군 여주군 평택군 화성군 시흥군 파주군 고양군 광주군 포천군 김포군 용인군 이천군"
    " 안성군 춘성군 춘천군 원성군 원주군 명주군 삼척군 청원군 중원군 제원군 제천군 연기군 공주군"
    " 대덕군 논산군 보령군 서산군 당진군 아산군 천원군 천안군 옥구군 익산군 정읍군 남원군 김제군"
    " 광산군 여천군 승주군 나주군 광양군 달성군 선산군 금릉군 상주군 문경군 경산군 영일군 월성군"
    " 경주군 안동군 영풍군 영천군 진양군 통영군 거제군 사천군 밀양군 김해군 창원군 울산군 양산군"
    " 북제주군 남제주군"
)


PROVINCES, PROVINCE_SUFFIXES = _PROVINCES.split(), _PROVINCE_SUFFIXES.split()
DIVIDED_CITIES, DISTRICTS = _DIVIDED_CITIES.split(), _DISTRICTS.split()
CITIES, COUNTIES = _CITIES.split(), _COUNTIES.split()


def any_of(names: list[str]) -> str:
    """A pattern for any of `names`, the longest first, that shares the beginnings they share.

    An alternation of 350 names costs Python's `re` 350 trials at every place; this one few.
    """
    by_first: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        if name:
            by_first.setdefault(name[0], []).append(name[1:])
    branches = [first + any_of(rests) for first, rests in by_first.items()]
    if not branches:
        return ""
    optional = "?" if "" in names else ""
    return f"(?:{'|'.join(branches)}){optional}"


_DISTRICT = any_of(DISTRICTS)
_KNOWN = any_of([*DISTRICTS, *CITIES, *COUNTIES])
_DIVIDED = f"{any_of(DIVIDED_CITIES)}시? ?{_DISTRICT}"
# Without its ending, between two other names: 서울 강남 테헤란로, 성남 분당 불정로.
_DISTRICT_STEM = any_of([name[:-1] for name in DISTRICTS if len(name) > 2]) + "(?= [가-힣])"
_STEM = any_of([name[:-1] for name in CITIES + COUNTIES if len(name) > 2])
PROVINCE = f"{any_of(PROVINCES)}(?:{'|'.join(PROVINCE_SUFFIXES)})?"
UNIT_ALONE = f"{_DIVIDED}|{any_of(DIVIDED_CITIES)}시? {_DISTRICT_STEM}|{_KNOWN}(?: ?{_DISTRICT})?"
# After a province a unit may lack its ending (충남 천안 동남구) or be one that the table lacks.
UNIT_AFTER_PROVINCE = (
    f"{_DIVIDED}|{_KNOWN}(?:[ ,]{{0,3}}{_DISTRICT})?|{_STEM}(?=[ ,]{{0,3}}[가-힣])"
    f"|[가-힣]{{1,4}}[시군구]|{_DISTRICT_STEM}"
)
