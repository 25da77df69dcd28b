"""What the report shows of a vocabulary: long pieces, sentences in tokens and in morphemes."""

import pyarrow as pa
import pytest
import sentencepiece

from pipeline.synthetic import generate_documents
from tokenizer.config import TokenizerConfig
from tokenizer.count import count_eojeol
from tokenizer.examples import LONGEST, SENTENCES, examples
from tokenizer.morphemes import HANGUL
from tokenizer.train import train

TEXTS = [document["text"] for document in generate_documents(60, seed=29)]


@pytest.fixture(scope="module")
def model() -> bytes:
    config = TokenizerConfig(vocab_size=700, morphemes=False)
    return train(count_eojeol(pa.array(TEXTS)), config, ("tel",))[0]


def halves(eojeol: list[str]) -> list[list[str]]:
    """Stands for Kiwi: every word is two morphemes, but for short ones."""
    return [
        [one[: len(one) // 2], one[len(one) // 2 :]] if len(one) > 3 else [one] for one in eojeol
    ]


def test_a_sentence_of_each_source_is_cut_twice(model: bytes) -> None:
    sources = {
        "blog": TEXTS[:20],
        "english": ["There is not one sentence of Korean in here."],
        "masked": ["우리 전화는 <|tel|> 이고 다른 번호는 없습니다."],
        "rare": ["뷁쀍뚫쒧은 낱말이 아니지만 문장에는 들어 있습니다."],
        "news": TEXTS[20:],
    }
    shown = examples(model, sources, halves)["sentences"]
    assert [row["source"] for row in shown] == ["blog", "rare", "news"]
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    for row in shown:
        text = "".join(row["morphemes"])
        assert any(text in whole for whole in sources[row["source"]]) and text[-1] in ".?!"
        assert len(row["tokens"]) == len(processor.encode(text))
        tokens = list(map(spelled, row["tokens"]))
        assert b"".join(tokens).decode() == text
        bounds = _ends([part.encode() for part in row["morphemes"]])
        ends = [0, *_ends(tokens)]
        assert row["crossing"] == [
            at for at in range(len(tokens)) if any(ends[at] < b < ends[at + 1] for b in bounds)
        ]
    assert any(token.startswith("<0x") for token in shown[1]["tokens"])
    assert any(row["crossing"] for row in shown)


def spelled(token: str) -> bytes:
    """The bytes of a token as it is written."""
    if token.startswith("<0x"):
        return bytes.fromhex(token.replace("<0x", "").replace(">", ""))
    return token.encode()


def _ends(parts: list[bytes]) -> list[int]:
    found, end = [], 0
    for part in parts:
        end += len(part)
        found.append(end)
    return found


def test_there_are_few_sentences_and_the_longest_pieces(model: bytes) -> None:
    many = {f"s{n}": TEXTS for n in range(SENTENCES + 5)}
    found = examples(model, many, halves)
    assert len(found["sentences"]) == SENTENCES
    for name, has_hangul in (("hangul", True), ("other", False)):
        pieces = found["longest"][name]
        assert len(pieces) <= LONGEST and "▁" not in "".join(pieces)
        assert [len(piece) for piece in pieces] == sorted(map(len, pieces), reverse=True)
        assert {bool(HANGUL.search(piece)) for piece in pieces} == {has_hangul}
    assert examples(model, {}, halves)["sentences"] == []
