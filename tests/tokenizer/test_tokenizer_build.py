"""A whole build: every file, the same bytes for any number of workers, true statistics."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece

from tokenizer.build import build
from tokenizer.config import TokenizerConfig
from tokenizer.count import count_eojeol, merge_counts
from tokenizer.encode import Encoder
from tokenizer.morphemes import split
from tokenizer.quality import quality as tokenizer_quality
from tokenizer.vocabulary import byte_lengths

FILES = {
    "README.md",
    "malmoi.model",
    "malmoi.vocab",
    "megatron_tokenizer.args",
    "neox_tokenizer.yml",
    "special_tokens_map.json",
    "token_bytes.npy",
    "tokenizer.json",
    "tokenizer_config.json",
}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def built(counts, paragraphs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    config = TokenizerConfig(unsplit_share=0, vocab_size=590)
    some = {"tales": paragraphs[:6], "notes": [*paragraphs[6:], "새낱말하나를 더"]}
    kinds = ["tel", "email"]
    statistics = build([counts], config, kinds, folder / "one", workers=1, texts=some)
    again = build([counts], config, kinds[::-1], folder / "two", workers=2, texts=some)
    return folder, statistics, again


def test_workers_change_nothing(built):
    folder, statistics, again = built
    assert content(folder / "one") == content(folder / "two")
    assert set(content(folder / "one")) == FILES
    assert {**statistics, "seconds": 0} == {**again, "seconds": 0}
    assert list(statistics["seconds"]) == ["morphemes", "train", "write"]


def test_statistics_are_those_of_the_counts(built, counts):
    folder, statistics, _ = built
    model = (folder / "one" / "malmoi.model").read_bytes()
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    eojeol, times = counts.to_pydict().values()
    tokens = sum(len(processor.encode(e)) * n for e, n in zip(eojeol, times, strict=True))
    n_bytes = sum(len(e.encode()) * n for e, n in zip(eojeol, times, strict=True))
    assert statistics["eojeol"] == sum(times)
    assert statistics["bytes_per_token"] == pytest.approx(n_bytes / tokens, abs=1e-4)
    assert statistics["tokens_per_eojeol"] == pytest.approx(tokens / sum(times), abs=1e-4)
    assert statistics["used_eojeol"] == statistics["distinct_eojeol"] == counts.num_rows
    assert statistics["failed"] == 0 and statistics["parity_checked"]
    assert sum(statistics["make_up"].values()) == 590
    assert np.array_equal(np.load(folder / "one" / "token_bytes.npy"), byte_lengths(model))


def test_quality_is_that_of_the_sources(built, model, paragraphs):
    folder, statistics, _ = built
    quality = statistics["quality"]
    assert list(quality["sources"]) == ["tales", "notes"]
    # not none: what is a boundary in one word may be none in another
    plain = tokenizer_quality(model, {"all": paragraphs}, ["email"], split)["all"]
    assert quality["all"]["crossing"] < 0.02 < plain["crossing"]
    assert 0 < quality["all"]["renyi"] < 1 < quality["all"]["tokens_per_eojeol"]
    card = (folder / "one" / "README.md").read_text()
    assert re.search(r"^\| tales \| \d+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \| \d\.\d% \|", card, re.M)
    assert re.search(r"^\| all \|", card, re.M)


def test_no_piece_crosses_a_morpheme(built):
    # where a noun meets its particle a token ends, though nothing is analysed when encoding
    folder, _, _ = built
    model = (folder / "one" / "malmoi.model").read_bytes()
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert split(["학교에서도"]) == [["학교", "에서", "도"]]
    pieces = processor.encode("학교에서도", out_type=str)
    assert "".join(pieces[:1]) == "학교" and "도" in pieces


def test_card_says_what_it_is(built):
    folder, statistics, _ = built
    card = (folder / "one" / "README.md").read_text()
    assert f"{statistics['analysed']:,} distinct words" in card
    assert "| `vocab_size` | 590 |" in card
    assert statistics["sha256"] in card
    assert r"| 589 | `<\|rrn\|>` |" in card
    assert not re.search(r"\{\w*\}|None|nan", card)


def test_plain_and_least_counts(counts, tmp_path):
    config = TokenizerConfig(vocab_size=700, morphemes=False, minimum_count=2)
    statistics = build([counts], config, [], tmp_path, workers=1)
    assert statistics["rows"] == statistics["used_eojeol"] < statistics["distinct_eojeol"]
    assert "analysed" not in statistics
    assert statistics["quality"] == {"all": None, "sources": {}}
    card = (tmp_path / "README.md").read_text()
    assert "without morphological analysis" in card and "Zouhar" not in card
    assert set(content(tmp_path)) == FILES


def test_bad_texts_in_the_corpus_are_survived(counts, bad_texts, tmp_path):
    """Neither Kiwi nor the training hangs on them, and the vocabulary gives them back."""
    bad = count_eojeol(pa.array(bad_texts))
    config = TokenizerConfig(vocab_size=700)
    statistics = build([merge_counts([counts, bad])], config, [], tmp_path, workers=1)
    assert statistics["too_long"] >= 3 and statistics["failed"] == 0
    encoder = Encoder((tmp_path / "malmoi.model").read_bytes())
    ids, lengths = encoder.encode_batch(pa.array(bad_texts))
    ends = np.cumsum(lengths)
    for text, start, end in zip(bad_texts, [0, *ends], ends, strict=False):
        assert encoder.decode(ids[start:end]) == text
