"""`malmoi compare`: exact counts of what changed between two runs, and why."""

import html.parser
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.compare import documents
from pipeline.compare.documents import _ordered, _pairs
from pipeline.compare.figures import compare, recipe_differences
from pipeline.compare.page import render
from pipeline.compare.printed import print_comparison
from pipeline.compare.records import RECORD
from pipeline.explain.run import Run
from pipeline.recipe import load
from tests.conftest import Malmoi
from tests.pipeline.look_runs import FOOTER, LIMIT, SECRETS, opened
from tokenizer.errors import MalmoiError

State = tuple[str | None, str | None]


@pytest.fixture(scope="module")
def run(looked: Path) -> Run:
    return opened(looked / "run")


@pytest.fixture(scope="module")
def strict(looked: Path) -> Run:
    return opened(looked / "strict")


@pytest.fixture(scope="module")
def figures(run: Run, strict: Run) -> dict[str, Any]:
    """Both compared, with every document that changed as a sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "SAMPLES_EACH", 10**6)
        return compare(run, strict)


def stored(run: Run) -> dict[tuple[str, str], tuple[State, str]]:
    """What became of each document, and its text, by source and id."""
    rows = {}
    for folder in ("curated", "removed"):
        for path in sorted(Path(run.root, folder).glob("*.parquet")):
            for row in pq.read_table(path).to_pylist():
                if row["id"] is not None:
                    state = (row.get("step"), row.get("rule"))
                    rows[row["source"], row["id"]] = (state, row["text"])
    return rows


def test_a_run_compared_with_itself_is_all_zero(run: Run) -> None:
    figures = compare(run, run)
    assert figures["changes"] == [] and figures["samples"] == [] and figures["recipe"] == []
    found = figures["documents"]
    kept = sum(state == (None, None) for state, _ in stored(run).values())
    assert found["kept_in_both"] == kept
    assert found["removed_in_both"] == len(stored(run)) - kept
    assert found["without_id"] == {"a": 2, "b": 2}
    for name in ("different_text", "kept_to_removed", "removed_to_kept", "other_rule"):
        assert found[name] == 0
    for name in ("only_in_a", "only_in_b"):
        assert found[name] == {"kept": 0, "removed": 0}
    for row in [*figures["funnel"], *figures["reasons"], *figures["tokens"]]:
        assert row["a"] == row["b"]
    assert figures["tokens"] and figures["notes"] == []


def test_every_document_is_counted_as_the_files_have_it(
    run: Run, strict: Run, figures: dict
) -> None:
    a, b = stored(run), stored(strict)
    expected = Counter[tuple[str, ...]]()
    for key in a.keys() | b.keys():
        source = key[0]
        if key not in b or key not in a:
            change, state = ("only_in_a", a[key][0]) if key in a else ("only_in_b", b[key][0])
        elif a[key][0] == b[key][0]:
            if a[key][0][1] is not None or a[key][1] == b[key][1]:
                continue
            change, state = "different_text", (None, None)
        elif a[key][0] == (None, None):
            change, state = "kept_to_removed", b[key][0]
        else:
            kept = b[key][0] == (None, None)
            change, state = ("removed_to_kept", a[key][0]) if kept else ("other_rule", b[key][0])
        expected[change, source, *map(str, state)] += 1
    told = {
        (row["change"], row["source"], str(row["step"]), str(row["rule"])): row["documents"]
        for row in figures["changes"]
    }
    assert told == dict(expected) and len({change for change, *_ in told}) >= 4


def test_a_higher_threshold_takes_exactly_what_lies_between(run: Run, figures: dict) -> None:
    shards = [pq.read_table(path) for path in sorted(Path(run.root, "clean").glob("*.parquet"))]
    lengths = {
        row["id"]: row["features"]["n_chars"]
        for shard in shards
        for row in shard.to_pylist()
        if row["source"] == "blog"
    }
    kept = {key for key, (state, _) in stored(run).items() if state == (None, None)}
    between = {one for one, n in lengths.items() if n < LIMIT and ("blog", one) in kept}
    lost = [row for row in figures["samples"] if row["change"] == "kept_to_removed"]
    assert {row["id"] for row in lost if row["rule"] == "too_short"} == between
    assert len(between) == 5
    for row in lost:
        if row["rule"] == "too_short":
            assert row["a"]["kept"] and row["b"]["threshold"] == LIMIT
            assert row["b"]["value"] == lengths[row["id"]] < LIMIT


def test_texts_that_differ_show_where(figures: dict) -> None:
    changed = [row for row in figures["samples"] if row["change"] == "different_text"]
    assert len(changed) == figures["documents"]["different_text"] > 5
    for row in changed:
        (passage,) = row["differences"]["passages"]
        assert (passage["left"], passage["right"]) == ("", FOOTER)


def test_reasons_funnel_and_recipe_stand_side_by_side(figures: dict) -> None:
    changed = {row["key"]: (row["a"], row["b"]) for row in figures["recipe"]}
    assert changed["clean.profiles.korean.too_short.threshold"] == (10.0, float(LIMIT))
    assert changed["dedup.lines.enabled"] == (True, False)
    news, nothing = changed["sources.news"]
    assert news["priority"] == 1 and nothing is None
    assert not any(key.startswith(("sources.blog", "pii", "model")) for key in changed)
    funnel = {(row["step"], row["source"]): row for row in figures["funnel"]}
    assert funnel["clean", "news"]["b"] is None
    clean = funnel["clean", "blog"]
    assert clean["a"]["documents_in"] == clean["b"]["documents_in"]
    assert clean["a"]["documents_out"] - clean["b"]["documents_out"] == 5
    short = next(row for row in figures["reasons"] if row["rule"] == "too_short")
    assert short["b"] - short["a"] == 5
    assert figures["tokens"] is None and "step 'tokenize' is not done" in figures["notes"][0]


def test_ranges_and_direction_change_no_figure(
    run: Run, strict: Run, figures: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "PER_RANGE", 4)
    few = compare(run, strict)
    assert few["changes"] == figures["changes"] and few["documents"] == figures["documents"]
    for change in {row["change"] for row in few["samples"]}:
        some = [row for row in few["samples"] if row["change"] == change]
        every = [row for row in figures["samples"] if row["change"] == change]
        for rule in {row["rule"] for row in some}:
            own = [row for row in some if row["rule"] == rule]
            assert own == [row for row in every if row["rule"] == rule][: documents.SAMPLES_EACH]
    back = compare(strict, run)["documents"]
    assert back["kept_to_removed"] == few["documents"]["removed_to_kept"]
    assert back["only_in_b"] == few["documents"]["only_in_a"]


RECORDS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=25)


@given(RECORDS, RECORDS)
def test_repeated_ids_are_paired_kept_first(left: list, right: list) -> None:
    """As many documents of a key that are kept in both are paired as there can be."""

    def records(rows: list[tuple[int, int]]) -> np.ndarray:
        made = np.zeros(len(rows), RECORD)
        made["key"], made["state"] = [key for key, _ in rows], [state for _, state in rows]
        made["row"] = np.arange(len(rows))
        return _ordered(made)

    a, b = records(left), records(right)
    ours, theirs = _pairs(a, b)
    assert len(set(ours)) == len(ours) and len(set(theirs)) == len(theirs)
    assert np.array_equal(a["key"][ours], b["key"][theirs])
    for key in range(5):
        counts = [Counter(k for k, _ in rows)[key] for rows in (left, right)]
        assert np.count_nonzero(a["key"][ours] == key) == min(counts)
        kept = [Counter(rows)[key, 0] for rows in (left, right)]
        both = (a["key"][ours] == key) & (a["state"][ours] == 0) & (b["state"][theirs] == 0)
        assert np.count_nonzero(both) == min(kept)


def test_recipes_are_compared_by_key(looked: Path) -> None:
    recipe = load(looked / "recipe.yaml").model_dump()
    assert recipe_differences(recipe, recipe) == []
    (only,) = recipe_differences(recipe, {**recipe, "seed": 4})
    assert only == {"key": "seed", "a": 3, "b": 4}


class _Page(html.parser.HTMLParser):
    """Tags that are open, and what the page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        places = [value or "" for name, value in attributes if name in ("src", "href")]
        self.fetched += [one for one in places if not one.startswith(("#", "data:"))]

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def test_the_page_is_whole_offline_and_the_same_again(figures: dict) -> None:
    page = render(figures)
    assert page == render(json.loads(json.dumps(figures)))
    parsed = _Page()
    parsed.feed(page)
    assert parsed.fetched == [] and parsed.open == []
    assert "--series-1:" in page and "<svg" in page  # the report's style and charts
    for text in ("too_short", "Kept in A, removed in B", "not in its input", FOOTER, "−5"):
        assert text in page


def test_the_command(looked: Path, malmoi: Malmoi, tmp_path: Path) -> None:
    runs, out = (looked / "run", looked / "strict"), tmp_path / "compared.html"
    told = malmoi("compare", *runs, "--json", "--out", out).stdout
    page = out.read_text("utf-8")
    printed = malmoi("compare", *runs).stdout
    found = json.loads(told)
    assert found["documents"]["kept_to_removed"] >= 5
    assert "kept in a, removed in b" in printed and "clean/too_short" in printed
    for written in (told, page, printed):
        assert not any(secret in written for secret in SECRETS)


def test_settings_are_printed_as_they_are(
    figures: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"key": "sources.news.paths", "a": ["/a"], "b": None}
    print_comparison({**figures, "recipe": [row]})
    assert "[/a]" in capsys.readouterr().out


def test_what_cannot_be_compared_is_named_with_its_cure(looked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(looked / "strict", copy)
    (copy / "curated" / "manifest.json").unlink()
    with pytest.raises(MalmoiError, match="step 'assemble' is not done here; run `malmoi curate`"):
        compare(opened(looked / "run"), opened(copy))
