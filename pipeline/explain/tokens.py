"""Into which split a document of `curated/` falls, and how the run's tokenizer cuts it."""

from typing import Any

import sentencepiece

from pipeline import storage
from pipeline.explain.run import Run
from pipeline.explain.shown import Shown
from pipeline.tokenize import split_of

CHARS = 200
"""Of so many characters the pieces are told."""


def tokens(run: Run, identity: str, text: str) -> dict[str, Any]:
    """Split, tokens (its end-of-text id not counted), bytes of text, bytes per token, and pieces.

    The pieces are those of the first `CHARS` characters as they are shown, that is masked.
    """
    model = storage.read_bytes(run.path("tokenizer", "malmoi.model"))
    processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
    count, n_bytes = len(processor.encode(text)), len(text.encode())
    shown = Shown(text).part(0, CHARS)
    return {
        "split": split_of(identity, run.recipe.shards.validation, run.recipe.seed),
        "encoded": "tokenize" in run.manifests,
        "tokens": count,
        "bytes": n_bytes,
        "bytes_per_token": round(n_bytes / max(count, 1), 4),
        "pieces": processor.encode(shown, out_type=str),
    }
