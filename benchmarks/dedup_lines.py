"""Boilerplate lines in real text: what would be dropped from each file, and MB/s of line hashes.

    python -m benchmarks.dedup_lines [FILE.jsonl[.gz] ...] [--samples N] [--raw] [--json]

Each file is a source. Its `text` fields go through the edits of the clean step (markup remnants,
normal form, page furniture; `--raw` leaves them as they are) and near-duplicate removal; the lines
of the kept documents are counted, and their boilerplate is dropped. `--samples` prints the N most
common dropped lines and how many times each went. Without files: generated documents with a footer.
Speed is of `line_hashes` on one core, the best of three runs.
"""

import argparse
import gzip
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dedup.in_memory import deduplicate
from pipeline.dedup.lines import boilerplate, count_lines, drop_lines, least_documents, line_hashes
from pipeline.pii.mask import mask
from pipeline.settings import Clean, Dedup, Lines
from pipeline.synthetic import generate_documents
from pipeline.text.edit import edit_batch
from pipeline.text.furniture import strip_furniture

RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="JSONL (.gz) with a field `text`")
    parser.add_argument("--samples", type=int, default=0, help="dropped lines to print for a file")
    parser.add_argument("--documents", type=int, help="in place of the default of the recipe")
    parser.add_argument("--share", type=float, help="in place of the default of the recipe")
    parser.add_argument("--raw", action="store_true", help="leave out the clean step's edits")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    given = {name: getattr(arguments, name) for name in ("documents", "share")}
    settings = Lines(**{name: value for name, value in given.items() if value is not None})
    results = {}
    for name, texts in sources(arguments.files):
        texts = texts if arguments.raw else edited(texts)
        results[name], samples = measure(name, texts, settings)
        if arguments.json:
            continue
        print("{:<24}{}".format(name, "  ".join(f"{k} {v:,}" for k, v in results[name].items())))
        for (line, documents), times in samples.most_common(arguments.samples):
            print(f"    {times:>7,} times, {documents:>7,} documents  {mask(line)[0][:100]}")
    if arguments.json:
        print(json.dumps(results))


def sources(files: list[Path]) -> list[tuple[str, pa.StringArray]]:
    if not files:
        footer = "\n\n말모이 일보의 다른 기사 보기"
        texts = [document["text"] + footer for document in generate_documents(500)]
        return [("generated", pa.array(texts, pa.string()))]
    return [(file.name.split(".")[0], pa.array(read(file), pa.string())) for file in files]


def read(file: Path) -> list[str]:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
        return [json.loads(line)["text"] for line in lines]


def edited(texts: pa.StringArray) -> pa.StringArray:
    clean = Clean()
    normal = edit_batch(
        texts,
        html="<html" in texts[0].as_py()[:1000],
        remnants=clean.remnants,
        max_jamo_run=clean.max_jamo_run,
        max_symbol_run=clean.max_symbol_run,
    ).texts
    return strip_furniture(normal)[0]


def measure(
    name: str, texts: pa.StringArray, settings: Lines
) -> tuple[dict[str, Any], Counter[tuple[str, int]]]:
    """The figures of one source, and how often each (line, documents that hold it) was dropped."""
    line_hashes(texts.slice(0, 1), settings.min_chars)  # compiled before the clock starts
    seconds = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        hashes = line_hashes(texts, settings.min_chars)
        seconds = min(seconds, time.process_time() - started)

    keep = np.ones(len(texts), bool)
    keep[deduplicate(texts, Dedup())["document"]] = False
    kept = int(keep.sum())
    records = boilerplate(count_lines(hashes, keep), settings, kept)
    batch = pa.record_batch(
        {
            "id": pa.array(map(str, range(len(texts))), pa.string()),
            "source": pa.repeat(pa.scalar(name), len(texts)),
            "text": texts,
        }
    ).filter(pa.array(keep))
    shorter, dropped = drop_lines(batch, hashes.filter(pa.array(keep)), records, settings)
    before, after = (size_of(column) for column in (batch["text"], shorter))
    figures = {
        "MB/s": round(size_of(texts) / 1e6 / seconds, 1),
        "kept": kept,
        "least": least_documents(settings, kept),
        "recurring": len(records),
        "lines": dropped.num_rows,
        "bytes": before - after,
        "share": round((before - after) / max(before, 1), 5),
        "documents": pc.count_distinct(dropped["id"]).as_py(),
    }
    pairs = zip(dropped["text"].to_pylist(), dropped["documents"].to_pylist(), strict=True)
    return figures, Counter(pairs)


def size_of(texts: pa.StringArray) -> int:
    """Bytes of UTF-8."""
    return pc.sum(pc.binary_length(texts)).as_py() or 0


if __name__ == "__main__":
    main()
