"""The documents that are shown of a step are those that are trained on."""

from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.errors import MalmoiError
from tokenizer.shards import Shard
from trainer.batches import Batches
from trainer.config import ModelConfig, TrainConfig
from trainer.dataset import Dataset, Stream
from trainer.order import Order
from trainer.show import step_samples

MODEL = ModelConfig(layers=1, width=16, heads=2, context=32)
SETTINGS = TrainConfig(batch_tokens=128, micro_batch=4)


def stream_of(documents: list[list[int]], context: int) -> Stream:
    """A stream of shards, each of documents of so many tokens; the tokens count on from 0."""
    shards, start = [], 0
    for number, lengths in enumerate(documents):
        total = sum(lengths)
        tokens = np.arange(start, start + total, dtype=np.int32)
        sizes = np.array(lengths, dtype=np.int32)
        shards.append(Shard(Path(f"{number}"), tokens, sizes, np.cumsum(sizes) - sizes))
        start += total
    return Stream("blog", 1.0, shards, context)


@given(
    st.lists(st.lists(st.integers(1, 12), max_size=5), min_size=1, max_size=4).filter(
        lambda documents: sum(map(sum, documents)) > 1
    ),
    st.integers(1, 20),
)
def test_the_pieces_of_a_window_are_its_tokens(documents: list[list[int]], context: int) -> None:
    stream = stream_of(documents, context)
    for index in range(stream.windows):
        pieces = list(stream.pieces(index))
        tokens = np.concatenate([piece.tokens for piece in pieces])
        assert tokens.tolist() == stream.window(index).tolist()
        for piece in pieces:
            shard = next(s for s in stream._shards if s.stem == piece.shard)
            whole = shard[piece.document]
            part = whole[piece.first : piece.first + len(piece.tokens)]
            assert len(piece.tokens) and part.tolist() == piece.tokens.tolist()


@pytest.mark.parametrize("step", [1, 2, 30])
def test_what_is_shown_is_what_is_read(run_dir: Path, tokenizer_dir: Path, step: int) -> None:
    shown = step_samples(MODEL, SETTINGS, run_dir / "tokens", tokenizer_dir, 7, step, 1000)
    data = Dataset.open(run_dir / "tokens", MODEL.context)
    batches = Batches(data, Order(data.train.streams, 7), 4, 4, 0, 1)
    ((inputs, targets),) = batches.read((step - 1) * 4).parts
    tokenizer = sentencepiece.SentencePieceProcessor(str(tokenizer_dir / "malmoi.model"))
    assert [sample["sample"] for sample in shown] == list(range(4 * step - 4, 4 * step))
    for row, sample in enumerate(shown):
        read = [*inputs[row].tolist(), targets[row, -1].item()]
        for document in sample["documents"]:
            shard = Shard.open(run_dir / "tokens" / document["shard"])
            first = document["first"]
            tokens = shard[document["document"]][first : first + document["tokens"]].tolist()
            assert tokens == read[: len(tokens)]
            assert document["text"] == tokenizer.decode(tokens)[:1000]
            read = read[len(tokens) :]
        assert not any(read) or read[-1] == -100  # the padding of a stream's last window
        assert sample["source"] in ("blog", "news")


def test_the_settings_seed_goes_before_the_recipes(run_dir: Path, tokenizer_dir: Path) -> None:
    tokens = run_dir / "tokens"
    own = SETTINGS.model_copy(update={"seed": 3})
    assert step_samples(MODEL, own, tokens, tokenizer_dir, 0, 1) == step_samples(
        MODEL, SETTINGS, tokens, tokenizer_dir, 3, 1
    )


def test_a_run_without_a_tokenizer_is_told(run_dir: Path) -> None:
    with pytest.raises(MalmoiError, match=r"malmoi\.model: no tokenizer"):
        step_samples(MODEL, SETTINGS, run_dir / "tokens", run_dir, 0, 1)
