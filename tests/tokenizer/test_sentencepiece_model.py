"""The wire format of the model: read, edited, refused when broken."""

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.errors import CorruptFileError
from tokenizer.model import BYTE, BYTES, NORMAL, VARINT, encode, fields, finish, pieces

number = st.integers(1, 2**29 - 1)
field = st.one_of(
    st.tuples(number, st.just(VARINT), st.integers(0, 2**64 - 1)),
    st.tuples(number, st.just(BYTES), st.binary(max_size=300)),
    st.tuples(number, st.just(5), st.binary(min_size=4, max_size=4)),
    st.tuples(number, st.just(1), st.binary(min_size=8, max_size=8)),
)


@given(st.lists(field, max_size=5))
def test_fields_come_back(message):
    assert list(fields(encode(message))) == message


def test_pieces_are_what_sentencepiece_says(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    found = pieces(model)
    assert len(found) == processor.get_piece_size()
    for i, piece in enumerate(found):
        assert (piece.text, piece.score) == (processor.id_to_piece(i), processor.get_score(i))
        assert (piece.kind == BYTE) == processor.is_byte(i)
    assert found[300].kind == NORMAL
    assert encode(fields(model)) == model


def test_further_pieces_are_the_last_ids_and_whole_in_text(model):
    longer = finish(model, ["<|name|>"])
    processor = sentencepiece.SentencePieceProcessor(model_proto=longer)
    last = processor.get_piece_size() - 1
    assert last == len(pieces(model))
    assert processor.encode("<|name|>") == [last]


@pytest.mark.parametrize("cut", [1, 2, 1000, -1])
def test_a_broken_model_is_refused(model, cut):
    with pytest.raises(CorruptFileError):
        pieces(model[:cut])


@pytest.mark.parametrize("broken", [b"", b"\x0b\x00", b"\x08\x01", b"\xff" * 12], ids=repr)
def test_other_bytes_are_refused(broken):
    with pytest.raises(CorruptFileError):
        pieces(broken)
