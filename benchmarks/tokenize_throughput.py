"""Encoding speed: Malmoi's encoder, SentencePiece and HF tokenizers on one model and text.

    python -m benchmarks.tokenize_throughput [--text FILE.jsonl.gz...] [--model DIR] [--json FILE]

One thread each, CPU seconds of this process, every encoder on the same batches in one run; the ids
are compared and a difference is a failure. Our encoder is measured by each of its three ways; the
first that works here is the one in use. "cold" is the first pass, which learns the words; "warm" is
the second. Texts of several files come mixed, in an order drawn at random. Without `--model` a
plain vocabulary is trained on the text first.
"""

import argparse
import gzip
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import numpy as np
import pyarrow as pa
import sentencepiece
import tokenizers

from tokenizer.build import MODEL
from tokenizer.config import TokenizerConfig
from tokenizer.count import count_eojeol
from tokenizer.encode import Backend, Encoder
from tokenizer.export import export
from tokenizer.train import train

BATCH_BYTES = 4_000_000
SENTENCES = (
    "{}에서 열린 모임에 {} 명이 모여 {}의 앞날을 이야기했다.",
    "지난해 {}의 매출은 {}억 원으로 {}보다 조금 늘었다.",
    "우리는 {}까지 걸어서 {}분이 걸렸지만 {} 덕분에 지루하지 않았다.",
    "{}는 무엇이며, 제{}조에 따라 {}는 어떻게 정하는가?",
    "솔직히 {}은 별로였어요ㅋㅋ {}점 드립니다. {}만 좋았음!!",
)
ONSETS, VOWELS, CODAS = 19, 21, 28  # of a Hangul syllable, Unicode 3.12


def main() -> int:
    arguments = parsed()
    texts = [text for path in arguments.text for text in read(path)]
    random.Random(1).shuffle(texts)
    texts = texts or list(made(arguments.megabytes))
    texts = cut(texts, arguments.megabytes)
    batches = batched(texts)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        directory = arguments.model or trained(texts, arguments.vocab_size, Path(folder))
        results = measure(directory, batches, megabytes, arguments.huggingface_megabytes)
    table(results, megabytes, len(texts))
    if arguments.json:
        arguments.json.write_text(json.dumps({"megabytes": megabytes, "encoders": results}))
    return 0 if all(row["same_ids"] for row in results) else 1


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--text",
        nargs="*",
        default=[],
        type=Path,
        help='.jsonl or .jsonl.gz with "text", or plain text',
    )
    parser.add_argument("--megabytes", type=float, default=20, help="of text, at most")
    parser.add_argument("--huggingface-megabytes", type=float, default=4, help="for the slow one")
    parser.add_argument("--model", type=Path, help="a tokenizer's directory")
    parser.add_argument("--vocab-size", type=int, default=30_003)
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def read(path: Path) -> Iterator[str]:
    """Documents of a JSON Lines file, or the lines of a text."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"] if ".jsonl" in path.name else line


def made(megabytes: float) -> Iterator[str]:
    """Documents of sentences with made nouns, whose frequencies fall as Zipf's law has them."""
    source = random.Random(1)
    nouns = [
        "".join(chr(syllable(source)) for _ in range(source.randint(2, 4))) for _ in range(60_000)
    ]
    weights = np.cumsum(1 / np.arange(1, len(nouns) + 1)).tolist()
    written = 0
    while written < megabytes * 1e6:
        lines = []
        for _ in range(source.randint(3, 40)):
            first, second = source.choices(nouns, cum_weights=weights, k=2)
            lines.append(source.choice(SENTENCES).format(first, source.randint(1, 9999), second))
        document = "\n".join(lines)
        written += len(document.encode())
        yield document


def syllable(source: random.Random) -> int:
    onset, vowel = source.randrange(ONSETS), source.randrange(VOWELS)
    return 0xAC00 + (onset * VOWELS + vowel) * CODAS + source.choice((0, 0, 0, 1, 4, 8, 16, 21))


def cut(texts: list[str], megabytes: float) -> list[str]:
    """The first texts, up to so many megabytes of UTF-8."""
    ends = np.cumsum([len(text.encode()) for text in texts])
    return texts[: max(1, int(np.searchsorted(ends, megabytes * 1e6, "right")))]


def batched(texts: list[str]) -> list[pa.StringArray]:
    ends = np.cumsum([len(text.encode()) for text in texts])
    numbers = ends // BATCH_BYTES
    bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(texts)]
    return [pa.array(texts[a:b]) for a, b in pairwise(bounds)]


def trained(texts: list[str], vocab_size: int, folder: Path) -> Path:
    config = TokenizerConfig(vocab_size=vocab_size, morphemes=False)
    model, _ = train(count_eojeol(pa.array(texts)), config, [])
    (folder / MODEL).write_bytes(model)
    export(model, folder)
    return folder


def measure(
    directory: Path, batches: list[pa.StringArray], megabytes: float, huggingface_megabytes: float
) -> list[dict[str, Any]]:
    model = (directory / MODEL).read_bytes()
    used = Encoder(model).backend  # which also compiles: that is not encoding
    processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
    huggingface = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))

    def by_sentencepiece(batch: pa.StringArray) -> list[np.ndarray]:
        return [processor.encode(text, out_type="numpy") for text in batch.to_pylist()]

    def by_huggingface(batch: pa.StringArray) -> list[np.ndarray]:
        found = huggingface.encode_batch_fast(batch.to_pylist(), add_special_tokens=False)
        return [np.array(one.ids, np.int32) for one in found]

    n_few = max(1, int(huggingface_megabytes * 1e6 / BATCH_BYTES))
    few = batches[:n_few]
    few_megabytes = megabytes * sum(b.nbytes for b in few) / sum(b.nbytes for b in batches)
    want, cold = timed(by_sentencepiece, batches)
    results = [figures("SentencePiece (numpy)", megabytes, cold, want, want)]
    results[0]["warm"] = megabytes / timed(by_sentencepiece, batches)[1]
    for backend in get_args(Backend):
        encoder = Encoder(model, backend)

        def by_malmoi(batch: pa.StringArray, encoder: Encoder = encoder) -> list[np.ndarray]:
            return [encoder.encode_batch(batch)[0]]

        found, cold = timed(by_malmoi, batches)
        name = f"Malmoi, {backend}{' (used)' if backend == used else ''}"
        results.append(figures(name, megabytes, cold, found, want))
        results[-1]["warm"] = megabytes / timed(by_malmoi, batches)[1]
    found, cold = timed(by_huggingface, few)
    results.append(figures("HF tokenizers", few_megabytes, cold, found, want[:n_few]))
    results[-1]["warm"] = few_megabytes / timed(by_huggingface, few)[1]
    return results


def timed(
    encode: Callable[[pa.StringArray], list[np.ndarray]], batches: list[pa.StringArray]
) -> tuple[list[np.ndarray], float]:
    """(ids of each batch, CPU seconds)."""
    began = time.process_time()
    ids = [encode(batch) for batch in batches]
    seconds = time.process_time() - began
    return [np.concatenate(parts) for parts in ids], seconds


def figures(
    name: str,
    megabytes: float,
    seconds: float,
    ids: list[np.ndarray],
    want: list[np.ndarray],
) -> dict[str, Any]:
    same = all(np.array_equal(ours, theirs) for ours, theirs in zip(ids, want, strict=True))
    return {"name": name, "megabytes": megabytes, "cold": megabytes / seconds, "same_ids": same}


def table(results: list[dict[str, Any]], megabytes: float, documents: int) -> None:
    print(f"{megabytes:.1f} MB, {documents:,} documents; MB of UTF-8 per CPU-second, one thread")
    print(f"{'':26}{'MB':>8}{'cold':>8}{'warm':>8}{'times SentencePiece':>22}  same ids")
    base = results[0]
    for row in results:
        ratios = f"{row['cold'] / base['cold']:.2f}, warm {row['warm'] / base['warm']:.2f}"
        speeds = f"{row['megabytes']:8.1f}{row['cold']:8.1f}{row['warm']:8.1f}{ratios:>22}"
        print(f"{row['name']:26}{speeds}  {'yes' if row['same_ids'] else 'NO'}")


if __name__ == "__main__":
    sys.exit(main())
