"""MinHash signatures, MB of UTF-8 a second on one core: `sign` against datasketch and rensa.

All take the same number of permutations over the same shingles, character n-grams of the canonical
form. `sign` starts from the text and makes everything: canonical form, exact hash, shingle hashes,
MinHash, band hashes. datasketch is handed the shingles' hashes (`update_batch`) and rensa, where it
is installed, their strings: the time for making those is not counted against them.

    python -m benchmarks.signatures [--text FILE.jsonl[.gz]] [--megabytes 8] [--json]
"""

import argparse
import gzip
import importlib.util
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import datasketch
import numpy as np
import pyarrow as pa

from pipeline.dedup.canonical import canonical, canonical_points
from pipeline.dedup.signatures import minhash, sign
from pipeline.dedup.verify import shingle_sets
from pipeline.settings import Dedup

PEER_BYTES = 1_000_000
"""The peers get only so much of the text: datasketch takes seconds for it."""


def read_texts(path: Path, size: int) -> list[str]:
    """The field `text` of a JSONL file's lines, about `size` bytes in all."""
    texts, total = [], 0
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            texts.append(json.loads(line)["text"])
            total += len(texts[-1].encode())
            if total >= size:
                break
    return texts


def generate_texts(size: int) -> list[str]:
    """Random Hangul in eojeols of 1 to 5 syllables, every tenth a number; 2 KB a document."""
    rng = random.Random(0)
    texts, total = [], 0
    while total < size:
        eojeols = [
            str(rng.randrange(10_000))
            if rng.random() < 0.1
            else "".join(map(chr, rng.choices(range(0xAC00, 0xD7A4), k=rng.randint(1, 5))))
            for _ in range(rng.randint(50, 350))
        ]
        texts.append(" ".join(eojeols))
        total += len(texts[-1].encode())
    return texts


def measure(function: Callable[[], object], size: int, repeats: int) -> float:
    """MB a second of processor time, the best of `repeats`."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        function()
        best = min(best, time.process_time() - started)
    return size / best / 1e6


def datasketch_signatures(sets: list[np.ndarray], permutations: int) -> None:
    """MinHash of hashes that are given; datasketch takes 32 bits, the upper ones as in ours."""
    for hashes in sets:
        sketch = datasketch.MinHash(permutations, hashfunc=lambda value: value)
        sketch.update_batch((hashes >> np.uint64(32)).tolist())


def rensa_signatures(grams: list[list[str]], permutations: int) -> None:
    import rensa  # type: ignore[import-not-found]

    for shingles in grams:
        sketch = rensa.RMinHash(num_perm=permutations, seed=1)
        sketch.update(shingles)
        sketch.digest()


def run(texts: list[str], settings: Dedup) -> dict[str, float]:
    """MB a second of each, all in this process."""
    array = pa.array(texts, pa.string())
    size = sum(len(text.encode()) for text in texts)
    sign(array.slice(0, 1), settings)  # compile
    rates = {
        "malmoi sign": measure(lambda: sign(array, settings), size, 3),
        "  canonical form alone": measure(lambda: canonical_points(array), size, 3),
        "  to MinHash, no hash of bands or text": measure(
            lambda: minhash(array, settings), size, 3
        ),
    }
    few, total = [], 0
    for text in texts:
        few.append(text)
        total += len(text.encode())
        if total >= PEER_BYTES:
            break
    count = settings.bands * settings.rows
    whole = shingle_sets(pa.array(few), np.arange(len(few), dtype=np.uint64), settings.shingle)
    sets = [whole[row] for row in range(len(few))]
    rates["datasketch update_batch"] = measure(lambda: datasketch_signatures(sets, count), total, 1)
    if importlib.util.find_spec("rensa"):
        n = settings.shingle
        grams = [
            [form[i : i + n] for i in range(max(1, len(form) - n + 1))]
            for form in map(canonical, few)
        ]
        rates["rensa RMinHash"] = measure(lambda: rensa_signatures(grams, count), total, 1)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--text", type=Path, help="JSONL (.gz) with a field `text`; else generated")
    parser.add_argument("--megabytes", type=float, default=8, help="of text to sign")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    size = int(arguments.megabytes * 1e6)
    settings = Dedup()
    texts = read_texts(arguments.text, size) if arguments.text else generate_texts(size)
    rates = run(texts, settings)
    if arguments.json:
        print(json.dumps({name.strip(): round(rate, 2) for name, rate in rates.items()}))
        return
    print(f"{len(texts)} documents, {settings.bands * settings.rows} permutations, one core")
    for name, rate in rates.items():
        print(f"{name:42}{rate:9.1f} MB/s")


if __name__ == "__main__":
    main()
