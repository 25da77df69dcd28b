"""Optional stages with the user's own model: a fastText classifier, KenLM perplexity.

Both libraries come with the extra `models`; without such a stage neither is imported.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sentencepiece

from pipeline.settings import ScoringModel
from tokenizer.errors import RecipeError

Score = Callable[[str], float]
_PREFIX = "__label__"


def check(models: Sequence[ScoringModel]) -> list[str]:
    """Load each model once; SHA-256 in hex of its files, for the identity of what it judged.

    Raises RecipeError where a library, a file or a label is missing.
    """
    for model in models:
        _load(model)
    return [_fingerprint(model) for model in models]


def score(texts: pa.StringArray, model: ScoringModel) -> npt.NDArray[np.float64]:
    """float64[n]: the label's probability (fasttext) or the perplexity of a token (kenlm)."""
    measure = _load(model)
    return np.array([measure(text) for text in texts.to_pylist()], np.float64)


def fires(scores: npt.NDArray[np.float64], model: ScoringModel) -> npt.NDArray[np.bool_]:
    """bool[n]: whether the model's rule removes a text with that score."""
    return scores < model.threshold if model.drop_if == "<" else scores > model.threshold


@lru_cache(maxsize=8)
def _load(model: ScoringModel) -> Score:
    for path in filter(None, (model.path, model.pieces)):
        if not Path(path).is_file():
            raise RecipeError(f"model '{model.name}': there is no file {path}; mend its path")
    try:
        return _fasttext(model) if model.kind == "fasttext" else _kenlm(model)
    except ImportError as error:
        raise RecipeError(
            f"model '{model.name}' needs the library {error.name}; "
            "install it with: pip install 'malmoi[models]'"
        ) from error
    except (ValueError, OSError, RuntimeError) as error:
        raise RecipeError(
            f"model '{model.name}': {model.path} is no {model.kind} model ({error})"
        ) from error


def _fasttext(model: ScoringModel) -> Score:
    import fasttext

    loaded = fasttext.load_model(model.path)
    wanted = _PREFIX + model.label.removeprefix(_PREFIX)
    labels, _ = _predict(loaded, "말모이")
    if wanted not in labels:
        known = ", ".join(sorted(label.removeprefix(_PREFIX) for label in labels)[:10])
        raise RecipeError(
            f"model '{model.name}': label '{model.label}' is not in {model.path}; it has {known}"
        )

    def probability(text: str) -> float:
        labels, probabilities = _predict(loaded, text.replace("\n", " "))
        return float(dict(zip(labels, probabilities, strict=True)).get(wanted, 0.0))

    return probability


def _predict(loaded: object, text: str) -> tuple[Sequence[str], Sequence[float]]:
    """Every label with its probability (fastText's own predict copies through NumPy 1)."""
    labels, probabilities = loaded.predict(text, k=-1)  # type: ignore[attr-defined]
    return labels, probabilities


def _kenlm(model: ScoringModel) -> Score:
    import kenlm

    loaded = kenlm.Model(model.path)
    pieces = sentencepiece.SentencePieceProcessor(model_file=model.pieces) if model.pieces else None

    def perplexity(text: str) -> float:
        log10, tokens = 0.0, 0
        for line in filter(None, text.split("\n")):
            words = pieces.encode(line, out_type=str) if pieces else line.split()
            log10 += loaded.score(" ".join(words))
            tokens += len(words) + 1  # and the end of the line
        return float(10 ** min(-log10 / tokens, 300)) if tokens else 1.0

    return perplexity


def _fingerprint(model: ScoringModel) -> str:
    digest = hashlib.sha256()
    for path in filter(None, (model.path, model.pieces)):
        with Path(path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
