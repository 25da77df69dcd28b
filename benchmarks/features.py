"""MB/s of one core: the features of documents, `pipeline.kernels.features.measure` alone.

    python benchmarks/features.py [--text FILE.jsonl[.gz] ...] [--mb 8] [--json]

The texts of a file are one StringArray, measured as they are; without files it measures generated
Korean text. MB are of UTF-8. Processor time of the best of twenty passes; what numba compiles is
compiled before.
"""

import argparse
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from pipeline.kernels.features import measure
from pipeline.synthetic import generate_documents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--text", nargs="*", type=Path, default=[], help="JSONL with a `text` field"
    )
    parser.add_argument("--mb", type=float, default=8.0, help="megabytes of text from each file")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measure(pa.array(["가"]))
    rows = [
        {"file": path.name if path else "generated", **rate(texts(path, arguments.mb * 1e6))}
        for path in arguments.text or [None]
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'file':<32}{'documents':>12}{'MB':>8}{'MB/s':>8}")
    for row in rows:
        print("{file:<32}{documents:>12,}{MB:>8.1f}{MB_per_second:>8.1f}".format(**row))


def rate(column: pa.StringArray) -> dict[str, float]:
    """Documents, MB and MB/s of `measure`."""
    seconds = []
    for _ in range(20):
        started = time.process_time()
        measure(column)
        seconds.append(time.process_time() - started)
    mb = sum(len(text.encode()) for text in column.to_pylist()) / 1e6
    return {"documents": len(column), "MB": mb, "MB_per_second": mb / min(seconds)}


def texts(path: Path | None, n_bytes: float) -> pa.StringArray:
    """The first `n_bytes` of texts of a file, whole documents."""
    taken: list[str] = []
    for text in read(path) if path else (row["text"] for row in generate_documents(10_000, seed=1)):
        taken.append(text.encode("utf-8", "replace").decode())
        n_bytes -= len(taken[-1].encode())
        if n_bytes <= 0:
            break
    return pa.array(taken, pa.string())


def read(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            yield json.loads(line)["text"]


if __name__ == "__main__":
    main()
