"""Whether every way to encode gives the same ids, and gives the text back, on every text of files.

    python -m benchmarks.tokenizer_parity FILE.jsonl.gz ... --tokenizer DIRECTORY [--json]

Of every text SentencePiece's ids are compared with those of Hugging Face `tokenizers` on the
exported `tokenizer.json` and of each of our encoder's ways, and each decoder's text with the text.
Text is compared as the files have it: no cleaning. A difference is shown, and the exit code is 1.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, get_args

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import pyarrow as pa
import sentencepiece
import tokenizers

from benchmarks.tokenizer_text import documents
from tokenizer.build import MODEL
from tokenizer.encode import Backend, Encoder

BATCH_CHARS = 4_000_000
SHOWN = 5  # differences of each kind


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", help="JSON Lines with `text`, gzipped")
    parser.add_argument("--tokenizer", type=Path, required=True, help="a tokenizer's directory")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    compared = Parity(arguments.tokenizer)
    for batch in batches(chain.from_iterable(map(documents, arguments.files))):
        compared.add(batch)
    figures = compared.figures()
    if arguments.json:
        print(json.dumps(figures))
    else:
        unequal = ", ".join(f"{name} {n}" for name, n in figures["unequal"].items())
        print(
            f"{len(arguments.files)} files, {figures['texts']:,} texts, "
            f"{figures['bytes'] / 1e6:,.1f} MB, {figures['tokens']:,} tokens; unequal: {unequal}"
        )
    return 1 if any(figures["unequal"].values()) else 0


class Parity:
    """All encoders of one tokenizer, and in how many texts each differs from SentencePiece."""

    def __init__(self, directory: Path) -> None:
        model = (directory / MODEL).read_bytes()
        self.processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.peer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.encoders = {name: Encoder(model, name) for name in get_args(Backend)}
        self.texts = self.bytes = self.tokens = 0
        self.unequal: Counter[str] = Counter()

    def add(self, texts: Sequence[str]) -> None:
        want = [self.processor.encode(text, out_type="numpy") for text in texts]
        found = {"tokenizers": [np.array(self.peer_ids(text), np.int32) for text in texts]}
        for name, encoder in self.encoders.items():
            ids, lengths = encoder.encode_batch(pa.array(texts, pa.large_string()))
            found[f"encoder {name}"] = np.split(ids, np.cumsum(lengths)[:-1])
        for name, ids in found.items():
            for text, ours, theirs in zip(texts, ids, want, strict=True):
                self.count(name, text, np.array_equal(ours, theirs))
        for text, ids in zip(texts, want, strict=True):
            back = self.peer.decode(ids.tolist(), skip_special_tokens=False)
            self.count("decode tokenizers", text, back == text)
            self.count("decode", text, self.processor.decode(ids.tolist()) == text)
        self.texts += len(texts)
        self.bytes += sum(len(text.encode()) for text in texts)
        self.tokens += sum(map(len, want))

    def peer_ids(self, text: str) -> list[int]:
        return self.peer.encode(text, add_special_tokens=False).ids

    def count(self, name: str, text: str, is_equal: bool) -> None:
        self.unequal[name] += not is_equal
        if not is_equal and self.unequal[name] <= SHOWN:
            print(f"{name}: {text[:200]!r}", file=sys.stderr)

    def figures(self) -> dict[str, Any]:
        """Texts, their UTF-8 bytes and tokens, and the texts that differ, by what was compared."""
        return {
            "texts": self.texts,
            "bytes": self.bytes,
            "tokens": self.tokens,
            "unequal": dict(self.unequal),
        }


def batches(texts: Iterator[str]) -> Iterator[list[str]]:
    held: list[str] = []
    n_chars = 0
    for text in texts:
        held.append(text)
        n_chars += len(text)
        if n_chars >= BATCH_CHARS:
            yield held
            held, n_chars = [], 0
    if held:
        yield held


if __name__ == "__main__":
    sys.exit(main())
