"""Labelled Korean texts with made-up personal values, and hard negatives, from a seed.

A record is `id, text, register, neg, spans[{start, end, type, value, variant}]`; offsets are code
points, the end exclusive. Types outside `KINDS` are neutral: neither required nor a mistake.
Values come from `pii_values`, wordings from `pii_carriers`, `pii_documents` and `pii_negatives`.
"""

import datetime
import random
import re
from collections.abc import Callable
from typing import Any

from benchmarks import pii_values as values
from benchmarks import pii_words as words
from benchmarks.pii_carriers import SENTENCES
from benchmarks.pii_documents import DOCUMENTS
from benchmarks.pii_negatives import NEGATIVES, PROSE
from benchmarks.pii_writing import some

KINDS = tuple(values.VALUES)
Piece = tuple[str, str, str]
"""(text, kind or "" where it is no value, how it is written)"""

_SLOT = re.compile(r"\{([a-z_0-9]+)(?::([a-z0-9]+))?\}")
_UPPER = "ABCDEFGHJKLMNPQRSTUVWXYZ"
NEGATIVES_IN_50 = 21


def generate(n: int, seed: int) -> list[dict[str, Any]]:
    """`n` labelled texts, 42 % of them without a value that has to be found."""
    rng = random.Random(seed)
    records = []
    for number in range(n):
        neg = number % 50 < NEGATIVES_IN_50
        register, template = _page(rng, neg) if rng.random() < 0.1 else _single(rng, neg)
        text, spans = render(rng, template)
        records.append(
            {"id": f"g{number:05d}", "text": text, "register": register, "neg": neg, "spans": spans}
        )
    return records


def render(rng: random.Random, template: str) -> tuple[str, list[dict[str, Any]]]:
    """`template` with a value in every slot, and the spans of those that have a kind."""
    text, spans, end = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[end : slot.start()]
        end = slot.end()
        for value, kind, variant in _fill(rng, slot[1], slot[2] or ""):
            if kind:
                place = {"start": len(text), "end": len(text) + len(value), "type": kind}
                spans.append({**place, "value": value, "variant": variant})
            text += value
    return text + template[end:], spans


def _fill(rng: random.Random, name: str, form: str) -> list[Piece]:
    if name in values.VALUES:
        text, variant = values.VALUES[name](rng, form)
        return [(text, name, variant)]
    if name == "bank":
        return _bank(rng, form)
    if name in _NEUTRAL:
        return [(_NEUTRAL[name](rng), name, name)]
    return [(filler(rng, name, form), "", "")]


def _bank(rng: random.Random, form: str) -> list[Piece]:
    """An account and its bank, in one of the orders in which the two are written."""
    bank = rng.choice(list(words.BANKS))
    name = rng.choice(words.BANKS[bank][0])
    order = rng.choice(words.BANK_ORDERS)
    if "{bank}{n}" not in order and order not in ("{bank} {n}", "{n} {bank}", "{n} ({bank})"):
        name = words.BANKS[bank][0][0]  # further from the number only what is surely a bank's name
    number, variant = values.account(rng, bank, "glued" if "{bank}{n}" in order else form)
    before, after = order.replace("{bank}", name).split("{n}")
    pieces: list[Piece] = []
    for part, value in ((before, number), (after, "")):
        outside, *rest = part.split("{holder}")
        pieces.append((outside, "", ""))
        if rest:
            pieces += [(_name(rng), "name", "name"), (rest[0], "", "")]
        if value:
            pieces.append((value, "acc", variant))
    return pieces


def _template(rng: random.Random, neg: bool) -> tuple[str, str]:
    source = NEGATIVES if neg else DOCUMENTS if rng.random() < 0.3 else SENTENCES
    register = rng.choice(list(source))
    return register, rng.choice(source[register])


def _single(rng: random.Random, neg: bool) -> tuple[str, str]:
    """One wording, alone or with running text before and after it."""
    register, template = _template(rng, neg)
    gap = rng.choice([" ", "\n", "\n\n"])
    before = rng.sample(PROSE, rng.choice([0, 0, 0, 1, 2]))
    after = rng.sample(PROSE, rng.choice([0, 0, 0, 1, 2]))
    return register, gap.join([*before, template, *after])


def _page(rng: random.Random, neg: bool) -> tuple[str, str]:
    """Several wordings under one another: with values and without, or without alone."""
    parts = [_template(rng, True)[1] for _ in range(rng.randint(1, 4))]
    parts += rng.sample(PROSE, rng.randint(0, 2))
    if not neg:
        parts += [_template(rng, False)[1] for _ in range(rng.randint(1, 2))]
    rng.shuffle(parts)
    return "page", rng.choice(["\n", "\n\n", "\n---\n"]).join(parts)


def filler(rng: random.Random, name: str, form: str) -> str:
    """What stands in a slot that is no personal value: digits, dates, amounts, codes."""
    if name in _SIZED:
        return _SIZED[name](rng, int(form))
    return _FILLERS[name](rng)


def _name(rng: random.Random) -> str:
    return rng.choice(words.SURNAMES) + rng.choice(words.GIVEN)


def _day(rng: random.Random, style: str, first: int = 1990, last: int = 2026) -> str:
    day = datetime.datetime(rng.randint(first, last), 1, 1)
    return (day + datetime.timedelta(minutes=rng.randrange(365 * 24 * 60))).strftime(style)


def _years(century: int) -> tuple[Callable[[random.Random], str], Callable[[random.Random], str]]:
    """The two ends of a span of years: the first before the middle of a century, the last after."""
    return (
        lambda rng: str(century + rng.randint(1, 49)),
        lambda rng: str(century + rng.randint(50, 99)),
    )


def _ean(rng: random.Random, prefix: str) -> str:
    body = prefix + some(rng, 12 - len(prefix))
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def _isbn(rng: random.Random) -> str:
    digits = _ean(rng, rng.choice(["97889", "97911"]))
    grouped = f"{digits[:3]}-{digits[3:5]}-{digits[5:9]}-{digits[9:12]}-{digits[12]}"
    return rng.choice([digits, grouped])


def _public(rng: random.Random) -> str:
    first, rest = rng.choice(["1544", "1577", "1588", "1599", "1600", "1644", "1661"]), some(rng, 4)
    forms = [
        f"{first}-{rest}",
        f"{first}{rest}",
        f"{first} {rest}",
        f"080-{some(rng, 3, '2345')}-{rest}",
    ]
    return rng.choice(forms)


def _corporate(rng: random.Random) -> str:
    body = rng.choice(["110111", "131111", "160111", "180111"]) + some(rng, 6)
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(body))
    return f"{body[:6]}-{body[6:]}{-total % 10}"


def _masked_nothing(rng: random.Random) -> str:
    return rng.choice(["010-****-1234", "010-XXXX-XXXX"])


def _private(rng: random.Random) -> str:
    a, b = rng.randint(0, 255), rng.randint(1, 254)
    return rng.choice([f"192.168.{a}.{b}", f"10.0.{a}.{b}", f"172.16.{a}.{b}"])


_NEUTRAL: dict[str, Callable[[random.Random], str]] = {
    "name": _name,
    "birth": lambda rng: _day(rng, rng.choice(["%Y-%m-%d", "%Y. %m. %d.", "%y%m%d"]), 1950, 2008),
    "tel_public": _public,
    "ip_private": _private,
    "masked": _masked_nothing,
    "crn": _corporate,
    "hin": lambda rng: rng.choice(["", f"{rng.randint(1, 9)}-"]) + some(rng, 10, "123456789"),
    "handle": lambda rng: rng.choice(words.ROMAN) + some(rng, 3),
}
_SIZED: dict[str, Callable[[random.Random, int], str]] = {
    "d": lambda rng, n: some(rng, n),
    "z": lambda rng, n: some(rng, n, "0123456"),
    "hex": lambda rng, n: "".join(rng.choices("0123456789abcdef", k=n)),
    "up": lambda rng, n: "".join(rng.choices(_UPPER, k=n)),
}
_first15, _last15 = _years(1500)
_first16, _last16 = _years(1600)
_first18, _last18 = _years(1800)
_FILLERS: dict[str, Callable[[random.Random], str]] = {
    "n": lambda rng: str(rng.randint(2, 9)),
    "n1": lambda rng: str(rng.randint(0, 9)),
    "n2": lambda rng: str(rng.randint(11, 58)),
    "year": lambda rng: str(rng.randint(1996, 2026)),
    "year2": lambda rng: str(rng.randint(2000, 2026)),
    "m2": lambda rng: f"{rng.randint(1, 12):02d}",
    "d2": lambda rng: f"{rng.randint(1, 28):02d}",
    "hh": lambda rng: f"{rng.randint(0, 23):02d}",
    "iso": lambda rng: _day(rng, rng.choice(["%Y-%m-%d", "%Y.%m.%d", "%Y. %m. %d."])),
    "dt": lambda rng: _day(rng, "%Y-%m-%d %H:%M:%S"),
    "d6date": lambda rng: _day(rng, "%y%m%d"),
    "d13ts": lambda rng: "17" + some(rng, 11),
    "won": lambda rng: f"{rng.randint(1, 4_000) * 1_000:,}",
    "comma": lambda rng: f"{rng.randint(10_000, 999_999_999):,}",
    "isbn": _isbn,
    "ean": lambda rng: _ean(rng, "880"),
    "imei": lambda rng: "35" + some(rng, 13),
    "v3": lambda rng: f"{rng.randint(0, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 30)}",
    "v4": lambda rng: ".".join(str(rng.randint(1, 90)) for _ in range(4)),
    "ip3": lambda rng: ".".join(str(rng.randint(11, 250)) for _ in range(3)),
    "mac": lambda rng: ":".join(f"{rng.randrange(256):02x}" for _ in range(6)),
    "uuid": lambda rng: "-".join(_SIZED["hex"](rng, n) for n in (8, 4, 4, 4, 12)),
    "yy15": _first15,
    "yy15b": _last15,
    "yy16": _first16,
    "yy16b": _last16,
    "yy18": _first18,
    "yy18b": _last18,
    "city": lambda rng: rng.choice(words.CITIES),
    "dong": lambda rng: rng.choice(words.TOWNS),
    "building": lambda rng: rng.choice(words.TOWERS),
}
