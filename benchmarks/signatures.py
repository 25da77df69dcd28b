"""MinHash signatures, MB of UTF-8 text a second on one core: `sign` beside datasketch and rensa.

All make 128 permutations over the same shingles, character 5-grams of the canonical form. `sign`
starts from the raw text and makes everything: canonical form, exact hash, MinHash, band hashes,
anchors. The peers are given the canonical form, and only that: the time for it is not theirs. Each
is measured twice, from that form to the signature as its users go, and with shingles that are
ready, so that cutting them in Python is not theirs either. rho samples some of the shingles.

    python -m benchmarks.signatures [--text FILE.jsonl[.gz]] [--megabytes 1] [--json]

rensa is no dependency: `pip install --target FOLDER rensa==0.5.0`, and FOLDER in PYTHONPATH.
"""

import argparse
import gzip
import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import datasketch
import numpy as np
import pyarrow as pa

from pipeline.dedup.canonical import canonical, canonical_points
from pipeline.dedup.signatures import minhash, sign
from pipeline.dedup.verify import shingle_sets
from pipeline.settings import Dedup
from pipeline.synthetic import generate_documents

SETTINGS = Dedup(bands=16, rows=8)
PERMUTATIONS = SETTINGS.bands * SETTINGS.rows


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
    """Generated Korean documents, about `size` bytes in all."""
    return [document["text"] for document in generate_documents(1 + size // 2000, seed=1)]


def measure(function: Callable[[], object], size: int, repeats: int) -> float:
    """MB a second of processor time, the best of `repeats`."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        function()
        best = min(best, time.process_time() - started)
    return size / best / 1e6


class Peer(NamedTuple):
    """A way to signatures: what a document's shingles are, and what is done with all of them."""

    name: str
    shingles: Callable[[str], Any] | None  # from the canonical form; None where others make them
    signatures: Callable[[Iterable[Any]], object]


def strings(form: str) -> list[str]:
    """A text's shingles, as a user of either peer cuts them; a shorter text is one."""
    size = SETTINGS.shingle
    return [form[i : i + size] for i in range(max(1, len(form) - size + 1))]


def encoded(form: str) -> list[bytes]:
    return [shingle.encode("utf8") for shingle in strings(form)]


def datasketch_peers() -> list[Peer]:
    def update(documents: Iterable[list[bytes]]) -> None:
        for shingles in documents:
            sketch = datasketch.MinHash(num_perm=PERMUTATIONS)
            for shingle in shingles:
                sketch.update(shingle)

    def update_batch(documents: Iterable[list[bytes]]) -> None:
        for shingles in documents:
            datasketch.MinHash(num_perm=PERMUTATIONS).update_batch(shingles)

    def bulk(documents: Iterable[list[bytes]]) -> None:
        datasketch.MinHash.bulk(documents, num_perm=PERMUTATIONS)

    def hashed(documents: Iterable[np.ndarray]) -> None:
        for hashes in documents:
            sketch = datasketch.MinHash(num_perm=PERMUTATIONS, hashfunc=int)
            sketch.update_batch((hashes >> np.uint64(32)).tolist())

    return [
        Peer("datasketch MinHash.update, as documented", encoded, update),
        Peer("datasketch MinHash.update_batch", encoded, update_batch),
        Peer("datasketch MinHash.bulk", encoded, bulk),
        Peer("datasketch update_batch of ready hashes", None, hashed),
    ]


def rensa_peers() -> list[Peer]:
    """Empty where rensa is not installed."""
    if not importlib.util.find_spec("rensa"):
        return []
    os.environ["RAYON_NUM_THREADS"] = "1"
    from rensa import CMinHash, RMinHash  # type: ignore[import-not-found]

    def update(documents: Iterable[list[str]]) -> None:
        for shingles in documents:
            sketch = RMinHash(num_perm=PERMUTATIONS, seed=1)
            sketch.update(shingles)
            sketch.digest()

    def flat(documents: Iterable[np.ndarray]) -> None:
        sets = list(documents)
        offsets = np.cumsum([0, *map(len, sets)], dtype=np.uint64)
        RMinHash.digest_matrix_from_flat_token_hashes(
            np.concatenate(sets), offsets, PERMUTATIONS, 1
        )

    def of_sets(method: Callable[[Iterable[Any], int, int], object]) -> Callable[..., object]:
        return lambda documents: method(documents, PERMUTATIONS, 1)

    return [
        Peer("rensa RMinHash.update", strings, update),
        Peer("rensa RMinHash, batch", strings, of_sets(RMinHash.digest_matrix_from_token_sets)),
        Peer("rensa CMinHash, batch", strings, of_sets(CMinHash.digests64_from_token_sets)),
        Peer("rensa RMinHash, batch of ready hashes", None, flat),
        Peer("rensa rho, batch", strings, of_sets(RMinHash.digest_matrix_from_token_sets_rho)),
    ]


def own_rates(texts: list[str], size: int) -> dict[str, float]:
    array = pa.array(texts, pa.string())
    tasks: dict[str, Callable[[], object]] = {
        "malmoi sign": lambda: sign(array, SETTINGS),
        "malmoi sign, default settings (25 x 5)": lambda: sign(array, Dedup()),
        "  canonical form alone": lambda: canonical_points(array),
        "  to MinHash and anchors, no exact hash, no bands": lambda: minhash(array, SETTINGS),
    }
    for task in tasks.values():
        task()  # compile
    rates = {name: measure(task, size, 15) for name, task in tasks.items()}
    _, _, form, sketch = rates.values()
    alone = form * sketch / (form - sketch)
    return rates | {"  MinHash and anchors of a ready form (difference)": alone}


def peer_rates(peer: Peer, texts: list[str], size: int) -> tuple[float | None, float]:
    """MB a second from the canonical form, where the peer makes its shingles, and from shingles."""
    forms = [canonical(text) for text in texts]
    from_form = None
    if peer.shingles:
        make = peer.shingles
        from_form = measure(lambda: peer.signatures(map(make, forms)), size, 2)
        ready: list[Any] = list(map(make, forms))
    else:
        numbers = np.arange(len(texts), dtype=np.uint64)
        sets = shingle_sets(pa.array(texts), numbers, SETTINGS.shingle).letters
        ready = [sets[row] for row in range(len(texts))]
    return from_form, measure(lambda: peer.signatures(ready), size, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--text", type=Path, help="JSONL (.gz) with a field `text`; else generated")
    parser.add_argument("--megabytes", type=float, default=1, help="of text to sign")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    wanted = int(arguments.megabytes * 1e6)
    texts = read_texts(arguments.text, wanted) if arguments.text else generate_texts(wanted)
    size = sum(len(text.encode()) for text in texts)
    own = own_rates(texts, size)
    peers = datasketch_peers() + rensa_peers()
    rates = {peer.name: peer_rates(peer, texts, size) for peer in peers}
    if arguments.json:
        print(json.dumps({**own, **rates}, indent=1))
        return
    print(f"{len(texts)} documents, {size / 1e6:.1f} MB, {PERMUTATIONS} permutations (16 x 8)")
    for name, rate in own.items():
        print(f"{name:52}{rate:8.1f} MB/s")
    mark = own["malmoi sign"]
    print(f"{'':42}{'from form':>16}{'ratio':>8}{'shingles ready':>19}{'ratio':>8}")
    for name, (from_form, ready) in rates.items():
        print(f"{name:42}{_cells(mark, from_form)}   {_cells(mark, ready)}")
    if not importlib.util.find_spec("rensa"):
        print(
            "rensa is not installed: pip install --target FOLDER rensa==0.5.0; FOLDER in PYTHONPATH"
        )


def _cells(mark: float, rate: float | None) -> str:
    """A peer's rate and how many times it `sign` makes."""
    return f"{rate:11.2f} MB/s{mark / rate:7.1f}x" if rate else f"{'-':>16}{'-':>8}"


if __name__ == "__main__":
    main()
