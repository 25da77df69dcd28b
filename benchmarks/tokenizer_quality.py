"""The report's figures on a tokenizer, beside those of its rivals, by kind of text.

    python -m benchmarks.tokenizer_quality --train FILE.jsonl.gz ... [--held-out FILE.jsonl.gz ...]
        [--entries 30003] [--mb-a-kind 2.6] [--peer tokenizer.json] [--variants NAME ...]
        [--out FOLDER] [--json]

Texts, tokenizers and options are those of benchmarks/tokenizer_frontier.py; the figures are those
of `tokenizer.quality` on the text held out: bytes and characters per token, tokens per eojeol,
share of tokens that cross a boundary of Kiwi's, Renyi efficiency of order 2.5, and share of tokens
that are part of a character. A kind's efficiency is of the tokens of that kind alone.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import tokenizer_rivals as rivals
from benchmarks.tokenizer_frontier import Tokenizer, options, tokenizers
from benchmarks.tokenizer_text import Texts, read_texts
from tokenizer.count import count_eojeol
from tokenizer.morphemes import split
from tokenizer.quality import Tally, tally

DEFAULT = "all + 10 % unsplit"  # the recipe's
FIGURES = (
    "bytes_per_token",
    "characters_per_token",
    "tokens_per_eojeol",
    "crossing",
    "renyi",
    "byte_fallback",
)


@dataclass(frozen=True)
class Kind:
    """Texts held out, and their distinct eojeol: as strings, split, and how often each stands."""

    texts: Sequence[str]
    eojeol: Sequence[str]
    morphemes: Sequence[Sequence[str]]
    times: np.ndarray


def main() -> None:
    arguments = options(__doc__, [DEFAULT, "plain", *rivals.NAMES]).parse_args()
    texts = read_texts(arguments.train, arguments.held_out, arguments.mb_a_kind)
    kinds = analysed(texts, arguments.workers)
    with tempfile.TemporaryDirectory() as folder:
        out = arguments.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        rows = [
            {"tokenizer": name, **measured(made, kinds)}
            for name, made, _ in tokenizers(arguments, texts, out)
        ]
    if arguments.json:
        print(json.dumps({"texts": texts.sizes(), "rows": rows}, ensure_ascii=False, indent=1))
    else:
        show(rows, texts)


def analysed(texts: Texts, workers: int) -> dict[str, Kind]:
    """The kinds held out, each distinct eojeol split once."""
    counts = {kind: count_eojeol(pa.array(some), []) for kind, some in texts.held_out.items()}
    distinct = sorted({one for table in counts.values() for one in table["eojeol"].to_pylist()})
    morphemes = dict(zip(distinct, split(distinct, workers), strict=True))
    return {
        kind: Kind(
            texts.held_out[kind],
            strings := table["eojeol"].to_pylist(),
            [morphemes[one] for one in strings],
            table["count"].to_numpy(),
        )
        for kind, table in counts.items()
    }


def measured(made: Tokenizer, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    tallies = {name: tallied(made, kind) for name, kind in kinds.items()}
    fragments = np.zeros(made.entries, bool)
    fragments[list(made.fragments)] = True
    return {
        "all": reduce(add, tallies.values()).figures(fragments),
        "kinds": {name: found.figures(fragments) for name, found in tallies.items()},
    }


def tallied(made: Tokenizer, kind: Kind) -> Tally:
    """Eojeol of which a tokenizer does not keep every byte do not count for its crossing tokens."""
    used: np.ndarray = np.zeros(made.entries, np.int64)
    for text in kind.texts:
        used += np.bincount(np.asarray(made.ids(text), np.int64), minlength=made.entries)
    lengths = [made.lengths(one) for one in kind.eojeol]
    whole = [at for at, one in enumerate(kind.eojeol) if sum(lengths[at]) == len(one.encode())]
    return tally(
        kind.texts,
        used,
        [kind.morphemes[at] for at in whole],
        kind.times[whole],
        np.array([size for at in whole for size in lengths[at]], np.int64),
        np.array([len(lengths[at]) for at in whole], np.int64),
    )


def show(rows: Sequence[Mapping[str, Any]], texts: Texts) -> None:
    sizes = texts.sizes()
    print(f"trained on {sizes['train_mb']} MB, held out {sizes['held_out_mb']} MB")
    for kind in ("all", *rows[0]["kinds"]):
        print(f"{kind:<24}" + "".join(f"{name.replace('_', ' '):>22}" for name in FIGURES))
        for row in rows:
            figures = row["all"] if kind == "all" else row["kinds"][kind]
            cells = "".join(f"{figures[name]:>22.4f}" for name in FIGURES)
            print(f"  {row['tokenizer']:<22}{cells}")


if __name__ == "__main__":
    main()
