"""The section on copies: figures collected from manifests, made up and of a real run."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dedup.pairs import shown
from pipeline.dedup.records import RULES
from pipeline.recipe import parse
from pipeline.report.copies import collect_clusters, collect_copies, show_copies
from pipeline.synthetic import generate_documents
from tests.conftest import Malmoi

RECIPE = "sources: [{name: blog, paths: [a.jsonl]}, {name: chat, paths: [b.jsonl]}]\n"
FOOTER = "이 글은 동네 소식지에서 옮겼습니다"


def manifests() -> dict[str, Any]:
    """Of a run of three units, two of them of one source; one without a copy."""
    return {
        "dedup": {
            "counts": {
                "documents_in": 1000,
                "documents_out": 900,
                "bytes_in": 5000,
                "bytes_out": 4200,
                "removed": {"dedup/near_duplicate": 60, "dedup/exact_duplicate": 40},
            },
            "facts": {
                "part-00000": {
                    "candidates": 70,
                    "verified": 50,
                    "similarity": {"0.80": 20, "0.95": 5},
                    "bytes": {"near_duplicate": 300, "exact_duplicate": 100},
                },
                "part-00001": {
                    "candidates": 30,
                    "verified": 25,
                    "similarity": {"0.80": 30, "1.00": 5},
                    "bytes": {"near_duplicate": 400},
                },
                "part-00002": {"candidates": 0, "verified": 0, "similarity": {}},
            },
        },
        "assemble": {
            "units": {"part-00000": "blog", "part-00001": "blog", "part-00002": "chat"},
            "copies": {"clusters": [{"id": "b", "cluster_size": 30}], "pairs": [{"id": "c"}]},
            "facts": {
                "part-00000": {
                    "cluster_sizes": {"2": 7, "30": 1},
                    "lines": {"dropped": 12, "documents": 10, "bytes": 300},
                    "top_lines": [{"text": "무단전재 금지", "documents": 140}],
                },
                "part-00001": {
                    "cluster_sizes": {"2": 5, "11": 1},
                    "lines": {"dropped": 3, "documents": 3, "bytes": 70},
                    "top_lines": [
                        {"text": "무단전재 금지", "documents": 140},
                        {"text": "목록으로 돌아가기", "documents": 150},
                    ],
                },
                "part-00002": {"lines": {"dropped": 0, "documents": 0, "bytes": 0}},
            },
        },
    }


def test_units_are_added_up() -> None:
    done = manifests()
    copies = collect_copies(done, parse(RECIPE))
    assert (copies["candidates"], copies["verified"]) == (100, 75)
    assert copies["bytes_removed"] == 800 and copies["documents_in"] == 1000
    assert copies["removed"] == [
        {"rule": "exact_duplicate", "documents": 40, "bytes": 100},
        {"rule": "near_duplicate", "documents": 60, "bytes": 700},
    ]
    assert copies["similarity"] == [
        {"from": 0.8, "documents": 50},
        {"from": 0.95, "documents": 5},
        {"from": 1.0, "documents": 5},
    ]
    assert copies["largest"] == [{"id": "b", "cluster_size": 30}]
    assert copies["pairs"] == [{"id": "c"}]
    assert copies["line_sources"] == [
        {"source": "blog", "dropped": 15, "documents": 13, "bytes": 370}
    ]
    assert copies["lines"] == {"dropped": 15, "documents": 13, "bytes": 370}
    assert copies["top_lines"] == [  # a line's documents are its source's, in every unit
        {"source": "blog", "text": "목록으로 돌아가기", "documents": 150},
        {"source": "blog", "text": "무단전재 금지", "documents": 140},
    ]
    assert collect_clusters(done["assemble"]) == [
        {"size": 2, "count": 12},
        {"size": 11, "count": 1},
        {"size": 30, "count": 1},
    ]
    assert json.loads(json.dumps(copies)) == copies


def test_manifests_of_other_versions_give_what_they_have() -> None:
    done = manifests()
    recipe = parse(RECIPE)
    for step in ("dedup", "assemble"):
        done[step]["facts"] = {}
    del done["assemble"]["copies"]
    copies = collect_copies(done, recipe)
    assert copies["candidates"] is None and copies["verified"] is None
    assert copies["removed"][0] == {"rule": "exact_duplicate", "documents": 40, "bytes": None}
    assert copies["largest"] == copies["top_lines"] == copies["similarity"] == []
    assert collect_clusters(done["assemble"]) == collect_clusters(None) == []
    section = show_copies(copies, [])
    assert section and section["removed"][-1] == ("all copies", "100", "10.0 %", "800 B, 16.0 %")
    assert "largest" not in collect_copies({"dedup": done["dedup"]}, recipe)


def test_a_run_without_deduplication_has_no_such_section() -> None:
    recipe = parse(RECIPE)
    assert collect_copies({"assemble": manifests()["assemble"]}, recipe) == {}
    off = parse(RECIPE + "dedup: {enabled: false}\n")
    assert collect_copies(manifests(), off) == {}  # the directory may hold those of another day
    assert show_copies({}, []) is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 texts, half of them with a footer, and 45 copies of four kinds."""
    folder = tmp_path_factory.mktemp("copies")
    texts = [document["text"] for document in generate_documents(120, seed=17)]
    rows = [f"{text}\n{FOOTER}" if n % 2 else text for n, text in enumerate(texts)]
    rows += texts[:20] + [text.replace(" ", "") for text in texts[20:30]]
    rows += [f"{text} 덧붙인 말 한마디." for text in texts[30:40]]
    rows += [text[300:800] for text in texts[40:45]]
    lines = [json.dumps({"id": f"d{n}", "text": row}) for n, row in enumerate(rows)]
    for name, part in (("a", lines[::2]), ("b", lines[1::2])):
        (folder / f"{name}.jsonl").write_text("\n".join(part), "utf-8")
    (folder / "recipe.yaml").write_text(
        "sources: [{name: blog, paths: ['*.jsonl']}]\ndedup: {lines: {documents: 20}}\n", "utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    command = [sys.executable, "-m", "beam_runner", "curate", folder / "recipe.yaml"]
    subprocess.run(
        [*command, "--out", folder / "run"], check=True, capture_output=True, timeout=600
    )
    return folder / "run"


def test_a_real_run(run: Path) -> None:
    copies = json.loads((run / "report.json").read_text("utf-8"))["copies"]

    drops = pa.concat_tables(pq.read_table(path) for path in run.glob("drops/part-*.parquet"))
    removed = {row["rule"]: row["documents"] for row in copies["removed"]}
    assert removed == dict(Counter(drops["rule"].to_pylist()))
    assert set(removed) == {"exact_duplicate", "near_duplicate", "contained"}
    assert copies["documents_in"] == 165 and sum(removed.values()) == 45
    assert copies["candidates"] >= copies["verified"] >= 15
    near = sum(row["documents"] for row in copies["similarity"])
    assert near == removed["near_duplicate"]

    lines = pa.concat_tables(pq.read_table(path) for path in run.glob("removed/lines/*.parquet"))
    assert copies["lines"]["dropped"] == lines.num_rows > 20
    assert [row["text"] for row in copies["top_lines"]] == [FOOTER]
    assert copies["top_lines"][0]["source"] == "blog"
    assert {row["cluster_size"] for row in copies["largest"]} == {2}

    page = (run / "report.html").read_text("utf-8")
    section = page.split("<h2>Copies</h2>")[1].split("</section>")[0]
    for part in ("<td>contained</td>", "pairs proposed", "threshold 0.", "2 documents", "<ins>"):
        assert part in section, part
    assert section.count("<svg") == 3
    assert FOOTER in page.split("<h2>Lines that recur</h2>")[1].split("</section>")[0]


def test_pairs_are_what_dedup_found(run: Path) -> None:
    """Every pair that is shown stands in the removal lists, with the texts of the clean shards."""
    copies = json.loads((run / "report.json").read_text("utf-8"))["copies"]
    clean = [pq.read_table(path).to_pylist() for path in sorted(run.glob("clean/part-*.parquet"))]
    true = {}
    for shard, path in enumerate(sorted(run.glob("drops/part-*.parquet"))):
        for drop in pq.read_table(path).to_pylist():
            kept = clean[drop["witness_shard"]][drop["witness_row"]]
            true[clean[shard][drop["row"]]["id"]] = (drop["rule"], kept["id"])
    text = {document["id"]: document["text"] for shard in clean for document in shard}
    assert {pair["rule"] for pair in copies["pairs"]} == set(RULES)
    clusters = copies["largest"]
    assert len(clusters) == 10 and all(len(cluster["pairs"]) == 1 for cluster in clusters)
    for pair in [*copies["pairs"], *(pair for cluster in clusters for pair in cluster["pairs"])]:
        assert true[pair["id"]] == (pair["rule"], pair["duplicate_of"])
        for side, name in (("removed", "id"), ("kept", "duplicate_of")):
            shown = "".join(part if isinstance(part, str) else "…" for _, part in pair[side])
            pieces = shown.split("…")
            assert text[pair[name]].startswith(pieces[0]) and text[pair[name]].endswith(pieces[-1])
            assert all(piece in text[pair[name]] for piece in pieces)
    for cluster in clusters:
        assert cluster["text"] == text[cluster["id"]][: len(cluster["text"])]


def test_a_witness_of_an_earlier_run(folder: Path, run: Path, malmoi: Malmoi) -> None:
    """Its text is read there; where that run is gone the pair is left out."""
    recipe, later = folder / "later.yaml", folder / "later"
    recipe.write_text(
        f"sources: [{{name: blog, paths: [b.jsonl]}}]\ndedup: {{against: ['{run}']}}\n", "utf-8"
    )
    malmoi("curate", recipe, "--out", later)
    copies = json.loads((later / "report.json").read_text("utf-8"))["copies"]
    kept = [
        name
        for path in run.glob("curated/*.parquet")
        for name in pq.read_table(path, columns=["id"])["id"].to_pylist()
    ]
    assert copies["pairs"] and not copies["largest"]
    assert {pair["duplicate_of"] for pair in copies["pairs"]} <= set(kept)
    told = json.loads((later / "curated/receipts/part-00000.json").read_text("utf-8"))
    roots = [str(later), str(folder / "nowhere")]
    assert shown({0: told["facts"]["copies"]}, roots) == {"clusters": [], "pairs": []}
