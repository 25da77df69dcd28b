"""The whole way through the command line, on a small corpus of every format."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def contents(run: Path, *directories: str) -> dict[str, str]:
    """SHA-256 of every file but manifests and receipts (they hold seconds)."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for directory in directories
        for path in sorted((run / directory).rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }


def rows_of(directory: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(directory.glob("*.parquet"))])


DATA = ("clean", "signatures", "drops", "curated", "removed", "counts", "tokenizer", "tokens")


def test_the_whole_way_then_nothing_then_equal_bytes_on_one_core(malmoi, corpus, tmp_path) -> None:
    run, single = tmp_path / "run", tmp_path / "single"
    report = json.loads(
        malmoi("run", corpus / "recipe.yaml", "--out", run, "--workers", 2, "--json").stdout
    )
    check_documents(run, report)
    check_model(malmoi, run, report)
    check_nothing_left_to_do(malmoi, corpus, run)
    check_training_goes_on_or_is_set_aside(malmoi, corpus, run)
    malmoi("curate", corpus / "recipe.yaml", "--out", single, "--workers", 1)
    for step in ("count", "tokenizer", "tokenize"):
        malmoi(step, corpus / "recipe.yaml", "--out", single, "--workers", 1)
    assert contents(run, *DATA) == contents(single, *DATA)


def check_documents(run: Path, report: dict) -> None:
    curated = rows_of(run / "curated")
    removed = rows_of(run / "removed")
    assert curated.num_rows + removed.num_rows == 6 * 53 + 30 + 30  # nothing disappears
    assert set(curated["source"].to_pylist()) == {"blog", "files", "pages"}
    assert len(set(curated["id"].to_pylist())) == curated.num_rows
    reasons = removed["rule"].to_pylist()
    assert reasons.count("bad_json") == 6
    assert reasons.count("exact_duplicate") == 6
    assert reasons.count("near_duplicate") >= 6
    kept = set(curated["id"].to_pylist())
    for row in removed.to_pylist():
        if row["step"] == "dedup":
            assert row["duplicate_of"] in kept and row["similarity"] >= 0.8
    sizes = dict(zip(curated["id"].to_pylist(), curated["cluster_size"].to_pylist(), strict=True))
    assert sum(size - 1 for size in sizes.values()) == sum(
        1 for row in removed.to_pylist() if row["step"] == "dedup"
    )
    assert sum(row["documents"] for row in report["reasons"]) == removed.num_rows


def check_model(malmoi, run: Path, report: dict) -> None:
    import transformers

    summary = report["training"]["summary"]
    assert len(report["training"]["rows"]) >= 8 and summary["steps"] == 8
    model = transformers.AutoModelForCausalLM.from_pretrained(run / "export")
    tokenizer = transformers.AutoTokenizer.from_pretrained(run / "export")
    text = "오늘은 날씨가 좋다."
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert model.config.vocab_size % 128 == 0
    said = json.loads(malmoi("generate", run, "--prompt", text, "--max-tokens", 5, "--json").stdout)
    assert said["text"].startswith(text)
    samples = json.loads(malmoi("data", "show", run, "--step", 8, "--json").stdout)
    log = (run / "checkpoints" / "metrics.jsonl").read_text().splitlines()
    assert samples[0]["sample"] == json.loads(log[7])["samples"]
    assert samples[-1]["sample"] == json.loads(log[8])["samples"] - 1
    shown = malmoi("data", "show", run, "--step", 8).stdout
    assert samples[0]["documents"][0]["shard"] in shown and shown.count("sample ") == len(samples)
    measured = json.loads(malmoi("evaluate", run, "--json").stdout)
    assert measured["bpb"] > 0
    page = (run / "report.html").read_text("utf-8")
    assert "near_duplicate" in page and "<script src=" not in page


def check_nothing_left_to_do(malmoi, corpus: Path, run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    result = malmoi("run", corpus / "recipe.yaml", "--out", run, "--workers", 2)
    assert result.stderr.count("skipped") == 8
    may_change = {"report.html", "report.json", "recipe.yaml", "run.jsonl", ".lock"}
    for path, time in before.items():
        assert path.stat().st_mtime_ns == time or path.name in may_change, path
    assert json.loads(malmoi("verify", run, "--json").stdout)["faults"] == []


def check_training_goes_on_or_is_set_aside(malmoi, corpus: Path, run: Path) -> None:
    """More steps go on from the last checkpoint; another model begins anew beside the old one."""
    recipe = (corpus / "recipe.yaml").read_text("utf-8")
    further = corpus / "further.yaml"
    further.write_text(recipe.replace("steps: 8", "steps: 12"), "utf-8")
    malmoi("train", further, "--out", run)
    metrics = (run / "checkpoints" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in metrics] == list(range(13))
    assert not (run / "checkpoints-1").exists()
    further.write_text(recipe.replace("width: 32", "width: 48"), "utf-8")
    told = malmoi("train", further, "--out", run).stderr
    assert "checkpoints-1; training afresh" in told
    assert (run / "checkpoints-1" / "step-00000012").is_dir()
    assert (run / "checkpoints" / "step-00000008").is_dir()


def test_switched_off_parts_leave_documents_alone(malmoi, tmp_path) -> None:
    texts = ["전화 010-1234-5678로 연락 주세요.", "ㅋ", "전화 010-1234-5678로 연락 주세요."]
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8"
    )
    (tmp_path / "r.yaml").write_text(
        'sources: [{name: a, paths: ["a.jsonl"], profile: none}]\n'
        "pii: {enabled: false}\ndedup: {enabled: false}\n",
        "utf-8",
    )
    malmoi("curate", tmp_path / "r.yaml", "--out", tmp_path / "run")
    assert rows_of(tmp_path / "run" / "curated")["text"].to_pylist() == texts


def test_no_value_is_left_unmasked_anywhere(malmoi, tmp_path) -> None:
    number, mail = "010-8765-4321", "hong.gildong@example.co.kr"
    long = "우리 동네 도서관은 올해 새로 문을 열었다. 책을 빌리려면 회원증이 있어야 한다. " * 4
    rows = [
        {"id": mail, "text": f"{long} 연락처는 {number}이다.", "url": f"http://a.kr/?m={mail}"},
        {"id": "short", "text": number},
        {"id": "copy", "text": f"{long} 연락처는 {number}이다."},
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows] + [f'{{"text": "{mail} {number}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "r.yaml").write_text('sources: [{name: a, paths: ["a.jsonl"]}]', "utf-8")
    result = malmoi("curate", tmp_path / "r.yaml", "--out", tmp_path / "run", "--json")
    told = [result.stdout, result.stderr]
    for path in (tmp_path / "run").rglob("*"):
        if path.suffix == ".parquet":
            told.append(str(pq.read_table(path).to_pylist()))
        elif path.is_file():
            told.append(path.read_text("utf-8"))
    everything = "\n".join(told)
    assert number not in everything and "hong.gildong" not in everything
    assert "<|tel|>" in everything and "<|email|>" in everything


def test_wrong_use_is_2_and_failure_is_1_with_the_cure(malmoi, tmp_path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text('sources: [{name: a, paths: ["none*.jsonl"]}]', "utf-8")
    assert "matches no file" in malmoi("curate", recipe, "--out", tmp_path / "x", code=2).stderr
    assert "malmoi curate" in malmoi("count", recipe, "--out", tmp_path / "x", code=1).stderr
    recipe.write_text('sources: [{name: a, pathz: ["x"]}]', "utf-8")
    assert "paths" in malmoi("curate", recipe, "--out", tmp_path / "x", code=2).stderr
    malmoi("curate", recipe, "--out", tmp_path / "x", "--runner", "spork", code=2)
    malmoi("no-such-command", code=2)
