"""The tokenize step: parts of curated shards, and the shards that they are joined to."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from pipeline.parquet import write_parquet
from pipeline.receipts import Task
from pipeline.settings import Shards
from pipeline.tokenize import Encoding, Pack, encode_shard, pack, split_of
from tokenizer.check import ADVERSARIAL
from tokenizer.encode import Encoder
from tokenizer.errors import CorruptFileError
from tokenizer.settings import MEGATRON_DATA, NEOX_DATA, NEOX_TOKENIZER
from tokenizer.shards import Shard

SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string()), ("n_bytes", pa.int32())])


@pytest.fixture
def encoding(model: bytes, tmp_path: Path) -> Encoding:
    (tmp_path / "malmoi.model").write_bytes(model)
    place = tmp_path / "tokens" / "scratch"
    return Encoding(str(tmp_path / "malmoi.model"), 1600, Shards(validation=0.3), 5, str(place))


@pytest.fixture
def documents(texts: pa.StringArray) -> dict[str, list[dict]]:
    """Three curated shards, one of them empty."""
    some = [*ADVERSARIAL, *texts.to_pylist()[:120]]
    rows = [{"id": f"d{i}", "text": t, "n_bytes": len(t.encode())} for i, t in enumerate(some)]
    return {"a": rows[:60], "b": [], "c": rows[60:]}


def encode(root: Path, encoding: Encoding, documents: dict[str, list[dict]]) -> Task:
    for name, rows in documents.items():
        path = str(root / f"{name}.parquet")
        batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
        write_parquet(path, [batch], SCHEMA)
        encode_shard((name, path), encoding)
    return Task("web-00000", "key", str(root), "tokens", Pack(tuple(documents), "web", encoding))


def test_every_document_is_in_its_split_in_order(
    tmp_path: Path, model: bytes, encoding: Encoding, documents: dict[str, list[dict]]
) -> None:
    task = encode(tmp_path, encoding, documents)
    pack(task)
    receipt = json.loads((tmp_path / "tokens/receipts/web-00000.json").read_text())
    encoder = Encoder(model)
    every = [row for rows in documents.values() for row in rows]
    for split in ("train", "validation"):
        mine = [row for row in every if split_of(row["id"], 0.3, 5) == split]
        shard = Shard.open(tmp_path / "tokens" / split / "web-00000")
        assert len(shard) == len(mine) > 0
        for at, row in enumerate(mine):
            assert shard[at][-1] == 2
            assert encoder.decode(shard[at][:-1]) == row["text"]
        assert receipt["facts"][split] == {
            "documents": len(mine),
            "tokens": len(shard.tokens),
            "bytes": sum(row["n_bytes"] for row in mine),
        }
    assert receipt["counts"]["documents_in"] == receipt["counts"]["documents_out"] == len(every)


def test_bad_texts_are_in_the_shards_as_they_were(
    tmp_path: Path, model: bytes, encoding: Encoding, bad_texts: list[str]
) -> None:
    rows = [{"id": f"b{i}", "text": t, "n_bytes": len(t.encode())} for i, t in enumerate(bad_texts)]
    pack(encode(tmp_path, encoding, {"a": rows}))
    encoder = Encoder(model)
    found = {}
    for split in ("train", "validation"):
        shard = Shard.open(tmp_path / "tokens" / split / "web-00000")
        mine = [row for row in rows if split_of(row["id"], 0.3, 5) == split]
        assert [shard[at][-1] for at in range(len(shard))] == [2] * len(mine)
        found |= {row["text"]: encoder.decode(shard[at][:-1]) for at, row in enumerate(mine)}
    assert list(found) == list(found.values()) and set(found) == set(bad_texts)


def test_a_model_of_another_vocabulary_is_refused(
    tmp_path: Path, encoding: Encoding, documents: dict[str, list[dict]]
) -> None:
    with pytest.raises(CorruptFileError, match=r"malmoi\.model: a vocabulary of 1600 .* 1601"):
        encode(tmp_path, replace(encoding, vocab_size=1601), documents)


def test_a_split_without_documents_has_no_file_and_no_old_one(
    tmp_path: Path, encoding: Encoding, documents: dict[str, list[dict]]
) -> None:
    few = {"a": [row for row in documents["a"] if split_of(row["id"], 0.3, 5) == "train"]}
    old = tmp_path / "tokens" / "validation"
    old.mkdir(parents=True)
    for suffix in ("bin", "idx"):
        (old / f"web-00000.{suffix}").write_bytes(b"old")
    pack(encode(tmp_path, encoding, few))
    assert not list(old.iterdir())


def test_a_part_that_was_damaged_is_named(
    tmp_path: Path, encoding: Encoding, documents: dict[str, list[dict]]
) -> None:
    task = encode(tmp_path, encoding, documents)
    part = Path(encoding.part("train", "c.bin"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(bytes(data))
    with pytest.raises(CorruptFileError, match=r"c\.bin: is not as it was written"):
        pack(task)
    assert not (tmp_path / "tokens/receipts/web-00000.json").exists()
    assert not (tmp_path / "tokens/train/web-00000.idx").exists()


def test_shards_and_settings_of_a_run(malmoi, corpus: Path, tmp_path: Path) -> None:
    """The same tokens in the same order, whatever the shards' size; weights change settings alone.

    And of kinds that share a mask none but it is in the vocabulary.
    """
    text = (corpus / "recipe.yaml").read_text() + "pii: {masks: {email: tel}}\n"
    recipe = corpus / "recipe-shards.yaml"
    run = tmp_path / "run"
    found = {}
    for size in (1, 1 << 30):
        recipe.write_text(text.replace("{validation: 0.1}", f"{{validation: 0.1, bytes: {size}}}"))
        if size == 1:
            for step in ("curate", "count", "tokenizer"):
                malmoi(step, recipe, "--out", run, "--workers", 1)
        malmoi("tokenize", recipe, "--out", run, "--workers", 1)
        stems = sorted((run / "tokens" / "train").glob("blog-*.bin"))
        shards = [Shard.open(stem.with_suffix("")) for stem in stems]
        found[size] = (len(shards), np.concatenate([shard.tokens for shard in shards]))
    assert found[1][0] > found[1 << 30][0] == 1
    assert np.array_equal(found[1][1], found[1 << 30][1])
    assert not (run / "tokens" / "scratch").exists()

    before, written = drawn(run), times(run)
    weighed = recipe.read_text().replace('"blog-*.jsonl.gz"]', '"blog-*.jsonl.gz"], weight: 3')
    recipe.write_text(weighed)
    malmoi("tokenize", recipe, "--out", run, "--workers", 1)
    after = drawn(run)
    assert after["tokens/train/blog-00000"] == 3 * before["tokens/train/blog-00000"]
    assert after["tokens/train/files-00000"] == before["tokens/train/files-00000"]
    assert times(run) == written
    malmoi("verify", run)

    settings = yaml.safe_load((run / "tokenizer" / NEOX_TOKENIZER).read_text())
    added = json.loads((run / settings["vocab_file"]).read_text())["added_tokens"]
    masks = [token["content"] for token in added]
    assert "<|card|>" in masks and "<|email|>" not in masks
    facts = json.loads((run / "tokenizer" / "manifest.json").read_text())["facts"]["tokenizer"]
    assert list(facts["quality"]["sources"]) == ["blog", "files", "pages"]


def times(run: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (run / "tokens").rglob("*.bin")}


def drawn(run: Path) -> dict[str, float]:
    """How often each shard is drawn: by both trainers' files, and the manifest, the same."""
    dataset = json.loads((run / "tokens" / "manifest.json").read_text())["dataset"]
    neox = yaml.safe_load((run / "tokens" / NEOX_DATA).read_text())
    draws = dict(zip(neox["train_data_paths"], neox["train_data_weights"], strict=True))
    megatron = json.loads((run / "tokens" / MEGATRON_DATA).read_text())
    pairs = zip(megatron["train"][1::2], map(float, megatron["train"][::2]), strict=True)
    assert dict(pairs) == draws
    assert draws == {
        f"tokens/{entry['path']}": entry["tokens"] * entry["weight"]
        for entry in dataset["splits"]["train"]
    }
    for path in [*draws, *neox["valid_data_paths"]]:
        Shard.open(run / path)
    return draws
