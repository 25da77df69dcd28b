"""Names that the generated texts are made of: banks and their groupings, places, mail, persons.

Account groupings follow the table of the CMS of KFTC and what people print; in a pattern `x` is a
digit of 1 to 9 and `n` any digit. Streets, villages, firms and persons are made up or so common
that they name nobody.
"""


def _list(words: str) -> list[str]:
    return words.split()


# bank: (names, the first of which no other word has; groupings)
BANKS = {
    "kb": (["국민은행", "KB국민은행", "국민", "KB", "KB국민"],
        ["xnnnnn-01-nnnnnn", "xnnnnn-04-nnnnnn", "xnn-nn-nnnn-nnn"]),
    "shinhan": (["신한은행", "신한", "신한銀"],
        ["110-nnn-nnnnnn", "1xn-nnn-nnnnnn", "56x-nnn-nnnnnnnn"]),
    "woori": (["우리은행", "우리"],
        ["1002-nnn-nnnnnn", "1005-nnn-nnnnnn"]),
    "hana": (["하나은행", "KEB하나", "하나", "KEB하나은행"],
        ["xnn-nnnnnn-nnn07", "620-nnnnnn-nnn"]),
    "nonghyup": (["농협은행", "농협", "NH농협", "NH"],
        ["301-nnnn-nnnn-n1", "302-nnnn-nnnn-n1", "352-nnnn-nnnn-n3", "xnn-nn-nnnnnn"]),
    "ibk": (["기업은행", "IBK기업은행", "기업", "IBK"],
        ["xnn-nnnnnn-01-nnn", "xnn-nnnnnn-04-nnn"]),
    "kakao": (["카카오뱅크", "카뱅", "카카오"],
        ["3333-nn-nnnnnnn", "3388-nn-nnnnnnn", "7979-nn-nnnnnnn"]),
    "toss": (["토스뱅크", "토스"],
        ["1000-nnnn-nnnn", "1001-nnnn-nnnn", "1908-nnnn-nnnn"]),
    "kbank": (["케이뱅크", "케뱅", "K뱅크"], ["100-1nn-nnnnnn"]),
    "mg": (["새마을금고", "MG새마을금고", "새마을"],
        ["9002-nnnn-nnnn-n", "9003-nnnn-nnnn-n"]),
    "post": (["우체국은행", "우체국"], ["xnnnnn-02-nnnnnn"]),
    "sc": (["SC제일은행", "SC제일", "제일은행"],
        ["xnn-20-nnnnnn", "xnn-10-nnnnnn"]),
    "citi": (["씨티은행", "한국씨티은행", "씨티"],
        ["xnn-nnnnn-nnn-nn"]),
    "busan": (["부산은행", "부산", "BNK부산은행"],
        ["101-nnnn-nnnn-nn", "112-nnnn-nnnn-nn"]),
    "im": (["대구은행", "iM뱅크", "대구"],
        ["504-nn-nnnnnn-n", "508-nn-nnnnnn-n"]),
    "suhyup": (["수협은행", "수협"],
        ["1xn-nnnn-nnnn", "201-nnnn-nnnn"]),
    "shinhyup": (["신협", "밝은신협"],
        ["131-nnn-nnnnnn", "132-nnn-nnnnnn"]),
    "kdb": (["산업은행", "KDB산업은행"], ["013-nnnnnnnn-nnn"]),
    "gwangju": (["광주은행", "전북은행", "경남은행"],
        ["xnn-nnn-nnnnnn", "xnn-nn-nnnnnnn"]),
}  # fmt: skip
BANK_ORDERS = (
    ["{bank} {n}"] * 6
    + ["{bank} {n} {holder}", "{bank} {n} ({holder})", "{bank} {n} 예금주 {holder}"]
    + ["{bank}{n}", "{n} {bank}", "{n} ({bank})", "{bank}) {n}", "{bank}: {n}", "({bank}) {n}"]
    + ["{bank} / {n} / {holder}", "{bank}, {n}, {holder}", "{bank} 계좌 {n}", "{n} {bank} {holder}"]
    + ["{bank} {holder} {n}", "예금주 {holder} {bank} {n}", "{n}({bank}, {holder})", "[{bank}] {n}"]
)

AREAS = _list("031 032 033 041 042 043 044 051 052 053 054 055 061 062 063 064")
PLATE_SYLLABLES = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
PLATE_REGIONS = _list(
    "서울 부산 대구 인천 광주 대전 울산 경기 강원 충북 충남 전북 전남 경북 경남 제주"
)
LICENCE_REGIONS = [*PLATE_REGIONS, "경기남부", "경기북부"]

# province, as it may be written: (district, streets, villages)
PLACES: dict[str, list[tuple[str, list[str], list[str]]]] = {
    "서울|서울시|서울특별시": [
        ("강서구", ["공항대로", "화곡로", "양천로"], ["화곡동", "염창동"]),
        ("성동구", ["왕십리로", "독서당로", "아차산로"], ["성수동2가", "금호동1가"]),
        ("노원구", ["동일로", "한글비석로"], ["상계동", "중계동"]),
        ("영등포구", ["여의대방로", "국회대로", "도신로"], ["당산동5가", "신길동"]),
        ("은평구", ["연서로", "통일로"], ["불광동", "녹번동"]),
        ("관악구", ["남부순환로", "봉천로"], ["봉천동", "신림동"]),
    ],
    "부산|부산시|부산광역시": [
        ("수영구", ["광안해변로", "수영로"], ["광안동", "민락동"]),
        ("사상구", ["낙동대로", "가야대로"], ["괘법동", "주례동"]),
        ("기장군 기장읍", ["차성로", "기장해안로"], ["동부리", "연화리"]),
    ],
    "대구|대구광역시": [("수성구", ["달구벌대로", "동대구로"], ["범어동", "만촌동"])],
    "인천|인천시|인천광역시": [
        ("미추홀구", ["인하로", "경인로"], ["용현동", "주안동"]),
        ("강화군 길상면", ["해안동로"], ["온수리", "선두리"]),
    ],
    "광주|광주광역시": [("북구", ["설죽로", "용봉로"], ["용봉동", "운암동"])],
    "대전|대전시|대전광역시": [("유성구", ["대학로", "엑스포로", "은구비로"], ["봉명동", "궁동"])],
    "울산|울산광역시": [("남구", ["삼산로", "문수로"], ["달동", "신정동"])],
    "세종|세종시|세종특별자치시": [
        ("", ["한누리대로", "도움3로", "달빛1로"], ["나성동", "보람동"])
    ],
    "경기|경기도": [
        ("성남시 분당구", ["판교역로", "황새울로", "정자일로"], ["정자동", "서현동"]),
        ("수원시 영통구", ["광교로", "봉영로", "덕영대로"], ["매탄동", "원천동"]),
        ("고양시 일산동구", ["중앙로", "정발산로"], ["장항동", "마두동"]),
        ("파주시 교하읍", ["책향기로"], ["문발리", "동패리"]),
        ("용인시 처인구 모현읍", ["독점로", "외대로"], ["왕산리", "초부리"]),
        ("김포시", ["김포한강4로", "걸포1로"], ["구래동", "장기동"]),
    ],
    "강원|강원도|강원특별자치도": [
        ("원주시", ["서원대로", "단구로"], ["무실동", "단계동"]),
        ("양양군 현남면", ["인구길"], ["인구리", "동산리"]),
    ],
    "충북|충청북도": [("청주시 서원구", ["사직대로", "산남로"], ["산남동", "분평동"])],
    "충남|충청남도": [
        ("아산시 배방읍", ["배방로", "온천대로"], ["장재리", "북수리"]),
        ("천안시 동남구", ["만남로", "충절로"], ["신부동", "청당동"]),
    ],
    "전북|전라북도|전북특별자치도": [
        ("전주시 덕진구", ["백제대로", "기린대로"], ["인후동1가", "송천동2가"])
    ],
    "전남|전라남도": [("여수시", ["여서로", "시청서4길"], ["문수동", "학동"])],
    "경북|경상북도": [
        ("경주시 안강읍", ["비화원로", "안현로"], ["산대리", "양월리"]),
        ("구미시", ["인동가산로", "산호대로"], ["옥계동", "인의동"]),
    ],
    "경남|경상남도": [
        ("창원시 마산회원구", ["양덕로", "팔용로"], ["양덕동", "석전동"]),
        ("김해시", ["가야로", "율하2로"], ["내동", "율하동"]),
    ],
    "제주|제주도|제주특별자치도": [("서귀포시", ["중정로", "이어도로"], ["동홍동", "강정동"])],
}  # fmt: skip
DETAILS = (
    [""] * 9
    + [
        " {n}층",
        ", {n}층",
        " {n2}{z:2}호",
        ", {n2}{z:2}호",
        " 지하 1층",
        ", {n}층 {n}0{n}호",
        " B1층",
    ]
    + [
        " 10{n}동 {n2}0{n}호",
        ", 10{n}동 {n}0{n}호",
        " {block} 10{n}동 {n2}0{n}호",
        "({dong}) {n}층",
    ]
    + [", 10{n}-{n2}0{n}", " {block} {n}0{n}호", " {tower} {n}층", ", {tower} {n2}{z:2}호"]
)
BLOCKS = _list("햇살아파트 청솔빌라 은빛마을아파트 무지개맨션 다온오피스텔 한별아파트")
TOWERS = _list("미래빌딩 다솜타워 중앙프라자 세움빌딩 가온센터")
TOWNS = _list("화곡동 정자동 봉명동 무실동 달동 내동 신길동")
CITIES = _list("수원 청주 목포 강릉 안동 군산 여수 진주 김해 원주")

ROMAN = _list("ha min seo jun bada byul kim lee haneul sora dami yuna park jiho cloud mint tiger")
MAIL_DOMAINS = _list(
    "gmail.com naver.com daum.net hanmail.net kakao.com nate.com outlook.kr hotmail.com korea.kr"
    " icloud.com yahoo.co.kr miso-flower.kr dasom.co.kr cs.areum.ac.kr garam.or.kr hangyul.dev"
)
# way: (what stands for the @, weight)
AT_SIGNS: dict[str, tuple[list[str], int]] = {
    "plain": (["@"], 60),
    "fullwidth": (["＠"], 4),
    "bracket": (["(at)", "[at]", " (at) ", "(AT)", " [AT] ", "{at}"], 7),
    "word": ([" at ", " AT "], 2),
    "korean": (["골뱅이", " 골뱅이 ", "(골뱅이)", "[골뱅이]"], 7),
    "spaced": ([" @ "], 2),
    "upper": (["@"], 4),
    "zero_width": (["@"], 3),
    "dot_word": (["@"], 4),
}

SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍고문양손배백허유남심"
GIVEN = _list("하준 서아 도윤 지안 은우 채원 시우 나은 민재 수빈 예린 준서 다온 유나 태오 소율")
