import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels import feature_layout, feature_repeats
from pipeline.kernels import utf8 as kinds
from pipeline.kernels.feature_list import NGRAM, SHORT_LINE
from pipeline.kernels.feature_tables import (
    BULLETS,
    PARTICLES,
    SENTENCE_MARKS,
    SENTENCE_SYLLABLES,
    SEPARATORS,
    URL_BYTES,
)
from pipeline.kernels.features import FEATURE_NAMES, FEATURE_TYPE, measure
from pipeline.kernels.lexicon import spam_terms

SHARE_KINDS = {
    "hangul_share": kinds.HANGUL,
    "jamo_share": kinds.JAMO,
    "han_share": kinds.HAN,
    "kana_share": kinds.KANA,
    "latin_share": kinds.LATIN,
    "digit_share": kinds.DIGIT,
    "symbol_share": kinds.SYMBOL,
    "replacement_share": kinds.REPLACED,
}
SPACES = (kinds.SPACE, kinds.NEWLINE)
LEXICON = sorted(spam_terms(), key=len, reverse=True)


def kind(char: str) -> int:
    """The definition, extended to the planes of ideographs."""
    if ord(char) >= 0x20000:
        return kinds.HAN if ord(char) < 0x40000 else kinds.OTHER
    return kinds.kind_of(char)


def split(text: str, spaces: tuple[int, ...]) -> list[str]:
    parts = [""]
    for char in text:
        if kind(char) in spaces:
            parts.append("")
        else:
            parts[-1] += char
    return [part for part in parts if part]


def letters(text: str) -> list[str]:
    return [char for char in text if kind(char) not in (kinds.SYMBOL, kinds.JAMO, *SPACES)]


def stripped(line: str) -> str:
    while line and kind(line[0]) == kinds.SPACE:
        line = line[1:]
    while line and kind(line[-1]) == kinds.SPACE:
        line = line[:-1]
    return line


def ends_sentence(line: str) -> bool:
    for char in reversed(line):
        if char in SENTENCE_MARKS:
            return True
        if kind(char) not in (kinds.SYMBOL, kinds.JAMO, *SPACES):
            return char in SENTENCE_SYLLABLES
    return False


def holds_sentence(line: str) -> bool:
    solid = "".join(char for char in line if kind(char) != kinds.SPACE)
    return any(a in SENTENCE_SYLLABLES and b in SENTENCE_MARKS for a, b in pairwise(solid))


def is_menu(line: str, chars: int) -> bool:
    separators = sum(char in SEPARATORS for char in line)
    listed = separators >= 2 and chars <= 12 * (separators + 1)
    return (
        not ends_sentence(line)
        and not holds_sentence(line)
        and (len(split(line, SPACES)) <= 3 or listed)
    )


def terms(eojeol: list[str]) -> tuple[int, int]:
    """(characters of addresses, of spam terms but the first), each word read from left to right."""
    addresses, spam = 0, []
    for word in eojeol:
        at = 0
        while at < len(word):
            here = word[at:]
            length = address(here.encode())
            term = next((term for term in LEXICON if here.startswith(term)), "")
            addresses += length
            if term and not length:
                spam.append(len(term))
            at += length or len(term) or 1
    return addresses, sum(spam[1:])


def address(rest: bytes) -> int:
    """Characters of the address that `rest`, to the end of its eojeol, starts with; 0 if none."""
    starts = rest.startswith((b"http://", b"https://", b"www.")) and len(rest) >= 8
    return len(re.match(b"[" + re.escape(URL_BYTES) + b"]*", rest)[0]) if starts else 0


def reference(text: str) -> dict[str, float]:
    """Every feature by its definition, one Python expression each."""
    found = dict.fromkeys(FEATURE_NAMES, 0.0)
    found["n_chars"] = len(text)
    eojeol = split(text, SPACES)
    chars = sum(map(len, eojeol))
    if not chars:
        return found
    of_kind = Counter(map(kind, text))
    lines = [stripped(line) for line in text.split("\n")]
    lines = [line for line in lines if line]
    sizes = [sum(kind(char) != kinds.SPACE for char in line) for line in lines]
    words = [split(line, SPACES) for line in lines]
    pairs = list(zip(lines, sizes, strict=True))
    with_hangul = [word for word in eojeol if any(kind(char) == kinds.HANGUL for char in word)]
    grams = [tuple(eojeol[i : i + NGRAM]) for i in range(len(eojeol) - NGRAM + 1)]
    repeated = {i + k for i, gram in enumerate(grams) if gram in grams[:i] for k in range(NGRAM)}
    addresses, spam = terms(eojeol)
    worded = Counter(word for word in eojeol if letters(word))
    found |= {name: of_kind[number] / chars for name, number in SHARE_KINDS.items()}
    found |= {
        "n_eojeol": len(eojeol),
        "n_lines": len(lines),
        "mean_eojeol_length": chars / len(eojeol),
        "mean_line_length": chars / len(lines),
        "longest_run_share": max(
            len(m[0]) for word in eojeol for m in re.finditer(r"(.)\1*", word, re.S)
        )
        / chars,
        "short_line_share": sum(size < SHORT_LINE for size in sizes) / len(lines),
        "sentence_end_share": sum(map(ends_sentence, lines)) / len(lines),
        "sentence_share": sum(n for line, n in pairs if ends_sentence(line) or holds_sentence(line))
        / chars,
        "bullet_line_share": sum(line[0] in BULLETS for line in lines) / len(lines),
        "menu_line_share": sum(is_menu(line, n) for line, n in pairs) / len(lines),
        "ellipsis_line_share": sum(line.endswith(("…", "...")) for line in lines) / len(lines),
        "duplicate_line_share": sum(n for i, n in enumerate(sizes) if words[i] in words[:i])
        / chars,
        "top_eojeol_share": max([(n - 1) * len(word) for word, n in worded.items()], default=0)
        / chars,
        "duplicate_ngram_share": sum(len(eojeol[i]) for i in repeated) / chars,
        "url_share": addresses / chars,
        "spam_share": spam / chars,
    }
    if with_hangul:
        ending = [word for word in with_hangul if letters(word)[-1] in PARTICLES]
        found["particle_share"] = len(ending) / len(with_hangul)
    return found


WORDS = [
        "나는", "학교에", "간다.", "간다", "좋아요!", "ㅋㅋ", "ㅠ", "그래서?", " ", " ", " ", "\n",
        "\n", "\n\n", "\t", "漢字", "かな", "カナ", "abc", "Ａ", "12", "…", "|", "·", ">", "- ",
        "• ", "ㆍ", "\ufffd", "👍", "𠀀", "ᄒᆞᆫ", "http://", "https://a.kr/x?y=1", "www.a.kr",
        "www.", "http:/", "h", "카지노", "카지노사이트", "바카라", "바카", "casino",
        "홈 > 소개 > 글", "홈 | 글 | 그림", "같은 줄이다\n", "하나 둘 셋 넷 ", "\u3000", "\u2028",
        "\r", "é", "Я", "٣", "\x00", ")", "...", "그만...\n", "…\n", "여성알바", "여성", "벗방",
    "ww",     "viagra", "ꥠ", "힣", "힣", "ힰ", "\u0085", "\u2003", "가가가", "🏴󠁧󠁢", "같은  줄이다\n",
]  # fmt: skip
PIECES = st.one_of(st.sampled_from(WORDS), st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.lists(st.lists(PIECES, max_size=40).map("".join), max_size=4))
def test_the_kernel_equals_the_definitions(texts: list[str]) -> None:
    measured = measure(pa.array(texts, pa.string())).to_pylist()
    for text, row in zip(texts, measured, strict=True):
        for name, value in reference(text).items():
            assert row[name] == pytest.approx(value, rel=1e-6, abs=1e-6), (name, text)


def test_every_code_point_has_the_kind_of_its_definition() -> None:
    for code in (*range(0x20000), 0x20000, 0x2FFFF, 0x3FFFF, 0x40000, 0xE0001, 0x10FFFF):
        if not 0xD800 <= code <= 0xDFFF:
            assert kinds.KINDS[code] == kind(chr(code))
    named = {
        "가": kinds.HANGUL,
        "ㅋ": kinds.JAMO,
        "ㆍ": kinds.SYMBOL,
        "漢": kinds.HAN,
        "々": kinds.HAN,
    }
    assert {char: kinds.kind_of(char) for char in named} == named


def test_indices_follow_the_names() -> None:
    for index, name in enumerate(FEATURE_NAMES):
        assert getattr(feature_layout, name.upper()) == index
    assert feature_repeats.NGRAM == NGRAM


def test_slices_nulls_and_large_strings_are_read_alike() -> None:
    texts = ["버려진다", "나는 학교에 간다.\n그리고", None, "", "끝이다 ㅋㅋ", "버려진다"]
    whole = measure(pa.array(texts))
    assert whole.type == FEATURE_TYPE
    assert measure(pa.array(texts).slice(1, 4)).equals(whole.slice(1, 4))
    assert measure(pa.array(texts, pa.large_string())).equals(whole)
    assert set(whole[2].as_py().values()) == {0.0}
    assert len(measure(pa.array([], pa.string()))) == 0
    assert measure(pa.array([None, None], pa.string()))[1].as_py()["n_chars"] == 0
    with pytest.raises(TypeError, match="binary"):
        measure(pa.array([b"x"]))


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    texts = ["같은 글 하나 둘 셋 넷\n" * n for n in (1, 50, 2, 1)]
    together = measure(pa.array(texts)).to_pylist()
    assert together == [measure(pa.array([text]))[0].as_py() for text in texts]


def test_features_are_finite_and_shares_are_shares() -> None:
    rng = np.random.default_rng(0)
    alphabet = list("가나다 \n.ㅋ漢aか1|http://w")
    texts = ["".join(rng.choice(alphabet, size)) for size in (1, 10, 1_000, 30_000)]
    for name, column in zip(FEATURE_NAMES, measure(pa.array(texts)).flatten(), strict=True):
        values = column.to_numpy()
        assert np.isfinite(values).all()
        assert not name.endswith("_share") or ((values >= 0) & (values <= 1)).all()
