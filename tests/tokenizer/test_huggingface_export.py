"""The exported files give SentencePiece's ids in `tokenizers` and `transformers`."""

import json

import pytest
import sentencepiece
import tokenizers
import transformers
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.check import ADVERSARIAL
from tokenizer.errors import MalmoiError
from tokenizer.export import export, merges
from tokenizer.model import BYTE, NORMAL, Piece, pieces
from tokenizer.special import CONTROL, mask_pieces

PARTS = [
    "가",
    "학교에서",
    "는데",
    " ",
    "  ",
    "\n",
    "▁",
    "\ufdd0",
    "ab",
    "1",
    "ㅋ",
    "...",
    "<|",
    "😀",
]
any_text = st.one_of(
    st.lists(st.sampled_from([*PARTS, *mask_pieces(["email"]), *CONTROL]), max_size=25).map(
        "".join
    ),
    st.text(),
)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hf")
    assert export(model, folder)
    return folder


@pytest.fixture(scope="module")
def processor(model):
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def test_tokenizers_gives_the_same_ids(folder, processor, texts):
    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    korean = texts.to_pylist()
    assert [found.ids for found in theirs.encode_batch(korean)] == processor.encode(korean)

    @given(any_text)
    def same(text: str) -> None:
        ids = theirs.encode(text).ids
        assert ids == processor.encode(text)
        assert theirs.decode(ids, skip_special_tokens=False) == text

    same()


def test_transformers_gives_the_same_ids(folder, processor, tmp_path):
    auto = transformers.AutoTokenizer.from_pretrained(folder)
    auto.save_pretrained(tmp_path)
    for tokenizer in (auto, transformers.AutoTokenizer.from_pretrained(tmp_path)):
        assert len(tokenizer) == 1600
        assert (tokenizer.unk_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 1, 2)
        assert tokenizer.convert_tokens_to_ids(mask_pieces(["email"])) == [1596, 1597, 1598, 1599]
        for text in (*ADVERSARIAL, "가 <|tel|>나<|email|>"):
            assert list(tokenizer(text)) == ["input_ids", "attention_mask"]
            ids = tokenizer(text)["input_ids"]
            assert ids == processor.encode(text)
            assert tokenizer.decode(ids) == text


def test_merges_make_every_longer_piece_best_first(model):
    vocabulary = pieces(model)
    ids = {piece.text: i for i, piece in enumerate(vocabulary)}
    made = [ids[left + right] for left, right in merges(vocabulary)]
    assert made == sorted(made)
    longer = {i for i, piece in enumerate(vocabulary) if piece.kind == NORMAL and piece.text[1:]}
    assert set(made) == longer


def test_merges_of_bytes_and_unknown_parts_are_none():
    vocabulary = [Piece("<0x61>", 0, BYTE), Piece("ab", -1, NORMAL), Piece("b", -2, NORMAL)]
    assert merges(vocabulary) == []
    tie = [*(Piece(text, 0, NORMAL) for text in "abc"), Piece("bc", -1, NORMAL)]
    assert merges([*tie, Piece("ab", -1, NORMAL)]) == [["b", "c"], ["a", "b"]]


def test_a_wrong_export_is_noticed(model, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tokenizer.export.ESCAPE_RULES", (("2581", "FDD0 63"), ("FDD0", "FDD0 62")))
    with pytest.raises(MalmoiError, match=r"tokenizer\.json gives"):
        export(model, tmp_path)


def test_files_name_the_tokens(folder):
    config = json.loads((folder / "tokenizer_config.json").read_text())
    assert config["split_special_tokens"] is True
    assert json.loads((folder / "special_tokens_map.json").read_text()) == {
        "eos_token": "<|endoftext|>",
        "unk_token": "<|unused0|>",
        "pad_token": "<|unused1|>",
    }
    added = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    assert [token["content"] for token in added] == mask_pieces(["email"])
