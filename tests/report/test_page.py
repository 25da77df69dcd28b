"""The report page: whole without a network, safe with any text, equal for equal figures."""

import html.parser
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.curve import explain
from pipeline.report.formats import masked
from pipeline.report.page import render
from pipeline.settings import Dedup

QUALITY = {
    "bytes": 600_000,
    "tokens": 150_000,
    "bytes_per_token": 4.0123,
    "characters_per_token": 1.7,
    "tokens_per_eojeol": 2.6661,
    "crossing": 0.0071,
    "renyi": 0.4891,
    "byte_fallback": 0.0042,
}
HOSTILE = "<script>alert('말')</script>&amp; \"인용\" <|tel|> </div></pre>"


def figures() -> dict[str, Any]:
    sample = {
        "rule": "spam_density",
        "step": "clean",
        "source": "news",
        "id": "n-1",
        "place": "a.jsonl.gz:7",
        "text": f"광고입니다 {HOSTILE}",
        "value": 0.3125,
        "threshold": 0.05,
        "duplicate_of": None,
        "similarity": None,
    }
    copy = {
        **sample,
        "rule": "near_duplicate",
        "step": "dedup",
        "value": None,
        "threshold": None,
        "duplicate_of": "n-2",
        "similarity": 0.9134,
        "witness_text": f"남은 글 {HOSTILE}",
    }
    counts = {
        "documents_in": 2000,
        "documents_out": 1500,
        "bytes_in": 10**7,
        "bytes_out": 8 * 10**6,
    }
    return {
        "name": "시험 <b>run</b>",
        "recipe": f"name: x\nnote: {HOSTILE}\n",
        "versions": {"malmoi": "0.1.0"},
        "funnel": [
            {"step": "clean", "source": "news", **counts},
            {
                "step": "dedup",
                "source": "news",
                **counts,
                "documents_in": 1500,
                "documents_out": 1234,
            },
        ],
        "reasons": [
            {"step": "read", "rule": "empty_text", "source": "news", "documents": 11},
            {"step": "clean", "rule": "empty_text", "source": "news", "documents": 22},
            {"step": "dedup", "rule": "near_duplicate", "source": "chat", "documents": 266},
        ],
        "edits": {"spaces": 812, "entity": 40},
        "pii": {"tel": 41, "rrn": 3},
        "contamination": [
            {
                "benchmark": "boolq",
                "part": "passage",
                "items": 1404,
                "items_hit": 31,
                "documents": 29,
            }
        ],
        "samples": {"removed": [sample, copy], "kept": [{**sample, "rule": "kept", "id": None}]},
        "clusters": [{"size": 2, "count": 90}, {"size": 3, "count": 7}, {"size": 4, "count": 5}],
        "copies": copies(),
        "tokenizer": {
            "vocabulary": 30003,
            "lossless": True,
            "absent": None,
            "by": {"eojeol": 2.25},
            "quality": {
                "all": {**QUALITY, "bytes": 1_200_000},
                "sources": {"news": QUALITY, "chat": {**QUALITY, "crossing": 0.0312}},
            },
        },
        "tokens": [
            {"split": "train", "source": "news", "documents": 9, "tokens": 1000, "bytes": 4400},
            {"split": "validation", "source": "news", "documents": 1, "tokens": 100, "bytes": 550},
        ],
        "training": {
            "rows": [
                {
                    "step": n,
                    "loss": 9 / n,
                    "bpb": 3 / n,
                    **({"validation_bpb": 1.25} if n == 9 else {}),
                }
                for n in range(1, 10)
            ],
            "summary": {"steps": 9, "last_loss": 1.0},
        },
        "timings": [
            {"step": "clean", "seconds": 12.34, "bytes": 10**7, "mb_per_second": 0.81},
            {"step": "train", "seconds": 5.0, "bytes": 0, "mb_per_second": None},
        ],
    }


def copies() -> dict[str, Any]:
    return {
        "plan": explain(Dedup(bands=25, rows=5, threshold=0.75)),
        "documents_in": 1500,
        "bytes_in": 9 * 10**6,
        "bytes_removed": 10**6,
        "removed": [
            {"rule": "exact_duplicate", "documents": 61, "bytes": 123_456},
            {"rule": "near_duplicate", "documents": 205, "bytes": None},
        ],
        "candidates": 4321,
        "verified": 2345,
        "similarity": [{"from": 0.75, "documents": 17}, {"from": 1.0, "documents": 188}],
        "largest": [
            {"id": "n-2", "source": "news", "cluster_size": 212, "text": f"큰 무리 {HOSTILE}"},
            {"id": None, "source": "news", "cluster_size": 7, "text": "작은 무리"},
        ],
        "lines": {"dropped": 913, "documents": 307, "bytes": 45_600},
        "top_lines": [{"source": "news", "text": f"무단전재 금지 {HOSTILE}", "documents": 299}],
    }


class Reader(html.parser.HTMLParser):
    """Collects tags, what is loaded from elsewhere, and text; checks that tags close in order."""

    VOID = ("meta", "br", "path", "line", "rect", "link", "img", "input", "circle")

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "data", "action"):
                self.loaded.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return render(figures())


def test_page_is_whole_and_loads_nothing(page: str) -> None:
    read = Reader(page)
    assert read.open == []
    assert read.loaded == [] and "@import" not in page and "url(http" not in page
    assert "script" not in read.tags
    assert len(read.ids) == len(set(read.ids))
    for target in re.findall(r"url\(#([^)]+)\)", page):
        assert target in read.ids
    assert read.tags.count("svg") == 11
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page


def test_page_shows_the_figures(page: str) -> None:
    text = " ".join("".join(Reader(page).text).split())
    for part in (
        "61.7 % of 2,000",  # documents kept of those read
        "80.0 %",
        "a.jsonl.gz:7",
        "value 0.3125, threshold 0.05",
        "similarity 0.913",
        "30,003",
        "by eojeol",
        "2.25",
        "news600 kB4.0121.72.6660.7 %0.48910.4 %",
        "chat600 kB4.0121.72.6663.1 %0.48910.4 %",
        "all1.2 MB4.0121.72.6660.7 %0.48910.4 %",
        "4.50 bytes a token",
        "1.250",
        "12.3",
        "3–4 copies",
        "boolq",
        "1,404",
        "31",
        "812",
        "12",
        "threshold 0.75",
        "exact_duplicate614.1 %123 kB, 1.4 %",
        "near_duplicate20513.7 %–",
        "all copies26617.7 %1 MB, 11.1 %",
        "pairs proposed4,321",
        "2,345, 54.3 %",
        "99.89 %",
        "0.75–0.80",
        "0.80–0.85",
        "212 documents",
        "913 lines, 45.6 kB, went from 307 documents",
        "299",
    ):
        assert part in text, part
    assert "absent" not in text and "None" not in text


def test_text_is_shown_and_never_run(page: str) -> None:
    assert page.count("&lt;script&gt;alert(&#39;말&#39;)&lt;/script&gt;&amp;amp;") == 7
    assert "<b>run</b>" not in page and "alert('" not in page
    assert page.count("<mark>&lt;|tel|&gt;</mark>") == 6  # the recipe is no document


def test_rules_of_one_name_share_a_bar_and_not_a_row(page: str) -> None:
    chart, rest = page.split("Documents by rule</h3>")[1].split("</svg>", 1)
    assert chart.count("empty_text") == 1 and ">33<" in chart
    assert rest.split("</table>")[0].count("empty_text") == 2


def test_equal_figures_give_equal_bytes(page: str) -> None:
    assert render(figures()) == page
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_page;"
        "sys.stdout.buffer.write(test_page.render(test_page.figures()).encode())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(__file__).rsplit("/", 1)[0]],
        capture_output=True,
        check=True,
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(sys.path)},
    )
    assert other.stdout.decode() == page


@pytest.mark.parametrize("present", [None, *figures()])
def test_sections_without_data_are_left_out(present: str | None) -> None:
    whole = figures()
    page = render({present: whole[present]} if present else {})
    headings = re.findall("<h2>(.*?)</h2>", page)
    assert len(headings) <= 3 and Reader(page).open == []
    if present in (None, "name"):
        assert headings == [] and "<svg" not in page
    else:
        assert headings
    empty = {key: type(value)() for key, value in whole.items()}
    assert "<h2>" not in render({**empty, "tokenizer": None, "training": None})


def test_copies_without_what_other_runs_do_not_know() -> None:
    """A run without lines, of an older version, or of which only the dedup step is done."""
    whole = copies()
    for absent in ("largest", "lines", "top_lines", "similarity", "candidates", "verified"):
        page = render({"copies": {**whole, absent: None}})
        assert Reader(page).open == [] and "<h2>Copies</h2>" in page and ">None<" not in page
    bare = {name: whole[name] for name in whole if name not in ("largest", "lines", "top_lines")}
    page = render({"copies": {**bare, "candidates": None, "verified": None, "similarity": []}})
    assert page.count("<svg") == 1 and "pairs proposed" not in page and "Lines" not in page
    quiet = {**whole, "lines": {"dropped": 0, "documents": 0, "bytes": 0}, "top_lines": []}
    assert "Lines that recur" not in render({"copies": quiet})


def test_a_plan_that_misses_copies_is_warned_of() -> None:
    assert "Warning:" not in render(figures())
    page = render(
        {"copies": {**copies(), "plan": explain(Dedup(bands=14, rows=8, threshold=0.75))}}
    )
    assert "<strong>Warning:</strong> of the pairs at the threshold of 0.75 only 77.16 %" in page


def test_contaminated_documents_are_no_copies() -> None:
    sample = figures()["samples"]["removed"][0]
    leak = {**sample, "rule": "contaminated", "duplicate_of": "boolq:7"}
    page = render({"samples": {"removed": [leak]}})
    assert "of boolq:7</p>" in page
    assert re.findall("<h2>(.*?)</h2>", page) == ["Samples of removed documents"]


@settings(max_examples=200)
@given(st.text())
def test_masked_text_loses_nothing(text: str) -> None:
    shown = str(masked(text))
    assert Reader(f"<p>{shown}</p>").open == []
    assert set(re.findall("<[^>]*>", shown)) <= {"<mark>", "</mark>"}
    assert html.unescape(re.sub("</?mark>", "", shown)) == text
