"""Encoding: SentencePiece's ids for any text, whatever the way, the batches and the cache."""

import io
import sys
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.check import ADVERSARIAL
from tokenizer.encode import Backend, Encoder
from tokenizer.errors import MalmoiError
from tokenizer.special import CONTROL, mask_pieces
from tokenizer.word_encoder import WordEncoder

PARTS = ["가", "학교에서", " ", "  ", "\n", "\t", "▁", "\ufdd0", "a", "1", "ㅋㅋ", "<|", "|>", "😀"]
MASKS = mask_pieces(["email"])
part = st.sampled_from([*PARTS, *MASKS, *CONTROL])
any_text = st.one_of(st.lists(part, max_size=25).map("".join), st.text())


@pytest.fixture(scope="module")
def processor(model):
    return sentencepiece.SentencePieceProcessor(model_proto=model)


@pytest.fixture(scope="module", params=get_args(Backend))
def encoder(model, request):
    made = Encoder(model, request.param)
    assert made.backend == request.param
    return made


def agree(encoder: Encoder, processor, texts: list[str]) -> None:
    ids, lengths = encoder.encode_batch(pa.array(texts, pa.string()))
    assert (ids.dtype, lengths.dtype) == (np.int32, np.int32)
    want = processor.encode(texts)
    assert lengths.tolist() == [len(text) for text in want]
    assert ids.tolist() == [id_ for text in want for id_ in text]
    bounds = np.cumsum([0, *lengths])
    for text, start, end in zip(texts, bounds, bounds[1:], strict=False):
        assert encoder.decode(ids[start:end]) == text


@given(st.lists(any_text, max_size=5))
def test_ids_are_sentencepieces_and_give_the_text_back(encoder, processor, texts):
    agree(encoder, processor, texts)


def test_adversarial_and_korean_texts(encoder, processor, texts):
    for _ in range(2):  # cold, and from the cache
        agree(encoder, processor, list(ADVERSARIAL))
        agree(encoder, processor, texts.to_pylist())


def test_the_limits_of_cache_and_calls_change_nothing(model, processor, texts, monkeypatch):
    monkeypatch.setattr("tokenizer.word_encoder.CACHE_SLOTS", 64)
    monkeypatch.setattr("tokenizer.encode.CACHE_TEXT", 500)
    some = [*texts.to_pylist()[:100], "긴낱말" * 30, *ADVERSARIAL]
    for backend in ("gigatoken", "words"):
        encoder = Encoder(model, backend)
        for at in range(0, len(some), 9):
            agree(encoder, processor, some[at : at + 9])


def test_special_tokens_in_text(encoder):
    size = encoder.vocab_size
    ids, lengths = encoder.encode_batch(pa.array([*MASKS, "<|endoftext|>"]))
    assert ids[:4].tolist() == list(range(size - 4, size))
    assert lengths[:4].tolist() == [1, 1, 1, 1]
    assert len(ids) > 5 and ids[4:].min() > 3
    assert encoder.decode(np.array([2, 3, *ids[:1], 2])) == "<|email|>"


def test_slices_empty_batches_and_refusals(encoder, processor):
    texts = pa.array(["버림", "가 나", "", "다"])
    ids, lengths = encoder.encode_batch(texts.slice(1, 2))
    assert ids.tolist() == processor.encode("가 나")
    assert lengths.tolist() == [len(ids), 0]
    ids, lengths = encoder.encode_batch(texts.slice(0, 0))
    assert len(ids) == len(lengths) == 0
    with pytest.raises(MalmoiError, match="null"):
        encoder.encode_batch(pa.array(["가", None]))


def foreign_model(counts) -> bytes:
    """SentencePiece's defaults: they fold characters, and no token is a newline."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(counts["eojeol"].to_pylist()),
        model_writer=model,
        model_type="bpe",
        vocab_size=600,
        minloglevel=2,
    )
    return model.getvalue()


def test_a_model_that_is_not_ours_is_encoded_by_sentencepiece_itself(counts):
    model = foreign_model(counts)
    encoder = Encoder(model)
    assert encoder.backend == "sentencepiece"
    want = sentencepiece.SentencePieceProcessor(model_proto=model).encode("ｶ나 다\n라")
    assert encoder.encode_batch(pa.array(["ｶ나 다\n라"]))[0].tolist() == want
    for backend in ("gigatoken", "words"):
        with pytest.raises(MalmoiError, match=f"{backend} cannot encode with this model"):
            Encoder(model, backend)


def test_ways_that_are_missing_or_wrong_are_stood_in_for(model, monkeypatch):
    assert Encoder(model).backend == "words"
    right = WordEncoder.encode_batch

    def wrong(self, texts):
        ids, lengths = right(self, texts)
        ids[-1] += 1
        return ids, lengths

    monkeypatch.setattr(WordEncoder, "encode_batch", wrong)
    assert Encoder(model).backend == "gigatoken"
    monkeypatch.setitem(sys.modules, "gigatoken.gigatoken_rs", None)
    assert Encoder(model).backend == "sentencepiece"
    with pytest.raises(MalmoiError, match="gigatoken cannot encode"):
        Encoder(model, "gigatoken")


def test_bad_input_comes_back(encoder, processor, bad_text):
    agree(encoder, processor, [bad_text])


def test_ids_of_another_vocabulary_are_refused(encoder):
    size = encoder.vocab_size
    for wrong in (size, -1):
        with pytest.raises(MalmoiError, match=f"id {wrong} .* vocabulary of {size}"):
            encoder.decode(np.array([5, wrong, 6]))
    assert encoder.decode(np.array([], np.uint16)) == ""
