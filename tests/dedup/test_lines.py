"""Boilerplate lines: hashes and counts against plain Python, and what dropping them leaves."""

import random
import re
import unicodedata
from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.canonical import canonical
from pipeline.dedup.lines import (
    DROPPED_LINES,
    LINE,
    boilerplate,
    count_lines,
    drop_lines,
    least_documents,
    line_hashes,
    line_of,
    merge_counts,
)
from pipeline.settings import Lines
from pipeline.text.normal import normalise

MIN_CHARS = 4
FRONT, LOGIN, RIGHTS = "말모이 일보 첫 화면", "로그인 | 회원 가입", "ⓒ 말모이 일보, 무단 전재 금지"
EXEMPT = "면제된 줄입니다"
RECIPE = Lines(documents=3, share=0, anywhere=0.5, min_chars=MIN_CHARS, exempt=[EXEMPT])
FURNITURE = [FRONT, LOGIN, RIGHTS, "Rate this page"]
BODY = st.text("가나다라마바사 12.", min_size=0, max_size=12)
OTHERS = [EXEMPT, "```", "~~~", "짧다", "e\u0301te\u0301 12"]
LINE_TEXT = st.one_of(BODY, st.sampled_from(FURNITURE + OTHERS))
TEXT = st.lists(LINE_TEXT, max_size=14).map("\n".join)
CORPUS = st.lists(TEXT, min_size=1, max_size=12)
PAGE = st.tuples(
    st.lists(st.sampled_from(FURNITURE[:2]), max_size=2),
    st.lists(BODY, max_size=12),
    st.lists(st.sampled_from(FURNITURE[1:]), max_size=3),
).map(lambda parts: "\n".join(line for part in parts for line in part))
PAGES = st.lists(PAGE, min_size=3, max_size=12)


def normal(text: str) -> str:
    return normalise(text, max_jamo_run=4, max_symbol_run=8)


STORED = st.one_of(CORPUS, PAGES).map(lambda texts: [normal(text) for text in texts])


def code_lines(text: str) -> set[int]:
    """Numbers of the lines of fenced code; the definition."""
    code, opened, mark = set(), -1, ""
    for number, line in enumerate(text.split("\n")):
        fence = re.match(r" *(`{3}|~{3})", line)
        if fence and not mark:
            opened, mark = number, fence[1]
        elif fence and fence[1] == mark:
            code |= set(range(opened, number + 1))
            mark = ""
    return code


def judged(text: str, min_chars: int) -> list[tuple[str, bool]]:
    """(Canonical form or "", whether at an end) of each line; the definition."""
    forms = [canonical(line) for line in text.split("\n")]
    filled = [number for number, form in enumerate(forms) if form]
    ends = {*filled[:3], *filled[-3:]}
    code = code_lines(text)
    return [
        (form if len(form) >= min_chars and number not in code else "", number in ends)
        for number, form in enumerate(forms)
    ]


def distinct(text: str, min_chars: int) -> dict[str, bool]:
    lines: dict[str, bool] = {}
    for form, at_end in judged(text, min_chars):
        if form:
            lines[form] = lines.get(form, False) or at_end
    return lines


@cache
def hash_of(form: str) -> int:
    return int(line_of(np.asarray(line_hashes(pa.array([form]), 1).flatten()))[0])


def drop(texts: list[str], *parts: slice) -> tuple[list[str], list[dict[str, object]]]:
    """The texts without boilerplate, all of them kept documents of one source; and the lines.

    Batch after batch, where `parts` are given.
    """
    ids = [f"문서-{number}" for number in range(len(texts))]
    columns = {"id": ids, "source": ["말모이"] * len(texts), "text": texts}
    batch = pa.record_batch({name: pa.array(values) for name, values in columns.items()})
    hashes = line_hashes(batch["text"], MIN_CHARS)
    records = boilerplate(count_lines(hashes, np.ones(len(texts), bool)), RECIPE, len(texts))
    left, gone = [], []
    for rows in parts or [slice(None)]:
        shorter, dropped = drop_lines(batch[rows], hashes[rows], records, RECIPE)
        assert dropped.schema.equals(DROPPED_LINES)
        left += shorter.to_pylist()
        gone += dropped.to_pylist()
    return left, gone


def pages(count: int, head: str = "", foot: str = "", inside: str = "") -> list[str]:
    """Texts of twelve lines each of their own, with the same lines at head, foot and inside."""
    rng = random.Random(count)
    texts = []
    for _ in range(count):
        body = ["".join(rng.choices("가나다라마바사아자차", k=15)) for _ in range(12)]
        body.insert(6, inside)
        texts.append("\n".join(part for part in [head, *body, foot] if part))
    return texts


@settings(deadline=None)
@given(CORPUS, st.integers(1, 6), st.integers(0, 12))
def test_hashes_are_of_the_distinct_canonical_lines(
    texts: list[str], min_chars: int, cut: int
) -> None:
    array = pa.array([*texts, None], pa.string())
    hashes = line_hashes(array, min_chars)
    assert hashes.type == pa.list_(pa.uint64())
    for text, found in zip([*texts, ""], hashes.to_pylist(), strict=True):
        expected = {hash_of(form) | at_end for form, at_end in distinct(text, min_chars).items()}
        assert found == sorted(expected)
    parts = [line_hashes(part, min_chars) for part in (array[:cut], array[cut:])]
    assert pa.concat_arrays(parts).equals(hashes)


def test_no_two_forms_share_a_hash() -> None:
    rng = random.Random(5)
    lines = {"".join(rng.choices("가나다 abc123", k=rng.randint(1, 9))) for _ in range(30_000)}
    forms = {canonical(line) for line in lines} - {""}
    values = line_of(np.asarray(line_hashes(pa.array(lines), 1).flatten()))
    assert len(np.unique(values)) == len(forms)


@settings(deadline=None)
@given(st.text("가나각힣ㅋ12abcZ ,.-", min_size=1, max_size=30))
def test_variants_of_a_line_have_one_hash(line: str) -> None:
    wide = line.translate({point: point + 0xFEE0 for point in range(0x21, 0x7F)})
    variants = [unicodedata.normalize("NFD", line), wide, line.upper(), f" \u200b{line} !"]
    variants += [line.replace(" ", "")] * ("ㅋ" not in line)  # a jamo may join what it meets
    first, *others = line_hashes(pa.array([line, *variants]), 1).to_pylist()
    assert all(other == first for other in others)


def test_texts_of_several_megabytes() -> None:
    many = "\n".join(f"{number}째 줄입니다" for number in range(100_000))
    texts = [many, "한 줄로 된 긴 글입니다 " * 60_000, many[: len(many) // 2], "", many]
    array = pa.array(texts)
    hashes = line_hashes(array, MIN_CHARS)
    alone = [line_hashes(array.slice(row, 1), MIN_CHARS)[0] for row in range(len(texts))]
    assert [len(value) for value in hashes.to_pylist()] == [100_000, 1, len(alone[2]), 0, 100_000]
    assert list(hashes) == alone
    assert (np.diff(np.array(hashes[0].as_py(), object)) > 0).all()
    assert line_hashes(pa.array([], pa.string()), MIN_CHARS).to_pylist() == []


@settings(deadline=None)
@given(CORPUS, st.data())
def test_counts_are_those_of_a_counter(texts: list[str], data: st.DataObject) -> None:
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    hashes = line_hashes(pa.array(texts, pa.string()), MIN_CHARS)
    found = count_lines(hashes, keep)
    assert found.dtype == LINE and (np.diff(found["line"].astype(object)) > 0).all()
    documents, at_end = Counter[int](), Counter[int]()
    for text in np.array(texts, object)[keep]:
        for form, end in distinct(text, MIN_CHARS).items():
            documents[hash_of(form)] += 1
            at_end[hash_of(form)] += end
    assert dict(zip(found["line"].tolist(), found["documents"].tolist(), strict=True)) == documents
    assert dict(zip(found["line"].tolist(), found["at_end"].tolist(), strict=True)) == at_end

    cut = data.draw(st.integers(0, len(texts)))
    parts = [count_lines(hashes[:cut], keep[:cut]), count_lines(hashes[cut:], keep[cut:])]
    assert np.array_equal(merge_counts(np.concatenate(parts)), found)


@settings(deadline=None, max_examples=200)
@given(STORED)
def test_what_goes_is_boilerplate_and_the_rest_stays_in_order(texts: list[str]) -> None:
    left, dropped = drop(texts)
    holders = Counter(form for text in texts for form in distinct(text, MIN_CHARS))
    for number, (before, after) in enumerate(zip(texts, left, strict=True)):
        gone = [row for row in dropped if row["id"] == f"문서-{number}"]
        if not gone:
            assert after == before
            continue
        lines, judgement = before.split("\n"), judged(before, MIN_CHARS)
        numbers = [row["line"] for row in gone]
        for row in gone:
            form, at_end = judgement[row["line"]]
            assert row["text"] == lines[row["line"]] and form == canonical(row["text"])
            assert row["documents"] == holders[form] >= RECIPE.documents
            assert form != canonical(EXEMPT)
            everywhere = holders[form] >= RECIPE.anywhere * len(texts)
            long = [place for place, (one, _) in enumerate(judgement) if one]
            place = long.index(row["line"])
            neighbours = {*long[max(place - 1, 0) : place], *long[place + 1 : place + 2]}
            assert at_end or everywhere or neighbours & set(numbers)
        stays = [place for place, line in enumerate(lines) if line and place not in numbers]
        filled = [lines[place] for place in stays]
        filled[0] = filled[0].lstrip(" ")  # no text in normal form starts with a space
        assert [line for line in after.split("\n") if line] == filled
        assert any(len(canonical(line)) >= MIN_CHARS for line in filled)
        assert normal(after) == after


@settings(deadline=None)
@given(STORED, st.integers(0, 12))
def test_dropping_does_not_depend_on_the_batch(texts: list[str], cut: int) -> None:
    assert drop(texts, slice(cut), slice(cut, None)) == drop(texts)


def test_head_and_foot_go_and_the_lines_between_keep_their_bytes() -> None:
    plain = pages(20)
    framed = [f"{FRONT}\n{LOGIN}\n\n{text}\n\n{RIGHTS}" for text in plain]
    left, dropped = drop(framed)
    assert left == plain
    gone = Counter((row["text"], row["line"]) for row in dropped)
    assert gone == dict.fromkeys([(FRONT, 0), (LOGIN, 1), (RIGHTS, 16)], 20)
    assert {(row["source"], row["documents"]) for row in dropped} == {("말모이", 20)}


def test_a_formula_inside_documents_stays_and_one_mostly_at_ends_goes_there() -> None:
    formula = "상고비용은 피고의 부담으로 한다."
    texts = pages(30, inside=formula) + pages(70)
    assert drop(texts) == (texts, [])
    texts = pages(21, foot=formula) + pages(6, inside=formula) + pages(73)
    assert drop(texts) == (texts, [])
    texts = pages(24, foot=formula) + pages(6, inside=formula) + pages(70)
    assert drop(texts)[0] == pages(24) + pages(6, inside=formula) + pages(70)


@pytest.mark.parametrize(
    "line, goes", [("클린봇이 부적절한 표현을 감지한 댓글입니다.", True), ("import torch", False)]
)
def test_a_korean_line_of_half_the_documents_goes_from_inside(line: str, goes: bool) -> None:
    with_line, others = pages(50, inside=line), pages(49)
    left, dropped = drop(with_line + others)
    assert left == (pages(50) + others if goes else with_line + others)
    assert len(dropped) == (50 if goes else 0)
    assert drop(with_line + pages(51))[1] == []


def test_a_title_that_many_share_stays_and_a_head_on_one_page_in_twenty_goes() -> None:
    titled = pages(4, head="요양불승인처분취소") + pages(96)
    assert drop(titled) == (titled, [])
    headed = pages(5, head=FRONT) + pages(95)
    assert drop(headed)[0] == pages(5) + pages(95)


def test_the_block_behind_a_common_last_line_goes_as_deep_as_it_is() -> None:
    block = [f"말모이 일보 바닥글 {number}번째 줄" for number in range(9)]
    foot = "\n".join([*block[:4], "홈", *block[4:], RIGHTS])
    texts = pages(10, foot=foot) + pages(100)
    left, dropped = drop(texts)
    assert len(dropped) == 100
    assert left[0] == f"{pages(10)[0]}\n홈"
    rare = pages(10, foot=foot) + pages(300)  # the last lines alone are of the ends
    assert Counter(row["text"] for row in drop(rare)[1]) == dict.fromkeys([*block[7:], RIGHTS], 10)


def test_code_and_exempt_lines_stay() -> None:
    fenced = "```\npublic class Main {\n}\n```"
    texts = pages(20, head=fenced, foot="면제된  줄입니다!")
    assert drop(texts) == (texts, [])
    assert drop(pages(20, foot=f"~~~\n{FRONT}"))[0] == pages(20, foot="~~~")


def test_no_document_becomes_a_shell() -> None:
    furniture = f"{FRONT}\n\n댓글\n\n{RIGHTS}"
    left, dropped = drop([furniture, *pages(10, head=FRONT, foot=RIGHTS)])
    assert left == [furniture, *pages(10)]
    assert {row["id"] for row in dropped} == {f"문서-{number}" for number in range(1, 11)}


def test_removed_copies_do_not_count() -> None:
    original = pages(1, head=FRONT, foot=RIGHTS)
    hashes = line_hashes(pa.array(original * 1000), MIN_CHARS)
    keep = np.arange(1000) == 7
    assert len(boilerplate(count_lines(hashes, keep), RECIPE, 1)) == 0
    assert len(boilerplate(count_lines(hashes, ~keep), RECIPE, 999)) == 14


def test_least_documents() -> None:
    recipe = Lines(documents=100, share=0.01)
    assert [least_documents(recipe, kept) for kept in (0, 10_000, 10_001)] == [100, 100, 101]
    counts = np.array([(2, 99, 99), (4, 100, 100), (6, 101, 0)], LINE)
    assert boilerplate(counts, recipe, 10_000)["line"].tolist() == [4, 6]
    assert boilerplate(counts, recipe, 10_001)["line"].tolist() == [6]
