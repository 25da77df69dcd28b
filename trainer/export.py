"""A checkpoint as a Hugging Face model directory, and back.

Tensor names are the model's own, so the weights are copied without renaming. The configuration has
the names of transformers 4 (`rotary_pct`) and of 5 (`rope_parameters`), so both read it.
"""

import json
import math
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tokenizer.errors import CorruptFileError, MalmoiError
from trainer import card, checkpoint
from trainer.config import ModelConfig, parameter_count
from trainer.model import NeoX, build
from trainer.weights import ACTIVATIONS, load_weights, read_config

TOKENIZER_FILES = (
    "malmoi.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
LARGEST_DIFFERENCE = 2e-6
"""Between our logits and transformers', fp32, relative to the largest where that is over 1."""


def export(
    checkpoint_dir: Path,
    tokenizer_dir: Path | None,
    out_dir: Path,
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a checkpoint as a Hugging Face model directory; proven where transformers is installed.

    `checkpoint_dir`: a checkpoint, or a run's directory, whose newest is taken. `tokenizer_dir`:
    what it holds of `TOKENIZER_FILES` is copied. `data`: what the card tells of the training data,
    see `card.text`. Returns {checkpoint, step, parameters, files,
    logits_difference (None without transformers)}.
    Raises MalmoiError where there is no checkpoint, or transformers computes other logits.
    """
    source = _newest(Path(checkpoint_dir))
    out_dir = Path(out_dir)
    facts = checkpoint.read_state(source).facts
    config = ModelConfig.model_validate(facts["model"])
    network = build(config, facts["rows"])
    state = checkpoint.load(source, network)
    out_dir.mkdir(parents=True, exist_ok=True)
    copied = []
    for name in TOKENIZER_FILES if tokenizer_dir is not None else ():
        if (Path(tokenizer_dir or "") / name).is_file():
            shutil.copyfile(Path(tokenizer_dir or "") / name, out_dir / name)
            copied.append(name)
    save_file(network.state_dict(), out_dir / "model.safetensors", {"format": "pt"})
    end = facts["end_of_text"]
    generation = {
        "bos_token_id": end,
        "eos_token_id": end,
        "do_sample": True,
        "suppress_tokens": list(range(facts["vocab_size"], facts["rows"])) or None,
    }
    _write_json(out_dir / "config.json", huggingface_config(config, facts))
    _write_json(out_dir / "generation_config.json", generation)
    (out_dir / "README.md").write_text(card.text(config, state, data), encoding="utf-8")
    difference = None
    if find_spec("transformers") is not None:
        difference = compare_with_transformers(network, out_dir)
        if not difference <= LARGEST_DIFFERENCE:
            raise MalmoiError(
                f"{out_dir}: transformers' logits differ from the trainer's by {difference:.1e}, "
                f"more than {LARGEST_DIFFERENCE:.0e}; do not publish this export"
            )
    written = ["README.md", "config.json", "generation_config.json", "model.safetensors"]
    return {
        "checkpoint": source.name,
        "step": state.step,
        "parameters": parameter_count(config, facts["rows"]),
        "files": sorted(written + copied),
        "logits_difference": difference,
    }


def huggingface_config(config: ModelConfig, facts: dict[str, Any]) -> dict[str, Any]:
    """`config.json` of a model; `facts`: rows, vocab_size, end_of_text, tokenizer_sha256."""
    share = config.rotary_dims / config.head_width
    if int(config.head_width * share) < config.rotary_dims:  # both versions round down
        share = math.nextafter(share, 1)
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.feed_forward,
        "max_position_embeddings": config.context,
        "vocab_size": facts["rows"],
        "hidden_act": ACTIVATIONS[config.activation],
        "layer_norm_eps": config.norm_eps,
        "rotary_pct": share,
        "rotary_emb_base": config.rotary_base,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": config.rotary_base,
            "partial_rotary_factor": share,
        },
        "use_parallel_residual": True,
        "attention_bias": True,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        "tie_word_embeddings": False,
        "bos_token_id": facts["end_of_text"],
        "eos_token_id": facts["end_of_text"],
        "torch_dtype": "float32",
        "malmoi": {
            key: facts.get(key)
            for key in ("vocab_size", "tokenizer_sha256", "dataset_fingerprint", "document_end")
        },
    }


def load_export(
    export_dir: Path, device: torch.device | str = "cpu"
) -> tuple[NeoX, dict[str, Any]]:
    """The model of an export directory, and its config.json. CorruptFileError if it is not one."""
    try:
        config, given = read_config(export_dir)
        network = build(config, given["vocab_size"], device)
        load_weights(export_dir, network)
    except CorruptFileError as error:
        raise CorruptFileError(
            f"{export_dir}: not an exported model ({error}); run `malmoi export` again"
        ) from error
    return network, given


def compare_with_transformers(network: NeoX, export_dir: Path) -> float:
    """Largest difference of logits, our model's against transformers' of the export directory.

    On two sequences of random ids as long as the context, up to 128; relative to the largest logit.
    """
    from transformers import GPTNeoXForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    theirs = GPTNeoXForCausalLM.from_pretrained(export_dir, attn_implementation="eager").eval()
    rows = network.embed_out.weight.shape[0]
    length = min(network.config.context, 128)
    ids = torch.randint(rows, (2, length), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, other = network(ids), theirs(ids).logits
    return ((ours - other).abs().max() / max(1.0, ours.abs().max().item())).item()


def _newest(directory: Path) -> Path:
    if (directory / "state.json").is_file():
        return directory
    found = checkpoint.checkpoints(directory)
    if not found:
        raise MalmoiError(f"{directory}: no checkpoint here; run `malmoi train` first")
    return found[-1]


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
