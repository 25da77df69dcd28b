"""Finding items: against plain Python sets, with every edit the canonical form looks through."""

import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decontaminate import Index, Item, Items, build_index, find
from pipeline.decontaminate.build import MIN_GRAMS, MIN_WHOLE
from pipeline.decontaminate.find import canonical_places, segment
from pipeline.dedup.canonical import canonical
from pipeline.settings import Decontaminate
from tokenizer.errors import CorruptFileError

SETTINGS = Decontaminate()
LETTERS = "가나다라마바사아자차"
LONG = (
    "훈민정음은 백성을 가르치는 바른 소리라는 뜻으로 세종이 만들었다.",
    "한강은 태백산맥에서 시작하여 서해로 흐르는 길이 494km의 강이다.",
    "The quick brown fox jumps over the lazy dog near the river.",
)
SHORT = "새로 산 바지의 허리"  # 8 canonical characters
WHOLE = "전쟁이 오늘 시작되었다."  # 10


def items_of(*questions: tuple[str, ...], passages: tuple[tuple[str, ...], ...] = ()) -> Items:
    items = [Item("quiz", f"q{n}", texts, ()) for n, texts in enumerate(questions)]
    items += [Item("quiz", f"p{n}", (), texts) for n, texts in enumerate(passages)]
    return Items(("quiz",), tuple(items))


def index_of(*questions: str, **settings: object) -> Index:
    return build_index(
        items_of(*((question,) for question in questions)),
        SETTINGS.model_copy(update=settings),
    )


def grams(text: str, size: int) -> set[str]:
    form = canonical(text)
    return {form[i : i + size] for i in range(len(form) - size + 1)}


def reference(text: str, probe: str, size: int, threshold: float) -> list[float]:
    """Overlap of each run of `probe` in `text` by plain sets; the definition of `find`."""
    wanted, form = grams(probe, size), canonical(text)
    needed = threshold if len(wanted) >= MIN_GRAMS else 1
    runs: list[set[str]] = []
    last = None
    for at in range(len(form) - size + 1):
        gram = form[at : at + size]
        if gram in wanted:
            if last is None or at - last > len(canonical(probe)):
                runs.append(set())
            runs[-1].add(gram)
            last = at
    shares = [len(run) / len(wanted) for run in runs]
    return [share for share in shares if share >= needed - 1e-9]


@settings(max_examples=150, deadline=None)
@given(
    st.text(LETTERS, min_size=4, max_size=40),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.text("타파하. \n", max_size=60))),
    st.sampled_from([0.3, 0.5, 0.7, 1.0]),
)
def test_overlap_is_that_of_plain_sets(
    probe: str, parts: list[tuple[int, int, str]], threshold: float
) -> None:
    index = index_of(probe, ngram=4, question_overlap=threshold)
    text = "".join(probe[a : a + n] + noise for a, n, noise in parts)
    hits = find(pa.array(["앞", text, None]), index)
    assert hits.overlap.tolist() == pytest.approx(reference(text, probe, 4, threshold))
    assert set(hits.row.tolist()) <= {1}
    for start, end in zip(hits.start, hits.end, strict=True):
        assert 0 <= start < end <= len(text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_spacing_punctuation_and_form_make_no_difference(data: st.DataObject) -> None:
    probe = data.draw(st.sampled_from(LONG))
    kept = [char for char in probe if char.isalnum()]
    gaps = data.draw(
        st.lists(
            st.sampled_from(["", " ", ", ", "\n", "…", "·"]), min_size=len(kept), max_size=len(kept)
        )
    )
    body = "".join(char + gap for char, gap in zip(kept, gaps, strict=True))
    form = data.draw(st.sampled_from(["NFC", "NFD", "NFKC"]))
    body = unicodedata.normalize(form, body.upper())
    before = data.draw(st.text("앞말은 .", max_size=20))
    text = before + body + "뒷말"
    hits = find(pa.array([text]), index_of(*LONG))
    assert hits.overlap.tolist() == [1.0]
    found = canonical(text[hits.start[0] : hits.end[0]])
    assert canonical(probe) in found if form == "NFD" else canonical(probe) == found


def test_other_text_has_no_hits() -> None:
    texts = [*LONG[:2], "백성을 가르치는 소리라는 뜻", "강은 서해로 흐른다. " * 50, "", "…"]
    hits = find(pa.array([*texts[2:], None]), index_of(*LONG))
    assert len(hits.row) == 0
    assert len(find(pa.array([], pa.string()), index_of(*LONG)).row) == 0
    assert len(find(pa.array(texts), build_index(Items((), ()), SETTINGS)).row) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (WHOLE, True),
        (f"앞 문장이다. {WHOLE} 뒤 문장.", True),
        (f"1. {WHOLE}\n2. 끝", True),
        ("① 전쟁이, 오늘 시작되었다", True),  # marks inside a piece are looked through
        (f'{{"premise": "{WHOLE}"}}', True),
        ("그해 전쟁이 오늘 시작되었다.", False),
        ("전쟁이 오늘 시작되었다는 소식.", False),
        ("전쟁이 오늘\n시작되었다", True),
    ],
)
def test_a_short_text_counts_between_ends_of_lines_and_sentences(text: str, found: bool) -> None:
    assert len(canonical(WHOLE)) == MIN_WHOLE
    hits = find(pa.array(["", text]), index_of(WHOLE))
    assert hits.row.tolist() == [1] * found
    if found:
        assert canonical(text[hits.start[0] : hits.end[0]]) == canonical(WHOLE)


def test_shorter_texts_count_together_only() -> None:
    alternatives = ("밑단을 잘랐다.", "벨트를 매었다.")
    index = build_index(items_of((SHORT, *alternatives)), SETTINGS)
    together = f"문제: {SHORT}\n1) {alternatives[0]} 2) {alternatives[1]}"
    apart = f"{SHORT}\n{'긴 이야기가 사이에 있다. ' * 20}\n{alternatives[0]}\n{alternatives[1]}"
    some = f"{SHORT}\n{alternatives[1]}"
    hits = find(pa.array([some, together, apart, SHORT]), index)
    assert hits.row.tolist() == [1]
    assert together[hits.start[0] : hits.end[0]] == together[4:-1]


def test_what_is_too_short_is_counted_and_not_looked_for() -> None:
    index = index_of("좋아요", SHORT, WHOLE, LONG[0])
    assert index.totals == [{"benchmark": "quiz", "part": "question", "items": 4, "too_short": 2}]
    assert find(pa.array(["좋아요", SHORT, WHOLE, LONG[0]]), index).row.tolist() == [2, 3]


def test_equal_texts_are_one_probe_of_several_items() -> None:
    index = build_index(
        items_of((LONG[0],), (LONG[0].replace(" ", ""),), passages=((LONG[0],),)), SETTINGS
    )
    hits = find(pa.array([LONG[0]]), index)
    assert [index.items_of(probe).tolist() for probe in hits.probe] == [[0, 1], [2]]
    assert [index.part_of(probe) for probe in hits.probe] == ["question", "passage"]


def test_a_phrase_of_very_many_items_is_no_evidence() -> None:
    stock = "다음 보기 가운데 옳은 것을 모두 고르시오. "
    questions = [stock + LETTERS[n % 10] * 3 + LETTERS[n // 10] * 14 for n in range(40)]
    index = index_of(*questions)
    assert len(find(pa.array([stock * 3]), index).row) == 0
    assert np.bincount(find(pa.array(questions), index).row, minlength=40).all()


TEXTS = st.text("가나 .\n각\u1100\u1161ㅋé\u0301ﬁ①㉼…“」,x", max_size=60)


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_segments_join_to_the_canonical_form(texts: list[str]) -> None:
    batch = segment(pa.array(texts, pa.string()))
    for row, text in enumerate(texts):
        points = batch.points[batch.text_bounds[row] : batch.text_bounds[row + 1]]
        assert "".join(map(chr, points)) == canonical(text)
        own = [batch.points[a:b] for a, b in zip(batch.bounds, batch.bounds[1:], strict=False)]
    joined = np.concatenate([np.zeros(0, np.uint32), *(own if texts else [])])
    assert np.array_equal(joined, batch.points)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_places_lead_back_to_the_text(text: str) -> None:
    start, end = canonical_places(text)
    form = canonical(text)
    assert len(start) == len(end) == len(form)
    for char, a, b in zip(form, start.tolist(), end.tolist(), strict=True):
        assert char in canonical(text[a:b])
    assert (np.diff(start) >= 0).all()


def test_one_character_a_million_times_costs_what_a_million_characters_cost() -> None:
    index = index_of("ㅋ" * 40, "ㅋ" * 12, LONG[0])
    hits = find(pa.array(["ㅋ" * 1_000_000, "가.나." * 250_000]), index)
    assert hits.row.tolist() == [0]
    assert (hits.start[0], hits.end[0]) == (0, 1_000_000)


def test_rows_do_not_mix_and_batches_make_no_difference() -> None:
    index = index_of(*LONG)
    half = len(LONG[0]) // 2
    texts = [LONG[0][:half], LONG[0][half:], "끝. " * 400_000, LONG[1], LONG[0]]
    together = find(pa.array(texts), index)
    assert together.row.tolist() == [3, 4]
    alone = [find(pa.array([text]), index) for text in texts]
    assert together.start.tolist() == [start for hits in alone for start in hits.start.tolist()]
    sliced = find(pa.array(["x", *texts]).slice(1), index)
    assert sliced.row.tolist() == [3, 4]


def test_saved_index_is_the_same_index(tmp_path: Path) -> None:
    index = index_of(*LONG, WHOLE)
    paths = [str(tmp_path / name) for name in ("a.arrow", "b.arrow")]
    index.save(paths[0])
    index_of(*LONG, WHOLE).save(paths[1])
    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second
    loaded = Index.load(paths[0])
    assert loaded.fingerprint == index.fingerprint
    assert loaded.fingerprint != index_of(*LONG).fingerprint
    assert loaded.fingerprint != index_of(*LONG, WHOLE, question_overlap=0.6).fingerprint
    texts = pa.array([*LONG, WHOLE])
    assert all(
        np.array_equal(a, b) for a, b in zip(find(texts, loaded), find(texts, index), strict=True)
    )
    for word in ("훈민정음", "quick", "전쟁"):
        assert word.encode() not in first


@pytest.mark.parametrize("content", [b"", b"{}", b"ARROW1\0\0"])
def test_another_file_is_no_index(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index.arrow"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"index\.arrow"):
        Index.load(str(path))
