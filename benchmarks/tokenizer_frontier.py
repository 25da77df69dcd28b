"""Morphology against compression: our dial beside its rivals, on one training text.

    python -m benchmarks.tokenizer_frontier --train FILE.jsonl.gz ... --gold FILE.conllu ...
        [--held-out FILE.jsonl.gz ...] [--entries 30003] [--mb-a-kind 2.6] [--peer tokenizer.json]
        [--variants NAME ...] [--out FOLDER] [--json]

Each file is a kind. Of every kind the first `--mb-a-kind` of its documents are trained on, except
one in 20, which is held out; `--held-out` adds kinds that nothing was trained on. A tokenizer's
bytes per token is the mean over the kinds held out, and the agreement with morphemes is of its
bounds inside the words of the treebanks (benchmarks/gold.py). Also, over the text held out: tokens
a word, the share of tokens that cross a morpheme of Kiwi's, Renyi efficiency (alpha 2.5; Zouhar et
al. 2023, section 3), the part of the vocabulary that was used, and seconds of training.

Rivals: SentencePiece BPE on plain text, Hugging Face's byte-level BPE on plain text and on text
that Kiwi has split (Polyglot-Ko's way), kiwipiepy's own trainer, and a `tokenizer.json` as it is.
All are trained to the same number of entries. `--out` keeps the models and Kiwi's analyses.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import tokenizer_rivals as rivals
from benchmarks.gold import agreement, read_gold
from benchmarks.tokenizer_text import Texts, read_texts
from tokenizer.analyses import Analyses
from tokenizer.build import mixed
from tokenizer.config import TokenizerConfig
from tokenizer.count import count_eojeol
from tokenizer.encode import Encoder
from tokenizer.morphemes import HANGUL, morpheme_counts, split
from tokenizer.quality import byte_fragments, renyi_efficiency
from tokenizer.train import train
from tokenizer.vocabulary import byte_lengths

_SPLIT: dict[str, Any] = {"unsplit_share": 0.0}
_MERGE: dict[str, Any] = {"split_digits": False}

DIAL: dict[str, dict[str, Any]] = {
    "all": _SPLIT,
    "all, digits merge": {**_SPLIT, **_MERGE},
    "all, digits merge, rare characters in bytes": {
        **_SPLIT,
        **_MERGE,
        "character_coverage": 0.998,
    },
    "grammar": {**_SPLIT, "boundaries": "grammar"},
    "grammar, digits merge": {**_SPLIT, **_MERGE, "boundaries": "grammar"},
    "runs": {**_SPLIT, "boundaries": "runs"},
    "runs, digits merge": {**_SPLIT, **_MERGE, "boundaries": "runs"},
    "all + 1 % unsplit, digits merge": {"unsplit_share": 0.01, **_MERGE},
    "all + 2 % unsplit, digits merge": {"unsplit_share": 0.02, **_MERGE},
    "all + 5 % unsplit": {"unsplit_share": 0.05},
    "all + 10 % unsplit": {"unsplit_share": 0.10},
    "all + 5 % unsplit, digits merge": {"unsplit_share": 0.05, **_MERGE},
    "grammar + 5 % unsplit": {"boundaries": "grammar", "unsplit_share": 0.05},
    "plain": {"morphemes": False},
    "plain, digits merge": {"morphemes": False, **_MERGE},
}

Lengths = Callable[[str], Sequence[int]]
"""Bytes of each token of a text, in order."""


@dataclass(frozen=True)
class Tokenizer:
    """A way to cut text: bytes of each token, and its ids for the figures on the vocabulary.

    `fragments`: the ids that stand for a part of a character.
    """

    lengths: Lengths
    ids: Callable[[str], Sequence[int]]
    entries: int
    fragments: frozenset[int]


def main() -> None:
    arguments = parsed()
    texts = read_texts(arguments.train, arguments.held_out, arguments.mb_a_kind)
    gold = read_gold(arguments.gold)
    with tempfile.TemporaryDirectory() as folder:
        out = arguments.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        rows = [
            {"variant": name, **measured(made, texts, gold), "seconds": round(seconds, 1)}
            for name, made, seconds in tokenizers(arguments, texts, out)
        ]
    if arguments.json:
        print(json.dumps({"texts": texts.sizes(), "rows": rows}, ensure_ascii=False, indent=1))
    else:
        show(rows, texts)


def parsed() -> argparse.Namespace:
    parser = options(__doc__, None)
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    return parser.parse_args()


def options(about: str | None, variants: list[str] | None) -> argparse.ArgumentParser:
    """The arguments of texts and tokenizers; `variants` where none are named (None: all)."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--held-out", type=Path, nargs="*", default=[])
    parser.add_argument("--entries", type=int, default=30_003)
    parser.add_argument("--mb-a-kind", type=float, default=2.6)
    parser.add_argument("--peer", type=Path, help="another tokenizer.json, .gz allowed")
    names = [*DIAL, *rivals.NAMES]
    parser.add_argument("--variants", nargs="+", help="only these", choices=names, default=variants)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="keeps the models and Kiwi's analyses")
    parser.add_argument("--json", action="store_true")
    return parser


def tokenizers(arguments: argparse.Namespace, texts: Texts, out: Path) -> Any:
    """(name, tokenizer, seconds of training) of each variant; Kiwi's analyses are made once."""
    counts = count_eojeol(pa.array(texts.train))
    cache = out / "morphemes.parquet"
    analyses = Analyses.read(cache) if cache.exists() else Analyses()
    morpheme_counts(counts, arguments.workers, analyses=analyses)
    analyses.write(cache)
    analyses = Analyses.read(cache)
    wanted = arguments.variants or [*DIAL, *rivals.NAMES]
    for name in wanted:
        started = time.process_time()
        if name in DIAL:
            config = TokenizerConfig(vocab_size=arguments.entries, **DIAL[name])
            made = ours(counts, config, analyses, out / f"{name}.model")
        else:
            made = rivals.trained(name, texts, arguments.entries, out)
        yield name, made, time.process_time() - started
    if arguments.peer:
        yield arguments.peer.name, rivals.loaded(arguments.peer), 0.0


def ours(counts: pa.Table, config: TokenizerConfig, analyses: Analyses, out: Path) -> Tokenizer:
    rows = counts
    if config.morphemes:
        rows, _ = morpheme_counts(counts, 1, which=config.boundaries, analyses=analyses)
        rows = mixed(rows, counts, config.unsplit_share)
    model, _ = train(rows, config, [])
    out.write_bytes(model)
    encoder, n_bytes = Encoder(model), byte_lengths(model)

    def ids(text: str) -> np.ndarray:
        return encoder.encode_batch(pa.array([text]))[0]

    fragments = frozenset(np.flatnonzero(byte_fragments(model)).tolist())
    return Tokenizer(lambda text: n_bytes[ids(text)].tolist(), ids, config.vocab_size, fragments)


def measured(made: Tokenizer, texts: Texts, gold: Any) -> dict[str, Any]:
    """All figures of one tokenizer."""
    kinds = {}
    used: np.ndarray = np.zeros(made.entries, np.int64)
    words = 0
    for kind, documents in texts.held_out.items():
        found = [np.asarray(made.ids(document), np.int64) for document in documents]
        for ids in found:
            used += np.bincount(ids, minlength=made.entries)
        n_bytes = sum(len(document.encode()) for document in documents)
        kinds[kind] = round(n_bytes / max(sum(map(len, found)), 1), 3)
        words += sum(len(document.split()) for document in documents)
    with_gold = agreement(gold, lambda word: inner(made.lengths, word))
    return {
        "bytes_per_token": round(float(np.mean(list(kinds.values()))), 3),
        **{name: round(value, 3) for name, value in with_gold._asdict().items()},
        "tokens_per_word": round(int(used.sum()) / max(words, 1), 3),
        "crossing": round(crossing(made.lengths, texts), 3),
        "renyi": round(renyi_efficiency(used), 3),
        "used": round(float((used > 0).mean()), 3),
        "kinds": kinds,
    }


def inner(lengths: Lengths, word: str) -> list[int]:
    """Token bounds inside a word, in bytes, when it stands behind a space."""
    ends = np.cumsum(lengths(f" {word}")) - 1
    return [int(end) for end in ends[:-1] if end > 0]


def crossing(lengths: Lengths, texts: Texts, words: int = 20_000) -> float:
    """The share of tokens with a bound of Kiwi's inside, over words of the text held out."""
    seen = [word for kind in texts.held_out.values() for text in kind for word in text.split()]
    seen = [word for word in seen if HANGUL.search(word)]
    seen = seen[:: max(len(seen) // words, 1)]
    crossed = total = 0
    for word, parts in zip(seen, split(seen), strict=True):
        bounds = set(np.cumsum([len(part.encode()) for part in parts])[:-1].tolist())
        ours = {0, *inner(lengths, word), len(word.encode())}
        edges = sorted(ours)
        for start, end in pairwise(edges):
            total += 1
            crossed += any(start < bound < end for bound in bounds)
    return crossed / max(total, 1)


def show(rows: Sequence[dict[str, Any]], texts: Texts) -> None:
    sizes = texts.sizes()
    print(f"trained on {sizes['train_mb']} MB, held out {sizes['held_out_mb']} MB")
    columns = ("bytes_per_token", "f1", "precision", "recall", "exact", "crossing")
    columns += ("tokens_per_word", "renyi", "used", "seconds")
    print(f"{'':<24}" + "".join(f"{name.replace('_', ' '):>17}" for name in columns))
    for row in rows:
        print(f"{row['variant']:<24}" + "".join(f"{row[name]:>17}" for name in columns))
    print("bytes per token by kind")
    for row in rows:
        print(f"{row['variant']:<24}" + "".join(f" {k} {v}" for k, v in row["kinds"].items()))


if __name__ == "__main__":
    main()
