"""rensa's streaming deduplicator over character 5-grams; runs in an environment of its own.

It keeps an RMinHashLSH of the kept documents and counts a candidate as a duplicate where the
similarity estimated from the two signatures reaches the threshold.
"""

from collections.abc import Iterator
from pathlib import Path

from dedup_result import Found, cost_since, cpu_seconds, main, read_documents, shingles
from rensa import RMinHash, RMinHashDeduplicator

THRESHOLD = 0.8


def remove(path: Path, num_perm: int, num_bands: int | None = None) -> Found:
    """`num_bands` of None is its default for the threshold, 8.

    Witnesses are asked for afterwards and are not in the cost.
    """
    started = cpu_seconds()
    deduplicator = RMinHashDeduplicator(THRESHOLD, num_perm, use_lsh=True, num_bands=num_bands)
    ids: list[str] = []
    added = deduplicator.add_pairs(_token_lists(path, ids))
    cost = cost_since(started)
    removed = {key for key, was_added in zip(ids, added, strict=True) if not was_added}
    witness = {}
    for key, text in read_documents(path):
        if key in removed:
            sketch = RMinHash(num_perm, seed=42)
            sketch.update(shingles(text))
            witness[key] = min(deduplicator.get_duplicates(sketch))
    return Found(list(witness), witness, cost)


def _token_lists(path: Path, ids: list[str]) -> Iterator[tuple[str, list[str]]]:
    for key, text in read_documents(path):
        ids.append(key)
        yield key, shingles(text)


if __name__ == "__main__":
    main("rensa", remove)
