"""The whole procedure on a few hundred documents with planted copies, against brute force."""

import random
import unicodedata
from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dedup.canonical import canonical
from pipeline.dedup.in_memory import deduplicate
from pipeline.dedup.records import CONTAINED, EXACT, SETTLED
from pipeline.settings import Dedup

STEMS = ["학교", "사전", "우리말", "편찬", "도서관", "원고", "겨울", "시장", "기차", "편지", "산길"]
STEMS += [f"{a}{b}" for a in "강남동서북한대중소신구" for b in "물길집터말글밭논재골"]
PARTICLES = {"은": "는", "이": "가", "을": "를", "에": "에서", "도": "만", "의": "과"}
VERBS = ["걸었다", "보았다", "적었다", "모았다", "찾았다", "읽었다", "썼다", "남겼다", "옮겼다"]


def a_sentence(rng: random.Random) -> str:
    words = [rng.choice(STEMS) + rng.choice([*PARTICLES]) for _ in range(rng.randint(4, 9))]
    return " ".join([*words, rng.choice(VERBS)]) + "."


def a_document(rng: random.Random, sentences: int = 12) -> str:
    return " ".join(a_sentence(rng) for _ in range(sentences))


def exact_variants(rng: random.Random, text: str) -> list[str]:
    return [
        text,
        text.replace(" ", ""),
        "".join(c + " " * (rng.random() < 0.1) for c in text),
        text.replace(".", "!!").replace("다", "다\u200b", 3),
        unicodedata.normalize("NFD", text),
        text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"}),
    ]


def particles_swapped(rng: random.Random, text: str, share: float) -> str:
    words = text.split()
    for i, word in enumerate(words):
        if word[-1] in PARTICLES and rng.random() < share:
            words[i] = word[:-1] + PARTICLES[word[-1]]
    return " ".join(words)


def sentences_dropped(rng: random.Random, text: str, count: int) -> str:
    parts = text.split(". ")
    for _ in range(count):
        parts.pop(rng.randrange(len(parts)))
    return ". ".join(parts)


def chain(rng: random.Random, text: str, links: int) -> list[str]:
    """Each text like the one before, the last unlike the first."""
    texts = []
    for _ in range(links):
        sentences = text.split(". ")
        sentences[rng.randrange(len(sentences) - 1)] = a_sentence(rng).rstrip(".")
        text = ". ".join(sentences)
        texts.append(text)
    return texts


@pytest.fixture(scope="module")
def texts() -> list[str]:
    rng = random.Random(11)
    found: list[str] = []
    for _ in range(40):
        original = a_document(rng, rng.randint(10, 25))
        found.append(original)
        found += rng.sample(exact_variants(rng, original), 2)
        for share in (0.05, 0.15, 0.3):
            found.append(particles_swapped(rng, original, share))
        found += [sentences_dropped(rng, original, count) for count in (1, 3)]
    for _ in range(8):
        found += chain(rng, a_document(rng), 6)
    found += [a_document(rng, rng.randint(1, 20)) for _ in range(60)]
    rng.shuffle(found)
    return found


def shingles(text: str, size: int = 5) -> set[str]:
    return grams(canonical(text), size)


def grams(form: str, size: int = 5) -> set[str]:
    return {form[i : i + size] for i in range(max(1, len(form) - size + 1))} if form else set()


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 0.0


def test_what_is_alike_goes_and_what_goes_is_alike(texts: list[str]) -> None:
    removals = deduplicate(pa.array(texts), Dedup(threshold=0.8))
    gone = set(removals["document"].tolist())
    sets = [shingles(text) for text in texts]
    alike = [
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if min(len(sets[a]), len(sets[b])) >= 0.8 * max(len(sets[a]), len(sets[b]))
        and 0.8 <= jaccard(sets[a], sets[b]) < 1
    ]
    left = [pair for pair in alike if not gone & set(pair)]
    assert len(alike) > 250 and len(left) / len(alike) < 0.02
    for removal in removals:
        document, witness = int(removal["document"]), int(removal["witness"])
        assert witness not in gone
        if removal["rule"] == CONTAINED:
            similarity = len(sets[document] & sets[witness]) / len(sets[document])
            assert similarity >= 0.9 and len(texts[document]) < len(texts[witness])
        else:
            written = jaccard(grams(texts[document]), grams(texts[witness]))
            letters = jaccard(sets[document], sets[witness])
            similarity = max((written, letters), key=lambda s: s == pytest.approx(removal[2]))
            assert similarity >= 0.8
        assert similarity == pytest.approx(removal["similarity"])
        equal = canonical(texts[document]) == canonical(texts[witness])
        assert (removal["rule"] == EXACT) == equal


def test_exactly_one_of_equal_forms_can_stay(texts: list[str]) -> None:
    gone = set(deduplicate(pa.array(texts), Dedup())["document"].tolist())
    kept = Counter(canonical(text) for row, text in enumerate(texts) if row not in gone)
    assert set(kept.values()) == {1}


def test_the_order_of_the_documents_decides_nothing(texts: list[str]) -> None:
    def kept_forms(order: list[int]) -> set[str]:
        ordered = [texts[row] for row in order]
        gone = set(deduplicate(pa.array(ordered), Dedup())["document"].tolist())
        return {canonical(text) for row, text in enumerate(ordered) if row not in gone}

    rows = list(range(len(texts)))
    assert kept_forms(rows) == kept_forms(random.Random(1).sample(rows, len(rows)))


def test_of_exact_variants_the_longest_and_of_sources_the_first_in_rank_is_kept() -> None:
    text = a_document(random.Random(2))
    array = pa.array([text.replace(" ", ""), text, text.replace(".", "")])
    assert deduplicate(array, Dedup())[["document", "witness"]].tolist() == [(0, 1), (2, 1)]
    ranked = deduplicate(array, Dedup(), np.array([0, 0, 1], np.int32))
    assert ranked[["document", "witness"]].tolist() == [(0, 2), (1, 2)]
    assert (ranked["rule"] == EXACT).all()


def test_pages_of_one_template_stay_where_their_figures_differ() -> None:
    rng = random.Random(4)
    pages = []
    for _ in range(60):
        rows = [f"{rng.choice(STEMS)} {rng.randint(1000, 99999)}원" for _ in range(25)]
        pages.append("오늘의 시세표입니다. " + " / ".join(rows) + " 자료 제공 말모이 시장")
    assert max(jaccard(*map(shingles, pair)) for pair in combinations(pages, 2)) < 0.8
    assert len(deduplicate(pa.array(pages), Dedup())) == 0


def test_short_and_empty_texts() -> None:
    texts = ["네", "네.", "아니", "", "", "!!", "!!", "??", "네네", "ㅋㅋ", "ㅋㅋㅋ", "안녕하세"]
    removals = deduplicate(pa.array(texts), Dedup())
    assert removals[["document", "witness", "rule"]].tolist() == [
        (0, 1, EXACT),
        (4, 3, EXACT),
        (6, 5, EXACT),
    ]


def test_nothing_to_do() -> None:
    assert len(deduplicate(pa.array([], pa.string()), Dedup())) == 0
    assert len(deduplicate(pa.array(["하나뿐인 문서"]), Dedup())) == 0


def test_a_spam_page_in_thousands_leaves_one() -> None:
    """Near copies, each with a number of its own: one bucket after another of two thousand."""
    page = a_document(random.Random(6), 20)
    texts = [f"{page} 추천 {number}" for number in range(2000)]
    removals = deduplicate(pa.array(texts), Dedup())
    assert len(removals) == 1999 and len(set(removals["witness"].tolist())) == 1


def test_a_page_with_a_comment_thread_takes_the_place_of_the_page() -> None:
    rng = random.Random(8)
    page, thread = a_document(rng, 15), a_document(rng, 40)
    texts = [page, f"{page}\n댓글 40개\n{thread}", thread, a_document(rng, 15)]
    removals = deduplicate(pa.array(texts), Dedup())
    assert removals[["document", "witness", "rule"]].tolist() == [
        (0, 1, CONTAINED),
        (2, 1, CONTAINED),
    ]
    assert (removals["similarity"] > 0.97).all()
    assert len(deduplicate(pa.array(texts), Dedup(contained_shingles=100_000))) == 0


def test_a_settled_document_stays_and_is_a_witness() -> None:
    rng = random.Random(9)
    earlier = a_document(rng, 12)
    texts = [earlier + " 덧붙인 말이 있다.", earlier, earlier, a_document(rng, 12)]
    priority = np.array([0, SETTLED, SETTLED, 0], np.int32)
    removals = deduplicate(pa.array(texts), Dedup(), priority)
    assert removals["document"].tolist() == [0] and removals["witness"][0] in (1, 2)


def test_true_copies_among_pages_of_one_template_are_found() -> None:
    """A large bucket neither hides true copies nor makes every page meet every page."""
    rng = random.Random(10)
    frame = a_document(rng, 12)
    pages = [f"{frame} {a_document(rng, 9)}" for _ in range(1_500)]
    copies = [page.replace("다. ", "다.  ", 3) + " 끝." for page in pages[::50]]
    removals = deduplicate(pa.array(pages + copies), Dedup())
    gone = set(removals["document"].tolist())
    assert len(gone) == len(copies)
    for removal in removals:
        assert (
            jaccard(*(shingles((pages + copies)[removal[f]]) for f in ("document", "witness")))
            > 0.9
        )
