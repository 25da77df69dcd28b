"""The whole clean step against datatrove's, on the same text in the same run, one core each.

    python benchmarks/clean_peers.py [--text FILE.jsonl.gz ...] [--kb 400] [--json]

JSONL.gz to rules, PII and Parquet (zstd); ours also brings the text to normal form and signs it for
deduplication. datatrove runs with its Korean and its English word tokeniser, each with Gopher's
default thresholds and with those that FineWeb-2 uses for Korean (under Gopher's it drops nearly
all documents early, which is quicker). It is installed into build/peers on the first run. Imports,
compilation and the load of models are left out on both sides; ours is the best of five runs.
Without files the text is generated Korean.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clean_step import run_once

from pipeline.synthetic import generate_documents

HERE = Path(__file__).parent
PEER = HERE.parent / "build" / "peers" / "datatrove"
RUNS = [
    (language, thresholds)
    for language in ("kor_Hang", "eng_Latn")
    for thresholds in ("gopher", "fineweb2")
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", nargs="*", type=Path, default=[])
    parser.add_argument("--kb", type=float, default=400, help="kilobytes of text from each file")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    python = peer()
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.jsonl.gz"
        documents, mb = write_sample(sample, arguments.text, arguments.kb * 1e3)
        rows = [{"what": "malmoi", **ours(sample, Path(folder))}]
        for language, thresholds in RUNS:
            output = f"{folder}/{language}-{thresholds}"
            command = [
                python,
                HERE / "peers/datatrove_clean.py",
                sample,
                output,
                language,
                thresholds,
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            rows.append({"what": f"datatrove {language} {thresholds}", **found})
    for row in rows:
        row["mb_per_second"] = mb / row["seconds"]
        row["ratio"] = row["seconds"] / rows[0]["seconds"]
    if arguments.json:
        print(json.dumps({"documents": documents, "mb": mb, "rows": rows}, indent=1))
        return
    print(f"{documents:,} documents, {mb:.2f} MB of UTF-8 text")
    print(f"{'what':<32}{'seconds':>10}{'MB/s':>9}{'kept':>9}{'times slower':>14}")
    for row in rows:
        print(
            f"{row['what']:<32}{row['seconds']:>10.3f}{row['mb_per_second']:>9.3f}"
            f"{row['kept']:>9,}{row['ratio']:>14.0f}"
        )


def ours(sample: Path, folder: Path) -> dict[str, float]:
    runs = [run_once(str(sample), folder / f"ours-{attempt}") for attempt in range(6)]
    best = min(runs[1:], key=lambda run: run["seconds"])
    return {"seconds": best["seconds"], "kept": best["kept"]}


def peer() -> str:
    """The Python of datatrove's environment, which is made where it is missing."""
    python = PEER / "bin" / "python"
    ready = PEER / "ready"
    if not ready.exists():
        print(f"installing datatrove into {PEER}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEER], check=True)
        requirements = HERE / "peers" / "datatrove.txt"
        install = [python, "-m", "pip", "install", "--quiet", "-r", requirements]
        subprocess.run(install, check=True)
        ready.touch()
    return str(python)


def write_sample(path: Path, files: list[Path], size: float) -> tuple[int, float]:
    """(documents, MB): the first `size` bytes of text of each file, whole documents, as JSONL."""
    count = total = 0
    with gzip.open(path, "wt", compresslevel=6) as out:
        for documents in map(read, files) if files else [generated()]:
            left = size
            for text in documents:
                if left <= 0:
                    break
                n_bytes = len(text.encode("utf-8", "surrogatepass"))
                left -= n_bytes
                total += n_bytes
                count += 1
                out.write(json.dumps({"id": str(count), "text": text}, ensure_ascii=False) + "\n")
    return count, total / 1e6


def read(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def generated() -> Iterator[str]:
    for document in generate_documents(5_000, seed=1):
        yield document["text"]


if __name__ == "__main__":
    main()
