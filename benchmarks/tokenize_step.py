"""Speed of the tokenize step: curated Parquet to token shards, one process.

    python -m benchmarks.tokenize_step RUN [--repeat 3] [--json]

RUN is a run directory with `curated` and `tokenizer`; it is copied, and `malmoi tokenize` run on
the copy anew each time, with one worker. Megabytes are UTF-8 of the texts (10^6 bytes), seconds
those of the manifest: without the start of the command, with reading, encoding, writing and sums.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.usage import malmoi


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [measured(arguments.run) for _ in range(arguments.repeat)]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(
            f"{row['mb']:.1f} MB in {row['seconds']:.2f} s: {row['mb_per_second']:.1f} MB/s, "
            f"{row['tokens']:,} tokens of {row['documents']:,} documents"
        )


def measured(run: Path) -> dict[str, Any]:
    """Tokenize a copy of a run."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "run"
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("tokens", "checkpoints", "export"))
        command = malmoi("tokenize", copy / "recipe.yaml", "--out", copy, "--workers", 1)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        manifest = json.loads((copy / "tokens" / "manifest.json").read_text())
    shards = [shard for split in manifest["dataset"]["splits"].values() for shard in split]
    total = {key: sum(shard[key] for shard in shards) for key in ("documents", "tokens", "bytes")}
    seconds = manifest["seconds"]
    mb = total["bytes"] / 1e6
    return {**total, "mb": mb, "seconds": seconds, "mb_per_second": mb / seconds}


if __name__ == "__main__":
    main()
