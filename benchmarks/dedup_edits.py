"""The ways in which one page comes to stand on the web twice, each with its measured strength.

An edit is a function (text, rng, pool) to (copy, strength), or to None where the text gives it
nothing to do. `EDITS` names each with the range of its strength, in the unit its function states;
a copy outside its range is not planted. Everything random comes from the `random.Random` given.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.dedup_negatives import filled


class Pool(NamedTuple):
    """What edits borrow from the rest of the corpus."""

    words: Sequence[str]
    sentences: Sequence[str]
    remarks: Sequence[str]  # short texts, for comments
    titles: Sequence[str]


Copy = tuple[str, float] | None
Apply = Callable[[str, random.Random, Pool], Copy]


class Edit(NamedTuple):
    """An edit and the range its strength is to lie in; `exact` where letters and digits stay."""

    apply: Apply
    low: float
    high: float
    exact: bool = False


def edited(kind: str, text: str, rng: random.Random, pool: Pool) -> Copy:
    """A copy by the edit `kind` with a strength within its range, or None."""
    edit = EDITS[kind]
    made = edit.apply(text, rng, pool)
    if made is None or not edit.low <= made[1] <= edit.high or not made[0].strip():
        return None
    return made


def sentences(text: str) -> list[str]:
    """The text cut after sentence ends and lines; the pieces joined are the text."""
    return re.split(r"(?<=[.?!]\s)(?=\S)|(?<=\n)(?=[^\n])", text)


def _some(
    pattern: str, text: str, rng: random.Random, share: float, new: Callable[[str], str]
) -> tuple[str, int, int]:
    """`share` of the matches replaced, one at least; (copy, how many were changed, matches)."""
    places = [match.span() for match in re.finditer(pattern, text)]
    chosen = sorted(rng.sample(places, min(len(places), max(1, round(share * len(places))))))
    parts, end, changed = [], 0, 0
    for start, stop in chosen:
        after = new(text[start:stop])
        changed += after != text[start:stop]
        parts += [text[end:start], after]
        end = stop
    return "".join([*parts, text[end:]]), changed, len(places)


def _of_matches(pattern: str, low: float, high: float, new: Callable[[str], str] | str) -> Apply:
    """An edit of a share of the matches; that share is its strength. `new` may be a choice."""

    def apply(text: str, rng: random.Random, pool: Pool) -> Copy:
        def change(old: str) -> str:
            return rng.choice(new) if isinstance(new, str) else new(old)

        copy, changed, found = _some(pattern, text, rng, rng.uniform(low, high), change)
        return (copy, changed / found) if changed else None

    return apply


def _of_words(pattern: str, most: float, table: Mapping[str, Sequence[str]]) -> Apply:
    """Endings of words exchanged by a table; the strength is the share of words changed."""

    def apply(text: str, rng: random.Random, pool: Pool) -> Copy:
        count, words = len(re.findall(pattern, text)), len(text.split())
        if not count:
            return None
        share = rng.uniform(0.005, most) * words / count
        copy, changed, _ = _some(
            pattern, text, rng, min(1.0, share), lambda old: rng.choice(table[old])
        )
        return copy, changed / words

    return apply


def _identical(text: str, rng: random.Random, pool: Pool) -> Copy:
    return text, 0.0


def _lines_changed(text: str, rng: random.Random, pool: Pool) -> Copy:
    """One line a sentence, all in one line, or lines of a fixed width; 1: it is one or another."""
    how = rng.randrange(3)
    if how == 0:
        copy = re.sub(r"(?<=[.?!]) +", lambda _: rng.choice(("\n", "\n\n")), text)
    elif how == 1:
        copy = re.sub(r"\s*\n\s*", " ", text)
    else:
        width = rng.randint(25, 80)
        copy = re.sub(rf"([^\n]{{{width}}}[^\n ]*) ", r"\1\n", text)
    return (copy, 1.0) if copy != text else None


def _punctuation(text: str, rng: random.Random, pool: Pool) -> Copy:
    """Marks left out, doubled or exchanged; the strength is their share."""
    marks = r"""[.,!?;:'"()\[\]<>~…“”‘’「」『』《》〈〉/*#|-]"""
    instead = {".": "。", ",": "，", "-": "–", "~": "〜", "…": "...", "(": "[", ")": "]", "!": "!!"}
    copy, changed, found = _some(
        marks,
        text,
        rng,
        rng.uniform(0.1, 1),
        lambda old: rng.choice(("", old, instead.get(old, ""))),
    )
    return (copy, changed / found) if changed else None


def _decomposed(text: str, rng: random.Random, pool: Pool) -> Copy:
    """NFD throughout, as file names and texts of macOS come."""
    copy = unicodedata.normalize("NFD", text)
    return (copy, 1.0) if copy != text else None


def _furniture(templates: Sequence[str], before: bool) -> Apply:
    """Page furniture put before or after; the strength is the length added, in texts."""

    def apply(text: str, rng: random.Random, pool: Pool) -> Copy:
        added = filled(rng.choice(templates), rng)
        copy = f"{added}\n{text}" if before else f"{text}\n\n{added}"
        return copy, (len(copy) - len(text)) / len(text)

    return apply


def _related(text: str, rng: random.Random, pool: Pool) -> Copy:
    """A list of other titles below the page; the strength is its length, in texts."""
    titles = "".join(f"\n- {title}" for title in rng.sample(pool.titles, rng.randint(3, 8)))
    copy = f"{text}\n\n{rng.choice(('관련 기사', '많이 본 글', '이전 글 다음 글'))}{titles}"
    return copy, (len(copy) - len(text)) / len(text)


def _thread(text: str, rng: random.Random, pool: Pool) -> Copy:
    """A comment thread below the page; the strength is its length, in pages."""
    wanted = rng.uniform(0.2, 1.5) * len(text)
    copy = text + filled("\n\n댓글 {n2}개", rng)
    while (length := len(copy) - len(text)) < wanted:
        head = filled("\n{name} {date} {hour}\n", rng)
        copy += head + rng.choice(pool.remarks)[: max(10, int(wanted) - length)]
    return copy, (len(copy) - len(text)) / len(text)


def _truncated(text: str, rng: random.Random, pool: Pool) -> Copy:
    """The head alone, to the end of a word; the strength is the share kept."""
    end = int(rng.uniform(0.3, 0.95) * len(text))
    cut = text.rfind(" ", 0, end) if " " in text[:end] else end
    copy = text[:cut].rstrip() + rng.choice(("", "", "…", " [더보기]"))
    return copy, len(copy) / len(text)


def _dropped(text: str, rng: random.Random, pool: Pool) -> Copy:
    """Sentences left out; the strength is the share of characters lost."""
    units = sentences(text)
    wanted = rng.uniform(0.02, 0.4) * len(text)
    order, gone, lost = rng.sample(range(len(units)), len(units)), set[int](), 0
    for index in order:
        if len(gone) < len(units) - 1 and lost + len(units[index]) <= wanted:
            gone.add(index)
            lost += len(units[index])
    copy = "".join(unit for index, unit in enumerate(units) if index not in gone)
    return copy, 1 - len(copy) / len(text)


def _moved(text: str, rng: random.Random, pool: Pool) -> Copy:
    """A run of sentences moved elsewhere; the strength is its share of the characters."""
    units = [unit if unit[-1:].isspace() else f"{unit}\n" for unit in sentences(text)]
    if len(units) < 3:
        return None
    start = rng.randrange(len(units))
    stop = rng.randint(start + 1, min(len(units), start + 1 + len(units) // 3))
    run, rest = units[start:stop], units[:start] + units[stop:]
    at = rng.choice([place for place in range(len(rest) + 1) if place != start])
    copy = "".join(rest[:at] + run + rest[at:]).rstrip()
    return copy, sum(map(len, run)) / len(text)


def replaced(text: str, share: float, rng: random.Random, pool: Pool) -> tuple[str, float]:
    """Words exchanged for others of the corpus; the strength is their share of all words."""
    copy, changed, found = _some(r"\S+", text, rng, share, lambda _: rng.choice(pool.words))
    return copy, changed / max(1, found)


def _dated(text: str, rng: random.Random, pool: Pool) -> Copy:
    """Dates, hours and counts of views changed; the strength is the share of characters changed."""
    pattern = (
        r"\d{4}[.\-년/] ?\d{1,2}[.\-월/] ?\d{1,2}|(?<!\d)\d{1,2}:\d{2}(?!\d)"
        r"|(?:조회수?|추천|댓글) ?[\d,]+"
    )
    changed = 0

    def another(old: str) -> str:
        nonlocal changed
        new = re.sub(r"\d", lambda _: str(rng.randrange(10)), old)
        new = re.sub(r"^\d{4}", str(rng.randint(2005, 2024)), new)
        changed += sum(a != b for a, b in zip(old, new, strict=True))
        return new

    copy, _, found = _some(pattern, text, rng, rng.uniform(0.2, 1), another)
    return (copy, changed / len(text)) if found and changed else None


_BYLINES = (
    "{name} 기자 =",
    "(서울=가온뉴스) {name} 기자 = {date} {hour}",
    "입력 {date} {hour} | 조회 {n4} | {name} 기자",
    "글쓴이 {name} · 작성일 {date} · 추천 {n2}",
)
_COPYRIGHTS = (
    "저작권자 © {firm} 무단 전재 및 재배포 금지",
    "ⓒ {firm}, 무단전재-재배포, AI 학습 및 활용 금지. 제보는 {n3}-{n4} {name} 기자",
    "이 글이 도움이 되셨다면 공감과 구독 부탁드립니다. 출처: {name}의 {thing} 이야기 ({date})",
    "[광고] {firm} {goods} 최대 {n2}% 할인, {date}까지 {n5}원! 지금 바로 확인하세요.",
)
_MENUS = (
    "공유하기 | 페이스북 | 트위터 | 카카오톡 | 밴드 | URL 복사 | 인쇄 | 글자 크기 크게 작게",
    "좋아요 {n2} 댓글 {n1} 공유하기 스크랩 신고 목록 이전글 다음글 맨 위로",
    "이 기사를 추천합니다 {n3} | 구독 | 카카오스토리 | 네이버 블로그 | 이메일 보내기",
)
_PARTICLES = {
    "은": "이", "는": "가", "이": "은", "가": "는", "을": "은", "를": "는", "에서": ("에", "로"),
    "에": ("에서", "로"), "의": ("에", "과"), "도": ("만", "는"), "과": ("이나", "및"), "로": "에",
    "와": ("나", "랑"), "으로": ("에", "으로서"), "만": "도",
}  # fmt: skip
_ENDINGS = {
    "했다": ("했습니다", "하였다"), "하였다": ("했다", "하였습니다"), "한다": ("합니다", "해요"),
    "된다": ("됩니다", "돼요"), "이다": ("입니다", "이에요"), "었다": ("었습니다", "었어요"),
    "있다": ("있습니다", "있어요"), "없다": ("없습니다", "없어요"), "합니다": ("한다", "해요"),
    "됩니다": ("된다", "돼요"), "입니다": ("이다", "이에요"), "습니다": ("어요", "슴다"),
    "세요": ("십시오", "시길"), "네요": ("군요", "다"), "어요": ("다", "습니다"),
}  # fmt: skip
_ZERO_WIDTH = "\u200b\u200b\ufeff\u2060\u00ad\u200d"


def _either(table: Mapping[str, Sequence[str]], before: str, after: str) -> str:
    return f"(?<={before})(?:{'|'.join(sorted(table, key=len, reverse=True))})(?={after})"


def _half(old: str) -> str:
    """A compatibility jamo (ㅋ, ㅠ) in half width, by the names Unicode gives both."""
    name = unicodedata.name(old).replace("HANGUL", "HALFWIDTH HANGUL")
    return unicodedata.lookup(name)


EDITS: dict[str, Edit] = {
    # what changes letters and digits, then what changes how they are written
    "words_replaced": Edit(
        lambda t, rng, p: replaced(t, rng.uniform(0.02, 0.3), rng, p), 0.02, 0.3
    ),
    "particles": Edit(
        _of_words(_either(_PARTICLES, "[가-힣]", r"\s"), 0.3, _PARTICLES), 0.005, 0.3
    ),
    "endings": Edit(_of_words(_either(_ENDINGS, "[가-힣]", r"[.!?\s]"), 0.2, _ENDINGS), 0.005, 0.2),
    "date_changed": Edit(_dated, 0.0001, 0.15),
    "sentences_dropped": Edit(_dropped, 0.02, 0.4),
    "sentences_moved": Edit(_moved, 0.02, 0.6),
    "truncated": Edit(_truncated, 0.3, 0.95),
    "byline": Edit(_furniture(_BYLINES, before=True), 0.005, 0.5),
    "copyright": Edit(_furniture(_COPYRIGHTS, before=False), 0.005, 0.5),
    "share_menu": Edit(_furniture(_MENUS, before=False), 0.005, 0.5),
    "related": Edit(_related, 0.02, 1),
    "comments": Edit(_thread, 0.2, 1.5),
    "identical": Edit(_identical, 0, 0, True),
    "spaces_dropped": Edit(_of_matches(r"(?<=\S) +(?=\S)", 0.02, 1, lambda _: ""), 0.005, 1, True),
    "spaces_added": Edit(
        _of_matches(r"(?<=[가-힣])(?=[가-힣])", 0.01, 0.3, lambda _: " "), 0.005, 0.5, True
    ),
    "line_breaks": Edit(_lines_changed, 1, 1, True),
    "punctuation": Edit(_punctuation, 0.01, 1, True),
    "quotes": Edit(_of_matches("""["'“”‘’]""", 0.5, 1, "\"'“”‘’„′″「」『』"), 0.1, 1, True),
    "middle_dots": Edit(_of_matches("[·・ㆍ•‧]", 0.5, 1, "·・ㆍ•‧"), 0.1, 1),
    "no_break_spaces": Edit(_of_matches(" ", 0.05, 1, "\u00a0\u2009\u3000"), 0.005, 1, True),
    "full_width": Edit(
        _of_matches("[!-~]", 0.5, 1, lambda old: chr(ord(old) + 0xFEE0)), 0.1, 1, True
    ),
    "half_width_jamo": Edit(_of_matches("[ㄱ-ㅎㅏ-ㅣ]", 0.5, 1, _half), 0.1, 1, True),
    "zero_width": Edit(
        _of_matches(r"(?<=[가-힣])(?=[가-힣 ])", 0.01, 0.3, _ZERO_WIDTH), 0.005, 0.5, True
    ),
    "decomposed": Edit(_decomposed, 1, 1, True),
}
"""Every edit, in the order in which several are done to one text."""
