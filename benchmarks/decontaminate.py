"""Benchmark items planted in clean text: how many are found, what is found that is none, MB/s.

Items of the recipe's benchmarks are planted, one a document, in generated Korean text: as they are,
without spaces, with a tenth of their letters and digits changed, and the first half alone. Beside
`pipeline.decontaminate` stands the common rule of GPT-3 (Brown et al. 2020, appendix C), in plain
Python: a document that shares an n-gram of 13 words, lower case and without punctuation, with an
item is contaminated. What is found in the files given with --text is counted per MB; look at it by
eye before calling it false.

    MALMOI_EVAL=FOLDER python -m benchmarks.decontaminate [--recipe recipes/benchmarks.yaml]
        [--text FILE.jsonl.gz ...] [--megabytes 8] [--items 2000] [--json]
"""

import argparse
import json
import random
import string
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from benchmarks.signatures import measure, read_texts
from pipeline.decontaminate import Index, Item, build_index, find, read_items
from pipeline.decontaminate.items import PARTS
from pipeline.settings import Decontaminate
from pipeline.synthetic import generate_documents

WORDS = 13
_DROPPED = str.maketrans("", "", string.punctuation + "“”‘’…·「」『』")
_SYLLABLES = range(0xAC00, 0xD7A4)


def changed(text: str, rng: random.Random) -> str:
    """A tenth of the letters and digits replaced by a random syllable."""
    return "".join(
        chr(rng.choice(_SYLLABLES)) if char.isalnum() and rng.random() < 0.1 else char
        for char in text
    )


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "exact": lambda text, _: text,
    "spacing removed": lambda text, _: text.replace(" ", ""),
    "10 % changed": changed,
    "first half": lambda text, _: text[: len(text) // 2],
}


def word_grams(text: str) -> set[tuple[str, ...]]:
    words = text.lower().translate(_DROPPED).split()
    return {tuple(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)}


def plant(items: list[Item], part: str, edit: str, hosts: list[str]) -> list[str]:
    """A document for each item: its texts of the part, a line each, between a host's lines."""
    rng = random.Random(edit)
    texts = []
    for number, item in enumerate(items):
        host = hosts[number % len(hosts)].split("\n")
        at = len(host) // 2
        body = [EDITS[edit](text, rng) for text in item.texts(part)]
        texts.append("\n".join([*host[:at], *body, *host[at:]]))
    return texts


def recall(items: list[Item], part: str, index: Index, hosts: list[str]) -> dict[str, list[float]]:
    """By edit, the share of documents found by the index and by words."""
    by_words = set().union(*(word_grams(t) for item in items for t in item.texts(part)))
    shares = {}
    for edit in EDITS:
        texts = plant(items, part, edit, hosts)
        ours = len(set(find(pa.array(texts), index).row.tolist()))
        theirs = sum(not by_words.isdisjoint(word_grams(text)) for text in texts)
        shares[edit] = [ours / len(items), theirs / len(items)]
    return shares


def run(
    settings: Decontaminate, files: list[Path], megabytes: float, n_items: int
) -> dict[str, Any]:
    """All figures, as `main` prints them."""
    items = read_items(settings.benchmarks)
    started = time.process_time()
    index = build_index(items, settings)
    figures: dict[str, Any] = {
        "items": len(items),
        "n-grams": index.n_grams,
        "build seconds": round(time.process_time() - started, 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        index.save(f"{folder}/index.arrow")
        figures["index MB"] = round(Path(f"{folder}/index.arrow").stat().st_size / 1e6, 1)
    hosts = [document["text"] for document in generate_documents(200, seed=1)]
    figures["hits in hosts"] = len(find(pa.array(hosts), index).row)
    for part in PARTS:
        of_part = [item for item in items if item.texts(part)]
        chosen = random.Random(0).sample(of_part, min(n_items, len(of_part)))
        if not of_part:
            continue
        short = sum(total["too_short"] for total in index.totals if total["part"] == part)
        wordless = sum(not any(word_grams(t) for t in item.texts(part)) for item in of_part)
        figures[part] = {
            "items": len(of_part),
            "cannot be indexed": [short, wordless],
            "recall": recall(chosen, part, index, hosts),
        }
    figures["files"] = {}
    for file in files:
        texts = pa.array(read_texts(file, int(megabytes * 1e6)), pa.string())
        size = sum(len(text.encode()) for text in texts.to_pylist())
        hits = find(texts, index)
        figures["files"][file.name] = {
            "MB": round(size / 1e6, 2),
            "MB/s": round(measure(partial(find, texts, index), size, 5), 1),
            "documents hit": len(set(hits.row.tolist())),
            "a MB": round(len(set(hits.row.tolist())) / size * 1e6, 2),
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", type=Path, default=Path("recipes/benchmarks.yaml"))
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="JSONL with `text`")
    parser.add_argument("--megabytes", type=float, default=8, help="of each file")
    parser.add_argument("--items", type=int, default=2000, help="planted, of each part")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    settings = Decontaminate.model_validate(
        yaml.safe_load(arguments.recipe.read_text("utf-8"))["decontaminate"]
    )
    figures = run(settings, arguments.text, arguments.megabytes, arguments.items)
    if arguments.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name in ("items", "n-grams", "build seconds", "index MB", "hits in hosts"):
        print(f"{name:18}{figures[name]:>12,}")
    for part in filter(figures.__contains__, PARTS):
        found = figures[part]
        print(f"\n{part}: {found['items']:,} items{'ours':>16}{f'{WORDS} words':>12}")
        print(f"{'cannot be indexed':24}" + "".join(f"{n:12,}" for n in found["cannot be indexed"]))
        for edit, shares in found["recall"].items():
            print(f"{'found, ' + edit:24}" + "".join(f"{share:12.1%}" for share in shares))
    for name, found in figures["files"].items():
        print(f"{name:36}" + "".join(f"  {key} {value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
