"""The report page: whole without a network, safe with any text, equal for equal figures."""

import html.parser
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.curve import explain
from pipeline.kernels.feature_list import FEATURES
from pipeline.report.formats import masked
from pipeline.report.page import render
from pipeline.settings import Dedup
from tests.report.figures import NAMES, copies, figures


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
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return render(figures())


def test_page_is_whole_and_loads_nothing(page: str) -> None:
    read = Reader(page)
    assert read.open == []
    outside = [place for place in read.loaded if not place.startswith(("#", "data:,"))]
    assert outside == [] and "@import" not in page and "url(http" not in page
    assert len(read.ids) == len(set(read.ids))
    for target in re.findall(r"url\(#([0-9a-f]+-\d+)\)", page):
        assert target in read.ids
    assert {place[1:] for place in read.loaded if place.startswith("#")} <= set(read.ids)
    assert read.tags.count("svg") == 14
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page


def test_only_thresholds_need_a_script(page: str) -> None:
    assert Reader(page).tags.count("script") == 3
    without = render({**figures(), "thresholds": []})
    assert "script" not in Reader(without).tags and "Features and thresholds" not in without


def test_every_section_is_in_the_contents(page: str) -> None:
    ids = re.findall(r'<section id="(\w+)">', page)
    assert re.findall(r'<li><a href="#(\w+)">', page) == ids and len(ids) == 12


def test_page_shows_the_figures(page: str) -> None:
    text = " ".join("".join(Reader(page).text).split())
    for part in (
        "61.7 % of 2,000",  # documents kept of those read
        "news2,0001,5001,23461.7 %10 MB8 MB8 MB80.0 %",
        "dedup near_duplicate266266–",
        "tel411130",
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
        "␣representation",
        "4 tokens말모이를 읽<0xEB>",
        "1.250",
        "news2.00001.1111",
        "clean12.323.510 MB0.810.43345 MB",
        "17.0 s, 85.0 %",
        "clean3124.56 MBbeef",
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
        "… 1,234 characters …",
        "913 lines, 45.6 kB, went from 307 documents",
        "299",
        "Profile korean, 55 documents judged",
        "n_chars < 50 and sentence_share < 0.5",
    ):
        assert part in text, part
    assert "absent" not in text and "None" not in text


def test_text_is_shown_and_never_run(page: str) -> None:
    shown = "&lt;script&gt;alert(&#39;말&#39;)&lt;/script&gt;&amp;amp;"
    assert page.count(shown) == 13
    assert "<b>run</b>" not in page and "alert('말" not in page
    data = page.split('id="threshold-data">')[1].split("</script>")[0]
    assert "<" not in data and json.loads(data)["groups"]


def test_differences_are_marked(page: str) -> None:
    assert page.count("<ins>저기만</ins>") == 2 and page.count("<del>여기만 ") == 2


def test_sliders_begin_at_the_threshold_of_the_recipe(page: str) -> None:
    """What stands there without a script is what the manifest says of it."""
    data = json.loads(page.split('id="threshold-data">')[1].split("</script>")[0])
    (group,) = data["groups"]
    assert group["judged"] == [40, 15]
    views = re.findall(r'<article class="view" data-view="\w+">(.*?)</article>', page, re.DOTALL)
    assert len(views) == len(group["views"]) == len(NAMES) + len(FEATURES) - 3
    for shown, view in zip(views, group["views"], strict=True):
        (at,) = re.findall(r'type="range" min="0" max="\d+" step="1" value="(\d+)"', shown)
        total = np.array(view["counts"]).sum(axis=0)
        found = total[0, : int(at) + 1] if view["below"] else total[0, int(at) + 1 :]
        assert f'class="documents" value="{found.sum()}"' in shown
        assert view["at"] in (-1, int(at)) and len(view["edges"]) + 1 == total.shape[1]


def test_rules_of_one_name_share_a_bar_and_not_a_row(page: str) -> None:
    chart, rest = page.split("Documents by rule</h3>")[1].split("</svg>", 1)
    rest = rest.split("</section>")[0]
    assert chart.count("empty_text") == 1 and ">33<" in chart
    assert rest.split("</table>")[0].count("empty_text") == 2


def test_equal_figures_give_equal_bytes(page: str) -> None:
    assert render(figures()) == page
    code = (
        "import sys; from pipeline.report.page import render;"
        "from tests.report.figures import figures;"
        "sys.stdout.buffer.write(render(figures()).encode())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
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
    if present in (None, "name", "pii_sources"):
        assert headings == [] and "<svg" not in page
    else:
        assert headings
    empty = {key: type(value)() for key, value in whole.items()}
    assert "<h2>" not in render({**empty, "tokenizer": None, "training": None})


def test_copies_without_what_other_runs_do_not_know() -> None:
    """A run without lines, of an older version, or of which only the dedup step is done."""
    whole = copies()
    names = ("largest", "pairs", "lines", "top_lines", "similarity", "candidates", "verified")
    for absent in names:
        page = render({"copies": {**whole, absent: None}})
        assert Reader(page).open == [] and "<h2>Copies</h2>" in page and ">None<" not in page
    later = ("largest", "pairs", "lines", "line_sources", "top_lines")
    bare = {name: whole[name] for name in whole if name not in later}
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
    assert re.findall("<h2>(.*?)</h2>", page) == ["Samples"]


@settings(max_examples=200)
@given(st.text())
def test_masked_text_loses_nothing(text: str) -> None:
    shown = str(masked(text))
    assert Reader(f"<p>{shown}</p>").open == []
    assert set(re.findall("<[^>]*>", shown)) <= {"<mark>", "</mark>"}
    assert html.unescape(re.sub("</?mark>", "", shown)) == text
