"""The generator's truth is true, and the score says what became of it."""

import itertools
import json
import random
import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import Clean, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units
from pipeline.synthetic import Shares, generate_documents, plant, score, write_corpus
from pipeline.synthetic.copies import jaccard, near_copies, shingles, similarity
from pipeline.synthetic.grammar import Noun
from pipeline.synthetic.score import Leaks
from pipeline.synthetic.values import KINDS, planted_sentence, rrn_check_digit

SHARES = Shares(pii=0.1, near=0.1, exact=0.05, mojibake=0.03, riddled=0.03, cp949=0.03, html=0.03)


@pytest.fixture(scope="module")
def base() -> list[dict[str, str]]:
    return generate_documents(150, seed=11)


@pytest.fixture(scope="module")
def planted(base: list[dict[str, str]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    return plant(base, 5, SHARES)


def test_documents_are_korean_prose_and_no_copies(base: list[dict[str, str]]) -> None:
    assert base[:10] == generate_documents(10, seed=11)
    assert generate_documents(1, seed=12)[0]["text"] != base[0]["text"]
    assert len({row["id"] for row in base}) == len({row["text"] for row in base}) == 150
    for row in base:
        text = row["text"]
        assert 250 < len(text) < 3000 and unicodedata.is_normalized("NFC", text)
        letters = [c for c in text if c.isalpha()]
        assert all("가" <= c <= "힣" for c in letters)
        assert re.fullmatch(r"(.+?[.?”]\s*)+", text, re.S)
        text.encode("cp949")
    sets = [shingles(row["text"]) for row in base]
    assert max(jaccard(one, two) for one, two in itertools.combinations(sets, 2)) < 0.2


def test_particles_follow_the_last_sound() -> None:
    assert f"{Noun('강'):을/를} {Noun('바다'):을/를} {Noun('떡'):은/는}" == "강을 바다를 떡은"
    assert f"{Noun('상자'):이나/나} {Noun('묶음'):이나/나}" == "상자나 묶음이나"


def test_similarity_is_of_letters_and_digits() -> None:
    assert similarity("가 나, 다라 마바!", "가나다라마바") == 1.0
    assert similarity("가나다라마바사", "가나다라마바아") == pytest.approx(2 / 4)
    assert similarity("가", "가") == 1.0 and similarity("가", "나") == 0.0


def test_plant_is_deterministic_and_counts(planted: Any, base: list[dict[str, str]]) -> None:
    documents, truth = planted
    assert plant(base, 5, SHARES) == planted
    assert plant(base, 6, SHARES)[0] != documents
    ids = [row["id"] for row in documents if row["form"] != "line"]
    assert len(ids) == len(set(ids))
    copies = sum(len(cluster["ids"]) - 1 for cluster in truth["near"] + truth["exact"])
    pages = len(truth["spam"]) + len(truth["menus"])
    assert len(documents) == len(base) + copies + pages + truth["bad_lines"]
    texts = {row["id"]: row["text"] for row in documents}
    assert all(texts[row["id"]] == row["text"] for row in base if row["id"] in set(truth["base"]))
    json.dumps(truth)


def test_copies_are_as_alike_as_the_truth_says(planted: Any) -> None:
    documents, truth = planted
    texts = {row["id"]: row["text"] for row in documents}
    assert len(truth["near"]) >= 12 and len(truth["exact"]) >= 6
    for cluster in truth["near"]:
        sets = [shingles(texts[name]) for name in cluster["ids"]]
        assert [round(jaccard(sets[0], s), 4) for s in sets[1:]] == cluster["similarities"]
        assert min(jaccard(a, b) for a, b in itertools.combinations(sets, 2)) >= 0.85
        assert len({texts[name] for name in cluster["ids"]}) == len(sets)
    for cluster in truth["exact"]:
        assert len({texts[name] for name in cluster["ids"]}) == 1


def test_edits_are_of_many_kinds() -> None:
    text = generate_documents(1)[0]["text"]
    made = [near_copies(text, 3, random.Random(seed)) for seed in range(40)]
    similarities = {round(similarity, 3) for copies in made for _, similarity in copies}
    assert len(similarities) > 40 and min(similarities) < 0.9
    assert near_copies("짧다.", 3, random.Random(0)) == []


def test_values_stand_where_the_truth_says(planted: Any) -> None:
    documents, truth = planted
    texts = {row["id"]: row["text"] for row in documents}
    assert {row["kind"] for row in truth["pii"]} == set(KINDS)
    for row in truth["pii"]:
        assert texts[row["id"]].count(row["value"]) == 1


@given(st.integers(0, 2**32), st.sampled_from(KINDS))
def test_values_have_the_form_of_their_kind(seed: int, kind: str) -> None:
    sentence, value = planted_sentence(kind, random.Random(seed))
    assert value in sentence
    digits = re.sub(r"\D", "", value)
    if kind == "rrn":
        century = 1900 if digits[6] in "12" else 2000
        date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
        weights = [*range(2, 10), *range(2, 6)]
        total = sum(w * int(d) for w, d in zip(weights, digits, strict=False))
        assert (total + int(digits[12])) % 11 in (0, 1)  # 10 and 11 are written 0 and 1
        assert len(digits) == 13 and digits[12] == rrn_check_digit(digits[:12])
    elif kind == "tel":
        assert re.fullmatch(r"(010[-. ][2-9]\d{3}|0[2-6]\d?[-. ][2-9]\d{2,3})[-. ]\d{4}", value)
    elif kind == "acc":
        assert 11 <= len(digits) <= 14 and value[0] != "0"
    else:
        assert re.fullmatch(r"[a-z]+[._]?[a-z]+\d{1,3}@[a-z.]+\.[a-z]+", value)


def test_mess_is_what_it_says(planted: Any) -> None:
    documents, truth = planted
    rows = {row["id"]: row for row in documents}
    for row in truth["mojibake"]:
        text = rows[row["id"]]["text"]
        assert not re.search("[가-힣]", text)
        assert all(word in text.encode("latin-1").decode() for word in row["words"])
    for name in truth["riddled"]:
        text = rows[name]["text"]
        assert 0.2 < text.count("\ufffd") / len(text) < 0.55
    for row in truth["cp949"]:
        assert all(word in rows[row["id"]]["text"] for word in row["words"])
    lines = [row["text"] for row in documents if row["form"] == "line"]
    assert len(lines) == truth["bad_lines"] >= 1
    for line in lines:
        assert "\n" not in line
        with pytest.raises(json.JSONDecodeError):
            json.loads(line)


def test_few_documents_are_enough() -> None:
    documents, truth = plant([{"id": "a", "text": "짧다."}], 1)
    assert truth["near"] == truth["pii"] == truth["mojibake"] == [] and truth["base"] == ["a"]
    assert {"a", *truth["spam"], *truth["menus"], None} == {row["id"] for row in documents}
    assert plant([], 1)[1]["bad_lines"] == 0


def contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(folder.rglob("*"))
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths if p.is_file()}


def test_corpus_comes_back_through_the_readers(planted: Any, tmp_path: Path) -> None:
    documents, truth = planted
    write_corpus(documents, truth, tmp_path / "a")
    write_corpus(documents, truth, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert json.loads((tmp_path / "a" / "truth.json").read_text("utf-8")) == truth
    sources = [
        Source(name="planted", paths=["planted.jsonl.gz"]),
        Source(name="old", paths=["cp949/*.txt"], format="text"),
        Source(name="pages", paths=["html/*.html"], format="html"),
    ]
    read: dict[str, list[str]] = {}
    failed: list[str] = []
    for source, unit in zip(sources, plan_units(sources, str(tmp_path / "a"), 10**9), strict=True):
        for batch in read_unit(unit, source, Clean()):
            read.setdefault(source.name, []).extend(batch.documents["text"].to_pylist())
            failed.extend(row["rule"] for row in batch.failed)
    by_form = {form: sorted(r["text"] for r in documents if r["form"] == form) for form in FORMS}
    assert sorted(read["planted"]) == by_form["json"]
    assert sorted(read["old"]) == by_form["cp949"]
    assert sorted(read["pages"]) == by_form["html"]
    assert failed == ["bad_json"] * truth["bad_lines"]


FORMS = ("json", "cp949", "html")


def perfect(documents: Any, truth: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What a run without fault would leave."""
    drop = dict.fromkeys(truth["spam"], "spam_density")
    drop |= dict.fromkeys(truth["menus"], "menu_page")
    drop |= dict.fromkeys(truth["riddled"], "replacement_share")
    copy_of = {
        name: cluster["ids"][0]
        for cluster in truth["near"] + truth["exact"]
        for name in cluster["ids"][1:]
    }
    values = [row["value"] for row in truth["pii"]]
    broken = {row["id"] for row in truth["mojibake"]}
    curated, removed = [], []
    for number, row in enumerate(documents):
        text = row["text"]
        for value in values:
            text = text.replace(value, "<|masked|>")
        if row["id"] in broken:
            text = text.encode("latin-1").decode()
        base = {"id": row["id"] if row["form"] == "json" else f"{number:032x}", "text": text}
        gone = {**base, "step": "clean", "duplicate_of": None}
        if row["form"] == "line":
            removed.append({**gone, "id": None, "step": "read", "rule": "bad_json"})
        elif row["id"] in drop:
            removed.append({**gone, "rule": drop[row["id"]]})
        elif row["id"] in copy_of:
            copy = {"step": "dedup", "rule": "near", "duplicate_of": copy_of[row["id"]]}
            removed.append({**base, **copy})
        else:
            curated.append({**base, "source": "planted"})
    return curated, removed


def test_a_faultless_run_scores_full(planted: Any) -> None:
    documents, truth = planted
    figures = score(truth, *perfect(documents, truth))
    assert all(kind["found"] == kind["planted"] > 0 for kind in figures["pii"].values())
    for purpose in ("near", "exact", "spam", "menus", "riddled", "bad_lines"):
        assert figures[purpose]["removed"] == figures[purpose]["planted"] > 0
    for purpose in ("mojibake", "cp949", "html"):
        assert figures[purpose]["restored"] == figures[purpose]["planted"] > 0
    assert figures["near"]["lost"] == figures["base"]["wrong_copies"] == 0
    assert figures["base"]["documents"] == figures["base"]["kept"] > 60


def test_a_run_that_does_nothing_scores_nothing(planted: Any) -> None:
    documents, truth = planted
    kept = [row for row in documents if row["form"] in ("json", "line")]
    figures = score(truth, kept, [])
    assert not any(kind["found"] for kind in figures["pii"].values())
    for purpose in ("near", "exact", "spam", "menus", "riddled", "bad_lines"):
        assert figures[purpose]["removed"] == 0 < figures[purpose]["planted"]
    for purpose in ("mojibake", "cp949", "html"):
        assert figures[purpose]["restored"] == 0


def test_a_run_that_removes_too_much_is_told(planted: Any) -> None:
    documents, truth = planted
    curated, removed = perfect(documents, truth)
    victim, witness = truth["base"][:2]
    original = truth["near"][0]["ids"][0]
    row = next(row for row in curated if row["id"] == victim)
    curated = [row for row in curated if row["id"] not in (victim, original)]
    removed += [
        {**row, "step": "dedup", "rule": "near_duplicate", "duplicate_of": witness},
        {
            "id": original,
            "text": "",
            "step": "dedup",
            "rule": "near_duplicate",
            "duplicate_of": "x",
        },
    ]
    figures = score(truth, curated, removed)
    assert figures["base"]["wrong_copies"] == 1
    assert figures["base"]["removed"] == {"near_duplicate": 1}
    assert figures["near"]["lost"] == 1


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ({"text": "전화 010-2345-6789로"}, True),
        ({"text": "전화 010 2345 6789로"}, True),
        ({"text": "번호(01023456789)"}, True),
        ({"text": "없음", "url": "http://a.kr/?t=010.2345.6789"}, True),
        ({"text": "앞 99 010-2345-6789-1 뒤"}, True),
        ({"text": "전화 010-2345-678"}, False),
        ({"text": "전화 <|tel|>로", "value": 1023456789.0}, False),
    ],
)
def test_leaks_are_seen_in_any_writing(row: dict[str, Any], seen: bool) -> None:
    leaks = Leaks([{"id": "a", "kind": "tel", "value": "010-2345-6789"}])
    leaks.look(row)
    assert leaks.figures() == {"tel": {"planted": 1, "found": 0 if seen else 1}}
