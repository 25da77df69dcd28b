"""Postal addresses: by street (테헤란로 152, 3층) or by lot (역삼동 737-1, 101동 1203호).

An address is a chain of administrative units, then a street with a building number or a village
with a lot number, then floors and rooms. The table of unit names splits what is written in one
piece; the number must not count something (3년, 15만 명); and the fewer units stand in front, the
more the rest has to say. Forms: the Road Name Address Act; lots as land registers write them.
"""

import re

from pipeline.pii.fold import DASHES, DOTS, INVISIBLE, SPACES
from pipeline.pii.places import DIVIDED_CITIES, PROVINCE, UNIT_AFTER_PROVINCE, UNIT_ALONE, any_of

BEFORE, AFTER = 60, 160  # code points; see `find_addresses`

_GAP = "[ ,]{0,3}"
_LABEL = (
    "(?:주소지?|자택|배송[지처]|수령지|거주지|소재지?|사업장|본적|등록기준지|송달장소|근무지"
    "|도로명|지번|위치|[Aa]ddr(?:ess)?)"
)
_UNITS = (
    f"(?P<province>{PROVINCE}){_GAP}(?:(?P<below>{UNIT_AFTER_PROVINCE}){_GAP})?"
    f"|(?P<unit>{UNIT_ALONE}){_GAP}"
)
_STREET = (
    r"(?P<street>(?:[가-힣A-Za-z0-9·.]{0,11}?[가-힣0-9]|[가-힣]{1,8}[산공]단 [0-9]{1,4})(?:로|길))"
    r"(?P<branch> ?[0-9]{1,4}(?:번[가-하]?|[가-하])?[안상하좌우동서남북]?길)?"
    r" ?(?:지하 ?)?[0-9]{1,5}(?P<building> ?- ?[0-9]{1,4})?"
)
_LOT = (
    r"(?P<village>[가-힣]{1,5}[동로]? ?[0-9]가|[가-힣]{1,6}(?:[0-9][0-9·.,]{0,3})?[동리])"
    r" ?(?P<hill>산 ?)?[0-9]{1,4}(?![0-9]*(?:번[가-하]?|[가-하])?길)(?P<lot> ?번지)?"
    r"(?P<part>(?: ?- ?| ?의 ?|(?<=번지) ?)[0-9]{1,4}(?![0-9]| ?[동층])(?: ?번지| ?호(?!실))?)?"
)
_BLOCK = (  # a block and a flat in the place of the lot: 대치동 은마아파트 12동 304호
    r"(?P<block>(?:[가-힣]{1,6}[0-9]?[동리] )?(?:[가-힣A-Za-z][가-힣A-Za-z0-9]{1,14} ?){1,2}"
    r"(?:[0-9]{1,2}(?:단지|차) ?)?[0-9]{1,4}동 ?[0-9]{1,4}호)"
)
_ADDRESS = re.compile(
    f"(?:(?P<label>{_LABEL}[은는이가]?[^가-힣A-Za-z0-9\n]{{0,6}})|(?<![가-힣A-Za-z0-9])"
    f"|(?<=[0-9])(?={PROVINCE}))"
    f"(?P<start>)(?:{_UNITS})?(?:(?P<town>[가-힣]{{1,5}}[읍면]){_GAP})?"
    f"(?:(?:{_LOT}|(?:[가-힣]{{1,5}}[0-9]?동 )?{_STREET})(?![0-9])|{_BLOCK})"
)

# After it: 3층, 101동 1203호, 한빛아파트 101동 1203호, (역삼동) 지하 1층, 101-1203.
_FLAT = (
    r"(?:(?:제 ?|지하 ?|지상 ?)?[A-Za-z]?-?[0-9]{1,4}(?:-[0-9]{1,4})? ?"
    r"(?:호실|호(?![선점기])|층(?![짜집])|동(?![안기시])|관(?![가-힣]))"
    r"|[0-9]{1,3}통 ?[0-9]{1,3}반|지하 ?층|(?:[0-9]{1,3}|B[1-9])[fF](?![A-Za-z0-9])"
    r"|B[1-9](?![A-Za-z0-9층])"
    r"|(?<![가-힣A-Za-z])[A-Za-z가-하]동(?=[ ,]{0,2}[0-9]))"
)
_WORD = r"[가-힣A-Za-z][가-힣A-Za-z0-9&·]{0,14}"
_PLAIN = f"{_WORD}(?<![에를은는서로의와과])"
_HOUSE = (
    "(?:아파트|[Aa][Pp][Tt]|빌라|오피스텔|타워|빌딩|센터|상가|맨션|연립|주택|하이츠|캐슬|자이"
    "|래미안|푸르지오|힐스테이트|아이파크|[플프]라자|타운|마을|[0-9]단지|[0-9]차|회관|원룸|고시원"
    "|빌|관)"
)
_FLAT_AFTER = re.compile(
    rf"(?:[ ,]{{0,3}}\([^()\n]{{1,30}}\))?"
    rf"(?:(?!,[0-9]{{3}}(?![0-9동층])){_GAP}{_FLAT}"
    rf"|[ ,]{{1,3}}(?:(?:{_WORD})?{_HOUSE} )?[0-9]{{2,4}}-[0-9]{{3,4}}(?![-.]?[0-9])"
    rf"|[ ,]{{1,3}}(?:지상 |소재 )?"
    rf"(?:{_PLAIN}(?: {_PLAIN})? ?|(?:{_WORD} ){{0,2}}(?:{_WORD})?{_HOUSE} ?(?:{_WORD} )?)"
    rf"{_FLAT})"
)
_MAX_FLATS = 5
_ROOM = re.compile("[ ,]{1,3}(?:[0-9]{1,4}[동층][ ,]{0,3})?[0-9]{1,4}호")

_COUNTER = (
    "(?:년|월|일(?![대원])|시(?!장)|분|초|원|명|개|건|곳|위|차|호(?!실)|번(?!지)|배|만|억|천|백"
    "|조|항|점|살|세|회|여|층|도|주|박|편|장|권|쪽|면|부|종|팀|골|승|패|무|대|인|연승|단계|등|톤"
    "|마리|달러|시간|학년|공구|블록|구역|지구|단지|가구|필지|동|통|반|평|석|척|량|집|구|가|거리"
    "|길|퍼센트|미터|킬로|[%㎞㎡]|km|m|kg|cm)"
)
_COUNTS = re.compile(
    f"{_COUNTER}| {_COUNTER}(?:[은는이가을를의에과와로도만]|에서|으로)?(?![가-힣A-Za-z])"
    r"| ?[·~](?=[0-9가-힣])|[.,:/](?=[0-9])|-"
)
_LAND_USE = re.compile(" ?(?:대|전|답|임야|도로)(?:지? ?[0-9]|[ ,(])")
_NO_STREET = re.compile(
    "(?:으로|^도로|(?:고속|순환|간선|지방|전용|일반|이면|우회|진입|접속|보조|위|아래|포장)도로"
    "|국도|^(?:대|진|선|통|경|서|바|따|새|주|가|철)로|[그뜻맘]대로|별로|최초로|위주로|단위로|순서로"
    "|차례로|번째로|대표로|^(?!4[.·]19로)[0-9.]+[로길]|[손발눈갈]길|퇴근길|출근길|여행길)$"
)
_NO_VILLAGE = re.compile(
    "(?:^[운활노행공아변협출감충소이연작선파난자가]동|(?:운|활|행|노|이|아|반자|전자)동"
    "|[거우자머처관정분소요논승권심무빨멀미다대총격비의금물원합영유수데]리)$"
)
# Parcels one after the other, or moved to another district: land, not where someone lives.
_PARCELS = re.compile(
    "(?:번지)?(?:부터| 및| ?일[대원][에의를는은이가로]?(?![가-힣]))"
    "|, ?(?:산 ?)?[0-9][0-9의 -]{0,9}번지, ?(?:산 ?)?[0-9]"
    "|.{0,60}(?:관할구역|편입)"
)

_S = f"[ ,{SPACES}{INVISIBLE}]*"
_D = "[0-9０-９]"
_DIGITS = f"(?:{_D}[{INVISIBLE}]*)+"
_NUMBER = f"{_S}(?:지하{_S}|산{_S})?{_D}"
GATE = (
    f"(?:[시군구읍면]|(?:{PROVINCE}|{any_of(DIVIDED_CITIES)})(?:{_S}[가-힣]+)?"
    f"|{_LABEL}[은는이가]?[^가-힣A-Za-z0-9\n]*)"
    f"{_S}(?:[가-힣]+[0-9０-９]?동{_S})?"
    f"[가-힣A-Za-z0-9Ａ-Ｚａ-ｚ０-９.．{DOTS}{INVISIBLE}]*[로길동리가]{_NUMBER}"
    f"|[산공]단{_S}{_DIGITS}[로길]{_NUMBER}"
    f"|[로길]{_S}{_DIGITS}(?:번[가-하]?|[가-하])?[안상하좌우동서남북]?길{_NUMBER}"
    f"|[로길]{_NUMBER}+(?:{_S}[{DASHES}-]{_S}{_D}+)?{_S}(?:{_D}+[동층]{_S})?{_D}+호"
    f"|[동리가]{_NUMBER}+{_S}(?:번지|[-의]{_S}{_D})"
    f"|{_D}[동층]{_S}{_D}+호"
)


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Spans of addresses that reach a building, a lot or a flat; in order, without overlap.

    `text` is folded (`pipeline.pii.fold`); offsets are code points, ends exclusive. A span runs
    from the first administrative unit (or the street, where none is written) to the last number of
    a building, floor or room. All that is read for an address with a match of GATE lies from
    BEFORE code points before the start of that match to AFTER behind its end.
    """
    found: list[tuple[int, int]] = []
    place = 0
    while match := _ADDRESS.search(text, place):
        place = match.start() + 1
        end, flats = _with_flats(text, match.end())
        if _is_address(match, end, flats):
            found.append((match.start("start"), end))
            place = end
    return found


def _with_flats(text: str, end: int) -> tuple[int, str]:
    """(where the floors and rooms after a building's number end, what they are)."""
    start = end
    for _ in range(_MAX_FLATS):
        flat = _FLAT_AFTER.match(text, end)
        if flat is None:
            break
        end = flat.end()
    return end, text[start:end]


def _is_address(match: re.Match[str], end: int, flats: str) -> bool:
    units = match["below"] or match["unit"] or (match["province"] or "").startswith("세종")
    if match["block"]:
        return bool(units)
    placed = bool(units or match["label"])
    return _is_street(match, placed, flats) if match["street"] else _is_lot(match, placed, flats)


def _is_street(match: re.Match[str], placed: bool, flats: str) -> bool:
    if _NO_STREET.search(match["street"]):
        return False
    exact = bool(match["building"] or match["branch"] or flats)
    if not (match["building"] or flats) and _COUNTS.match(match.string, match.end()):
        return False
    if placed:
        return True
    if match["province"]:
        return exact
    return bool(match["branch"] and len(match["street"]) > 2) or bool(_ROOM.match(flats))


def _is_lot(match: re.Match[str], placed: bool, flats: str) -> bool:
    text, end = match.string, match.end()
    exact = bool(match["lot"] or match["part"] or match["hill"])
    known = placed or match["province"] is not None
    if _PARCELS.match(text, end):
        return False
    if not (known and (exact or flats or match["town"])) and _NO_VILLAGE.search(match["village"]):
        return False
    if not exact and not _LAND_USE.match(text, end) and _COUNTS.match(text, end):
        return False
    if placed:
        return exact or match["village"][-1] != "리" or match["town"] is not None
    if known or (match["town"] and match["village"][-1] == "리"):
        return exact
    named = match["lot"] is not None or "번지" in (match["part"] or "")
    return named or (match["part"] is not None and "호" in flats)
