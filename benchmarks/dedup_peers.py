"""The peers of near-duplicate removal on the same documents, one after the other, one core each.

    python -m benchmarks.dedup_peers DOCUMENTS.jsonl --out FOLDER [--only NAME ...] [--json]

A line of DOCUMENTS is an object with id and text. A peer is installed into build/peers on the
first run (`peers/SCRIPT.txt` pins every package) and runs in an environment and a process of its
own. FOLDER/NAME.json gets name, version, cpu_seconds, peak_mb, the ids removed and, by removed id,
the kept one that stands for it where the peer tells. Seconds are CPU time, from the read of the
file to the decision; imports and the load of models are left out. The peak of memory is that of
the whole process.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

SCRIPTS = Path(__file__).parent / "peers"
ENVIRONMENTS = Path(__file__).parent.parent / "build" / "peers"
QUIET = {
    "TQDM_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}


class Peer(NamedTuple):
    """A system as it is run: its script under `peers`, and the settings given to that."""

    name: str
    script: str
    settings: dict[str, Any]


PEERS = (
    Peer("datatrove-kiwi", "dedup_datatrove", {"language": "kor_Hang"}),
    Peer("datatrove-eojeol", "dedup_datatrove", {"language": "eojeol"}),
    Peer(
        "datatrove-eojeol-figures",
        "dedup_datatrove",
        {"language": "eojeol", "norm_numbers": False},
    ),
    Peer("text-dedup", "dedup_textdedup", {}),
    Peer("datasketch", "dedup_datasketch", {"num_perm": 128, "lsh": 0.8}),
    # 32 bands of 8: proposes 99.7 % of pairs at 0.8, which the check then decides.
    Peer("datasketch-checked", "dedup_datasketch", {"num_perm": 256, "lsh": 0.6, "jaccard": 0.8}),
    Peer("rensa", "dedup_rensa", {"num_perm": 128}),
    Peer("rensa-32-bands", "dedup_rensa", {"num_perm": 256, "num_bands": 32}),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS], default=[])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    documents, mb = size(arguments.documents)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if not arguments.json:
        print(f"{documents:,} documents, {mb:.1f} MB of UTF-8 text")
        print(f"{'peer':<26}{'version':<20}{'CPU s':>8}{'MB/s':>8}{'peak MB':>9}{'removed':>9}")
    rows = []
    for peer in PEERS:
        if arguments.only and peer.name not in arguments.only:
            continue
        python = environment(peer.script)
        found = run(python, peer, arguments.documents, arguments.out)
        row = {
            **found,
            "mb_per_second": mb / found["cpu_seconds"],
            "removed": len(found["removed"]),
        }
        del row["witness"]
        rows.append(row)
        if not arguments.json:
            print(
                f"{row['name']:<26}{row['version']:<20}{row['cpu_seconds']:>8.1f}"
                f"{row['mb_per_second']:>8.2f}{row['peak_mb']:>9.0f}{row['removed']:>9,}",
                flush=True,
            )
    if arguments.json:
        print(json.dumps(rows, indent=1))


def size(documents: Path) -> tuple[int, float]:
    """(documents, MB of UTF-8 text) of a JSONL file."""
    with documents.open(encoding="utf-8") as lines:
        sizes = [len(json.loads(line)["text"].encode("utf-8", "surrogatepass")) for line in lines]
    return len(sizes), sum(sizes) / 1e6


def run(python: Path, peer: Peer, documents: Path, folder: Path) -> dict[str, Any]:
    """What `peer` says of `documents` under its `python`: its file, which is written to `folder`.

    A ValueError where the peer's witnesses and removals disagree.
    """
    output = folder.resolve() / f"{peer.name}.json"
    command = [python, SCRIPTS / f"{peer.script}.py", documents.resolve(), output]
    task = [peer.name, json.dumps(peer.settings)]
    subprocess.run([*command, *task], check=True, env={**os.environ, **QUIET})
    return check(json.loads(output.read_text(encoding="utf-8")))


def check(found: dict[str, Any]) -> dict[str, Any]:
    """`found` itself; a ValueError where a witness is removed, or stands for a kept document."""
    removed = set(found["removed"])
    if wrong := set(found["witness"]) - removed or set(found["witness"].values()) & removed:
        raise ValueError(f"{found['name']}: witnesses and removals disagree on {min(wrong)!r}")
    return found


def environment(script: str) -> Path:
    """The Python that has the packages pinned for `script`; made anew where the pins changed."""
    requirements = SCRIPTS / f"{script}.txt"
    folder = ENVIRONMENTS / script
    python, ready = folder / "bin" / "python", folder / "ready"
    pins = requirements.read_text(encoding="utf-8")
    if not ready.exists() or ready.read_text(encoding="utf-8") != pins:
        print(f"installing {requirements.name} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = ["-m", "pip", "install", "--quiet", "--no-deps", "-r"]
        subprocess.run([python, *pip, requirements], check=True)
        ready.write_text(pins, encoding="utf-8")
    return python


if __name__ == "__main__":
    main()
