"""MB/s of one core: every stage of the clean step alone, on what the stage before it gives.

    python benchmarks/clean_stages.py [--text FILE.jsonl[.gz] ...] [--mb 8] [--passes 3] [--json]

Stages: read (JSON lines to Arrow), edit (HTML, mojibake, remnants, normal form), furniture,
features (and rules), masks (personal values), sign (MinHash), write (Parquet, zstd). MB are of
UTF-8 text as read; processor time, the best of the passes after one that compiles. Without files
it measures on generated Korean text.
"""

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from pipeline.clean_batch import CLEAN, clean_batch
from pipeline.dedup.signatures import sign
from pipeline.documents import RAW
from pipeline.filters.rules import SHIPPED, judge
from pipeline.kernels.features import measure
from pipeline.parquet import BETWEEN, ParquetSink
from pipeline.pii.mask import mask_batch
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.read import read_unit
from pipeline.sources.units import plan_units
from pipeline.synthetic import generate_documents
from pipeline.text.edit import edit_batch
from pipeline.text.furniture import strip_furniture

CLEAN_SETTINGS = Clean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--text", nargs="*", type=Path, default=[], help="JSONL with a `text` field"
    )
    parser.add_argument("--mb", type=float, default=8.0, help="megabytes of text from each file")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.text or [None]:
            sample = Path(folder) / "sample.jsonl.gz"
            lines = read(path) if path else generated()
            sample.write_bytes(gzip.compress(b"".join(take(lines, arguments.mb * 1e6)), 6))
            name = path.name.split(".")[0] if path else "generated"
            rows.append({"file": name, **rates(sample, Path(folder), arguments.passes)})
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'file':<24}" + "".join(f"{name:>11}" for name in rows[0] if name != "file"))
    for row in rows:
        figures = (value for name, value in row.items() if name != "file")
        print(f"{row['file']:<24}" + "".join(f"{value:>11,.1f}" for value in figures))


def rates(sample: Path, folder: Path, passes: int) -> dict[str, float]:
    """MB, bytes a document, MB/s of each stage, and of all of them together."""
    source = Source(name="text", paths=[str(sample)])
    (unit,) = plan_units([source], "", 10**12)

    def everything() -> pa.RecordBatch:
        parts = [read.documents for read in read_unit(unit, source, CLEAN_SETTINGS)]
        return pa.Table.from_batches(parts, RAW).combine_chunks().to_batches()[0]

    raw = everything()
    edited = edit(raw["text"])
    text, _ = strip_furniture(edited)
    kept = clean_batch(raw, source, CLEAN_SETTINGS, Pii()).kept
    mb = raw["text"].nbytes / 1e6 - 4 * len(raw) / 1e6
    stages: dict[str, Callable[[], object]] = {
        "read": everything,
        "edit": lambda: edit(raw["text"]),
        "furniture": lambda: strip_furniture(edited),
        "features": lambda: judge(measure(text), SHIPPED["korean"]),
        "masks": lambda: mask_batch(text),
        "sign": lambda: sign(kept["text"], Dedup()),
        "write": lambda: write(kept, folder),
    }
    seconds = {name: best(stage, passes) for name, stage in stages.items()}
    speeds = {name: mb / spent for name, spent in seconds.items()}
    total = mb / sum(seconds.values())
    return {"MB": mb, "B/document": mb * 1e6 / len(raw), **speeds, "all": total}


def edit(texts: pa.StringArray) -> pa.StringArray:
    settings = CLEAN_SETTINGS
    return edit_batch(
        texts,
        html=False,
        remnants=settings.remnants,
        max_jamo_run=settings.max_jamo_run,
        max_symbol_run=settings.max_symbol_run,
    ).texts


def write(kept: pa.RecordBatch, folder: Path) -> None:
    with ParquetSink(str(folder / "kept.parquet"), CLEAN, BETWEEN) as sink:
        sink.write(kept)


def best(stage: Callable[[], object], passes: int) -> float:
    stage()
    seconds = []
    for _ in range(passes):
        started = time.process_time()
        stage()
        seconds.append(time.process_time() - started)
    return min(seconds)


def read(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
        yield json.loads(line)["text"]


def generated() -> Iterator[str]:
    for document in generate_documents(10_000, seed=1):
        yield document["text"]


def take(texts: Iterator[str], size: float) -> Iterator[bytes]:
    """JSON lines of the first `size` bytes of text, whole documents."""
    for number, text in enumerate(texts):
        if size <= 0:
            return
        size -= len(text.encode("utf-8", "surrogatepass"))
        yield json.dumps({"id": str(number), "text": text}, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    main()
