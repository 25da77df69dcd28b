import string
from time import process_time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.edits import apply
from pipeline.text.remnants import REMNANT_RULES, explain_remnants, strip_remnants


def strip(text: str) -> str:
    return strip_remnants(pa.array([text], pa.string()))[0][0].as_py()


CUT = [
    ("tag", "첫 줄<br>둘째 줄", "첫 줄\n둘째 줄"),
    ("tag", "첫 줄<br/>\n둘째 줄", "첫 줄\n둘째 줄"),
    ("tag", "<p>안녕하세요.</p><p>반갑습니다.</p>", "안녕하세요.\n\n반갑습니다."),
    ("tag", '<a href="https://a.kr/?a=1&b=2">여기</a>를 보라', "여기를 보라"),
    ("tag", "한 <b>굵은</b> 글씨", "한 굵은 글씨"),
    ("tag", '그림 <img src="a.png" alt="가"> 끝', "그림  끝"),
    ("tag", "<td>가</td><td>나</td>", "가  나"), ("tag", "끝난 글</div>", "끝난 글"),
    ("tag", "<div\n class='a'>여러 줄에 걸친 태그</div>", "여러 줄에 걸친 태그"),
    ("comment", "앞<!-- 광고\n여러 줄 -->뒤", "앞뒤"),
    ("comment", "<!DOCTYPE html>\n글", "글"),
    ("script", "앞<script>var a = 1 < 2;</script>뒤", "앞뒤"),
    ("script", "<STYLE type='text/css'>p {color: red}</STYLE>글", "글"),
    ("image", "![고양이](cat.png) 사진", "고양이 사진"),
    ("link", "[위키](https://ko.wikipedia.org/wiki/말_(언어)) 참고", "위키 참고"),
    ("link", '[문서]( ./a.md "제목" )를', "문서를"),
    ("link", "[![배지](b.svg)](https://ci.kr)", "배지"),
    ("link", "[글][1]을 보라\n\n[1]: https://a.kr '제목'", "글을 보라\n"),
    ("definition", "글\n[//]: # (주석)\n끝", "글\n끝"),
    ("table", "| 가 | 나 |\n|---|:-:|\n| 1 | 2 |\n\n| 밖", "가 | 나\n1 | 2\n\n| 밖"),
    ("table", "가 | 나\n--- | ---\n1 | 2", "가 | 나\n1 | 2"),
    ("rule", "앞\n\n---\n\n뒤", "앞\n\n\n뒤"), ("rule", "* * *\n뒤", "뒤"),
    ("rule", "제목\n=====\n글", "제목\n글"),
    ("front_matter", "---\ntitle: 제목\ntags:\n- 가\n---\n글", "글"),
    ("heading", "## 제목 ##\n\n글", "제목\n\n글"),
    ("heading", "[a](b.md)\n\n# 제목\n글", "a\n\n제목\n글"),
    ("heading", "## 제목 {#title}\n\n글", "제목\n\n글"),
    ("emphasis", "이것은 **중요**하다. __정말 그렇다__.", "이것은 중요하다. 정말 그렇다."),
    ("emphasis", "**[링크](a.md)와 `코드`**", "링크와 `코드`"),
    ("directive", "> [!NOTE]\n> 주의하라.\n> 둘째 줄\n\n글", "\n주의하라.\n둘째 줄\n\n글"),
    ("directive", ':::image type="content" source="a.png":::\n글', "글"),
    ("directive", "앞\n::: tip\n글\n:::\n뒤", "앞\n글\n뒤"),
    ("directive", "{% raw %}\n글\n{% endraw %}", "글"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after"), CUT)
def test_what_is_left_of_markup_goes(rule: str, before: str, after: str) -> None:
    edits = explain_remnants(before)
    assert rule in {edit.rule for edit in edits} <= set(REMNANT_RULES)
    assert apply(before, edits).strip() == after.strip()


KEPT = [
    "**에서 일하던 중 또**씨가", "**마트와 **시에서 만난 **씨와 김**", "**동,**동 그리고 **-**번지",
    "a < b 이고 c > d 이다.", "<이름>을 적으시오.", "드라마 <서울의 달>을 보았다.",
    "영화 <Her>와 <Big>", "List<String> 과 Map<a, b>", "#include <stdio.h>", "#include <map>",
    "vector<p> 와 Promise<object>", "<p> 태그는 문단이다.", "<br>을 쓰면 줄이 바뀐다.",
    "`<b>굵게</b>`라고 쓴다.", '"<b>"와 "</b>" 사이', "HTML에는 <p>, <div>, <span>이 있다.",
    "\\<b> 이스케이프 \\</b>", "&lt;b&gt;굵게&lt;/b&gt;",
    "```\n<p>코드</p>\n[a](b.md)\n# 주석\n```", "~~~html\n<br>\n~~~", "[a](b)",
    "[주석](이것은 괄호)", "f[i](x)", "arr[0](a.b)", "[1](주1) 참고", "[단독][속보] 기사",
    "[x]: 답", "2**3 + 4**5", "**kwargs, *args", "김**님과 이**님", "src/**/*.js 와 lib/**/*.ts",
    "__init__ 과 __name__", "비밀번호 ****", "# 주석 하나\nx = 1", "#맛집 #강남", "- 가\n- 나",
    "10 - 3 --- 아님", "| 그냥 | 막대 |", "--- 말줄임", "말했다 --- 그리고", "a\n--\nb",
    "<!-- 닫히지 않은 주석", "{a: 1}", "::알림::", '{"a": "<br>", "b": "[x](https://y.kr)"}',
    "<note><to>가</to><body>나</body><from>다</from></note>", "[예](...)", "할인 [A](B) 행사",
    "네 칸\n\n    들여쓴 글\n\n끝",
]  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert explain_remnants(text) == []


def test_indented_code_of_a_markdown_text_stays_and_that_of_a_list_is_text() -> None:
    code = "## 제목\n\n글이다.\n\n    <b>코드</b>\n    # 주석\n\n뒤 <b>글</b>"
    assert strip(code) == "제목\n\n글이다.\n\n    <b>코드</b>\n    # 주석\n\n뒤 글"
    item = "## 제목\n\n1. 항목\n\n    이어지는 <b>글</b>"
    assert strip(item) == "제목\n\n1. 항목\n\n    이어지는 글"


def test_an_unclosed_fence_keeps_what_follows() -> None:
    assert strip("<b>가</b>\n```\n<b>나</b>") == "가\n```\n<b>나</b>"


def test_tags_that_a_text_speaks_about_stay_beside_those_that_are_left_over() -> None:
    text = '<p>글에서 <br> 태그를 쓴다.</p><a href="x">끝</a>'
    assert strip(text) == "글에서 <br> 태그를 쓴다.\n끝"


def test_code_elements_keep_what_they_hold() -> None:
    assert strip("<pre>if (a <b && c> d) **x**</pre>") == "if (a <b && c> d) **x**"


def test_a_break_in_a_row_of_a_table_leaves_a_space() -> None:
    assert strip("|가|나|\n|-|-|\n|1<br>2|3|") == "가|나\n1 2|3"


PIECES = st.sampled_from(
    [
        *["<b>", "</b>", "<br>", "<p>", "</p>", "<!--", "-->", "<script>", "</script>", "<pre>"],
        *["</pre>", "![", "[", "]", "](a.md)", "][b]", "**", "__", "***", "`", "``", "```", "##"],
        *["|", "|-|-|", "---", "===", ":::", "{#a}", "\t", "<이름>", "(", ")", "\\", "010", "<"],
        *["가 ", "나다.", ">"],
        *["\n", "\n\n", " ", "    ", "# ", "- ", "1. ", "> [!NOTE]", "{% %}", "[b]: /u"],
        *["title: 가", "<a href='x'>", " = ;"],
    ]
)  # fmt: skip
MESS = st.lists(PIECES, max_size=40).map("".join)
TAG_PIECES = st.sampled_from(
    [
        *["<b>", "</b>", "<B>", "<Div>", "</Div>", "<br>", "<BR/>", "<hr>", "<wbr>", "<td>", "<p>"],
        *["</p>", "<li>", "</li>", "<span>", "</span>", "<to>", "</to>", "<a href=x>", "</a>"],
        *["<input hidden>", "<p a = '", "'>", "<code>", "</code >", "<style>", "</\u017ftyle>"],
        *["<!doctype html>", "<!DOCTYPEx>", "<!-- a -->", "<div\u3000id=b>", "<h1>", "\\", "`"],
        *[" 태그", "tags", "Element ", "TAG", "을 ", "에서 ", "와 ", "또는 ", "이나 ", ", ", "·"],
        *["/ <", "“", "”", "'", '"', ")", "\n", " ", "가", "x", "\n|", "\n|-|-|\n", "|", "\xa0"],
    ]
)  # fmt: skip
LINE_PIECES = st.sampled_from(
    [
        *["---\n", "...\n", "title: 가\n", "a b c d: \n", "- 나\n", "\ufeff", "# ", "## ", " ##\n"],
        *["```", "~~~~", "````", "\n", "\n\n", "    ", "\t", "        ", "1. ", "１) ", "- ", "* "],
        *["> [!NOTE]\n", "> > \\[!Tip\\]\n", "> ", ">", "[!x]", ":::\n", "{% a %}\n", "{:.b}\n"],
        *["{{< c >}}\n", " {#d}\n", "{/* e */}\n", "{", "}", "가", "**", "__", "***", "_", "/"],
        *[" ", "| ", "|", "-|-", ":-: | -", "\\|", "- - -\n", "* * *\n", "===\n", "[", "]", "!["],
        *["](", "/u", "b.md", "a.html#나", "https://", ")", "(", "<u>", ' "t"', "[r]", "[1]: /u\n"],
        *["`", '{"', '"}', "\u3000", "\x1c", "é", "😀"],
    ]
)  # fmt: skip
NASTY = st.one_of(
    st.lists(TAG_PIECES, max_size=25).map("".join), st.lists(LINE_PIECES, max_size=30).map("".join)
)


@settings(deadline=None, max_examples=250)
@given(st.lists(st.one_of(st.none(), MESS, NASTY, st.text(max_size=30)), max_size=6))
def test_a_column_is_stripped_as_each_text_is_explained(texts: list[str | None]) -> None:
    stripped, counts = strip_remnants(pa.array(texts, pa.string()))
    edits = [explain_remnants(text or "") for text in texts]
    expected = [
        text if text is None else apply(text, found)
        for text, found in zip(texts, edits, strict=True)
    ]
    assert stripped.to_pylist() == expected
    assert counts.total() == sum(map(len, edits))
    assert set(counts) <= set(REMNANT_RULES)


@settings(deadline=None)
@given(MESS)
def test_no_syllable_outside_of_markup_that_goes_whole_is_lost(text: str) -> None:
    cut = "".join(
        text[edit.start : edit.end]
        for edit in explain_remnants(text)
        if edit.rule not in ("comment", "script", "front_matter", "directive")
    )
    assert not set(cut) & set("나다이름010")


@settings(deadline=None)
@given(st.text(st.sampled_from("가나다라 .,?!\n1290()'\"~%;/+>" + string.ascii_letters)))
def test_prose_is_unchanged(text: str) -> None:
    assert explain_remnants(text) == []


def test_prose_between_rules_is_no_front_matter() -> None:
    assert strip("---\n그냥 글이다.\n---\n글") == "그냥 글이다.\n글"


LINE = st.lists(st.sampled_from([*"-|:*_=#{}>.` 1가", "  "]), max_size=8).map("".join)


@settings(deadline=None, max_examples=250)
@given(st.lists(LINE, max_size=5).map("\n".join))
def test_the_gate_lets_through_whatever_is_edited(text: str) -> None:
    expected = apply(text, explain_remnants(text))
    assert strip(text) == expected


def test_slices_large_strings_and_nothing() -> None:
    texts = pa.array(["<br>", None, "가<br>나", "다"], pa.large_string()).slice(1)
    stripped, counts = strip_remnants(texts)
    assert stripped.to_pylist() == [None, "가\n나", "다"]
    assert stripped.type == pa.large_string()
    assert counts == {"tag": 1}
    assert len(strip_remnants(pa.array([], pa.string()))[0]) == 0


def test_more_cuts_than_the_first_room_for_them() -> None:
    texts = pa.array(["<b>가</b>" * 20_000, "나</b>" * 50_000, "<b>다</b>"], pa.string())
    stripped, counts = strip_remnants(texts)
    assert stripped.to_pylist() == ["가" * 20_000, "나" * 50_000, "다"]
    assert counts == {"tag": 2 * 20_000 + 50_000 + 2}


def test_a_text_too_long_for_the_scan_is_stripped_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array(["é<p>한 **말**, **글**</p>😀", "짧다<br>"], pa.string())
    expected = strip_remnants(texts)
    monkeypatch.setattr("pipeline.text.remnants._LONGEST", 12)
    assert strip_remnants(texts) == expected
    assert expected[1] == {"tag": 3, "emphasis": 4}


SIZE = 16_000
HOSTILE = [
    "<", "<a ", "<a b=", "</", "<!--", "<script>", "<pre>", "[", "![", "](", "](a", "](<", "](a(",
    '](a "', "][", "]", "[a]: ", "[a](b)", "`", "`` ", "```\n", "~~~\n```\n", "**", "** ", "**가",
    "_", "__가 ", "\n#", "\n# 가", "\n|", "\n|-|-", "\n---", "- - ", "\n:::", "\n> [!N]\n> ",
    "\n> [!NO]\n> ",
    "{%", "{#a", "\n    가\n\n", "\n\n\t- 가", "<b>", "</b>", "\n> ", "\n    ```\n", "-", "|-",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_work_grows_as_the_text(piece: str) -> None:
    """Eight times the text takes about eight times the time: a square would take 64 times."""

    def seconds(times: int) -> float:
        text = "가\n\n" + piece * times
        best = np.inf
        for _ in range(2):
            started = process_time()
            edits = explain_remnants(text)
            assert strip(text) == apply(text, edits)
            best = min(best, process_time() - started)
        return best

    small, large = seconds(SIZE // 8), seconds(SIZE)
    assert large < 8 * 4 * small + 0.05  # seconds
