"""datasketch's MinHashLSH over character 5-grams; runs in an environment of its own."""

from pathlib import Path

from datasketch import MinHash, MinHashLSH
from dedup_result import Found, cost_since, cpu_seconds, main, read_documents, shingles


def remove(path: Path, num_perm: int, lsh: float, jaccard: float | None = None) -> Found:
    """In input order, a document goes if the index of the kept ones answers with one.

    `lsh` is the index's threshold. With `jaccard` an answer counts only where the exact similarity
    of the shingle sets is at least that.
    """
    started = cpu_seconds()
    index = MinHashLSH(threshold=lsh, num_perm=num_perm)
    empty = MinHash(num_perm=num_perm)
    kept: dict[str, str] = {}
    witness: dict[str, str] = {}
    for key, text in read_documents(path):
        mine = set(shingles(text))
        sketch = empty.copy()
        sketch.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in mine])
        for other in sorted(index.query(sketch)):
            if jaccard is None or similarity(mine, set(shingles(kept[other]))) >= jaccard:
                witness[key] = other
                break
        else:
            index.insert(key, sketch)
            kept[key] = text
    return Found(list(witness), witness, cost_since(started))


def similarity(a: set[str], b: set[str]) -> float:
    common = len(a & b)
    return common / (len(a) + len(b) - common)


if __name__ == "__main__":
    main("datasketch", remove)
