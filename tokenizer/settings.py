"""What GPT-NeoX and Megatron-LM must be told of our tokenizer and shards, as files for them.

GPT-NeoX merges the YAML files it is given, and refuses two of one name or a key in two of them.
Megatron-LM takes arguments, and the shards of each split from a JSON file
(`--per-split-data-args-path`). Paths count from the run directory: start the trainer there.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

NEOX_TOKENIZER, NEOX_DATA = "neox_tokenizer.yml", "neox_data.yml"
MEGATRON_TOKENIZER, MEGATRON_DATA = "megatron_tokenizer.args", "megatron_data.json"
DIVISIBLE_BY = 128
"""Rows of the embedding are a multiple of it, times the GPUs that share a layer: 30,080."""
NEOX_SHARDS = 254
"""Shards of a split that GPT-NeoX can blend (megatron/data/blendable_dataset.py)."""

Entry = Mapping[str, Any]
"""A shard as `tokens/manifest.json` describes it: path, weight, tokens are read here."""


def tokenizer_settings(directory: str = "tokenizer") -> dict[str, bytes]:
    """Content by file name; `directory`: the tokenizer's, from where the trainer is started."""
    neox = {
        "tokenizer_type": "HFTokenizer",
        "vocab_file": f"{directory}/tokenizer.json",
        "make_vocab_size_divisible_by": DIVISIBLE_BY,
    }
    megatron = (
        ("tokenizer-type", "HuggingFaceTokenizer"),
        ("tokenizer-model", directory),
        ("make-vocab-size-divisible-by", DIVISIBLE_BY),
    )
    return {
        NEOX_TOKENIZER: _yaml(neox),
        MEGATRON_TOKENIZER: "".join(f"--{name} {value}\n" for name, value in megatron).encode(),
    }


def data_settings(
    splits: Mapping[str, Sequence[Entry]], directory: str = "tokens"
) -> dict[str, bytes]:
    """Content by file name, for shards of `train` and `validation` that lie in `directory`.

    A shard is drawn by its tokens times its source's weight, those held out by their tokens alone.
    Both trainers take three splits: what is held out stands for the third too. GPT-NeoX refuses a
    file without it, as it is where nothing is held out (`shards.validation: 0`).
    """
    blends: dict[str, list[tuple[str, float]]] = {}
    for split, names in (("train", ("train",)), ("validation", ("valid", "test"))):
        blend = [
            (f"{directory}/{entry['path']}", _draws(entry, split == "train"))
            for entry in splits[split]
        ]
        blends |= dict.fromkeys(names, blend)
    neox: dict[str, Any] = {"data_impl": "mmap"}
    megatron: dict[str, list[str] | None] = {}
    for name, blend in blends.items():
        flat = [part for path, draws in blend for part in (f"{draws:.17g}", path)]
        megatron[name] = flat or None  # an empty list is an error to it
        if blend:
            neox[f"{name}_data_paths"] = [path for path, _ in blend]
            neox[f"{name}_data_weights"] = [draws for _, draws in blend]
    return {
        NEOX_DATA: _yaml(neox),
        MEGATRON_DATA: (json.dumps(megatron, indent=1) + "\n").encode(),
    }


def _draws(entry: Entry, weighted: bool) -> float:
    """How often a shard is drawn, in tokens; the trainers divide by the sum."""
    return float(entry["tokens"] * (entry["weight"] if weighted else 1.0))


def _yaml(settings: Mapping[str, Any]) -> bytes:
    return yaml.safe_dump(dict(settings), sort_keys=False).encode()
