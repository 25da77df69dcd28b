"""Stages with the user's own model: a fastText file, a KenLM file, and their faults."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.filters import models
from pipeline.settings import ScoringModel
from tokenizer.errors import RecipeError

TEXTS = pa.array(["좋은 글", "광고 대출\n광고", "모르는 말", ""])


def write_fasttext(path: Path) -> None:
    """A supervised fastText model, format 12: two labels, words of two dimensions."""
    words = ["</s>", "좋은", "글", "광고", "대출"]
    vectors = np.array([[0, 0], [4, 0], [4, 0], [0, 4], [0, 4]], np.float32)
    entries = b"".join(word.encode() + struct.pack("<xqb", 1, 0) for word in words)
    entries += b"".join(label + struct.pack("<xqb", 1, 1) for label in LABELS)
    matrix = struct.Struct("<?qq")
    path.write_bytes(
        struct.pack("<ii", 793712314, 12)
        # dimensions, window, epochs, least count, negatives, n-grams, softmax, supervised, ...
        + struct.pack("<12id", 2, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100, 1e-4)
        + struct.pack("<iiiqq", 7, 5, 2, 7, -1)
        + entries
        + matrix.pack(False, *vectors.shape)
        + vectors.tobytes()
        + matrix.pack(False, 2, 2)
        + (2 * np.eye(2, dtype=np.float32)).tobytes()
    )


LABELS = (b"__label__good", b"__label__bad")

ARPA = """\\data\\
ngram 1=5
ngram 2=1

\\1-grams:
-1.0\t<unk>
-99\t<s>
-0.5\t</s>
-0.5\t좋은
-0.5\t글

\\2-grams:
-0.2\t<s> 좋은

\\end\\
"""


def fasttext_model(path: Path, **changes: object) -> ScoringModel:
    fields = {"name": "quality", "kind": "fasttext", "label": "good", "drop_if": "<"}
    return ScoringModel(**{**fields, "path": str(path), "threshold": 0.4, **changes})


def test_fasttext_gives_the_probability_of_its_label(tmp_path: Path) -> None:
    write_fasttext(tmp_path / "model.bin")
    model = fasttext_model(tmp_path / "model.bin")
    scores = models.score(TEXTS, model)
    # A text is the mean of its words, the end of the line among them; softmax over the labels.
    assert scores[0] == pytest.approx(1 / (1 + np.exp(-2 * 8 / 3)), abs=1e-3)
    assert scores[1] == pytest.approx(1 / (1 + np.exp(2 * 12 / 4)), abs=1e-3)
    assert scores[2:] == pytest.approx(0.5, abs=1e-3)
    assert models.fires(scores, model).tolist() == [False, True, False, False]
    other = fasttext_model(tmp_path / "model.bin", label="__label__bad", drop_if=">")
    assert models.fires(models.score(TEXTS, other), other).tolist() == [False, True, True, True]


def test_a_changed_model_has_another_identity(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    write_fasttext(path)
    (first,) = models.check([fasttext_model(path)])
    path.write_bytes(path.read_bytes() + b"\0")
    assert models.check([fasttext_model(path)]) != [first]


def test_faults_are_named_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="'quality': there is no file"):
        models.check([fasttext_model(tmp_path / "none.bin")])
    write_fasttext(tmp_path / "model.bin")
    with pytest.raises(RecipeError, match=r"label 'fine' is not in .*; it has bad, good"):
        models.check([fasttext_model(tmp_path / "model.bin", label="fine")])
    (tmp_path / "broken.bin").write_bytes(b"no model at all")
    with pytest.raises(RecipeError, match="is no fasttext model"):
        models.check([fasttext_model(tmp_path / "broken.bin")])


@pytest.mark.slow  # KenLM is compiled where it is installed: pip install 'malmoi[models]'
def test_kenlm_gives_the_perplexity_of_a_token(tmp_path: Path) -> None:
    (tmp_path / "model.arpa").write_text(ARPA)
    model = ScoringModel(
        name="perplexity",
        kind="kenlm",
        path=str(tmp_path / "model.arpa"),
        drop_if=">",
        threshold=5.0,
    )
    scores = models.score(TEXTS, model)
    known, unknown = 10 ** ((0.2 + 0.5 + 0.5) / 3), 10 ** ((2 * 1.0 + 0.5) / 3)
    mixed = 10 ** ((3 * 1.0 + 2 * 0.5) / 5)
    assert scores == pytest.approx([known, mixed, unknown, 1.0], rel=1e-4)
    assert models.fires(scores, model).tolist() == [False, True, True, False]
