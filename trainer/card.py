"""The model card of an export: what a checkpoint knows of itself, and nothing else."""

from trainer.checkpoint import State
from trainer.config import ModelConfig, parameter_count

CARD = """---
language: ko
library_name: transformers
pipeline_tag: text-generation
---

# A Korean GPT-NeoX model, trained with Malmoi

| | |
|---|---|
| Parameters | {parameters:,} |
| Layers, width, heads | {layers}, {width}, {heads} |
| Feed-forward, rotary dimensions | {feed_forward}, {rotary_dims} of {head_width} a head |
| Context | {context:,} tokens |
| Vocabulary | {vocab_size:,} entries in {rows:,} rows |
| Started from | {start} |
| Trained on | {tokens:,} tokens in {step:,} steps |
| Sources (times an epoch) | {sources} |
| Validation | {validation} |
| Tokenizer SHA-256 | `{tokenizer_sha256}` |
| Training data SHA-256 | `{dataset_fingerprint}` |

The embedding rows from {vocab_size} on stand for no token: never sample them. A document begins and
ends with id {end_of_text}.

```python
from transformers import GPTNeoXForCausalLM

model = GPTNeoXForCausalLM.from_pretrained("this directory")
```

The model continues text. It was not taught to follow instructions, to be correct or to be harmless.
"""


def text(config: ModelConfig, state: State) -> str:
    """The card of a model at a checkpoint's state, as Markdown."""
    facts = state.facts
    bpb = facts["validation_bpb"]
    return CARD.format(
        **config.model_dump(exclude={"vocab_rows"}),
        **{key: value for key, value in facts.items() if key not in ("model", "sources")},
        start=_start(facts.get("start_from")),
        head_width=config.head_width,
        parameters=parameter_count(config, facts["rows"]),
        tokens=state.tokens,
        step=state.step,
        sources=", ".join(f"{name} ({weight:g})" for name, weight in facts["sources"].items()),
        validation="none held out" if bpb is None else f"{bpb:.4f} bits per byte",
    )


def _start(sha256: str | None) -> str:
    return "random weights" if sha256 is None else f"other weights, SHA-256 `{sha256}`"
