"""Made-up personal values in the ways in which people write them, with right check digits.

Formats and check digits follow the public descriptions: the Resident Registration Act's numbers
(the last six digits are random since October 2020), the National Tax Service's business numbers,
the licence, passport and customs code formats, the banks' account groupings of the CMS table of
KFTC, ISO/IEC 7812 (Luhn), the telephone numbering plan, and the Road Name Address Act. No value
belongs to a person. Every function takes a generator and a form ("", plain, glued, bare, odd ...)
and gives (the value as written, the name of the way it is written).
"""

import datetime
import ipaddress
import random
import re
from collections.abc import Callable

from benchmarks import pii_words as words
from benchmarks.pii_writing import FORMS, PLAIN, USUAL, ZERO_WIDTH, menu, some, written


def rrn(rng: random.Random, form: str, sexes: str = "1234", modulus: int = 11) -> tuple[str, str]:
    """A resident number (or a foreigner's); without a separator and a label its check is right."""
    day = datetime.date(1935, 1, 1) + datetime.timedelta(days=rng.randrange(32_000))
    body = day.strftime("%y%m%d") + rng.choice(sexes[2:] if day.year >= 2000 else sexes[:2])
    body += some(rng, 5)
    total = sum(int(d) * w for d, w in zip(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True))
    check = (modulus - total % 11) % 10
    checked = form in ("glued", "bare") or rng.random() < 0.6
    body += str(check if checked else rng.choice([d for d in range(10) if d != check]))
    if not checked:  # nothing but the shape and the label tells it
        return written(rng, [body[:6], body[6:]], FORMS["bare"])
    return written(rng, [body[:6], body[6:]], menu(form, "rrn"))


def frn(rng: random.Random, form: str) -> tuple[str, str]:
    return rrn(rng, form, "5678", 13)


def passport(rng: random.Random, form: str) -> tuple[str, str]:
    letter = rng.choice("MMMMSROD")
    new = some(rng, 3) + rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") + some(rng, 4)
    number = rng.choice([some(rng, 8), new])
    way = rng.choice(["plain"] * 6 + ["space", "lower", "fullwidth", "zero_width", "hyphen"])
    if form == "glued" or way == "plain":
        return letter + number, "plain"
    if way == "lower":
        return (letter + number).lower(), way
    if way == "fullwidth":
        wide = {n: n + 0xFEE0 for n in range(33, 127)}
        return (letter + number).translate(wide), way
    middle = {"space": " ", "hyphen": "-", "zero_width": rng.choice(ZERO_WIDTH)}[way]
    return letter + middle + number, way


def driver(rng: random.Random, form: str) -> tuple[str, str]:
    rest = [some(rng, 2), some(rng, 6), some(rng, 2)]
    if form != "number" and rng.random() < 0.35:
        region, gap = rng.choice(words.LICENCE_REGIONS), rng.choice([" ", "", "-"])
        return region + gap + written(rng, rest, PLAIN)[0], "region_name"
    region = rng.choice([*map(str, range(11, 27)), "28"])
    return written(rng, [region, *rest], menu(form))


def brn(rng: random.Random, form: str) -> tuple[str, str]:
    body = str(rng.randint(101, 799)) + f"{rng.choice([*range(1, 83), 86, 87, 88, 90, 95]):02d}"
    body += some(rng, 4)
    total = sum(int(d) * w for d, w in zip(body, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
    body += str(-(total + 5 * int(body[8]) // 10) % 10)
    return written(rng, [body[:3], body[3:5], body[5:]], menu(form))


def card(rng: random.Random, form: str) -> tuple[str, str]:
    prefix = rng.choice(["4", "4", "5", "9", "9", "2", "35", "62", "37", "36"])
    sizes = {"37": (4, 6, 5), "36": (4, 6, 4)}.get(prefix, (4, 4, 4, 4))
    if prefix in "529":
        prefix += str({"5": rng.randint(10, 59), "2": rng.randint(221, 720)}.get(prefix, 410))
    body = {"35": "3566"}.get(prefix, prefix)
    body += some(rng, sum(sizes) - 1 - len(body))
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(body))]
    body += str(-sum(d // 10 + d % 10 for d in doubled) % 10)
    return written(rng, _split(body, sizes), menu(form))


def _split(digits: str, sizes: tuple[int, ...]) -> list[str]:
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [digits[e - s : e] for e, s in zip(ends, sizes, strict=True)]


def customs(rng: random.Random, form: str) -> tuple[str, str]:
    number = f"{rng.randint(11, 26)}" + some(rng, 10)
    way = rng.choice(["plain"] * 6 + ["space", "lower", "grouped", "fullwidth", "zero_width"])
    if form == "glued" or way == "plain":
        return "P" + number, "plain"
    if way == "grouped":
        gap = rng.choice(" -")
        return rng.choice(["P", "P" + gap]) + gap.join(_split(number, (4, 4, 4))), way
    if way == "fullwidth":
        return ("P" + number).translate({n: n + 0xFEE0 for n in range(33, 127)}), way
    if way == "zero_width":
        return "P" + number[:5] + rng.choice(ZERO_WIDTH) + number[5:], way
    return {"space": "P " + number, "lower": "p" + number}[way], way


def tel(rng: random.Random, form: str) -> tuple[str, str]:
    """Mobile, landline, 070 and 050X numbers of the numbering plan."""
    kind = (
        form if form in ("land", "safe") else rng.choice(["mobile"] * 7 + ["land"] * 3 + ["safe"])
    )
    if form in ("odd", "mobile", "glued"):
        kind = "mobile"
    middle = some(rng, 4, "23456789")
    groups = ["010", middle, some(rng, 4)]
    if kind == "land":
        area = rng.choice(["02", "02", "070", *words.AREAS])
        groups = [area, middle if area == "070" else middle[: rng.choice([3, 3, 4])], some(rng, 4)]
    elif kind == "safe":
        groups = ["050" + rng.choice("2345678"), middle[: rng.choice([3, 4])], some(rng, 4)]
    elif rng.random() < 0.08 and form != "odd":
        groups = [rng.choice(["011", "016", "017", "019"]), middle[:3], some(rng, 4)]
    if form in ("plain", "glued", "odd"):
        return written(rng, groups, menu(form))
    shape = rng.random()
    if shape < 0.1:
        return _abroad(rng, groups), "abroad"
    if shape < 0.18:
        area, rest = groups[0], "-".join(groups[1:])
        forms = [f"({area}) {rest}", f"{area}){rest}", f"({area}){rest}", f"({area})-{rest}"]
        return rng.choice(forms), "bracket"
    if shape < 0.22:
        return groups[0] + rng.choice("- ") + "".join(groups[1:]), "half"
    if kind == "mobile" and shape < 0.3:
        return written(rng, groups, FORMS["odd"])
    return written(rng, groups, FORMS["tel"] if kind == "mobile" else USUAL)


def _abroad(rng: random.Random, groups: list[str]) -> str:
    country = rng.choice(
        ["+82-", "+82 ", "+82", "+82)", "(+82) ", "+82.", "0082-", "82-", "+82 (0)"]
    )
    gap = {"+82.": ".", "+82": rng.choice(["", "-"])}.get(country, rng.choice(["-", " "]))
    return country + gap.join([groups[0][1:], *groups[1:]])


def acc(rng: random.Random, form: str) -> tuple[str, str]:
    return account(rng, rng.choice(list(words.BANKS)), form)


def account(rng: random.Random, bank: str, form: str) -> tuple[str, str]:
    """A number in one of the groupings of `bank` (see `pii_words.BANKS`)."""
    pattern = rng.choice(words.BANKS[bank][1])
    digits = re.sub(
        "[nx]", lambda m: some(rng, 1, "0123456789" if m[0] == "n" else "123456789"), pattern
    )
    text, way = written(rng, digits.split("-"), menu(form))
    return text, f"{bank}:{way}"


def email(rng: random.Random, form: str) -> tuple[str, str]:
    syllables = [rng.choice(words.ROMAN) for _ in range(rng.randint(2, 4))]
    local = rng.choice(["", "", "", ".", "_", "-"]).join(syllables)
    local += rng.choice(["", some(rng, 2), some(rng, 4), "+" + rng.choice(words.ROMAN)])
    domain = rng.choice(words.MAIL_DOMAINS)
    way = rng.choices(list(words.AT_SIGNS), [w for _, w in words.AT_SIGNS.values()])[0]
    if form in ("glued", "plain"):
        way = "plain"
    if way == "upper":
        return (local + "@" + domain).title(), way
    if way == "zero_width":
        return local[:2] + "\u200b" + local[2:] + "@" + domain, way
    if way == "dot_word":
        point = rng.choice([" 점 ", "(dot)", " dot ", "[dot]"])
        return local + rng.choice(["@", "(at)", "[at]"]) + domain.replace(".", point), way
    return local + rng.choice(words.AT_SIGNS[way][0]) + domain, way


def ip(rng: random.Random, form: str) -> tuple[str, str]:
    if form != "v4" and rng.random() < 0.25:
        head = rng.choice(["2001:2d8", "2406:5900", "240f:80", "2001:e60", "2a03:2880"])
        tail = [f"{rng.randrange(1, 65536):x}" for _ in range(6)]
        text = head + ":" + ":".join(tail)
        if rng.random() < 0.5:
            text = head + ":" + tail[0] + "::" + ":".join(tail[rng.randint(3, 5) :])
        return (text.upper() if rng.random() < 0.3 else text), "v6"
    while True:
        address = ipaddress.IPv4Address(rng.randrange(1 << 24, 224 << 24))
        if address.is_global and min(address.packed) > 9:
            return str(address), "v4"


def plate(rng: random.Random, form: str) -> tuple[str, str]:
    number = f"{rng.randint(100, 9999):04d}"
    kind = rng.choice(["three", "three", "two", "two", "rent", "region", "commercial"])
    gap = rng.choice([" ", "", ""]) if form != "glued" else ""
    if kind in ("region", "commercial"):
        syllable = rng.choice("바사아자배" if kind == "commercial" else words.PLATE_SYLLABLES)
        region = rng.choice(words.PLATE_REGIONS) + rng.choice([" ", " ", ""])
        return f"{region}{rng.randint(11, 99)}{syllable}{gap}{number}", kind
    front = rng.randint(100, 999) if kind == "three" else rng.randint(11, 69)
    syllable = rng.choice("하허호" if kind == "rent" else words.PLATE_SYLLABLES)
    shape = rng.random()
    if shape < 0.1 and form != "glued":
        return f"{front} {syllable} {number}", kind + ":spaced"
    if shape < 0.15:
        return f"{front}{syllable}-{number}", kind + ":hyphen"
    if shape < 0.18:
        return f"{front}{syllable}{gap}{number}".translate(_wide()), kind + ":fullwidth"
    return f"{front}{syllable}{gap}{number}", kind


def _wide() -> dict[int, int]:
    return {n: n + 0xFEE0 for n in range(ord("0"), ord("9") + 1)}


def address(rng: random.Random, form: str) -> tuple[str, str]:
    """A road or lot address down to its building, floor or room number."""
    region = rng.choice(list(words.PLACES))
    district, roads, lots = rng.choice(words.PLACES[region])
    head = [rng.choice(region.split("|")), *district.split()]
    variant = "road"
    if rng.random() < 0.35:
        variant = "lot"
        part = rng.randint(1, 89)
        forms = [
            "",
            f"-{part}",
            "",
            f"-{part}",
            "번지",
            f"번지 {part}호",
            f"-{part}번지",
            f"의 {part}",
        ]
        lot = f"{rng.randint(2, 1200)}{rng.choice(forms)}"
        lot = rng.choice(["", "", "", "산 ", "산"]) + lot
        parts = [*head, *rng.choice(lots).split(), lot]
    else:
        road = rng.choice(roads)
        if road[-1] == "로" and rng.random() < 0.35:
            lane = f"{rng.randint(2, 190)}{rng.choice(['번길', '길', '길', '번길', '가길'])}"
            road += rng.choice(["", "", " "]) + lane
        number = f"{rng.randint(1, 620)}" + rng.choice(["", "", f"-{rng.randint(1, 40)}"])
        parts = [*head, road, number]
    if form != "full" and district and head[1][-1] in "시구군" and rng.random() < 0.15:
        return " ".join(parts[1:]) + _detail(rng), variant + "_no_region"
    if rng.random() < 0.08:
        return "".join(parts), variant + "_no_space"
    return " ".join(parts) + _detail(rng), variant


def _detail(rng: random.Random) -> str:
    """Floors, flats and buildings after a number; they end with a number of their own."""
    detail = rng.choice(words.DETAILS)
    detail = detail.replace("{n2}{z:2}", str(rng.randint(101, 1920)))
    detail = detail.replace("{n2}", str(rng.randint(10, 24))).replace(
        "{dong}", rng.choice(words.TOWNS)
    )
    detail = detail.replace("{block}", rng.choice(words.BLOCKS)).replace(
        "{tower}", rng.choice(words.TOWERS)
    )
    return re.sub(r"\{n\}", lambda _: str(rng.randint(1, 9)), detail)


VALUES: dict[str, Callable[[random.Random, str], tuple[str, str]]] = {
    function.__name__: function
    for function in (
        *(rrn, frn, passport, driver, brn, card, customs),
        *(tel, acc, email, ip, plate, address),
    )
}
