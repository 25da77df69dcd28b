"""Megatron-LM's and GPT-NeoX's own code on our files: shards, settings, tokenizer.

Megatron's comes with `pip install megatron-core` and needs no GPU. GPT-NeoX is no package: its
reader is tested where the environment's GPT_NEOX names a clone of it.
"""

import importlib.util
import json
import os
import shlex
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
import yaml

from tokenizer.check import ADVERSARIAL
from tokenizer.encode import Encoder
from tokenizer.export import export
from tokenizer.settings import (
    MEGATRON_DATA,
    MEGATRON_TOKENIZER,
    NEOX_DATA,
    NEOX_TOKENIZER,
    data_settings,
    tokenizer_settings,
)
from tokenizer.shards import ShardWriter

SPLITS = {
    "train": [
        {"path": "train/blog-00000", "source": "blog", "weight": 1.0, "tokens": 300},
        {"path": "train/law.v2-00000", "source": "law.v2", "weight": 2.5, "tokens": 40},
    ],
    "validation": [
        {"path": "validation/law.v2-00000", "source": "law.v2", "weight": 2.5, "tokens": 7}
    ],
}
DOCUMENTS = [[7, 30002, 2], [2], [500, 65_499, 2], list(range(4, 2000))]


def shard(stem: Path, dtype: str) -> Path:
    with ShardWriter(stem, np.dtype(dtype)) as writer:
        for document in DOCUMENTS:
            writer.add(np.array(document))
    return stem


def neox_module(name: str, monkeypatch) -> ModuleType:
    """A module of a clone of GPT-NeoX, whose package cannot be imported without DeepSpeed."""
    clone = os.environ.get("GPT_NEOX")
    if not clone:
        pytest.skip("GPT-NeoX is on no package index; set GPT_NEOX to a clone of it")
    package = ModuleType("megatron")
    package.print_rank_0 = lambda *message: None  # all that the module takes from it
    monkeypatch.setitem(sys.modules, "megatron", package)
    spec = importlib.util.spec_from_file_location("neox_module", Path(clone, "megatron", name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("dtype", ["<u2", "<i4"])
def test_megatron_reads_our_shards(tmp_path, dtype):
    theirs = pytest.importorskip("megatron.core.datasets.indexed_dataset")
    for mmap in (True, False):
        read = theirs.IndexedDataset(str(shard(tmp_path / "a.b-00000", dtype)), mmap=mmap)
        assert [read[i].tolist() for i in range(len(read))] == DOCUMENTS
        assert read.get(3, offset=5, length=10).tolist() == DOCUMENTS[3][5:15]
        assert read.sequence_lengths.tolist() == list(map(len, DOCUMENTS))
        assert read.document_indices.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dtype", ["<u2", "<i4"])
def test_gpt_neox_reads_our_shards(tmp_path, monkeypatch, dtype):
    theirs = neox_module("data/indexed_dataset.py", monkeypatch)
    path = str(shard(tmp_path / "a.b-00000", dtype))
    assert theirs.infer_dataset_impl(path) == "mmap"
    read = theirs.make_dataset(path, "mmap", skip_warmup=True)
    assert [read[i].tolist() for i in range(len(read))] == DOCUMENTS
    assert read.get(3, offset=5, length=10).tolist() == DOCUMENTS[3][5:15]
    assert read.doc_idx.tolist() == [0, 1, 2, 3, 4]


def test_shards_are_drawn_by_tokens_and_weight():
    files = data_settings(SPLITS, "run/tokens")
    neox = yaml.safe_load(files[NEOX_DATA])
    assert neox == {
        "data_impl": "mmap",
        "train_data_paths": ["run/tokens/train/blog-00000", "run/tokens/train/law.v2-00000"],
        "train_data_weights": [300.0, 100.0],
        "valid_data_paths": ["run/tokens/validation/law.v2-00000"],
        "valid_data_weights": [7.0],
        "test_data_paths": ["run/tokens/validation/law.v2-00000"],
        "test_data_weights": [7.0],
    }
    megatron = json.loads(files[MEGATRON_DATA])
    blend = ["300", "run/tokens/train/blog-00000", "100", "run/tokens/train/law.v2-00000"]
    assert megatron["train"] == blend
    assert megatron["valid"] == megatron["test"] == ["7", "run/tokens/validation/law.v2-00000"]


def test_megatron_reads_our_blends():
    theirs = pytest.importorskip("megatron.core.datasets.utils")
    megatron = json.loads(data_settings(SPLITS)[MEGATRON_DATA])
    paths, weights = theirs.get_blend_from_list(megatron["train"])
    assert paths == ["tokens/train/blog-00000", "tokens/train/law.v2-00000"]
    assert weights == [300, 100]
    nothing = json.loads(data_settings({**SPLITS, "validation": []})[MEGATRON_DATA])
    assert theirs.get_blend_from_list(nothing["valid"]) is None
    assert set(yaml.safe_load(data_settings({**SPLITS, "validation": []})[NEOX_DATA])) == {
        "data_impl",
        "train_data_paths",
        "train_data_weights",
    }


def test_no_key_and_no_name_stands_twice():
    # GPT-NeoX merges its files, and refuses both
    ours, data = tokenizer_settings(), data_settings(SPLITS)
    assert not set(ours) & set(data)
    assert not set(yaml.safe_load(ours[NEOX_TOKENIZER])) & set(yaml.safe_load(data[NEOX_DATA]))


def test_megatron_builds_our_tokenizer(model, tmp_path):
    theirs = pytest.importorskip("megatron.core.tokenizers")
    (tmp_path / "tokenizer").mkdir()
    export(model, tmp_path / "tokenizer")
    words = shlex.split((tmp_path / "tokenizer" / MEGATRON_TOKENIZER).read_text())
    arguments = dict(zip(words[::2], words[1::2], strict=True))
    assert arguments["--tokenizer-type"] == "HuggingFaceTokenizer"
    made = theirs.MegatronTokenizer.from_pretrained(
        tokenizer_path=str(tmp_path / arguments["--tokenizer-model"]),
        metadata_path={"library": "huggingface"},
        use_fast=True,
        include_special_tokens=True,  # as its build_tokenizer has it
    )
    assert (made.vocab_size, made.eod, made.pad) == (1600, 2, 1)
    encoder = Encoder(model)
    for text in ADVERSARIAL:
        assert made.tokenize(text) == encoder.encode_batch(pa.array([text]))[0].tolist()


def test_gpt_neox_builds_our_tokenizer(model, tmp_path, monkeypatch):
    theirs = neox_module("tokenizer/tokenizer.py", monkeypatch)
    (tmp_path / "tokenizer").mkdir()
    export(model, tmp_path / "tokenizer")
    arguments = yaml.safe_load((tmp_path / "tokenizer" / NEOX_TOKENIZER).read_text())
    monkeypatch.chdir(tmp_path)
    made = theirs.build_tokenizer(
        type("Arguments", (), {**arguments, "rank": 1, "model_parallel_size": 1})()
    )
    assert (made.vocab_size, made.eod) == (1600, 2)
    encoder = Encoder(model)
    for text in ADVERSARIAL:
        assert made.tokenize(text) == encoder.encode_batch(pa.array([text]))[0].tolist()
