import subprocess
import sys
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.html import declared_charset, extract, nesting

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>제목</title>
<style>p {color: red}</style></head>
<body><nav><ul><li><a href="/">홈</a></li>
<li><a href="/b">게시판</a></li></ul></nav>
<article><h1>한글 문서</h1><p>첫째 문단입니다. 내용이 이어집니다.</p>
<p>둘째 문단은<br>두 줄입니다 &amp; 끝.</p>
<script>var x = "보이지 않음";</script><pre>코드  한 줄
코드 두 줄</pre></article><footer>모든 권리 보유</footer></body></html>"""


def test_paragraphs_stay_and_scripts_go() -> None:
    text = extract(PAGE)
    assert "첫째 문단입니다. 내용이 이어집니다.\n" in text
    assert "둘째 문단은\n두 줄입니다 & 끝." in text
    assert "코드 두 줄" in text
    assert "보이지 않음" not in text and "color" not in text and "게시판" not in text


@pytest.mark.parametrize(
    "lone", ["와", " 과 ", "中", "①", "。", "ㄱ", "&#50752;", "&#xC640;", "&hellip;"]
)
def test_a_character_alone_between_tags_is_kept(lone: str) -> None:
    page = f"<article><p>앞의 <code>가나</code>{lone}<code>다라</code> 뒤의 글.</p></article>"
    assert extract(page) == f"앞의 가나{unescape(lone)}다라 뒤의 글."
    table = f"<article><table><tr><td>{lone}</td><td>셋</td></tr></table><p>글이다.</p></article>"
    assert unescape(lone).strip() in extract(table) and "셋" in extract(table)


def test_icons_alone_between_tags_are_left_out() -> None:
    assert extract("<article><p>글이다. <i>\ue001</i> <i>\u2630</i></p></article>") == "글이다."


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "그냥 글",
        "<p>닫히지 않은",
        "<div",
        "</div></p>",
        "<a <b <c>글</b>",
        "<!--",
        "<![CDATA[",
        "<p>\ud800가",
        "&#99999999;",
    ],
)
def test_broken_markup_never_raises(broken: str) -> None:
    assert isinstance(extract(broken), str)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<div>", "<b", ">", "</", "<table><tr>", "글", "&", "<!--", "<script>"]
        ),
        max_size=25,
    )
)
def test_any_order_of_markup_gives_text(pieces: list[str]) -> None:
    assert "\x00" not in extract("".join(pieces))


def test_unclosed_text_is_still_read() -> None:
    assert "글" in extract("<div><p>글")


def test_deep_nesting_neither_crashes_nor_loses_the_text() -> None:
    # In a process of its own: a stack overflow in native code could not be caught.
    script = (
        "from pipeline.text.html import extract\n"
        "for tag in ('div', 'b', 'ul', 'table', 'span', 'font'):\n"
        "    for end in ('', f'</{tag}>' * 100_000):\n"
        "        print('가나다' in extract(f'<{tag}>' * 100_000 + '가나다' + end))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["True"] * 12


def test_the_stripped_text_of_a_deep_page_keeps_lines_and_drops_scripts() -> None:
    deep = "<div>" * 2_000 + "<p>하나</p><script>x()</script><p>둘 &lt; 셋</p>" + "</div>" * 2_000
    assert nesting(deep) > 1_000
    assert [line for line in extract(deep).split("\n") if line] == ["하나", "둘 < 셋"]


def test_flat_pages_are_not_taken_for_deep_ones() -> None:
    assert nesting("<ul>" + "<li>가" * 5_000 + "</ul>") == 1
    assert nesting("<table>" + "<tr><td>가" * 5_000 + "</table>") == 1


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        (b'<html><head><meta charset="EUC-KR">', "euc-kr"),
        (
            b"<META http-equiv=Content-Type content='text/html; charset=ks_c_5601-1987'>",
            "ks_c_5601-1987",
        ),
        (b'<?xml version="1.0" encoding="UTF-8"?>', "utf-8"),
        (b"<p>charset=euc-kr</p>", None),
        (b"", None),
    ],
)
def test_the_declared_charset(raw: bytes, charset: str | None) -> None:
    assert declared_charset(raw) == charset
