"""Peak memory of a worker of the clean step, whatever the size of the file or of one document.

    python benchmarks/worker_memory.py [--gb 10] [--units 8 | --all] [--folder FOLDER] [--json]

Writes one plain JSON lines file of generated Korean text into a temporary folder, cuts it into work
units of the default size and cleans units of it in one process: `--units` of them, spread over the
file, or all. Then, each in a process of its own, one document of 300 MB between two others: above
the size limit (removed while it is read), and below a limit raised to 400 MB. Prints VmHWM, the
most memory that the process ever held. The files are deleted at the end.
"""

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from pipeline.clean import CleanWork, clean_unit
from pipeline.settings import Clean, Dedup, Pii, Source
from pipeline.sources.units import plan_units
from pipeline.synthetic import generate_documents
from pipeline.workspace import Unit, Workspace

LARGE = 300_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=10.0, help="size of the file")
    parser.add_argument("--units", type=int, default=8, help="work units to clean")
    parser.add_argument("--all", action="store_true", help="clean every work unit")
    parser.add_argument("--document-mb", type=int, default=LARGE // 10**6)
    parser.add_argument("--folder", help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    needed = int(arguments.gb * 1e9) + (2 << 30)
    free = shutil.disk_usage(arguments.folder or tempfile.gettempdir()).free
    if free < needed:
        sys.exit(f"{needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free: use --folder")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rows = measured(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'input':<44}{'units':>7}{'done':>6}{'seconds':>9}{'peak MB':>9}  read")
    for row in rows:
        print(
            f"{row['input']:<44}{row['units']:>7}{row['done']:>6}{row['seconds']:>9.1f}"
            f"{row['peak_mb']:>9.0f}  {row['kept']:,} kept, {row['removed']}"
        )


def measured(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    corpus = folder / "corpus.jsonl"
    write_corpus(corpus, int(arguments.gb * 1e9))
    wanted = 10**9 if arguments.all else arguments.units
    rows = [apart(f"{arguments.gb:g} GB of JSON lines", corpus, Clean(), wanted)]
    corpus.unlink()
    size = arguments.document_mb * 10**6
    large = folder / "large.jsonl"
    write_large(large, size)
    name = f"a document of {arguments.document_mb} MB"
    rows.append(apart(f"{name}, default limit", large, Clean(), 10**9))
    raised = Clean(max_document_bytes=size + size // 3, unit_bytes=10**10)
    rows.append(apart(f"{name}, limit {raised.max_document_bytes // 10**6} MB", large, raised, 1))
    return rows


def write_corpus(path: Path, size: int) -> None:
    """Lines of the same few thousand pages, each with an id of its own."""
    texts = [orjson.dumps(row["text"]) for row in generate_documents(4_000)]
    number = written = 0
    with path.open("wb") as out:
        while written < size:
            line = b'{"id": "p-%d", "text": %b}\n' % (number, texts[number % len(texts)])
            written += out.write(line)
            number += 1


def write_large(path: Path, size: int) -> None:
    page = generate_documents(1)[0]
    text = orjson.dumps(page["text"] + "\n")[1:-1]
    with path.open("wb") as out:
        out.write(orjson.dumps(page) + b'\n{"id": "large", "text": "')
        for _ in range(size // len(text)):
            out.write(text)
        out.write(b'"}\n' + orjson.dumps({**page, "id": "last"}) + b"\n")


def apart(name: str, path: Path, clean: Clean, wanted: int) -> dict[str, Any]:
    """Clean in a process of its own, so that its peak is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return {"input": name, **pool.apply(clean_units, (path, clean, wanted))}


def clean_units(path: Path, clean: Clean, wanted: int) -> dict[str, Any]:
    source = Source(name="s", paths=[str(path)])
    units = plan_units([source], "/", clean.unit_bytes)
    done = units[:: max(len(units) // wanted, 1)][:wanted]
    started = time.monotonic()
    run = path.parent / "run"
    outcome = Workspace(str(run)).perform(
        "clean",
        settings=clean.model_dump(include={"max_document_bytes"}),
        units=[
            Unit(f"part-{unit.number:05d}", None, CleanWork(unit, source, clean, Pii(), Dedup()))
            for unit in done
        ],
        work=lambda tasks: [clean_unit(task) for task in tasks] and None,
    )
    shutil.rmtree(run)
    counts = outcome.manifest["counts"]
    return {
        "units": len(units),
        "done": len(done),
        "seconds": time.monotonic() - started,
        "peak_mb": peak_mb(),
        "kept": counts["documents_out"],
        "removed": counts["removed"],
    }


def peak_mb() -> float:
    """VmHWM of this process."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
