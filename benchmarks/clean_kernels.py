"""MB/s of one core: normal form, features, masking, and all three, over Korean text.

    python benchmarks/clean_kernels.py [--text FILE.jsonl[.gz] ...] [--mb 8] [--json]

Without files it measures on generated Korean text. MB are of UTF-8 text as read; the best of three
passes counts, and what numba compiles is compiled before.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from pipeline.filters.rules import KOREAN, judge
from pipeline.kernels.features import measure
from pipeline.pii.mask import mask_batch
from pipeline.synthetic import generate_documents
from pipeline.text.normal import normalise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--text", nargs="*", type=Path, default=[], help="JSONL with a `text` field"
    )
    parser.add_argument("--mb", type=float, default=8.0, help="megabytes of text from each file")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measure(pa.array(["가"]))
    rows = []
    for path in arguments.text or [None]:
        texts = take(read(path) if path else generated(), arguments.mb * 1e6)
        rows.append({"file": path.name if path else "generated", **rates(texts)})
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'file':<32}" + "".join(f"{name:>12}" for name in rows[0] if name != "file"))
    for row in rows:
        figures = (value for name, value in row.items() if name != "file")
        print(f"{row['file']:<32}" + "".join(f"{value:>12.1f}" for value in figures))


def rates(texts: list[str]) -> dict[str, float]:
    """MB and MB/s by kernel; `dirty` is text as read, `clean` text already in normal form."""
    mb = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    clean = normal(texts)
    column = pa.array(clean, pa.string())

    def everything() -> None:
        normalised = pa.array(normal(texts), pa.string())
        judge(measure(normalised), KOREAN)
        mask_batch(normalised)

    return {
        "MB": mb,
        "dirty": mb / best(lambda: normal(texts)),
        "clean": mb / best(lambda: normal(clean)),
        "measure": mb / best(lambda: measure(column)),
        "mask": mb / best(lambda: mask_batch(column)),
        "all": mb / best(everything),
    }


def normal(texts: list[str]) -> list[str]:
    return [normalise(text, max_jamo_run=4, max_symbol_run=8) for text in texts]


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of three runs."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def read(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            yield json.loads(line)["text"]


def generated() -> Iterator[str]:
    for document in generate_documents(10_000, seed=1):
        yield document["text"]


def take(texts: Iterator[str], n_bytes: float) -> list[str]:
    taken: list[str] = []
    for text in texts:
        taken.append(text)
        n_bytes -= len(text.encode("utf-8", "surrogatepass"))
        if n_bytes <= 0:
            break
    return taken


if __name__ == "__main__":
    main()
