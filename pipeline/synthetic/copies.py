"""Near-duplicates as they come about, each with its true similarity to what it was copied from."""

import random
import re

SHINGLE = 5
MIN_SIMILARITY = 0.85

_SENTENCE_END = re.compile(r"(?<=[.?!])[ \n]+")
_SWAPS = (
    ("은 ", "이 "),
    ("는 ", "가 "),
    ("이 ", "은 "),
    ("가 ", "는 "),
    ("에서 ", "에 "),
    ("을 ", "도 "),
    ("를 ", "도 "),
)
_BYLINES = (
    "{name} 기자 = ",
    "[{name} 기자] ",
    "글·사진 {name}\n",
    "(서울=뉴스터) {name} 기자 = ",
    "작성자 {name} | 조회 {n} | 추천 {m}\n",
)
_ADS = (
    "\n\n무단 전재 및 재배포를 금합니다.",
    "\n\n이 글이 도움이 되셨다면 공감과 댓글 부탁드립니다.",
    "\n\n[관련 기사 더 보기] 오늘의 주요 소식 {n}건",
    "\n\n구독하시면 새 글을 {m}분 먼저 받아 보실 수 있습니다.",
    "\n\n출처: {name}의 서재",
)
_NAMES = ("김가온", "이나루", "박다솜", "최라온", "정마루", "강보람", "윤새론", "한아름")


def shingles(text: str) -> frozenset[str]:
    """5-grams of a text's letters and digits in lower case; a short text is one shingle."""
    letters = "".join(character for character in text.lower() if character.isalnum())
    last = max(len(letters) - SHINGLE, 0)
    return frozenset(letters[at : at + SHINGLE] for at in range(last + 1))


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the shingle sets."""
    return jaccard(shingles(one), shingles(other))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def near_copies(text: str, count: int, rng: random.Random) -> list[tuple[str, float]]:
    """Up to `count` edited copies of a text: (copy, similarity to the original).

    All of them and the original are at least `MIN_SIMILARITY` alike, each with each, so that one
    must be kept and all others go. None is an exact copy of another. A text too short to bear the
    edits has fewer copies, or none.
    """
    made = [text]
    sets = [shingles(text)]
    for _ in range(count):
        for attempt in range(6):
            copy = _edited(text, 4 - attempt // 2, rng)
            ours = shingles(copy)
            if copy not in made and min(jaccard(ours, s) for s in sets) >= MIN_SIMILARITY:
                made.append(copy)
                sets.append(ours)
                break
    return [(copy, jaccard(sets[0], ours)) for copy, ours in zip(made[1:], sets[1:], strict=True)]


def _edited(text: str, most: int, rng: random.Random) -> str:
    for edit in rng.sample(_EDITS, rng.randint(1, most)):
        text = edit(text, rng)
    return text


def _respaced(text: str, rng: random.Random) -> str:
    """One space in eight goes, as people write."""
    return re.sub("(?<=[가-힣]) (?=[가-힣])", lambda _: "" if rng.random() < 0.125 else " ", text)


def _particles(text: str, rng: random.Random) -> str:
    old, new = rng.choice(_SWAPS)
    return re.sub(f"(?<=[가-힣]){old}", lambda _: new if rng.random() < 0.15 else old, text)


def _byline(text: str, rng: random.Random) -> str:
    return _filled(rng.choice(_BYLINES), rng) + text


def _advertisement(text: str, rng: random.Random) -> str:
    return text + _filled(rng.choice(_ADS), rng)


def _dropped_sentence(text: str, rng: random.Random) -> str:
    ends = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    at = rng.randrange(len(ends) - 1)
    return text[: ends[at]] + text[ends[at + 1] :]


def _rewrapped(text: str, rng: random.Random) -> str:
    """Sentences on lines of their own."""
    return _SENTENCE_END.sub("\n", text)


_EDITS = (_respaced, _particles, _byline, _advertisement, _dropped_sentence, _rewrapped)


def _filled(template: str, rng: random.Random) -> str:
    return template.format(name=rng.choice(_NAMES), n=rng.randint(2, 5000), m=rng.randint(1, 60))
