"""datatrove's MinHash pipeline (signatures, buckets, clusters, filter); runs in its environment.

The steps are called one after the other in this process, as one task of an executor does: the
executor copies its steps, and a step with a loaded Kiwi cannot be copied.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer
from dedup_result import Found, clusters_to_witnesses, cost_since, cpu_seconds, main
from loguru import logger


class Eojeol(WordTokenizer):
    """Words between spaces; the step asks for no sentences."""

    def word_tokenize(self, text: str) -> list[str]:
        return text.split()

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def remove(path: Path, language: str, norm_numbers: bool = True) -> Found:
    """Its defaults (14 buckets of 8 hashes, 5 words) but for `norm_numbers`.

    `language` is one of its codes, or `eojeol`. Its reader passes over texts that are empty.
    """
    logger.remove()
    config = MinhashConfig(norm_config=TextNormConfig(norm_numbers=norm_numbers))
    with tempfile.TemporaryDirectory() as folder:
        stages = [str(Path(folder, name)) for name in ("signatures", "pairs", "clusters")]
        tokenizer = Eojeol() if language == "eojeol" else language
        sign = MinhashDedupSignature(stages[0], config=config, language=tokenizer)
        sign.word_tokenizer.word_tokenize("말모이는 우리말 사전이다.")  # loads its model
        started = cpu_seconds()
        sign.run(_reader(path).run(), 0, 1)
        for bucket in range(config.num_buckets):
            MinhashDedupBuckets(stages[0], stages[1], config=config).run(
                None, bucket, config.num_buckets
            )
        MinhashDedupCluster(stages[1], stages[2], config=config, save_cluster_id=True).run()
        ids: list[str] = []
        keep = MinhashDedupFilter(stages[2])
        kept = {document.id for document in keep.run(_noting(_reader(path).run(), ids), 0, 1)}
        cost = cost_since(started)
        clusters = Path(stages[2], "000000.clusters")
        pairs = np.fromfile(clusters, "<u4").reshape(-1, 2) if clusters.exists() else ()
        witness = clusters_to_witnesses(((ids[row], cluster) for row, cluster in pairs), kept)
    return Found([key for key in ids if key not in kept], witness, cost)


def _reader(path: Path) -> JsonlReader:
    return JsonlReader(str(path.parent), glob_pattern=path.name)


def _noting(documents: Iterator, ids: list[str]) -> Iterator:
    for document in documents:
        ids.append(document.id)
        yield document


if __name__ == "__main__":
    main("datatrove", remove)
