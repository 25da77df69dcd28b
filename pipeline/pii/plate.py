"""Vehicle plates in folded text: 12가 3456, 123가4567, 서울 70바 1234.

Syllables and digits follow the notice on registration plates under the Motor Vehicle Management
Act: private 가-마 거-저 고-조 구-주, commercial 바사아자, parcels 배, rental 하허호; two digits in
front, three since September 2019, a region's name on commercial and older plates. The shape alone
is weak: 16조 8200, 100도 2015 and the case number 98다1234 have it too.
"""

import re

from pipeline.pii.fold import DASHES, INVISIBLE, SPACES

BEFORE, AFTER = 50, 40  # code points; see `find_plates`

_SYLLABLES = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호"
_REGIONS = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_PLATE = re.compile(
    rf"(?P<region>(?<![가-힣])(?:{_REGIONS}) ?)?(?<![0-9])(?P<kind>[0-9]{{1,3}})(?P<first>[ -]?)"
    rf"(?P<syllable>[{_SYLLABLES}])(?P<second>[ -]{{0,2}})(?P<serial>[0-9]{{4}})(?![0-9])"
)
# Syllables that are also counters or particles, and those of no court case (98다1234).
_COUNTERS = frozenset("조도배부주보호자두수로구서")
_PARTICLES = frozenset("가나다라도로고서")
_NO_CASE = frozenset("거너더러머버서어저우")
_NO_UNIT = frozenset("너더러머버어저노소오누무우바아하허")  # nothing is counted in these
_FIRST_CASE_YEAR = 46  # two-digit years of cases run from 1946 to 1999

_NUMBER = "(?<![가-힣])번호"
_CAR = "(?:[Cc]ar|[Vv]ehicle|[Pp]late|CAR|VEHICLE|PLATE)"
_VEHICLE = re.compile(
    f"차량|자동차|번호판|차번|차 ?번호|{_NUMBER}[는가은도: ]|"
    "차주|주차|[정출입배]차|차종|견인|(?<![가-힣])[렉레]카|승용|승합|화물|트럭|택시|버스|렌[터트]|뺑소니|블랙박스|블박"
    "|과속|신호 ?위반|(?:접촉|보험) ?사고|사고 ?[차접]|과실 ?[0-9비]|추돌|충돌|세차|정비소"
    "|카센터|하이패스|탁송|중고차|직거래|운전|단속|스쿨존|과태료|적재함"
    "|운행|기사님|라이트|범퍼|문콕|깜[빡박]이|방향지시등|끼어들|시동|트렁크|타이어|주유|차선|갓길|정차"
    "|차 (?:좀|빼|한 대|세워)|차[를가는]|"
    "(?<![가-힣])(?:[제내이그저위]|우리|회사|업무용?|법인|앞|뒤|뒷|옆) ?차(?![가-힣])"
    f"|오토바이|{_CAR}(?![a-z])"
    "|[소쏘]나타|아반떼|그랜저|제네시스|쏘렌토|싼타페|투싼|카니발|스포티지|셀토스|팰리세이드|모닝"
    "|스파크|말리부|티볼리|스타렉스|스타리아|봉고|(?<![가-힣])포터|벤츠|아우디|테슬라|BMW|SUV"
    "|K[3579](?![0-9])|SM[3567]|QM[36]"
)
_LABEL = re.compile(
    "(?:차량|자동차|번호판|차번|(?:차량?|자동차|등록|택시|버스|트럭|화물차?|렌[터트]카) ?번호"
    f"|{_NUMBER})[은는이가]?"
    f"[^가-힣0-9]{{0,4}}$"
    r"|(?:차량?|자동차|등록) ?번호[^\n]{0,14}\n[^\n:]{0,12}: ?$"  # asked on the line before
    f"|{_CAR}_?(?:[Nn]o|[Nn]um(?:ber)?|NO)?[ \"':=]{{1,4}}$"
)
# A cell of a table or a list: nothing else between its marks.
_CELL_BEFORE, _CELL_AFTER = (
    re.compile(r'(?:[|;"]|(?<=[0-9가-힣"]),) ?$'),
    re.compile(r' ?[|,;"](?! )'),
)
_ROW_BEFORE, _ROW_AFTER = re.compile(r"\| ?$"), re.compile(r" ?\|")
_CASE_BEFORE = re.compile(
    "(?:선고|(?<![가-힣])[자제외]|법원|[고지]법|사건|번호:?|판례|[0-9]\\.)[ '\"(]{0,2}\\Z"
)
_CASE_AFTER = re.compile(
    "호? ?(?:판결|결정|사건|전원합의체|심판|심결|명령|병합|\\(병합)"
    "|(?:, ?[0-9]{3,5}){1,3}(?![0-9가-힣])"
)
_COUNTED = re.compile(
    "(?: ?(?:[%㎞㎡]|km|kg|m(?![a-z]))|(?P<count>원|명|개(?!인)|건|만|억|천|조|년|여|달러|엔|위안"
    "|톤|바이트|배|번째|회|가구|세대|석|평|편|시간|리터|권|쪽|장|마리)| (?:원|명|개|건|만|억|년"
    "|여|달러|톤|회|가구|석|평|시간|권|쪽)(?![가-힣]))"
)
_GOES_ON = re.compile(r"\. ?[0-9]|[-/:][0-9]|[A-Za-z]")
_GROUPED = re.compile(",[0-9]{3}(?![0-9])")
_GLUED = re.compile("(?:[A-Za-z]|[0-9][-./:])\\Z")
_THOUSANDS = re.compile("[0-9],\\Z")

_S = f"[ {SPACES}{INVISIBLE}{DASHES}-]*"
_D = f"[0-9０-９][{INVISIBLE}]*"
_SHAPE = f"{_S}[{_SYLLABLES}]{_S}(?:{_D}){{4}}"
_IN_FRONT = f"(?:{_D}){{2,3}}"
GATE = (  # one match for plates with a single character between: a list, one a line
    f"(?:(?:^|[^0-9０-９]){_IN_FRONT}|(?:{_REGIONS}){_S}(?:{_D}){{1,3}}){_SHAPE}"
    f"(?:[^0-9０-９]{_IN_FRONT}{_SHAPE})*(?:$|[^0-9０-９])"
)


def find_plates(text: str) -> list[tuple[int, int]]:
    """Spans of vehicle plates, the region's name included; in order, without overlap.

    `text` is folded (`pipeline.pii.fold`); offsets are code points, ends exclusive. All that is
    read for a plate with a match of GATE lies from BEFORE code points before the start of that
    match to AFTER behind its end.
    """
    return [match.span() for match in _PLATE.finditer(text) if _is_plate(match)]


def _is_plate(match: re.Match[str]) -> bool:
    text, (start, end) = match.string, match.span()
    before = text[max(0, start - 40) : start]
    if not match["region"] and (len(match["kind"]) == 1 or _GLUED.search(before)):
        return False
    if not int(match["kind"]) or match["serial"] == "0000":
        return False
    if _GOES_ON.match(text, end) or _COUNTED.match(text, end):
        return False
    cell = _in_cell(match, before)
    if not cell and (_GROUPED.match(text, end) or _THOUSANDS.search(before)):
        return False
    labelled = _LABEL.search(before) is not None
    if not labelled and (_CASE_BEFORE.search(before) or _CASE_AFTER.match(text, end)):
        return False
    return labelled or _fits(match, before, cell)


def _in_cell(match: re.Match[str], before: str) -> bool:
    """Whether the plate is all there is between two marks of a table or a list."""
    text, end = match.string, match.end()
    if _ROW_BEFORE.search(before) and _ROW_AFTER.match(text, end):
        return True
    return _tight(match) and bool(_CELL_BEFORE.search(before) and _CELL_AFTER.match(text, end))


def _tight(match: re.Match[str]) -> bool:
    return " " not in match["first"] + match["second"]


def _fits(match: re.Match[str], before: str, cell: bool) -> bool:
    """Whether syllable, spacing and the words around read as a plate."""
    text, (start, end) = match.string, match.span()
    syllable, serial, tight = match["syllable"], match["serial"], _tight(match)
    weak, year = syllable in _COUNTERS | _PARTICLES, "1900" <= serial < "2040"
    # 12가 3456 also reads as a number, its particle or counter, and another number.
    counts = weak and not match["first"] and not tight
    after = text[end : end + 25].partition("\n")[0]
    spoken_of = _VEHICLE.search((before if tight else before.rpartition("\n")[2]) + "\n" + after)
    if spoken_of or cell or (tight and serial[0] == "0"):
        return not (counts and year) or _beside(before, after)
    if match["region"]:
        return not (weak and year)
    glued = "가" <= text[start - 1 : start] <= "힣"
    if match["first"] or counts or glued or (weak and (year or syllable in "조도배부주호")):
        return False
    if len(match["kind"]) == 3:
        return True
    if not tight and syllable in _NO_UNIT and not year:
        return True
    return tight and (int(match["kind"]) < _FIRST_CASE_YEAR or syllable in _NO_CASE)


def _beside(before: str, after: str) -> bool:
    """Whether a word for a vehicle touches the plate: 41로 2008 차주님."""
    if _VEHICLE.match(after.lstrip(" ")):
        return True
    near = len(before.rstrip(" (:"))
    return any(word.end() >= near for word in _VEHICLE.finditer(before))
