"""`malmoi init PATHS`: what it makes of files of every kind, and that what it makes can be run."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kinds import CORPUS, TEXTS, lines, write

from pipeline.init.write import recipe_of
from pipeline.recipe import Recipe, load
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units
from tokenizer.errors import MalmoiError


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(lab: Path, *paths: str) -> tuple[Recipe, str]:
    """The recipe of these places, loaded from the folder, and its text."""
    text = recipe_of(paths)
    (lab / "recipe.yaml").write_text(text, "utf-8")
    return load(lab / "recipe.yaml"), text


def read(recipe: Recipe, name: str) -> list[dict[str, Any]]:
    """The documents of a source; a record that gives none is a failure of the test."""
    source = recipe.source(name)
    reads = [
        each
        for unit in plan_units([source], "", 10**9)
        for each in read_unit(unit, source, recipe.clean)
    ]
    assert not [row for each in reads for row in each.failed]
    return [row for each in reads for row in each.documents.to_pylist()]


NAMES = {name: "source" if name == "소설" else name for name in CORPUS}


def test_a_source_for_each_folder(lab: Path) -> None:
    for files, _, _ in CORPUS.values():
        for place, content in files.items():
            write(lab / "corpus" / place, content)
    recipe, text = made(lab, "corpus")
    given = {source["name"]: source for source in yaml.safe_load(text)["sources"]}
    assert set(given) == set(NAMES.values())
    for folder, (_, expected, count) in CORPUS.items():
        name = NAMES[folder]
        assert {key: value for key, value in given[name].items() if key != "name"} == expected, name
        assert len(read(recipe, name)) == count


def test_the_comments_say_what_was_seen_and_hold_no_text(lab: Path) -> None:
    for place, content in CORPUS["blog"][0].items():
        write(lab / place, content)
    _, text = made(lab, "blog")
    comments = " ".join(line.strip(" #") for line in text.splitlines() if "#" in line)
    assert "3 files" in comments and "gzip; utf-8" in comments
    assert "30 documents looked at" in comments
    assert "The first record has post_id, title, body, link, published_at." in comments
    assert "The rules of profile korean remove" in comments
    assert not any(len(word) > 1 and word in text for word in TEXTS[0].split() if word.isalpha())


def test_files_of_one_folder_are_told_apart_by_name(lab: Path) -> None:
    for name in ("news-0", "news-1", "talk_1950"):
        write(lab / f"{name}.jsonl", lines([{"id": n, "text": t} for n, t in enumerate(TEXTS)]))
    write(lab / "other.csv", "id,text\n" + "".join(f"{n},좋은 글이다.\n" for n in range(9)))
    recipe, _ = made(lab, ".")
    folder = str(lab)
    assert {s.name: s.paths for s in recipe.sources} == {
        "news": [f"{folder}/news-*.jsonl"],
        "talk_1950": [f"{folder}/talk_1950.jsonl"],
        lab.name.replace("_", "_"): [f"{folder}/*.csv"],
    }


def test_a_file_by_its_name_and_names_with_wildcards(lab: Path) -> None:
    rows = lines([{"text": text} for text in TEXTS])
    write(lab / "a[1].jsonl", rows)
    write(lab / "a1.jsonl", lines([{"text": "다른 글이다."}]))
    recipe, _ = made(lab, "a[1].jsonl")
    assert [source.name for source in recipe.sources] == ["a-1"]
    assert len(read(recipe, "a-1")) == len(TEXTS)


def packed() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.txt", "글")
    return sink.getvalue()


def test_what_cannot_be_read_is_named_with_a_reason(lab: Path) -> None:
    unread = {
        "a.zip": (packed(), "zip"),
        "b.bz2": (b"BZh91AY&SY" + bytes(40), "bzip2"),
        "c.pdf": (b"%PDF-1.7\n...", "PDF"),
        "d.bin": (bytes(range(256)) * 20, "neither text"),
        "e.xml": ("<?xml version='1.0'?><mediawiki>글</mediawiki>".encode(), "XML"),
        "f.tsv": ("1\t좋은 글\t0\n2\t나쁜 글\t1\n".encode(), "first row names no columns"),
        "g.txt": (b"only English here, no Korean at all.\n", "no Korean"),
        "h.log": (b"", "empty"),
        "i.py": ("print('한국어 글이다')".encode(), "program code"),
    }
    for name, (content, _) in unread.items():
        write(lab / "x" / name, content)
    write(lab / "x" / "good.jsonl", lines([{"text": text} for text in TEXTS]))
    recipe, text = made(lab, "x")
    assert [source.name for source in recipe.sources] == ["x"]
    left = " ".join(line.strip("# ") for line in text.partition("# Left out:")[2].splitlines())
    for name, (_, reason) in unread.items():
        _, found, rest = left.partition(f"*{Path(name).suffix}: ")
        assert found and reason in rest[:120], name


def test_nothing_readable_and_nothing_there(lab: Path) -> None:
    write(lab / "x" / "a.zip", packed())
    with pytest.raises(MalmoiError, match="zip archive"):
        recipe_of(["x"])
    (lab / "empty").mkdir()
    for place in ("empty", "nowhere"):
        with pytest.raises(MalmoiError, match=f"{place}: no file"):
            recipe_of([place])


def test_no_personal_value_of_names_and_keys_is_told(lab: Path) -> None:
    rows = [{"text": text, "kim@example.com": "가", "010-2345-6789": "나"} for text in TEXTS]
    write(lab / "x" / "a.jsonl", lines(rows))
    write(lab / "x" / "lee@example.com.jsonl", lines(rows))
    write(lab / "x" / "010-9876-5432" / "b.jsonl", lines(rows))
    recipe, text = made(lab, "x")
    assert "example.com" not in text and "010-" not in text
    assert "2 files with a personal value in the name" in text
    assert len(recipe.sources) == 1


def test_a_folder_of_very_many_names_is_one_source(lab: Path) -> None:
    for n in range(60):
        write(
            lab / "x" / f"{chr(97 + n % 26)}{chr(97 + n // 26)}.jsonl", lines([{"text": TEXTS[n]}])
        )
    recipe, _ = made(lab, "x")
    assert [source.name for source in recipe.sources] == ["x"]
    assert len(read(recipe, "x")) == 60


def test_html_in_json_lines_and_a_second_form_of_the_text(lab: Path) -> None:
    rows = [
        {"form": text, "original_form": text, "html": f"<div><p>{text}</p><p>{text}</p></div>"}
        for text in TEXTS
    ]
    write(lab / "plain.jsonl", lines([{k: r[k] for k in ("form", "original_form")} for r in rows]))
    write(lab / "marked.jsonl", lines([{"html": row["html"]} for row in rows]))
    recipe, _ = made(lab, ".")
    sources = {source.name: source for source in recipe.sources}
    assert sources["plain"].fields.text == "form" and sources["plain"].markup is None
    assert sources["marked"].fields.text == "html" and sources["marked"].markup == "html"


def test_the_command_and_a_run_of_what_it_printed(
    lab: Path, malmoi: Callable[..., Any], corpus: Path
) -> None:
    printed = malmoi("init", corpus).stdout
    (lab / "recipe.yaml").write_text(printed + "clean: {unit_bytes: 1_000_000}\n", "utf-8")
    malmoi("curate", "recipe.yaml", "--out", "run", "--workers", 1)
    funnel = json.loads((lab / "run" / "report.json").read_text("utf-8"))["funnel"]
    kept = {row["source"]: row["documents_out"] for row in funnel if row["step"] == "dedup"}
    assert len(kept) == 3 and all(kept.values())
    assert yaml.safe_load(malmoi("init").stdout)["sources"][0]["name"] == "blog"
    assert "no file lies there" in malmoi("init", lab / "nowhere", code=1).stderr
