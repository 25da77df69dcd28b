"""Documents in which the normal form changes a Hangul syllable or a digit: there must be none.

    python benchmarks/unharmed.py [--text FILE.jsonl.gz ...] [--json]

Compared are the sequence of Hangul syllables and the sequence of digit values of a text in NFC with
its entities decoded, and of what `normalise` makes of it. An entity that names no character (as
`&#0;`) is left as it stands by ours and replaced by `html.unescape`; such texts are counted apart.
"""

import argparse
import gzip
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pipeline.settings import Clean
from pipeline.synthetic import generate_documents
from pipeline.text.normal import normalise

SYLLABLES = re.compile("[가-힣]+")
DIGITS = re.compile(r"\d+")
NO_CHARACTER = re.compile(r"&#(?:0+|[xX]0+|5[5-7]\d{3}|[xX][dD][89a-fA-F][0-9a-fA-F]{2});")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", nargs="*", default=[], help="jsonl.gz files with a `text` field")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = {"documents": 0, "syllables": 0, "digits": 0, "entities_without_character": 0}
    for text in texts(arguments.text):
        figures["documents"] += 1
        if NO_CHARACTER.search(text):
            figures["entities_without_character"] += 1
            continue
        before = html.unescape(unicodedata.normalize("NFC", text))
        after = normalise(
            text,
            max_jamo_run=Clean().max_jamo_run,
            max_symbol_run=Clean().max_symbol_run,
        )
        figures["syllables"] += syllables(before) != syllables(after)
        figures["digits"] += digits(before) != digits(after)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print(
            f"{figures['documents']:,} documents: {figures['syllables']} with a changed Hangul "
            f"syllable, {figures['digits']} with a changed digit, "
            f"{figures['entities_without_character']} left out for entities without a character"
        )


def texts(files: list[str]) -> Iterator[str]:
    for file in files:
        with gzip.open(Path(file), "rb") as lines:
            yield from (json.loads(line)["text"] for line in lines)
    if not files:
        yield from (row["text"] for row in generate_documents(5_000, seed=1))


def syllables(text: str) -> str:
    return "".join(SYLLABLES.findall(text))


def digits(text: str) -> list[int]:
    return [unicodedata.digit(character, -1) for character in "".join(DIGITS.findall(text))]


if __name__ == "__main__":
    main()
