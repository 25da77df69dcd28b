"""Tokenizers of others, trained on the same texts: see benchmarks/tokenizer_frontier.py."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.tokenizer_text import Texts
from tokenizer.morphemes import split

if TYPE_CHECKING:
    from benchmarks.tokenizer_frontier import Tokenizer

NAMES = ("sentencepiece", "byte-level", "byte-level on Kiwi's", "kiwipiepy")
MARK = "\u0cf1"  # Polyglot-Ko's, which its released tokenizer removes from users' texts
SPECIAL = ["<|unused0|>", "<|unused1|>", "<|endoftext|>", "<|sep|>"]


def trained(name: str, texts: Texts, entries: int, out: Path) -> "Tokenizer":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    if name == "sentencepiece":
        return sentencepiece(texts, entries)
    if name == "kiwipiepy":
        return kiwipiepy(texts, entries, out / "kiwipiepy.json")
    return byte_level(texts, entries, name != "byte-level", out)


def loaded(path: Path) -> "Tokenizer":
    """A `tokenizer.json` as it is."""
    import tokenizers

    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return _huggingface(tokenizers.Tokenizer.from_str(data.decode()))


def sentencepiece(texts: Texts, entries: int) -> "Tokenizer":
    """BPE on sentences, with its defaults but those that a lossless model cannot do without."""
    import io

    import sentencepiece as library

    from benchmarks.tokenizer_frontier import Tokenizer

    model = io.BytesIO()
    library.SentencePieceTrainer.train(
        sentence_iterator=(line for text in texts.train for line in text.split("\n") if line),
        model_writer=model,
        model_type="bpe",
        vocab_size=entries,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        split_digits=True,
        max_sentence_length=1_000_000,
        num_threads=1,
        minloglevel=2,
    )
    processor: Any = library.SentencePieceProcessor(model_proto=model.getvalue())
    sizes = [
        1 if processor.is_byte(i) else len(processor.id_to_piece(i).replace("▁", " ").encode())
        for i in range(entries)
    ]
    fragments = frozenset(
        i for i in range(entries) if processor.is_byte(i) and processor.id_to_piece(i) >= "<0x80>"
    )
    return Tokenizer(
        lambda text: [sizes[i] for i in processor.encode(text)],
        processor.encode,
        entries,
        fragments,
    )


def byte_level(texts: Texts, entries: int, morphemes: bool, out: Path) -> "Tokenizer":
    """Hugging Face's byte-level BPE; with `morphemes` on text that Kiwi has split."""
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    made = tokenizers.Tokenizer(models.BPE())
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(MARK, "removed"), bytes_only] if morphemes else [bytes_only]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=entries,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(marked(texts.train) if morphemes else iter(texts.train), trainer)
    return _huggingface(made)


def marked(texts: list[str]) -> Iterator[str]:
    """The texts with a mark between morphemes, each distinct word analysed once."""
    words = sorted({word for text in texts for word in text.replace("\n", " ").split(" ")})
    parts = {
        word: MARK.join(found)
        for word, found in zip(words, split(words, workers=2), strict=True)
        if len(found) > 1
    }
    for text in texts:
        lines = (line.split(" ") for line in text.split("\n"))
        yield "\n".join(" ".join(parts.get(word, word) for word in line) for line in lines)


def kiwipiepy(texts: Texts, entries: int, out: Path) -> "Tokenizer":
    """Its byte-level BPE that keeps to bounds of particles, endings, copula and suffixes."""
    import tokenizers
    from kiwipiepy import Kiwi
    from kiwipiepy.bpe_trainer import train_bpe_tokenizer

    if not out.exists():
        train_bpe_tokenizer(
            str(out),
            texts.train,
            entries,
            pretokenize_j=True,
            pretokenize_e=True,
            pretokenize_vcp=True,
            pretokenize_xsv=True,
            kiwi=Kiwi(num_workers=1),
            show_progress=False,
        )
    return _huggingface(tokenizers.Tokenizer.from_file(str(out)))


def _huggingface(made: Any) -> "Tokenizer":
    from benchmarks.tokenizer_frontier import Tokenizer

    def ids(text: str) -> list[int]:
        return made.encode(text, add_special_tokens=False).ids

    alphabet = _bytes_of_letters()

    def data(piece: str) -> bytes:
        inside = all(letter in alphabet for letter in piece)
        return bytes(alphabet[letter] for letter in piece) if inside else piece.encode()

    entry = {i: data(piece) for piece, i in made.get_vocab().items()}
    sizes = {i: len(found) for i, found in entry.items()}
    entries = max(sizes) + 1
    fragments = frozenset(i for i, found in entry.items() if not _is_text(found))
    return Tokenizer(lambda text: [sizes[i] for i in ids(text)], ids, entries, fragments)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bytes_of_letters() -> dict[str, int]:
    """The byte for which byte-level BPE writes each of 256 letters (GPT-2's encoder)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    shifted = {chr(0x100 + n): byte for n, byte in enumerate(others)}
    return {**{chr(byte): byte for byte in plain}, **shifted}
