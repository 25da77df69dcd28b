"""The whole clean step against datatrove's, on the same text in the same run, one core each.

    python benchmarks/clean_peers.py [--text FILE.jsonl.gz ...] [--kb 300] [--mb 2] [--json]

JSONL.gz to rules, PII and Parquet (zstd); ours also edits the text, and is timed with and without
signatures for deduplication. datatrove runs with its Korean word tokeniser on `--kb` of each file
(it takes a minute for 700 kB) and with its English one on `--mb` of each; with Gopher's default
thresholds and with those that FineWeb-2 uses for Korean (under Gopher's it drops nearly all
documents early, which is quicker). It is installed into build/peers on the first run. Imports,
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
from typing import Any

from clean_step import run_once

from pipeline.synthetic import generate_documents

HERE = Path(__file__).parent
PEER = HERE.parent / "build" / "peers" / "datatrove"
LANGUAGES = {"kor_Hang": "Korean tokeniser", "eng_Latn": "English tokeniser"}
THRESHOLDS = {"gopher": "Gopher", "fineweb2": "FineWeb-2"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", nargs="*", type=Path, default=[])
    parser.add_argument("--kb", type=float, default=300, help="for the Korean tokeniser, a file")
    parser.add_argument("--mb", type=float, default=2, help="for the English tokeniser, a file")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    python = peer()
    sizes = {"kor_Hang": arguments.kb * 1e3, "eng_Latn": arguments.mb * 1e6}
    with tempfile.TemporaryDirectory() as folder:
        tables = [
            compare(python, language, arguments.text, size, Path(folder, language))
            for language, size in sizes.items()
        ]
    if arguments.json:
        print(json.dumps(tables, indent=1))
        return
    for table in tables:
        print(f"{table['documents']:,} documents, {table['mb']:.2f} MB of UTF-8 text")
        print(f"{'what':<44}{'seconds':>10}{'MB/s':>9}{'kept':>9}{'times slower':>14}")
        for row in table["rows"]:
            print(
                f"{row['what']:<44}{row['seconds']:>10.3f}{row['mb_per_second']:>9.3f}"
                f"{row['kept']:>9,}{row['ratio']:>14.1f}"
            )


def compare(
    python: str, language: str, files: list[Path], size: float, folder: Path
) -> dict[str, Any]:
    """Rows of one sample: ours twice, then datatrove's with each set of thresholds."""
    folder.mkdir()
    sample = folder / "sample.jsonl.gz"
    documents, mb = write_sample(sample, files, size)
    rows = [
        {"what": "malmoi", **ours(sample, folder, signed=False)},
        {"what": "malmoi, and signatures", **ours(sample, folder, signed=True)},
    ]
    for thresholds, name in THRESHOLDS.items():
        script = HERE / "peers" / "datatrove_clean.py"
        command = [python, script, sample, folder / thresholds, language, thresholds]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        rows.append({"what": f"datatrove, {LANGUAGES[language]}, {name}", **found})
    for row in rows:
        row["mb_per_second"] = mb / row["seconds"]
        row["ratio"] = row["seconds"] / rows[0]["seconds"]
    return {"documents": documents, "mb": mb, "rows": rows}


def ours(sample: Path, folder: Path, signed: bool) -> dict[str, float]:
    runs = [run_once(str(sample), folder / f"ours-{signed}-{i}", signed) for i in range(6)]
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
