"""From counts of eojeol to a directory with a tokenizer in it."""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenizer.analyses import Analyses
from tokenizer.card import card
from tokenizer.check import check
from tokenizer.config import TokenizerConfig
from tokenizer.count import merge_counts
from tokenizer.encode import Encoder
from tokenizer.examples import examples
from tokenizer.export import export
from tokenizer.morphemes import morpheme_counts, split
from tokenizer.quality import quality
from tokenizer.train import train
from tokenizer.vocabulary import byte_lengths, make_up, write_vocab


class Told(Protocol):
    """What `build` says of its work: a name, and `done` of `total` of what there is of it."""

    def __call__(self, name: str, done: int = 0, total: int = 0, what: str = "") -> None: ...


MODEL = "malmoi.model"
VOCAB = "malmoi.vocab"
TOKEN_BYTES = "token_bytes.npy"
SLICE = 200_000


def build(
    counts: Iterable[pa.Table],
    config: TokenizerConfig,
    mask_kinds: Sequence[str],
    out_dir: Path,
    workers: int,
    analyses: Analyses | None = None,
    texts: Mapping[str, Sequence[str]] | None = None,
    told: Told = lambda name, done=0, total=0, what="": None,
) -> dict[str, Any]:
    """Trains, checks and writes a tokenizer; returns its statistics.

    `counts`: tables of count.COUNTS, of the whole corpus, each eojeol in one of them; they are gone
    through three times, one held at a time. `texts`: some of the corpus by source, which the export
    is checked and its quality measured on (quality.quality). `told` gets what is being done, and
    how much of it is where that is known. `out_dir` gets malmoi.model (SentencePiece),
    malmoi.vocab, token_bytes.npy (uint16[vocab], vocabulary.byte_lengths), what `export.export`
    writes, and README.md. The files depend on the counts, the texts, the configuration, the kinds
    and the versions of the libraries, not on `workers` or on what `analyses` (of words, to which
    new ones are added) holds; of the statistics only `seconds` and `remembered` do.

    Raises MalmoiError where the counts do not fill the vocabulary, or a check fails.
    """
    began = time.monotonic()
    analyses = Analyses() if analyses is None else analyses
    total = sum(pc.sum(table["count"]).as_py() or 0 for table in counts)
    least = config.least_count(total)
    used = merge_counts(table.filter(pc.greater_equal(table["count"], least)) for table in counts)
    statistics: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "eojeol": total,
        "least_count": least,
        "used_eojeol": used.num_rows,
    }
    rows = used
    if config.morphemes:
        rows, found = morpheme_counts(
            used,
            workers,
            config.max_eojeol_chars,
            config.kiwi_seconds,
            config.boundaries,
            analyses,
            lambda done, total: told("morphemes", done, total, "eojeol"),
        )
        statistics.update(found)
        rows = mixed(rows, used, config.unsplit_share)
    analysed = time.monotonic()
    told("merges")
    model, trained = train(rows, config, mask_kinds)
    statistics.update(trained)
    finished = time.monotonic()
    check(model, config.vocab_size, mask_kinds)
    told("files and checks")

    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / MODEL).write_bytes(model)
    write_vocab(model, out_dir / VOCAB)
    np.save(out_dir / TOKEN_BYTES, byte_lengths(model))
    texts = texts or {}
    every = (text for some in texts.values() for text in some)
    statistics["parity_checked"] = export(model, out_dir, every)
    statistics.update(_compression(model, counts))
    analyse = partial(
        split,
        workers=workers,
        max_chars=config.max_eojeol_chars,
        seconds=config.kiwi_seconds,
        analyses=analyses,
    )
    statistics["quality"] = quality(model, texts, mask_kinds, analyse)
    statistics["examples"] = examples(model, texts, analyse)
    statistics["make_up"] = make_up(model)
    statistics["sha256"] = hashlib.sha256(model).hexdigest()
    statistics["versions"] = {name: version(name) for name in ("kiwipiepy", "sentencepiece")}
    text = card(config, mask_kinds, statistics)
    (out_dir / "README.md").write_text(text, encoding="utf-8", newline="\n")
    statistics["seconds"] = {
        "morphemes": round(analysed - began, 3),
        "train": round(finished - analysed, 3),
        "write": round(time.monotonic() - finished, 3),
    }
    return statistics


def mixed(split: pa.Table, whole: pa.Table, share: float) -> pa.Table:
    """Counts in which the whole eojeol weigh `share`, to a thousandth, and the split ones the rest.

    All counts grow a thousandfold by it, which changes nothing for training.
    """
    thousandths = round(share * 1000)
    if not thousandths:
        return split
    parts = [
        table.set_column(1, table.schema.field(1), pc.multiply(table["count"], weight))
        for table, weight in ((split, 1000 - thousandths), (whole, thousandths))
        if weight
    ]
    return merge_counts(parts)


def _compression(model: bytes, counts: Iterable[pa.Table]) -> dict[str, float]:
    """Bytes a token and tokens an eojeol, over all counted eojeol, each as often as it was seen."""
    encoder = Encoder(model)
    n_bytes = n_tokens = total = distinct = 0
    for batch in (batch for table in counts for batch in table.to_batches(max_chunksize=SLICE)):
        times = batch["count"].to_numpy()
        _, lengths = encoder.encode_batch(batch["eojeol"])
        n_tokens += int(lengths.astype(np.int64) @ times)
        n_bytes += int(pc.binary_length(batch["eojeol"]).to_numpy().astype(np.int64) @ times)
        total += int(times.sum())
        distinct += batch.num_rows
    return {
        "distinct_eojeol": distinct,
        "bytes_per_token": round(n_bytes / max(n_tokens, 1), 4),
        "tokens_per_eojeol": round(n_tokens / max(total, 1), 4),
    }
