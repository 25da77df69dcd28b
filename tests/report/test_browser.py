"""The page of a real run in a browser: whole at both widths, quiet, with sliders that are right.

Needs Playwright and a Chromium of the system (Debian's package `chromium`).
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.filters.rules import SHIPPED
from pipeline.kernels.features import measure
from pipeline.report.page import render
from pipeline.synthetic import generate_documents
from tests.report.figures import figures

api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium in the PATH")

SIZES = [(390, 844), (1440, 900)]
STICKS_OUT = """
[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre, svg'))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)
"""
BRIGHTNESS = """
['backgroundColor', 'color'].map(name => getComputedStyle(document.body)[name])
  .map(colour => Number(colour.match(/\\d+/)[0]))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources: prose, and documents that each break some rules, with copies of the prose."""
    folder = tmp_path_factory.mktemp("browser")
    texts = [document["text"] for document in generate_documents(80, seed=23)]
    odd = [f"짧은 글 {n}" for n in range(9)] + [f"글{n}" for n in range(4)]
    odd += [f"This is an English text of {n} words and nothing else in it." for n in range(7)]
    odd += ["ㅋㅋ ㅎㅎ ㅠㅠ " * n + "재미있는 글이다." for n in range(1, 12)]
    odd += ["1234 5678 " * n + "라는 수를 적었다." for n in range(1, 12)]
    for name, part in (("prose", texts + texts[:5]), ("odd", odd + texts[:20])):
        rows = [json.dumps({"id": f"{name}-{n}", "text": text}) for n, text in enumerate(part)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows), "utf-8")
    (folder / "recipe.yaml").write_text(
        "sources: [{name: prose, paths: [prose.jsonl]}, {name: odd, paths: [odd.jsonl]}]\n"
        "clean: {profiles: {korean: {jamo_noise: {threshold: 0.123}}}}\n",
        "utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def report(run: Path) -> Path:
    command = [sys.executable, "-m", "beam_runner", "curate", run / "recipe.yaml"]
    subprocess.run([*command, "--out", run / "out"], check=True, capture_output=True, timeout=600)
    return run / "out" / "report.html"


class Page:
    """A page that is open, and all that it said on its console or asked the network for."""

    def __init__(self, browser: Any, path: Path, size: tuple[int, int]):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def draw_all(self) -> None:
        """Open all that is closed, and come by everything that is drawn when it is seen."""
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for plot in self.page.query_selector_all(".view"):
            plot.scroll_into_view_if_needed()
        self.page.wait_for_function(
            "[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('svg'))"
        )

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("size", SIZES, ids=["telephone", "desk"])
@pytest.mark.parametrize("made_up", [False, True], ids=["of a run", "with every section"])
def test_it_is_whole_and_quiet(
    browser: Any, report: Path, tmp_path: Path, size: tuple[int, int], made_up: bool
) -> None:
    """Nothing sticks out, nothing complains, nothing is asked of the network; dark and light."""
    path = report
    if made_up:
        path = tmp_path / "all.html"
        path.write_text(render(figures()), "utf-8")
    with Page(browser, path, size) as shown:
        shown.draw_all()
        page = shown.page
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") == size[0]
            assert page.evaluate(STICKS_OUT) == []
            paper, ink = page.evaluate(BRIGHTNESS)
            assert (paper > 200 > 100 > ink) if scheme == "light" else (ink > 200 > 100 > paper)
        for link in page.query_selector_all("nav a"):
            assert page.query_selector(f"section{link.get_attribute('href')} > h2")
        assert shown.said == []
        assert [url for url in shown.asked if not url.startswith(("file:", "data:"))] == []


def judged(run: Path) -> dict[str, pa.StructArray]:
    """The features of all documents that rules judged, from the run's Parquet files, by source."""
    found = {}
    for path in sorted(run.glob("clean/part-*.parquet")):
        kept = pq.read_table(path, columns=["source", "features"]).combine_chunks()
        gone = pq.read_table(run / "clean" / "removed" / path.name).combine_chunks()
        texts = pa.array(
            gone["text"].to_pylist(), pa.string()
        )  # without personal data: as measured
        features = kept["features"].combine_chunks()
        found[kept["source"][0].as_py()] = pa.concat_arrays([features, measure(texts)])
    return found


def beyond(features: pa.StructArray, name: str, threshold: float) -> tuple[int, int]:
    """(documents that the rule fires on with that threshold, those that no other rule takes).

    Counted anew, in numpy alone.
    """
    fires = {}
    for rule_name, rule in SHIPPED["korean"].items():
        limit = {"jamo_noise": 0.123}.get(rule_name, rule.threshold)
        limit = threshold if rule_name == name else limit
        fires[rule_name] = np.ones(len(features), bool)
        for condition, edge in ((rule, limit), (rule.also, rule.also and rule.also.threshold)):
            if condition is not None:
                values = np.asarray(features.field(condition.feature))
                edge = np.float32(edge)
                fires[rule_name] &= values < edge if condition.drop_if == "<" else values > edge
    others = [mask for rule_name, mask in fires.items() if rule_name != name]
    alone = fires[name] & ~np.logical_or.reduce(others)
    return int(fires[name].sum()), int(alone.sum())


@pytest.mark.parametrize("name", ["too_short", "fragment", "not_korean", "jamo_noise", "digits"])
def test_a_slider_tells_what_another_threshold_takes(browser: Any, report: Path, name: str) -> None:
    features = judged(report.parent)
    every = pa.concat_arrays(list(features.values()))
    with Page(browser, report, SIZES[1]) as shown:
        view = view_of(shown.page, name)
        view.scroll_into_view_if_needed()
        slider = view.locator("input")
        own = float(view.locator("output").inner_text())
        assert own == {"jamo_noise": 0.123}.get(name, SHIPPED["korean"][name].threshold)
        before = figures_of(view)
        assert (before["documents"], before["alone"]) == beyond(every, name, own)
        moved = set()
        last = int(slider.get_attribute("max") or 0)
        for stop in sorted({0, last // 3, last // 2, last}):
            slider.fill(str(stop))
            threshold = float(view.locator("output").inner_text().replace(",", ""))
            now = figures_of(view)
            assert (now["documents"], now["alone"]) == beyond(every, name, threshold)
            assert now["change"] == before["alone"] - now["alone"]
            moved.add(now["documents"])
        assert len(moved) > 1
        # one source alone, then back to the recipe by the keyboard
        shown.page.locator("[data-group] select").select_option(label="odd")
        assert (figures_of(view)["documents"], figures_of(view)["alone"]) == beyond(
            features["odd"], name, threshold
        )
        shown.page.locator("[data-group] select").select_option(value="")
        view.locator("button").focus()
        shown.page.keyboard.press("Enter")
        assert figures_of(view) == before and float(view.locator("output").inner_text()) == own
        assert shown.page.evaluate("document.activeElement.type") == "range"
        shown.page.keyboard.press("ArrowRight")
        assert float(view.locator("output").inner_text()) > own and shown.said == []


def view_of(page: Any, name: str) -> Any:
    return page.locator(f"[data-view='{name}']")


def figures_of(view: Any) -> dict[str, float]:
    return {
        name: float(view.locator(f"data.{name}").get_attribute("value"))
        for name in ("documents", "alone", "bytes", "change")
    }


def test_the_bars_of_a_chart_follow_the_slider(browser: Any, report: Path) -> None:
    with Page(browser, report, SIZES[1]) as shown:
        view = view_of(shown.page, "too_short")
        view.scroll_into_view_if_needed()
        beyond_bars = view.locator("svg .mark-rect path[fill='var(--gone)']")
        view.locator("svg").wait_for()
        view.locator("input").fill("0")
        shown.page.wait_for_timeout(100)
        few = beyond_bars.count()
        view.locator("input").fill(view.locator("input").get_attribute("max") or "")
        shown.page.wait_for_timeout(100)
        assert beyond_bars.count() > few


def test_the_keyboard_reaches_the_contents(browser: Any, report: Path) -> None:
    with Page(browser, report, SIZES[0]) as shown:
        shown.page.keyboard.press("Tab")
        assert shown.page.evaluate("document.activeElement.textContent") == "To the content"
        shown.page.keyboard.press("Tab")
        assert shown.page.evaluate("document.activeElement.hash") == "#funnel"
        shown.page.keyboard.press("Tab")
        shown.page.keyboard.press("Enter")
        top = shown.page.evaluate("document.getElementById('removed').getBoundingClientRect().top")
        assert 0 <= top < SIZES[0][1] / 2


def test_it_can_be_read_without_a_script(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    view = view_of(page, "too_short")
    assert int(view.locator("data.documents").get_attribute("value") or 0) > 0
    assert page.locator("section#copies .pair").count() > 0
    context.close()
