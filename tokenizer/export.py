"""Hugging Face files of a SentencePiece model: the same ids from `tokenizers` and `transformers`.

The escape of U+2581, the space mark, byte fallback and the masks are spelled out in
`tokenizer.json`. Control tokens are not added tokens there, so that text which spells one stays
text; `transformers`, which adds them by name, is told so by `split_special_tokens`.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece

from tokenizer.alphabet import SPACE_MARK
from tokenizer.check import ADVERSARIAL
from tokenizer.errors import MalmoiError
from tokenizer.model import NORMAL, USER_DEFINED, Piece, pieces
from tokenizer.settings import tokenizer_settings
from tokenizer.special import CONTROL, END_OF_TEXT
from tokenizer.train import ESCAPE_RULES

SPECIAL_TOKENS = {"eos_token": END_OF_TEXT, "unk_token": CONTROL[0], "pad_token": CONTROL[1]}


def export(model: bytes, out_dir: Path, texts: Iterable[str] = ()) -> bool:
    """Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json.

    And the settings of GPT-NeoX and Megatron-LM for them. Returns whether they were checked: where
    the package `tokenizers` is installed the adversarial texts and `texts` are encoded by both, and
    MalmoiError is raised if any id differs.
    """
    _write(out_dir / "tokenizer.json", tokenizer_json(pieces(model)))
    _write(
        out_dir / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            **SPECIAL_TOKENS,
            "split_special_tokens": True,
            "clean_up_tokenization_spaces": False,
            "model_input_names": ["input_ids", "attention_mask"],  # GPT-NeoX has no others
        },
    )
    _write(out_dir / "special_tokens_map.json", SPECIAL_TOKENS)
    for name, content in tokenizer_settings().items():
        (out_dir / name).write_bytes(content)
    return _checked(model, out_dir / "tokenizer.json", texts)


def tokenizer_json(vocabulary: Sequence[Piece]) -> dict[str, Any]:
    """The content of `tokenizer.json` for a vocabulary of ours."""
    masks = [(i, piece) for i, piece in enumerate(vocabulary) if piece.kind == USER_DEFINED]
    escapes = [(_characters(plain), _characters(escaped)) for plain, escaped in ESCAPE_RULES]
    # U+FDD0 first: the escape of the other brings new ones
    there = [*reversed(escapes), (" ", SPACE_MARK)]
    back = [(escaped, plain) for plain, escaped in escapes]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": i,
                "content": piece.text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": False,
            }
            for i, piece in masks
        ],
        "normalizer": {"type": "Sequence", "normalizers": _replacements(there)},
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                *_replacements([(SPACE_MARK, " ")]),
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                *_replacements(back),
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": CONTROL[0],
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {piece.text: i for i, piece in enumerate(vocabulary)},
            "merges": merges(vocabulary),
        },
    }


def merges(vocabulary: Sequence[Piece]) -> list[list[str]]:
    """Every pair of pieces whose join is a piece, the best join first.

    SentencePiece keeps no list of merges: it joins whichever neighbours make the piece of the
    highest score, so all ways to make a piece have its rank.
    """
    normal = {piece.text: i for i, piece in enumerate(vocabulary) if piece.kind == NORMAL}
    ranked = sorted(normal, key=lambda text: (-vocabulary[normal[text]].score, normal[text]))
    return [
        [text[:at], text[at:]]
        for text in ranked
        for at in range(1, len(text))
        if text[:at] in normal and text[at:] in normal
    ]


def _replacements(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"type": "Replace", "pattern": {"String": pattern}, "content": content}
        for pattern, content in pairs
    ]


def _characters(code_points: str) -> str:
    """`FDD0 61`, as SentencePiece's rule files write it, as text."""
    return "".join(chr(int(code, 16)) for code in code_points.split())


def _write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _checked(model: bytes, path: Path, texts: Iterable[str]) -> bool:
    try:
        import tokenizers
    except ImportError:
        return False
    ours: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    masks = [piece.text for piece in pieces(model) if piece.kind == USER_DEFINED]
    for text in (*ADVERSARIAL, " ".join(masks), "가".join(masks), *texts):
        ids = ours.encode(text)
        found = theirs.encode(text, add_special_tokens=False).ids
        shown = repr(text[:200])
        if found != ids:
            raise MalmoiError(f"{path} gives {found[:200]} for {shown}, SentencePiece {ids[:200]}")
        if theirs.decode(ids, skip_special_tokens=False) != text:
            raise MalmoiError(f"{path} does not give {shown} back")
    return True
