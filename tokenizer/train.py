"""Training: SentencePiece BPE on rows of (morpheme string, count).

One row a morpheme gives the same vocabulary as marking boundaries in the running text, at a
fraction of the time and memory, since no merge leaves its row. The same rows give the same bytes.
"""

import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece

from tokenizer.alphabet import ESCAPE, alphabet, character_counts
from tokenizer.config import SMALLEST, TokenizerConfig
from tokenizer.errors import MalmoiError
from tokenizer.model import finish
from tokenizer.special import CONTROL, mask_pieces

BYTES = 256
MAX_ROW_BYTES = 65_536  # SentencePiece leaves longer rows out

# SentencePiece writes a space as U+2581 and reads U+2581 back as a space, so that the character
# itself is lost. Escaped like this (injective; hexadecimal code points) every text comes back.
ESCAPE_RULES = (("2581", "FDD0 61"), ("FDD0", "FDD0 62"))


def train(
    rows: pa.Table, config: TokenizerConfig, mask_kinds: Sequence[str]
) -> tuple[bytes, dict[str, int]]:
    """(serialized SentencePiece ModelProto of `config.vocab_size` pieces, statistics).

    `rows`: (string, int64 count), what no merge may cross: morphemes, or eojeol for plain BPE. Ids:
    the four of special.CONTROL, 256 bytes, merges by rank, characters by count, and last the masks
    of special.mask_pieces(mask_kinds). Statistics: rows, characters.

    Raises MalmoiError where the rows hold too few merges for the vocabulary.
    """
    masks = mask_pieces(mask_kinds)
    counts = character_counts(rows)
    if rows.num_rows == 0:
        raise MalmoiError("no eojeol to train a vocabulary on; see what the filters removed")

    def attempt(vocab_size: int) -> tuple[int, bytes, int]:
        """(size, model, characters) of that size; a smaller size and no model where it fails."""
        free = vocab_size - len(CONTROL) - BYTES - len(masks) - 2  # the escape and the space
        characters = alphabet(counts, config.character_coverage, free)
        lines = _lines(rows, characters, masks)
        model, largest = _trained(
            lines, characters, vocab_size - len(masks), split_digits=config.split_digits
        )
        return largest + len(masks), model, len(characters)

    size, model, characters = attempt(config.vocab_size)
    if model:
        return finish(model, masks), {"rows": rows.num_rows, "characters": characters}
    while size >= SMALLEST and not model:  # a smaller vocabulary has fewer characters too
        size, model, _ = attempt(size)
    raise MalmoiError(
        f"the text has too few distinct words for a vocabulary of {config.vocab_size}; "
        + (f"set vocab_size to {size} or less, or give more text" if model else "give more text")
    )


def _trained(
    lines: Iterator[str], characters: set[str], vocab_size: int, split_digits: bool
) -> tuple[bytes, int]:
    """(model, vocab_size); where the lines do not fill it, (b"", the size they might fill)."""
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines,
                model_writer=model,
                vocab_size=vocab_size,
                split_digits=split_digits,
                required_chars="".join(sorted({*characters, ESCAPE})),
                **{**OPTIONS, **_escape(Path(folder))},
            )
        except RuntimeError as error:
            too_high = re.search(r"too high.*<= (\d+)", str(error))
            if not too_high:
                raise MalmoiError(f"SentencePiece cannot train on these counts: {error}") from error
            return b"", int(too_high[1])
    return model.getvalue(), vocab_size


OPTIONS: dict[str, Any] = {
    "model_type": "bpe",
    "input_format": "tsv",
    "character_coverage": 1.0,  # decided by tokenizer.alphabet: rows hold nothing else
    "byte_fallback": True,
    "split_by_whitespace": True,
    "split_by_unicode_script": True,
    "allow_whitespace_only_pieces": True,
    "remove_extra_whitespaces": False,
    "add_dummy_prefix": False,
    "max_sentence_length": MAX_ROW_BYTES,
    "num_threads": 1,
    "unk_id": 0,
    "unk_piece": CONTROL[0],
    "unk_surface": "",
    "pad_id": 1,
    "pad_piece": CONTROL[1],
    "eos_id": 2,
    "eos_piece": CONTROL[2],
    "bos_id": -1,
    "control_symbols": [CONTROL[3]],
    "minloglevel": 2,
}


def _lines(rows: pa.Table, characters: set[str], masks: Sequence[str]) -> Iterator[str]:
    """The trainer's input; a string is cut where a mask or a character without an entry stands."""
    inside = "".join(re.escape(character) for character in sorted(characters))
    cut = re.compile("|".join([*map(re.escape, masks), f"[^ {inside}]+"]))
    # the space too must have an entry, even if no row has one; alone it merges with nothing
    yield f" \t{pc.max(rows['count'])}"
    for batch in rows.to_batches(max_chunksize=65_536):
        for string, count in zip(*batch.to_pydict().values(), strict=True):
            for part in cut.split(string):
                if part:
                    yield f"{part}\t{count}"


def _escape(folder: Path) -> dict[str, Any]:
    """The options that put the escape in the model; SentencePiece reads the rules from files."""
    there, back = folder / "there.tsv", folder / "back.tsv"
    there.write_text("".join(f"{a}\t{b}\n" for a, b in ESCAPE_RULES))
    back.write_text("".join(f"{b}\t{a}\n" for a, b in ESCAPE_RULES))
    return {"normalization_rule_tsv": str(there), "denormalization_rule_tsv": str(back)}
