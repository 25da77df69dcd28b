"""Documents in which the normal form changes a Hangul syllable or a digit: there must be none.

    python benchmarks/unharmed.py [FILE.jsonl.gz ...] [--json]

Compared are the sequence of Hangul syllables and the sequence of digit values of a text in NFC with
its entities decoded, and of what `normalise_batch` makes of it; without files, over generated text.
An entity that names no character (as `&#0;` or `&nope;`) stands as it is in both. Exit code 1 if
any document is changed.
"""

import argparse
import gzip
import html
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from html.entities import html5
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.settings import Clean
from pipeline.synthetic import generate_documents
from pipeline.text.normal import normalise_batch

ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
TO_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
BATCH_BYTES = 16_000_000
FIGURES = ("documents", "digits", "syllables")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="JSONL (.gz) with a `text` field")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    named = {path.name: read(path) for path in arguments.files}
    rows = [{"file": name, **figures(texts)} for name, texts in named.items()] or [
        {"file": "generated", **figures(row["text"] for row in generate_documents(5_000, seed=1))}
    ]
    rows.append({"file": "all", **{name: sum(row[name] for row in rows) for name in FIGURES}})
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        print(f"{'file':<32}{'documents':>12}{'digits':>10}{'syllables':>12}")
        for row in rows:
            print(
                f"{row['file']:<32}{row['documents']:>12,}{row['digits']:>10}{row['syllables']:>12}"
            )
    sys.exit(1 if rows[-1]["digits"] or rows[-1]["syllables"] else 0)


def figures(texts: Iterator[str]) -> dict[str, int]:
    """How many documents there were, and in how many digits or syllables are not what they were."""
    counts = dict.fromkeys(FIGURES, 0)
    for batch in batches(texts):
        counts["documents"] += len(batch)
        limits = {name: getattr(Clean(), name) for name in ("max_jamo_run", "max_symbol_run")}
        done, _ = normalise_batch(pa.array(batch, pa.string()), **limits)
        before, after = [expected(text) for text in batch], done.to_pylist()
        counts["syllables"] += changed(before, after, SYLLABLE)
        counts["digits"] += changed(before, after, DIGIT)
    return counts


def expected(text: str) -> str:
    """NFC with entities decoded; what is neither a syllable nor a digit does not matter."""
    text = unicodedata.normalize("NFC", text)
    if "＆" in text:
        text = text.translate(TO_HALF_WIDTH)
    return ENTITY.sub(character, text) if "&" in text else text


def character(entity: re.Match[str]) -> str:
    """What an entity stands for; itself where that is nothing."""
    body = entity[0][1:-1]
    if body[0] != "#":
        return html5.get(f"{body};", entity[0])
    code = int(body[2:], 16) if body[1] in "xX" else int(body[1:])
    named = 0 < code < 0xD800 or 0xDFFF < code < 0x110000
    return html.unescape(entity[0]) if named else entity[0]


def changed(before: list[str], after: list[str], values: npt.NDArray[np.uint16]) -> int:
    """Documents whose characters with a value are not the same, in order, before and after."""
    (one, one_ends), (two, two_ends) = valued(before, values), valued(after, values)
    if np.array_equal(one, two) and np.array_equal(one_ends, two_ends):
        return 0
    pairs = zip(np.split(one, one_ends[:-1]), np.split(two, two_ends[:-1]), strict=True)
    return sum(not np.array_equal(first, second) for first, second in pairs)


def valued(
    texts: list[str], values: npt.NDArray[np.uint16]
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
    """The values of all texts in order, and where those of each text end."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    found = values[codes]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    counted = np.concatenate([[0], np.cumsum(found != 0)])
    return found[found != 0], counted[ends]


def value_table(value: dict[int, int]) -> npt.NDArray[np.uint16]:
    """uint16[0x110000]: a value above 0 for the code points that count, 0 for all others."""
    table = np.zeros(0x110000, np.uint16)
    table[list(value)] = list(value.values())
    return table


SYLLABLE = value_table({code: code for code in range(0xAC00, 0xD7A4)})
DIGIT = value_table(
    {
        code: 1 + unicodedata.decimal(chr(code))
        for code in range(0x20000)
        if unicodedata.decimal(chr(code), None) is not None
    }
)


def batches(texts: Iterator[str]) -> Iterator[list[str]]:
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size * 2 >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read(path: Path) -> Iterator[str]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        yield from (json.loads(line)["text"] for line in lines)


if __name__ == "__main__":
    main()
