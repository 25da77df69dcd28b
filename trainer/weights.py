"""Weights of a Hugging Face GPT-NeoX directory (config.json and safetensors), on any mesh.

Each process reads the slices it keeps. transformers writes the output embedding as `embed_out` and
holds it as `lm_head`; files of either name are read, of one file or of many, fp16, bf16 or fp32.
"""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch.distributed.checkpoint as dcp
from safetensors import SafetensorError
from torch import distributed as dist
from torch.distributed.checkpoint.api import CheckpointException

from tokenizer.errors import CorruptFileError, RecipeError
from trainer.config import ModelConfig
from trainer.model import NeoX

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_pytorch_tanh"}
"""Ours to transformers'."""

NOT_COMPARED = {"context", "vocab_rows", "init_std"}
"""Of a model and the weights it starts from: no weight depends on the context or the deviation of
initial weights; rows are compared as they are."""

_EXPECTED = {"model_type": "gpt_neox", "use_parallel_residual": True, "tie_word_embeddings": False}
_SAME_ACTIVATION = {"gelu_new": "gelu_pytorch_tanh", "gelu_fast": "gelu_pytorch_tanh"}
_BUFFER = re.compile(r"\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$")
"""Constants that transformers once saved with the weights."""


def read_config(folder: Path) -> tuple[ModelConfig, dict[str, Any]]:
    """The model of a directory's `config.json`, in names of transformers 4 or 5, and all of it.

    CorruptFileError where it is not of a GPT-NeoX model as ours.
    """
    path = Path(folder) / "config.json"
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        for key, wanted in _EXPECTED.items():
            if given.get(key, wanted) != wanted or "model_type" not in given:
                raise ValueError(f"{key} is {given.get(key)!r}, not {wanted!r}")
        rope = given.get("rope_parameters") or {}
        share = given.get("rotary_pct", rope.get("partial_rotary_factor", 0.25))
        names = {value: key for key, value in ACTIVATIONS.items()}
        activation = given.get("hidden_act", "gelu")
        model = ModelConfig(
            layers=given["num_hidden_layers"],
            width=given["hidden_size"],
            heads=given["num_attention_heads"],
            context=given["max_position_embeddings"],
            feed_forward=given["intermediate_size"],
            rotary_dims=int(given["hidden_size"] // given["num_attention_heads"] * share),
            rotary_base=given.get("rotary_emb_base", rope.get("rope_theta", 10_000.0)),
            vocab_rows=given["vocab_size"],
            activation=names[_SAME_ACTIVATION.get(activation, activation)],
            norm_eps=given.get("layer_norm_eps", 1e-5),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise CorruptFileError(
            f"{path}: not of a GPT-NeoX model ({error!r}); give a folder of config.json and "
            "safetensors as GPTNeoXForCausalLM.save_pretrained writes them"
        ) from error
    return model, given


def check_start(folder: Path, facts: dict[str, Any]) -> None:
    """RecipeError where a run (`resume.facts_of`) cannot start from the weights of a directory."""
    theirs, given = read_config(folder)
    ours = ModelConfig.model_validate(facts["model"])
    differ = [
        f"model.{key} is {getattr(ours, key)!r}, of the weights {getattr(theirs, key)!r}"
        for key in ModelConfig.model_fields
        if key not in NOT_COMPARED and getattr(ours, key) != getattr(theirs, key)
    ]
    if theirs.vocab_rows != facts["rows"]:
        differ.append(
            f"the vocabulary of {facts['vocab_size']} entries takes {facts['rows']} rows "
            f"(model.vocab_rows), the weights have {theirs.vocab_rows}"
        )
    tokenizer = (given.get("malmoi") or {}).get("tokenizer_sha256")
    if tokenizer not in (None, facts["tokenizer_sha256"]):
        differ.append("the tokens are of another tokenizer than the weights")
    if differ:
        raise RecipeError(
            f"train.start_from {folder}: {'; '.join(differ)}; name the model of the weights in the "
            "recipe and tokenize with their tokenizer, or start from other weights"
        )


def weights_sha256(folder: str | Path | None) -> str | None:
    """SHA-256 over the safetensors of a directory in order of their names; None of no directory."""
    if folder is None:
        return None
    files = _files(Path(folder))
    stats = [(str(path), path.stat()) for path in files]
    return _hash(tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))


def load_weights(folder: Path, network: NeoX, group: dist.ProcessGroup | None = None) -> None:
    """Set all weights of a built model, or this process's shards of them.

    `group`: the `Ranks.writers` of a model that is spread. CorruptFileError names the tensors that
    are missing, of another shape or without a place, or the file that cannot be read.
    """
    wanted = {name: weight.detach() for name, weight in network.state_dict().items()}
    _files(folder)
    try:
        reader = dcp.HuggingFaceStorageReader(str(folder))
        found = reader.read_metadata().state_dict_metadata
        if "embed_out.weight" not in found:
            wanted["lm_head.weight"] = wanted.pop("embed_out.weight")
        faults = [f"{name} is missing" for name in wanted if name not in found]
        faults += [f"{n} has no place" for n in found if n not in wanted and not _BUFFER.search(n)]
        for name in wanted.keys() & found.keys():
            theirs, ours = getattr(found[name], "size", None), wanted[name].shape
            if theirs != ours:
                faults.append(f"{name} is {list(theirs or ())}, not {list(ours)}")
        if faults:
            more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
            raise ValueError(f"{'; '.join(sorted(faults)[:3])}{more}")
        dcp.load(wanted, storage_reader=reader, process_group=group, no_dist=group is None)
    except (OSError, ValueError, SafetensorError, CheckpointException) as error:
        raise CorruptFileError(
            f"{folder}: its weights cannot be taken ({error}); write or download them again"
        ) from error


def _files(folder: Path) -> list[Path]:
    found = sorted(Path(folder).glob("*.safetensors"))
    if not found:
        raise CorruptFileError(
            f"{folder}: no .safetensors file; save the model with safe_serialization=True"
        )
    return found


@lru_cache(maxsize=4)
def _hash(files: tuple[tuple[str, int, int], ...]) -> str:
    """Files as they are now: size and time of change say whether they are what was hashed."""
    total = hashlib.sha256()
    for path, _, _ in files:
        with Path(path).open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
