"""`malmoi explain` says of every document of a run what the run did with it, and no value."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.explain.document import explain_id, explain_text
from pipeline.explain.find import places
from pipeline.explain.run import Run
from pipeline.recipe import load
from pipeline.tokenize import split_of
from tests.conftest import Malmoi
from tests.pipeline.look_runs import EDITED, EDITS, EMAIL, FOOTER, PASSAGE, SECRETS, opened
from tokenizer.errors import CorruptFileError, MalmoiError


@pytest.fixture(scope="module")
def run(looked: Path) -> Run:
    return opened(looked / "run")


@pytest.fixture(scope="module")
def told(run: Run) -> dict[tuple[str, str], dict[str, Any]]:
    """What is said of every document that has an id."""
    every = {(row["source"], row["id"]): row for _, row in rows(run) if row["id"]}
    return {
        (source, identity): explain_id(run, identity, source)["documents"][0]
        for source, identity in every
    }


def rows(run: Run, *folders: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in folders or ("curated", "removed"):
        for path in sorted(Path(run.root, folder).glob("*.parquet")):
            for number, row in enumerate(pq.read_table(path).to_pylist()):
                yield f"{folder}/{path.name}:{number}", row


def test_every_document_is_found_where_it_lies_with_its_reason(run: Run, told: dict) -> None:
    for place, row in rows(run):
        if row["id"] is not None:
            document = told[row["source"], row["id"]]
            assert f"{document['file']}:{document['row']}" == place
            for name in ("step", "rule", "value", "threshold"):
                assert document[name] == row.get(name)


def test_the_rule_that_decided_is_the_rule_of_the_run(run: Run, told: dict) -> None:
    rules = run.recipe.clean.rules("korean")
    for _, row in rows(run):
        if row["id"] is None or row.get("rule") in ("stage_failed", "empty_text"):
            continue
        asked = told[row["source"], row["id"]]["rules"]
        assert [each["rule"] for each in asked["rows"]] == list(rules)
        assert "note" not in asked
        expected = row["rule"] if row.get("rule") in rules else None
        assert asked["decided"] == expected
        decided = [each for each in asked["rows"] if each["decided"]]
        assert [each["rule"] for each in decided] == ([expected] if expected else [])
        for each in decided:
            assert (each["value"], each["threshold"]) == (row["value"], row["threshold"])
            assert each["margin"] < 0
        for each in asked["rows"]:
            assert each["holds"] == (each["margin"] < 0)
            both = each["holds"] and each.get("also", {"holds": True})["holds"]
            assert each["fires"] == both


def test_features_told_are_those_stored(run: Run, told: dict) -> None:
    for _, row in rows(run, "clean"):
        assert told[row["source"], row["id"]]["rules"]["features"] == row["features"]


def test_raw_records_are_read_again_and_their_edits_told(told: dict) -> None:
    assert all(document["read"]["again"] for document in told.values())
    places = {key: document["read"]["place"] for key, document in told.items()}
    assert places["blog", "d-0"] == "blog-0.jsonl@0" and places["news", "d-1"] == "news.jsonl:1"
    assert len(set(places.values())) == len(places)
    broken = told["blog", "broken-values"]["edits"]
    assert broken["by_rule"]["tag"] == 2 and broken["by_rule"]["spaces"] >= 1
    assert told["blog", "d-0"]["edits"] == {"count": 0, "by_rule": {}, "shown": []}


def test_a_near_copy_differs_where_it_was_edited(told: dict) -> None:
    for identity, witness in (("copied", "copy"), ("values", "values-copy")):
        copies = told["blog", identity]["copies"]
        assert copies["decision"] == "near_duplicate" and copies["witness"] == witness
        passages = copies["differences"]["passages"]
        assert [passage["right"] for passage in passages] == [
            f"{EDITED}{number}" for number in range(EDITS)
        ]
        assert copies["measured"]["letters"] == pytest.approx(copies["similarity"], abs=0.02)
    exact = told["blog", "d-14"]["copies"]
    assert exact["decision"] == "exact_duplicate" and exact["differences"]["count"] == 0
    held = told["blog", "d-4"]["copies"]
    assert held["decision"] == "contained"
    assert held["measured"]["held"] == pytest.approx(held["similarity"], abs=1e-6)


def test_a_kept_document_names_those_it_stands_for(run: Run, told: dict) -> None:
    gone: dict[str, set[str]] = {}
    for _, row in rows(run, "removed"):
        if row["step"] == "dedup":
            gone.setdefault(row["duplicate_of"], set()).add(row["id"])
    for (_, identity), document in told.items():
        copies = document["copies"]
        if copies.get("decision") == "kept" and copies["cluster_size"] > 1:
            assert {member["id"] for member in copies["members"]} == gone[identity]
            assert sum(copies["rules"].values()) == copies["cluster_size"] - 1


def test_lines_benchmarks_and_tokens(run: Run, told: dict) -> None:
    (line,) = told["blog", "d-3"]["lines"]
    assert line["text"] == FOOTER and told["blog", "d-0"]["lines"] == []
    quiz = told["blog", "quiz"]["benchmarks"]
    assert quiz["removed_for"] == "quiz:q7" and quiz["removed"] and quiz["items_found"] == 1
    (item,) = quiz["items"]
    (passage,) = item["passages"]
    assert item["overlap"] == 1.0 and passage["text"] == PASSAGE.rstrip(".")
    assert told["blog", "d-0"]["benchmarks"]["items_found"] == 0
    counted = {"train": 0, "validation": 0}
    for (_, identity), document in told.items():
        if document["kept"]:
            tokens = document["tokens"]
            counted[tokens["split"]] += tokens["tokens"] + 1  # and its end of text
            assert tokens["split"] == split_of(identity, 0.2, 3)
            assert "".join(tokens["pieces"])
    splits = run.manifests["tokenize"]["dataset"]["splits"]
    assert counted == {
        name: sum(shard["tokens"] for shard in shards) for name, shards in splits.items()
    }


def test_personal_values_are_told_by_kind_and_never_shown(told: dict) -> None:
    assert told["blog", "values-copy"]["personal"]["by_kind"] == {"tel": 1, "email": 1}
    assert told["blog", "broken-values"]["personal"]["by_kind"] == {"tel": 1}
    assert told["blog", "wide-values"]["personal"]["by_kind"] == {"tel": 1}
    for document in told.values():
        written = json.dumps(document, ensure_ascii=False)
        assert not any(secret in written for secret in SECRETS), document["id"]


def test_the_command_prints_no_value_either(looked: Path, malmoi: Malmoi) -> None:
    for identity in ("values", "broken-values", "links"):
        printed = malmoi("explain", looked / "run", identity).stdout
        assert not any(secret in printed for secret in SECRETS)
        assert f"{identity}, source blog" in printed and "<|tel|>" in printed
    error = malmoi("explain", looked / "run", EMAIL, code=1).stderr
    assert "<|email|>" in error and "derived one" in error and EMAIL not in error


def test_one_id_in_two_sources(run: Run) -> None:
    answer = explain_id(run, "d-1")
    assert answer["matches"] == 2
    assert {document["source"] for document in answer["documents"]} == {"blog", "news"}
    (only,) = explain_id(run, "d-1", "news")["documents"]
    assert only["source"] == "news" and only["file"] == "curated/news-00000.parquet"


def test_an_unknown_id_is_answered_with_near_ones(run: Run) -> None:
    with pytest.raises(MalmoiError, match=r"in curated/ and removed/.*near it.*middling-11"):
        explain_id(run, "midling-11")
    with pytest.raises(MalmoiError, match=r"ids look like d-0 \(blog\)"):
        explain_id(run, "없는 것")
    with pytest.raises(MalmoiError, match="no source is named 'wiki'; there are blog, news"):
        explain_id(run, "d-1", "wiki")


def test_finding_reads_no_text(run: Run, tmp_path: Path) -> None:
    """With the pages of the text column destroyed ids are found; only the row cannot be read."""
    copy = tmp_path / "run"
    shutil.copytree(run.root, copy)
    file = copy / "curated" / "blog-00000.parquet"
    with pq.ParquetFile(file) as parquet:
        group = parquet.metadata.row_group(0)
        text = next(
            column
            for at in range(group.num_columns)
            if (column := group.column(at)).path_in_schema == "text"
        )
    content = bytearray(file.read_bytes())
    start = text.data_page_offset
    content[start : start + text.total_compressed_size] = bytes(text.total_compressed_size)
    file.write_bytes(content)
    broken = opened(copy)
    (place,) = places(broken, "d-3")
    assert place.file == "curated/blog-00000.parquet"
    with pytest.raises(CorruptFileError, match="curated/blog-00000"):
        explain_id(broken, "d-3")


def test_without_source_and_clean_shards_it_goes_on_from_what_is_stored(
    looked: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(looked / "run", copy)
    recipe = (copy / "recipe.yaml").read_text("utf-8").replace("blog-*.jsonl", "gone-*.jsonl")
    (copy / "recipe.yaml").write_text(recipe, "utf-8")
    run = opened(copy)
    (links,) = explain_id(run, "links")["documents"]
    assert not links["read"]["again"] and "matches no file" in links["read"]["note"]
    assert links["rules"]["decided"] == links["rule"] and links["edits"] == {
        "note": "the record is not there"
    }
    assert links["personal"]["by_kind"] == {"tel": 1}
    for folder in ("clean", "signatures", "line_hashes", "drops"):
        shutil.rmtree(copy / folder)
    bare = opened(copy)
    (copied,) = explain_id(bare, "copied")["documents"]
    passages = copied["copies"]["differences"]["passages"]
    assert [passage["right"][: len(EDITED)] for passage in passages] == [EDITED] * EDITS
    (kept,) = explain_id(bare, "copy")["documents"]
    assert kept["kept"] and "masked text that is stored" in kept["rules"]["features_of"]


def test_changed_sources_and_recipes_are_noticed(looked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(looked / "run", copy)
    recipe = (copy / "recipe.yaml").read_text("utf-8")
    folder = tmp_path / "corpus"
    shutil.copytree(looked, folder, ignore=shutil.ignore_patterns("run", "strict"))
    (copy / "recipe.yaml").write_text(recipe.replace(str(looked), str(folder)), "utf-8")
    news = folder / "news.jsonl"
    news.write_text(news.read_text("utf-8").replace("신문에 실린", "신문에 안 실린"), "utf-8")
    (changed,) = explain_id(opened(copy), "d-1", "news")["documents"]
    assert not changed["read"]["again"] and "has changed" in changed["read"]["note"]
    (copy / "recipe.yaml").write_text(
        recipe.replace(
            "feature: n_chars\n        drop_if: <\n        threshold: 10.0",
            "feature: n_chars\n        drop_if: <\n        threshold: 5000.0",
        ),
        "utf-8",
    )
    (other,) = explain_id(opened(copy), "d-0")["documents"]
    assert other["rules"]["decided"] == "too_short" and "run says kept" in other["rules"]["note"]


def test_a_text_goes_through_the_clean_step(looked: Path, malmoi: Malmoi, tmp_path: Path) -> None:
    recipe = load(looked / "recipe.yaml")
    source = recipe.source("blog")
    text = tmp_path / "text.txt"
    text.write_text(f"앞의 말이다.\n{PASSAGE}\n전화는   010-2345-6789이다.", "utf-8")
    answer = json.loads(
        malmoi("explain", "--text", text, "--recipe", looked / "recipe.yaml", "--json").stdout
    )
    (document,) = answer["documents"]
    assert document["source"] == "blog" and document["rule"] == "contaminated"
    assert document["benchmarks"]["items"][0]["item"] == "quiz:q7"
    assert document["personal"]["by_kind"] == {"tel": 1}
    assert document["edits"]["by_rule"] == {"spaces": 1}
    assert not any(secret in json.dumps(answer, ensure_ascii=False) for secret in SECRETS)
    (empty,) = explain_text(b" \n", "a.txt", recipe, source)["documents"]
    assert (empty["step"], empty["rule"]) == ("read", "empty_text")
    malmoi("explain", "--text", text, code=2)
    malmoi("explain", looked / "run", code=2)


def test_what_is_no_run_and_what_is_of_another_version(looked: Path, tmp_path: Path) -> None:
    with pytest.raises(MalmoiError, match=r"no run directory \(it has no recipe.yaml\)"):
        opened(tmp_path)
    (tmp_path / "recipe.yaml").write_text((looked / "run" / "recipe.yaml").read_text("utf-8"))
    with pytest.raises(MalmoiError, match="step 'clean' is not done here; run `malmoi curate`"):
        explain_id(opened(tmp_path), "d-1")
    (tmp_path / "clean").mkdir()
    manifest = json.loads((looked / "run" / "clean" / "manifest.json").read_text("utf-8"))
    manifest["format"] = 1
    (tmp_path / "clean" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(MalmoiError, match=r"format of another version.*`malmoi curate` on it"):
        opened(tmp_path)


def test_a_run_that_is_cleaned_alone(looked: Path, tmp_path: Path) -> None:
    """Before `assemble` documents are found in clean/."""
    copy = tmp_path / "run"
    shutil.copytree(looked / "run", copy, ignore=shutil.ignore_patterns("curated", "removed"))
    shutil.copytree(looked / "run" / "clean" / "removed", copy / "clean" / "removed")
    run = opened(copy)
    (kept,) = explain_id(run, "d-3")["documents"]
    assert kept["file"] == "clean/part-00000.parquet" and kept["kept"]
    assert "not done" in kept["copies"]["note"] and "tokens" not in kept
    (gone,) = explain_id(run, "short")["documents"]
    assert gone["rule"] == "too_short" and gone["rules"]["decided"] == "too_short"
