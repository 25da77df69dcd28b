"""Input that would break out of files or pages: ids, URLs, file names and texts stay data."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report import charts
from pipeline.report.page import render

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
TEXTS = [
    "오늘은 날씨가 맑아서 동생과 함께 시장에 다녀왔다. 사과와 배를 사고 집에 와서 맛있게 먹었다.",
    "도서관에서 빌린 책을 다 읽었다. 주인공이 고향으로 돌아가는 마지막 장면이 기억에 남는다.",
    "회의는 오후 세 시에 시작했다. 모두가 새 계획에 찬성했고 다음 주부터 일을 나누기로 했다.",
]
IDS = [
    "../../escaped",
    "/etc/passwd",
    "줄\n바꿈\r\n",
    "a\0b",
    "'; rm -rf ~; '",
    SCRIPT,
    IMAGE,
    "..",
    "긴" * 5_000,
    "%2e%2e/",
    "</title></style></textarea>",
]
FILES = [
    "q\"u'o<b>te.jsonl",
    "line\nbreak.jsonl",
    "%2e%2e%2f..jsonl",
    "a;b$(x)`y`.jsonl",
    "é가 .jsonl",
]
OWN_NAME = re.compile(
    r"(\.?[a-z_]+/)*((part|blog|clusters|lines|pages)-\d{5}|[a-z_.-]+|README|run-\S+)(\.\w+)?"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources and a recipe; copies too, for the report shows them in pairs."""
    folder = tmp_path_factory.mktemp("hostile")
    for number, name in enumerate(FILES):
        rows = [
            {"id": f"{identity}{number}", "url": f"javascript:{IMAGE}", "text": text}
            for at, identity in enumerate(IDS)
            for text in [
                f"{TEXTS[(at + number) % 3]} {SCRIPT} {IMAGE} {at} {identity}\n{SCRIPT * 3} 줄"
            ]
        ]
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        lines += [f"{SCRIPT} {{bad json {IMAGE}", json.dumps({"id": IMAGE, "text": SCRIPT})]
        (folder / name).write_text("\n".join(lines), "utf-8")
    pages = (
        f"<html><body><p>{TEXTS[0]} &lt;script&gt;alert(3)&lt;/script&gt;</p>{SCRIPT}</body></html>"
    )
    (folder / f"{IMAGE.replace('/', '')}.html").write_text(pages, "utf-8")
    (folder / "recipe.yaml").write_text(
        f"name: {json.dumps(SCRIPT + IMAGE)}\n"
        """\
sources:
  - {name: blog, paths: ["*.jsonl"], fields: {meta: [url]}}
  - {name: pages, paths: ["*.html"], format: html}
clean: {unit_bytes: 30000, remnants: false, furniture: false}
dedup: {lines: {documents: 5, min_chars: 2}}
""",
        "utf-8",
    )
    return folder


def test_a_hostile_corpus_stays_in_its_directory_and_is_shown_as_text(hostile, malmoi) -> None:
    before = {path: path.read_bytes() for path in hostile.iterdir() if path.is_file()}
    run = hostile / "inside" / "run"
    malmoi("curate", hostile / "recipe.yaml", "--out", run, "--workers", 1)
    assert {path: path.read_bytes() for path in hostile.iterdir() if path.is_file()} == before
    assert [path.name for path in run.parent.iterdir()] == ["run"]
    for path in run.rglob("*"):
        assert path.is_dir() or OWN_NAME.fullmatch(str(path.relative_to(run))), path

    rows = [
        row
        for path in (run / "curated").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    gone = [
        row
        for path in (run / "removed").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    given = {f"{identity}{number}" for identity in IDS for number in range(len(FILES))}
    assert given <= {row["id"] for row in rows + gone}
    assert any(SCRIPT in row["text"] and IMAGE in row["text"] for row in rows)
    assert any(row["rule"] == "bad_json" and SCRIPT in row["text"] for row in gone)

    front_matter, body = (run / "README.md").read_text("utf-8").split("---\n", 2)[1:]
    assert SCRIPT in yaml.safe_load(front_matter)["pretty_name"]
    assert not re.search(r"(?<!\\)<(script|img)", body)

    page = Page((run / "report.html").read_text("utf-8"))
    assert page.tags.isdisjoint(ACTIVE) and not page.handlers
    figures, *code = page.scripts  # data, then Vega and our own
    assert json.loads(figures) and "<" not in figures
    assert len(code) == 2 and not any("alert(" in each for each in code)
    assert page.text.count("alert(1)") > 10 and page.text.count("onerror=alert(2)") > 10
    assert "alert(3)" in page.text  # what a page writes as text is text again
    assert any(name.replace("\n", "") in page.text.replace("\n", "") for name in FILES)


ACTIVE = {
    "img",
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "foreignobject",
}


class Page(HTMLParser):
    """The tags of a page, attributes that act, its scripts, and the text it shows."""

    def __init__(self, source: str):
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "script":
            self.scripts.append("")
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.handlers.append(f"{tag} {name}={value}")
            # within the page, or the icon that is none, which keeps browsers from asking for one
            inside = (value or "").startswith("#") or value == "data:,"
            if name in ("href", "src", "xlink:href", "srcset") and not inside:
                self.handlers.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data
        else:
            self.text += data


TEXT = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [SCRIPT, IMAGE, "</style>", "<!--", "]]>", "{{ 7*7 }}", "&lt;", "\0", "<svg onload=x>"]
    ),
)


def figures(text: Any) -> dict[str, Any]:
    """Figures of a run in which every text is `text`."""
    sample = {"rule": text, "step": text, "source": text, "id": text, "place": text, "text": text}
    copy = {**sample, "rule": "near_duplicate", "duplicate_of": text, "similarity": 0.9}
    return {
        "name": text,
        "recipe": text,
        "versions": {text: text},
        "funnel": [
            {"step": text, "source": text, "documents_in": 2, "documents_out": 1}
            | {"bytes_in": 9, "bytes_out": 3}
        ],
        "reasons": [{"step": text, "rule": text, "source": text, "documents": 1}],
        "pii": {text: 1},
        "edits": {text: 1},
        "contamination": [
            {"benchmark": text, "part": text}
            | dict.fromkeys(("items", "items_hit", "documents"), 1)
        ],
        "samples": {"removed": [sample, {**copy, "witness_text": text}], "kept": [sample]},
        "clusters": [],
        "copies": {},
        "tokenizer": {text: text, "b": [text]},
        "tokens": [{"split": text, "source": text, "documents": 1, "tokens": 1, "bytes": 2}],
        "training": None,
        "timings": [],
    }


@settings(max_examples=5, deadline=None)
@given(TEXT)
def test_no_text_becomes_markup(text: str) -> None:
    plain, page = Page(render(figures("글"))), Page(render(figures(text)))
    assert page.tags <= plain.tags and not page.handlers


@settings(max_examples=5, deadline=None)
@given(TEXT)
def test_no_label_of_a_chart_becomes_markup(text: str) -> None:
    for drawn in (
        charts.bars([(text, 1.0, text)], text),
        charts.lines({text: [(0, 1), (1, 2)], "b": [(0, 1)]}, text, text, text, mark=(0.5, text)),
    ):
        page = Page(drawn)
        assert page.tags <= {
            "svg",
            "g",
            "path",
            "text",
            "rect",
            "line",
            "defs",
            "clippath",
            "title",
            "tspan",
        }
        assert not page.handlers
