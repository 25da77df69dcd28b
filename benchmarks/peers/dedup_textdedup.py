"""text-dedup's MinHash script with its defaults; runs in text-dedup's own environment.

250 permutations, threshold 0.7 (25 bands of 10), 5 words between non-word characters. All that it
leaves out counts as removed, the texts of fewer than 5 words included; these have no witness.
"""

import logging
import tempfile
from pathlib import Path

import datasets
from dedup_result import (
    Found,
    clusters_to_witnesses,
    cost_since,
    cpu_seconds,
    main,
    read_documents,
)
from text_dedup import minhash
from text_dedup.utils import IOArgs, MetaArgs, MinHashArgs


def remove(path: Path) -> Found:
    """One process: `num_proc=None` is what keeps `datasets` from starting others."""
    logging.getLogger("text_dedup").setLevel(logging.WARNING)
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder, "kept"))
        files = IOArgs(
            path="json",
            data_files=str(path),
            split="train",
            cache_dir=str(Path(folder, "cache")),
            output=output,
            num_proc=None,
        )
        started = cpu_seconds()
        minhash.main.callback(
            io_args=files, meta_args=MetaArgs(column="text"), minhash_args=MinHashArgs()
        )
        cost = cost_since(started)
        kept = set(datasets.load_from_disk(output)["id"])
    ids = [key for key, _ in read_documents(path)]
    clusters = ((ids[row], minhash.uf.find(row)) for row in list(minhash.uf.parent))
    witness = clusters_to_witnesses(clusters, kept)
    return Found([key for key in ids if key not in kept], witness, cost)


if __name__ == "__main__":
    main("text-dedup", remove)
