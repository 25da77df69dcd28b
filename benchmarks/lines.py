"""Remnants and page furniture cut from real text: documents, edits by rule, MB/s on one core.

    python benchmarks/lines.py FILE.jsonl[.gz] ... [--mb N] [--samples N] [--table]

For each file up to N MB of its `text` are taken, in order. `--samples` prints so many places a
rule, drawn with a fixed seed, personal values masked: what was cut stands between ⟦ and ⟧ in its
surroundings, what stands there now behind →. `--table` prints the edits as a Markdown table.
Seconds are of the process, the best of three runs.
"""

import argparse
import gzip
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from pipeline.pii.mask import mask
from pipeline.settings import Clean
from pipeline.text.edits import Edit
from pipeline.text.furniture import explain_furniture, strip_furniture
from pipeline.text.normal import normalise
from pipeline.text.remnants import explain_remnants, strip_remnants

Strip = Callable[[pa.StringArray], tuple[pa.StringArray, Counter[str]]]
AROUND = 40
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="JSONL with a `text` field")
    parser.add_argument("--mb", type=float, default=4.0, help="of text from each file")
    parser.add_argument("--samples", type=int, default=0, help="places to print for each rule")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    rows: dict[str, Counter[str]] = {}
    samples: defaultdict[str, list[str]] = defaultdict(list)
    for file in arguments.files:
        texts = pa.array(read(file, int(arguments.mb * 1e6)))
        stripped, remnants = measure(f"{file.name}: remnants", strip_remnants, texts)
        normal = pa.array([normal_form(text) for text in stripped.to_pylist()], pa.string())
        _, furniture = measure(f"{file.name}: furniture", strip_furniture, normal)
        rows[file.name.split(".")[0]] = remnants + furniture
        if arguments.samples:
            collect(samples, file.name, texts, explain_remnants)
            collect(samples, file.name, normal, explain_furniture)
    if arguments.table:
        print_table(rows)
    for rule, places in samples.items():
        print(f"\n== {rule}: {len(places):,} places")
        for place in random.Random(1).sample(places, min(arguments.samples, len(places))):
            print(place)


def read(file: Path, limit: int) -> list[str]:
    texts, size = [], 0
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
        for line in lines:
            texts.append(json.loads(line)["text"])
            size += len(texts[-1].encode())
            if size >= limit:
                break
    return texts


def normal_form(text: str) -> str:
    limits = Clean()
    return normalise(text, max_jamo_run=limits.max_jamo_run, max_symbol_run=limits.max_symbol_run)


def measure(name: str, strip: Strip, texts: pa.StringArray) -> tuple[pa.StringArray, Counter[str]]:
    strip(texts.slice(0, 1))  # compiled before the clock starts
    seconds = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        stripped, counts = strip(texts)
        seconds = min(seconds, time.process_time() - started)
    edited = sum(
        old != new for old, new in zip(texts.to_pylist(), stripped.to_pylist(), strict=True)
    )
    rate = texts.nbytes / 1e6 / seconds
    print(f"{name:<44}{len(texts):>8,} documents{edited:>8,} edited{rate:>9.1f} MB/s", flush=True)
    if counts:
        print("    " + ", ".join(f"{rule} {n:,}" for rule, n in counts.most_common()), flush=True)
    return stripped, counts


def collect(
    samples: defaultdict[str, list[str]],
    file: str,
    texts: pa.StringArray,
    explain: Callable[[str], list[Edit]],
) -> None:
    for text in texts.to_pylist():
        for edit in explain(text):
            samples[edit.rule].append(f"{file.split('.')[0]}: {shown(text, edit)}")


def shown(text: str, edit: Edit) -> str:
    before, after = text[max(edit.start - AROUND, 0) : edit.start], text[edit.end :][:AROUND]
    cut = text[edit.start : edit.end]
    cut = cut if len(cut) <= 200 else f"{cut[:120]} … {cut[-60:]}"
    place = f"{before}⟦{cut}{'→' + edit.after if edit.after else ''}⟧{after}"
    return mask(place)[0].replace("\n", "⏎")


def print_table(rows: dict[str, Counter[str]]) -> None:
    rules = [*dict.fromkeys(rule for counts in rows.values() for rule in counts)]
    print("| kind | " + " | ".join(rules) + " |\n|---|" + "---:|" * len(rules))
    for kind, counts in rows.items():
        if counts:
            cells = (f"{counts[rule]:,}" if counts[rule] else "" for rule in rules)
            print(f"| {kind} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
