"""How people write digits, and how the wordings of the generated texts are set down."""

import random

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SEPARATORS = {
    "hyphen": ["-"],
    "none": [""],
    "space": [" "],
    "dot": ["."],
    "nbsp": ["\u00a0"],
    "dash": ["–", "—", "‑", "−", "－"],
    "spaced_hyphen": [" - ", "- "],
    "middot": ["·", "ㆍ"],
    "slash": ["/"],
    "underscore": ["_"],
    "tilde": ["~"],
    "comma": [", "],
}
_DIGITS = {
    "hangul": ["공일이삼사오육칠팔구", "영일이삼사오육칠팔구"],
    "hanja": ["〇一二三四五六七八九"],
    "circled": ["⓪①②③④⑤⑥⑦⑧⑨"],
    "fullwidth": ["０１２３４５６７８９"],
}
PLAIN = {"hyphen": 50, "none": 20, "space": 12, "dash": 5, "dot": 2, "nbsp": 2}
USUAL = PLAIN | {"zero_width": 4, "fullwidth": 4, "spaced_hyphen": 2}
FORMS: dict[str, dict[str, int]] = {
    "plain": {"hyphen": 3, "none": 2},
    "glued": {"hyphen": 1, "none": 2},
    "hyphen": {"hyphen": 1},
    "odd": dict.fromkeys(("hanja", "circled", "spaced_digits"), 1)
    | {"hangul": 4, "mixed": 3, "letters": 3, "sprinkled": 2},
    "tel": USUAL | dict.fromkeys(("dot", "middot", "slash", "underscore", "tilde", "comma"), 4),
    "rrn": USUAL | {"hangul": 1, "spaced_digits": 1},
    "bare": {"hyphen": 8, "fullwidth": 1, "dash": 1},
}


def some(rng: random.Random, n: int, first: str = "0123456789") -> str:
    """`n` digits, the first of them out of `first`."""
    return rng.choice(first) + "".join(rng.choices("0123456789", k=n - 1)) if n else ""


def written(rng: random.Random, groups: list[str], ways: dict[str, int]) -> tuple[str, str]:
    """The groups of digits in one of `ways` (with weights), and the name of that way."""
    way = rng.choices(list(ways), list(ways.values()))[0]
    if way in _SEPARATORS:
        return rng.choice(_SEPARATORS[way]).join(groups), way
    joined = rng.choice(["-", "-", " ", ""]).join(groups)
    if way in _DIGITS:
        joined = joined.translate(str.maketrans("0123456789", rng.choice(_DIGITS[way])))
        return joined.replace("-", rng.choice("-－")) if way == "fullwidth" else joined, way
    if way == "zero_width":
        for _ in range(rng.randint(1, 3)):
            place = rng.randint(1, len(joined) - 1)
            joined = joined[:place] + rng.choice(ZERO_WIDTH) + joined[place:]
    elif way == "mixed":
        spoken = str.maketrans("0123456789", rng.choice(_DIGITS["hangul"]))
        kept = rng.randrange(1, len(groups))
        groups = [g.translate(spoken) if i < kept else g for i, g in enumerate(groups)]
        joined = rng.choice(["-", " "]).join(groups)
    elif way == "sprinkled":  # 010-8오22-공일85
        spelled = rng.choice(_DIGITS["hangul"])
        rest = "-".join(groups[1:])
        changed = set(rng.sample([i for i, char in enumerate(rest) if char != "-"], 3))
        shown = [spelled[int(c)] if i in changed else c for i, c in enumerate(rest)]
        joined = f"{groups[0]}-{''.join(shown)}"
    elif way == "letters":
        head = groups[0].replace("0", rng.choice("oOㅇ"), rng.choice([1, 2, 2]))
        joined = head + joined[len(head) :]
    else:
        joined = " ".join("".join(groups))
    return joined, way


def menu(form: str, kind: str = "", default: dict[str, int] = USUAL) -> dict[str, int]:
    """The ways, with weights, that a form or a kind allows."""
    return FORMS.get(form) or FORMS.get(kind) or default


def sections(text: str, between: str = "\n") -> dict[str, list[str]]:
    """The wordings under each line `@@ heading`, parted by `between`; `⏎` is a line break."""
    found: dict[str, list[str]] = {}
    for block in ("\n" + text.strip("\n")).split("\n@@ ")[1:]:
        heading, _, body = block.partition("\n")
        found[heading] = [wording.replace("⏎", "\n") for wording in body.split(between)]
    return found
