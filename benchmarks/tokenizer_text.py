"""The texts a tokenizer is trained on and measured with, by kind."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ONE_IN = 20
"""Of the documents of a kind that is trained on, one in so many is held out."""
HELD_OUT_BYTES = 400_000
"""Text of a kind held out, at most."""


@dataclass(frozen=True)
class Texts:
    """Documents to train on, and documents held out by kind."""

    train: list[str]
    held_out: dict[str, list[str]]

    def sizes(self) -> dict[str, float]:
        """Megabytes (10^6 bytes of UTF-8) of both."""
        held = [text for kind in self.held_out.values() for text in kind]
        return {
            name: round(sum(len(text.encode()) for text in texts) / 1e6, 2)
            for name, texts in (("train_mb", self.train), ("held_out_mb", held))
        }


def read_texts(train: Sequence[Path], held_out: Sequence[Path], mb_a_kind: float) -> Texts:
    """Documents of JSON Lines files with `text`, or with the fields of a benchmark set."""
    used: list[str] = []
    kept: dict[str, list[str]] = {}
    for path in train:
        read = 0
        kind = kept.setdefault(path.name.split(".")[0], [])
        for at, text in enumerate(documents(path)):
            size = len(text.encode())
            if at % ONE_IN:
                used.append(text)
                read += size
            elif sum(len(other.encode()) for other in kind) < HELD_OUT_BYTES:
                kind.append(text[:20_000])
            if read > mb_a_kind * 1e6:
                break
    for path in held_out:
        kind = kept.setdefault(path.name.split(".")[0], [])
        size = 0
        for text in documents(path):
            if size > HELD_OUT_BYTES:
                break
            kind.append(text)
            size += len(text.encode())
    return Texts(used, kept)


def documents(path: Path) -> Iterator[str]:
    """`text` of each line; of a benchmark's item, all its strings; of CoNLL-U, the sentences."""
    if path.suffix == ".conllu":
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# text = "):
                yield line[9:]
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            if isinstance(item.get("text"), str):
                yield item["text"]
            else:
                yield "\n".join(value for value in item.values() if isinstance(value, str))
